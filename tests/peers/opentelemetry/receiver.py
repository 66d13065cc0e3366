"""Receives spans over OTLP/HTTP, as protobuf, by OpenTelemetry's own definitions.

    python receiver.py OUTPUT

Each span goes into the file as a line of JSON. Prints where it listens; ends on SIGTERM.
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)


def spans_of(request):
    for resource in request.resource_spans:
        for scope in resource.scope_spans:
            for span in scope.spans:
                # Ids are bytes: hexadecimal in JSON (OTLP 1.0), where protobuf's JSON has base64.
                ids = {
                    "traceId": span.trace_id.hex(),
                    "spanId": span.span_id.hex(),
                    "parentSpanId": span.parent_span_id.hex(),
                }
                yield {**MessageToDict(span, use_integers_for_enums=True), **ids}


class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.path == "/v1/traces":
            # Raises where it is no such message.
            request = ExportTraceServiceRequest.FromString(body)
            with open(OUTPUT, "a", encoding="utf-8") as file:
                file.writelines(json.dumps(span) + "\n" for span in spans_of(request))
        reply = ExportTraceServiceResponse().SerializeToString()
        self.send_response(200)
        self.send_header("content-type", "application/x-protobuf")
        self.send_header("content-length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)

    def log_message(self, *_):
        pass


OUTPUT = sys.argv[1]
server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
print(f"listening on 127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
