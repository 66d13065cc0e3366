"""Serves faas.Executor with grpcio, for interoperability tests of clients.

See ../README.md for what it answers.
"""

import argparse
import pathlib
import signal
import sys
import threading
import time
from concurrent import futures

import grpc

sys.path.insert(0, str(pathlib.Path(__file__).parents[3] / "proto"))
faas = grpc.protos("faas.proto")

# Each call that sleeps or hangs holds a thread.
THREADS = 256


class Executor:
    """Answers as the function's name, the first label of the authority, asks."""

    def __init__(self, name):
        self.name = name
        self.lock = threading.Lock()
        self.hanging = 0
        self.cancelled = 0

    def execute(self, request, context):
        # The public interface does not tell the authority.
        authority = context._rpc_event.call_details.host.decode()
        function = authority.partition(".")[0]
        kind, _, argument = function.partition("-")
        number = argument.partition("-")[0]
        match kind:
            case "echo":
                return self.echo(request)
            case "sleep":
                time.sleep(request.runtimeInMilliSec / 1000)
                return self.echo(request)
            case "status":
                context.abort(STATUS_CODES[int(number)], f"asked for {number}")
            case "large":
                return faas.FaasReply(message="x" * int(number))
            case "metadata":
                values = [m.value for m in context.invocation_metadata() if m.key == "x-test"]
                return faas.FaasReply(message=",".join(values))
            case "hang":
                return self.hang(context)
            case "hanging":
                return self.count(self.hanging)
            case "cancelled":
                return self.count(self.cancelled)
            case _:
                context.abort(
                    grpc.StatusCode.INVALID_ARGUMENT, f'no behaviour is named "{function}"'
                )

    def echo(self, request):
        return faas.FaasReply(
            message=self.name,
            durationInMicroSec=request.runtimeInMilliSec * 1000,
            memoryUsageInKb=request.memoryInMebiBytes * 1024,
        )

    def count(self, value):
        return faas.FaasReply(message=self.name, durationInMicroSec=value)

    def hang(self, context):
        ended = threading.Event()
        with self.lock:
            self.hanging += 1
        # False: it has ended already.
        if context.add_callback(ended.set):
            ended.wait()
        with self.lock:
            self.cancelled += 1
            self.hanging -= 1
        return faas.FaasReply()


STATUS_CODES = {code.value[0]: code for code in grpc.StatusCode}


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--addr", default="127.0.0.1:0")
    parser.add_argument("--name", default="python-1")
    parser.add_argument("--tls-cert", type=pathlib.Path)
    parser.add_argument("--tls-key", type=pathlib.Path)
    parser.add_argument("--max-streams", type=int)
    parser.add_argument("--max-conn-age-ms", type=int)
    parser.add_argument("--max-conn-age-grace-ms", type=int, default=10_000)
    return parser.parse_args()


def channel_options(arguments):
    # Another server on the same port is an error, not a companion.
    options = [("grpc.so_reuseport", 0)]
    if arguments.max_streams is not None:
        options.append(("grpc.max_concurrent_streams", arguments.max_streams))
    if arguments.max_conn_age_ms is not None:
        options.append(("grpc.max_connection_age_ms", arguments.max_conn_age_ms))
        options.append(("grpc.max_connection_age_grace_ms", arguments.max_conn_age_grace_ms))
    return options


def main():
    arguments = parse_arguments()
    server = grpc.server(
        futures.ThreadPoolExecutor(max_workers=THREADS), options=channel_options(arguments)
    )
    handler = grpc.unary_unary_rpc_method_handler(
        Executor(arguments.name).execute,
        request_deserializer=faas.FaasRequest.FromString,
        response_serializer=faas.FaasReply.SerializeToString,
    )
    # Only a handler that is not registered by name is told the authority.
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler("faas.Executor", {"Execute": handler}),)
    )
    if arguments.tls_cert is None:
        port = server.add_insecure_port(arguments.addr)
    else:
        pair = (arguments.tls_key.read_bytes(), arguments.tls_cert.read_bytes())
        port = server.add_secure_port(arguments.addr, grpc.ssl_server_credentials([pair]))
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    server.start()
    print(f"listening on {arguments.addr.rpartition(':')[0]}:{port}", flush=True)
    stop.wait()
    server.stop(grace=None).wait()


if __name__ == "__main__":
    main()
