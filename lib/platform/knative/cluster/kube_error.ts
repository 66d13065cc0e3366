import { errorMessage, LoaderError } from "../../../base/error.ts";
import { RIGHTS, roleCommand } from "./rights.ts";

/** The parts of a Kubernetes `Status` that we read. */
export interface KubeStatus {
  readonly code?: number;
  readonly reason?: string;
  readonly message?: string;
}

/** The connection was refused, broke off or never came about (names of Node's errors). */
const CONNECTION_ERRORS: readonly string[] = [
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EAI_AGAIN",
  "ERR_STREAM_PREMATURE_CLOSE",
];

/**
 * What an error of the Kubernetes library means and what to do about it, in one
 * sentence.
 *
 * @param doing what was being done, as it completes "cannot …": `deploy f-0`
 */
export function kubeError(error: unknown, doing: string): LoaderError {
  if (error instanceof LoaderError) return error;
  const { code, message } = readFailure(error);
  const fail = (sentence: string) =>
    new LoaderError("platform", `Cannot ${doing}: ${sentence}`, { cause: error });
  if (typeof code === "string") return fail(describeConnection(code, message));
  switch (code) {
    case 401:
      return fail(
        "the API server does not know who we are (401): the token or certificate is expired or " +
          "wrong; log in anew, or name other credentials with --kubeconfig or --context.",
      );
    case 403:
      return fail(describeForbidden(message));
    case 404:
      return fail(
        /could not find the requested resource|page not found/.test(message)
          ? "the cluster does not know this kind of object; is Knative Serving installed, and is " +
            "--context the right one?"
          : `it is not there (${message}).`,
      );
    case 400:
    case 422:
      return fail(describeRefusal(message));
    case 409:
      return fail(`something else changed it at the same time (${message}); try again.`);
    case 429:
      return fail("the API server has too much to do (429); try again later.");
  }
  const webhook = /failed calling webhook "([^"]+)"/.exec(message)?.[1];
  if (webhook !== undefined) {
    return fail(
      `the webhook ${webhook} does not answer (${message}); see whether its pod runs: ` +
        `kubectl get pods -n knative-serving.`,
    );
  }
  if (/certificate|self.signed|SSL|TLS/i.test(message)) {
    return fail(
      `the API server's certificate is not accepted (${message}); the configuration's ` +
        `certificate-authority must be the cluster's.`,
    );
  }
  return fail(code === null ? `${message}.` : `the API server answers ${code}: ${message}`);
}

/** The object is not there. */
export function isNotFound(error: unknown): boolean {
  return readFailure(error).code === 404;
}

/** Someone else changed the object at the same time, or it is there already. */
export function isConflict(error: unknown): boolean {
  return readFailure(error).code === 409;
}

/** The API server does not know us, or has not been told that we may do this. */
export function isRefusal(error: unknown): boolean {
  const { code } = readFailure(error);
  return code === 401 || code === 403;
}

/** The same may succeed a little later: the server is away or has too much to do. */
export function isTransient(error: unknown): boolean {
  const { code, message } = readFailure(error);
  if (typeof code === "string") return code !== "ENOTFOUND";
  // A webhook that starts with its cluster.
  return code === 429 || code === 409 || (code !== null && code >= 500) ||
    (code === 403 && /not yet|RBAC: .*not found/.test(message));
}

/** Reads a Kubernetes `Status`, an object or its JSON; `null` when it is none. */
export function statusOf(body: unknown): KubeStatus | null {
  let value = body;
  if (typeof value === "string") {
    try {
      value = JSON.parse(value);
    } catch {
      return null;
    }
  }
  if (typeof value !== "object" || value === null) return null;
  return "message" in value || "code" in value ? value as KubeStatus : null;
}

interface Failure {
  /** HTTP status, the name of a connection's error, or `null`. */
  readonly code: number | string | null;
  readonly message: string;
}

/** The library throws `ApiException` (code, body), `FetchError` (code) and plain errors (statusCode). */
function readFailure(error: unknown): Failure {
  const { code, statusCode, body, errno, cause } = (error ?? {}) as Record<string, unknown>;
  const status = statusOf(body);
  const message = (status?.message ?? (typeof body === "string" && body !== "" ? body : null) ??
    errorMessage(error)).trim().replace(/\.$/, "");
  for (const value of [code, statusCode, errno]) {
    if (typeof value === "number" && value >= 400) return { code: value, message };
    if (typeof value === "string" && CONNECTION_ERRORS.concat("ENOTFOUND").includes(value)) {
      return { code: value, message };
    }
  }
  const inner = cause === undefined || cause === null ? null : readFailure(cause);
  return inner?.code === null || inner === null ? { code: null, message } : inner;
}

function describeConnection(code: string, message: string): string {
  const where = /(?:request to )?(https?:\/\/[^/\s]+)/.exec(message)?.[1] ?? "the API server";
  switch (code) {
    case "ECONNREFUSED":
      return `nothing listens at ${where} (connection refused); is the cluster up, and is ` +
        `--context the right one?`;
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `the host of ${where} has no address; is --context the right one?`;
    case "ETIMEDOUT":
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return `${where} does not answer (${message}); is the cluster up, and is --context the ` +
        `right one?`;
  }
  return `the connection to ${where} broke (${code}); is the API server up?`;
}

/** Names the right that is missing, and how it is granted. */
function describeForbidden(message: string): string {
  const match =
    /User "([^"]*)" cannot (\w+) resource "([^"]*)" in API group "([^"]*)"(?: in the namespace "([^"]*)")?/
      .exec(message);
  if (match === null) return `it is forbidden (${message}).`;
  const [, user, verb, plural, group, namespace] = match;
  const resource = group === "" ? plural : `${plural}.${group}`;
  const scope = namespace === undefined ? "in the whole cluster" : `in the namespace ${namespace}`;
  const isOfFunctions = RIGHTS.some((right) =>
    right.scope === "functions" && right.group === group && right.resource === plural
  );
  // Elsewhere the namespace of the functions is that of the account, as our role has it.
  const functionsNamespace = (isOfFunctions ? namespace : undefined) ??
    /^system:serviceaccount:([^:]+):/.exec(user)?.[1] ?? "NAMESPACE";
  return `the right to ${verb} ${resource} ${scope} is missing to ${user}; an administrator makes ` +
    `an account that has it with: ${roleCommand(functionsNamespace)}.`;
}

function describeRefusal(message: string): string {
  const match = /admission webhook "([^"]+)" denied the request: (?:validation failed: )?([\s\S]*)/
    .exec(message);
  if (match === null) return `the API server refuses it: ${oneLine(message)}.`;
  return `the webhook ${match[1]} refuses it: ${oneLine(match[2])}.`;
}

function oneLine(text: string): string {
  return text.trim().replace(/\s*\n\s*/g, "; ").replace(/[.;]$/, "");
}
