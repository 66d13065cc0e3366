import "./no_deprecation_warnings.ts";
import { type Agent, request as requestInClear } from "node:http";
import { request as requestOverTls } from "node:https";
import {
  IsomorphicFetchHttpLibrary,
  type RequestContext,
  ResponseContext,
} from "@kubernetes/client-node";
import { anySignal, untilAborted } from "../../../base/signal.ts";
import { Deadline } from "../../../clock/deadline.ts";
import type { Clock } from "../../../clock/clock.ts";

/**
 * The library's own, bounded in time: it would wait for an answer for ever, and for
 * the rest of one that has begun.
 */
export function createHttpLibrary(clock: Clock, timeoutMs: number, ofAll: AbortSignal | null) {
  const library = new IsomorphicFetchHttpLibrary();
  return {
    async send(request: RequestContext, signal?: AbortSignal): Promise<ResponseContext> {
      using deadline = new Deadline(clock, timeoutMs, {
        reason: Object.assign(new Error(`no whole answer within ${timeoutMs / 1000} s`), {
          code: "ETIMEDOUT",
        }),
        signal: anySignal(ofAll, signal),
      });
      request.setSignal(deadline.signal);
      return await untilAborted(deadline.signal, readWhole(library, request));
    },
  };
}

async function readWhole(
  library: IsomorphicFetchHttpLibrary,
  request: RequestContext,
): Promise<ResponseContext> {
  const { httpStatusCode, headers, body } = await library.send(request).toPromise();
  const bytes = await body.binary();
  return new ResponseContext(httpStatusCode, headers, {
    text: () => Promise.resolve(new TextDecoder().decode(bytes)),
    binary: () => Promise.resolve(bytes),
  });
}

/** A question, and who hears the answer. */
export interface LineRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly agent: Agent | undefined;
  readonly signal: AbortSignal;
  /** A line of the answer, as soon as it is whole; what it throws ends the request. */
  readonly onLine: (line: string) => void;
}

/**
 * Asks for an answer that comes a line at a time, for as long as the server likes.
 *
 * @returns when the server has ended it
 * @throws what breaks the connection; for an HTTP status other than 200 an error with
 * `statusCode` and `body`; the signal's reason, at once, whatever the server does
 */
export function requestLines(
  url: string,
  { headers, agent, signal, onLine }: LineRequest,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const send = url.startsWith("https:") ? requestOverTls : requestInClear;
  const request = send(url, { headers, agent }, (response) => {
    response.setEncoding("utf8");
    const isFine = response.statusCode === 200;
    let rest = "";
    response.on("data", (text: string) => {
      rest += text;
      if (!isFine) return;
      const lines = rest.split("\n");
      rest = lines.pop()!;
      try {
        // What comes after the end is of no use to anyone.
        for (const line of lines) if (line !== "" && !signal.aborted) onLine(line);
      } catch (error) {
        fail(error);
      }
    });
    response.on("error", fail);
    response.on("end", () => {
      if (isFine) return resolve();
      fail(Object.assign(new Error(response.statusMessage ?? "refused"), {
        statusCode: response.statusCode,
        body: rest,
      }));
    });
  });
  const fail = (error: unknown) => {
    reject(error);
    request.destroy();
  };
  const onAbort = () => fail(signal.reason);
  request.on("error", fail);
  if (signal.aborted) onAbort();
  else signal.addEventListener("abort", onAbort, { once: true });
  request.end();
  return promise.finally(() => signal.removeEventListener("abort", onAbort));
}
