/** What stands in the place of a secret. */
const HIDDEN = "***";

/** A user's name and password in a URL (RFC 3986, section 3.2.1). */
const USER_INFORMATION = /\b([a-z][a-z0-9+.-]*:\/\/)[^\s/?#"]*@/gi;

/** A token in the query of a URL. */
const QUERY_SECRET =
  /([?&](?:[\w.-]*(?:token|secret|password|passwd|api[_-]?key|signature)|key|sig)=)[^&#\s"']+/gi;

/** Words of names whose values are secrets. */
const SECRET_NAME = /auth|cookie|cred|dsn|key|pass|private|pwd|secret|session|signature|token/i;

/** A shorter value cannot be told from other text. */
const LEAST_LENGTH = 8;

/** Values that are looked for in everything that is written. */
const known = new Set<string>();

/** True if a value under this name (of metadata, of the environment) is one not to be shown. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name);
}

/**
 * Takes a value that {@linkcode hideSecrets} hides from then on, wherever a server,
 * a library or a file repeats it. Words and short values are left alone, for
 * they would be found in text that has nothing to do with them.
 */
export function keepSecret(value: string | null | undefined): void {
  if (typeof value !== "string") return;
  // "Bearer x" is a secret by its last word.
  for (const text of [value, value.split(" ").at(-1)!]) {
    if (text.length >= LEAST_LENGTH && !/^[a-z]+$/.test(text)) known.add(text);
  }
}

/**
 * The text without secrets: user information and tokens in URLs, and values that
 * were given to {@linkcode keepSecret}. Everything that is shown or stored goes
 * through it: messages of errors, JSON, rows of tables, lines for people.
 *
 * @example
 * ```ts
 * import { hideSecrets } from "./secrets.ts";
 * const text = hideSecrets("No answer from http://me:pass@prometheus:9090/api?token=abc");
 * if (text !== "No answer from http://***@prometheus:9090/api?token=***") throw new Error(text);
 * ```
 */
export function hideSecrets(text: string): string {
  let hidden = text;
  if (text.includes("://")) hidden = hidden.replace(USER_INFORMATION, `$1${HIDDEN}@`);
  if (text.includes("=")) hidden = hidden.replace(QUERY_SECRET, `$1${HIDDEN}`);
  for (const secret of known) {
    if (hidden.includes(secret)) hidden = hidden.replaceAll(secret, HIDDEN);
  }
  return hidden;
}
