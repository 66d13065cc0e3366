import assert from "node:assert/strict";
import fc from "fast-check";
import { LoaderError } from "../../lib/base/error.ts";
import { formatJson } from "../../lib/base/json.ts";
import { hideSecrets, isSecretName, keepSecret } from "../../lib/base/secrets.ts";

Deno.test("hideSecrets: user information of any URL in any text", () => {
  const cases: [string, string][] = [
    ["http://me:pass@host:9090/x", "http://***@host:9090/x"],
    ["https://token@host", "https://***@host"],
    ["a http://u:p@h and grpc+tls://x:y@z.", "a http://***@h and grpc+tls://***@z."],
    ["http://u:p@ss@host/", "http://***@host/"],
    ["http://:p@[::1]:80", "http://***@[::1]:80"],
    ['"http://u:p@h"', '"http://***@h"'],
    ["http://h/?access_token=abc&x=1", "http://h/?access_token=***&x=1"],
    ["http://h/q?apikey=abc#f", "http://h/q?apikey=***#f"],
    ["http://host/a@b", "http://host/a@b"],
    ["mail@example.com and http://h", "mail@example.com and http://h"],
    ["registry/image@sha256:abc", "registry/image@sha256:abc"],
    ["--seed=5 a=b", "--seed=5 a=b"],
  ];
  for (const [text, hidden] of cases) assert.equal(hideSecrets(text), hidden);
});

Deno.test("hideSecrets: no user and no password gets through, whatever they are", () => {
  const part = fc.stringMatching(/^[A-Za-z0-9._~%!$&'()*+,;=-]{3,20}$/).map((text) => `Q${text}`);
  fc.assert(fc.property(part, part, fc.constantFrom("", " ", "("), (user, password, before) => {
    const hidden = hideSecrets(`${before}https://${user}:${password}@example.com:1/x`);
    assert.equal(hidden, `${before}https://***@example.com:1/x`);
  }));
});

Deno.test("keepSecret: a value is hidden in errors and JSON from then on, words are not", () => {
  keepSecret("Bearer s3cr3t-value-1");
  keepSecret("experiment");
  keepSecret("short1");
  const text = "refused: s3cr3t-value-1, experiment, short1";
  assert.equal(new LoaderError("platform", text).message, "refused: ***, experiment, short1");
  assert.equal(formatJson({ text: [text] }, 0), '{"text":["refused: ***, experiment, short1"]}');
});

Deno.test("isSecretName: what lets a caller in, and no other metadata", () => {
  const names = [
    "authorization",
    "x-api-key",
    "cookie",
    "X_TOKEN",
    "DB_PASSWORD",
    "aws-secret-bin",
  ];
  for (const name of names) assert.ok(isSecretName(name), name);
  for (const name of ["x-tenant", "traceparent", "COLD_ITER_PER_1MS"]) {
    assert.ok(!isSecretName(name), name);
  }
});
