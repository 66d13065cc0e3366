import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import type { EndpointMap } from "../../../lib/platform/endpoints/endpoint_map.ts";
import { parseEndpoints } from "../../../lib/platform/endpoints/endpoints_file.ts";
import { temporaryFolder } from "../../support/script.ts";
import { TLS_FILES } from "../../support/test_certificates.ts";

/** Parses a file of this text, in a folder with the test certificates. */
async function parseFile(text: string): Promise<EndpointMap> {
  await using folder = await temporaryFolder();
  await Deno.copyFile(TLS_FILES.ca, `${folder.path}/ca.pem`);
  await Deno.copyFile(TLS_FILES.clientCertificate, `${folder.path}/own.pem`);
  await Deno.copyFile(TLS_FILES.clientKey, `${folder.path}/own.key`);
  await Deno.writeTextFile(`${folder.path}/e.yaml`, text);
  return parseEndpoints(`${folder.path}/e.yaml`);
}

Deno.test("parseEndpoints: addresses on the command line", () => {
  const { endpoints } = parseEndpoints("a:1, https://b:2,http://[::1]:3");
  assert.deepEqual(endpoints.map(({ address }) => address.hostname), ["a", "b", "::1"]);
  assert.deepEqual(endpoints.map(({ tls }) => tls !== null), [false, true, false]);
  assert.ok(endpoints.every(({ authority }) => authority === null));
});

Deno.test("parseEndpoints: a mistake on the command line names the option", () => {
  for (const text of ["localhost", "a:1,", "a:1,,b:2", "servers", "e.yaml,a:1"]) {
    assert.throws(() => parseEndpoints(text), { code: "usage", message: /^--endpoints: / }, text);
  }
  assert.throws(() => parseEndpoints("servers.txt"), {
    message: /"servers.txt" has no port; write it as host:port. The name of a file ends in .yaml/,
  });
});

Deno.test("endpoints file: entries take from the defaults what they do not say", async () => {
  const { endpoints, functions } = await parseFile(`
defaults:
  authority: "{function}.test"
  tls: { ca: ca.pem }
  metadata: { a: "1", b: "2" }
endpoints:
  - localhost:1
  - http://localhost:2
  - { address: "https://localhost:3" }
  - { address: localhost:4, tls: false, authority: other, metadata: { b: "3" } }
  - address: localhost:5
    tls: { certificate: own.pem, key: own.key }
functions:
  f: localhost:6
`);
  const ca = await Deno.readTextFile(TLS_FILES.ca);
  const withCa = { caCertificates: [ca], certificate: null };
  const chain = await Deno.readTextFile(TLS_FILES.clientCertificate);
  const key = await Deno.readTextFile(TLS_FILES.clientKey);
  assert.deepEqual(endpoints.map(({ tls }) => tls), [
    withCa,
    null,
    withCa,
    null,
    { caCertificates: [], certificate: { chain, key } },
  ]);
  assert.deepEqual(
    endpoints.map(({ authority }) => authority),
    ["{function}.test", "{function}.test", "{function}.test", "other", "{function}.test"],
  );
  assert.deepEqual(endpoints[0].metadata, { a: "1", b: "2" });
  assert.deepEqual(endpoints[3].metadata, { a: "1", b: "3" });
  assert.deepEqual([...functions.keys()], ["f"]);
  assert.deepEqual(functions.get("f")?.tls, withCa);
});

Deno.test("endpoints file: an alias stands for what it refers to", async () => {
  const { endpoints } = await parseFile(
    "defaults: { tls: &t { ca: ca.pem } }\nendpoints:\n  - { address: 'a:1', tls: *t }\n",
  );
  assert.equal(endpoints[0].tls?.caCertificates.length, 1);
});

Deno.test("endpoints file: the example in config/ is one", () => {
  const path = fileURLToPath(new URL("../../../config/endpoints.yaml", import.meta.url));
  const { endpoints, functions } = parseEndpoints(path);
  assert.equal(endpoints.length, 2);
  assert.equal(functions.size, 2);
});

/** A file, the line that is named, and what is said of it. */
const MISTAKES: readonly (readonly [string, number, RegExp])[] = [
  ["a: [1\nb: 2\n", 2, /This is not YAML/],
  ["endpoints: [a:1]\nendpoints: [b:1]\n", 2, /This is not YAML: Map keys must be unique/],
  ["- a:1\n", 1, /The file must be a mapping/],
  ["", 1, /names no server/],
  ["defaults: {}\n", 1, /names no server/],
  ["endpoints: []\nfunctions: {}\n", 1, /names no server/],
  ["endpoints:\n", 1, /The value of endpoints must be a list/],
  ["endpoints:\n  - a:1\n  - localhost\n", 3, /"localhost" has no port/],
  ["endpoints:\n  - 5\n", 2, /endpoints.0/],
  ["functions:\n  f: a:0\n", 2, /The port of "a:0"/],
  ["functions:\n  f:\n    addres: a:1\n", 3, /There is no key "addres" here/],
  [
    "functions:\n  f:\n    address: a:1\n    colour: red\n",
    4,
    /There is no key "colour" here; config\/endpoints.yaml shows/,
  ],
  ["endpoint: a:1\n", 1, /There is no key "endpoint" here/],
  ["functions:\n  f:\n    authority: a\n", 2, /functions.f.address is missing/],
  ["endpoints:\n  - address: a:1\n    tls: yes please\n", 3, /tls is of none of the forms/],
  ["endpoints:\n  - address: a:1\n    tls:\n      ca: none.pem\n", 4, /none.pem cannot be read/],
  ["endpoints:\n  - address: a:1\n    tls: { ca: own.key }\n", 3, /own.key holds no certificate/],
  ["defaults:\n  tls:\n    certificate: own.pem\n", 2, /The certificate has no key beside it/],
  ["defaults:\n  tls:\n    key: own.key\n", 2, /The key has no certificate beside it/],
  ["defaults:\n  tls:\n    cert: own.pem\n", 3, /There is no key "cert" here/],
  ["endpoints:\n  - address: https://a:1\n    tls: false\n", 3, /says TLS, and tls the contrary/],
  ["endpoints:\n  - address: http://a:1\n    tls: true\n", 3, /says no TLS, and tls the contrary/],
  ["defaults:\n  metadata:\n    X-A: b\n", 3, /"X-A" must be in lower case/],
  ["defaults:\n  metadata:\n    x-a: 5\n", 3, /x-a must be text \(a number in quotes\)/],
  ["defaults:\n  metadata:\n    grpc-a: b\n", 3, /"grpc-a" is reserved/],
  ["defaults:\n  authority: '{functions}'\n", 2, /"{functions}" is no authority/],
];

for (const [text, line, sentence] of MISTAKES) {
  Deno.test(`endpoints file, mistake: ${JSON.stringify(text)}`, async () => {
    await assert.rejects(parseFile(text), (error: Error & { code?: string }) => {
      assert.equal(error.code, "input");
      assert.match(error.message, new RegExp(`/e.yaml:${line}: .*\\.$`, "s"));
      assert.match(error.message, sentence);
      return true;
    });
  });
}

Deno.test("endpoints file: one that is not there", () => {
  assert.throws(() => parseEndpoints("nowhere.yaml"), {
    code: "input",
    message: "nowhere.yaml: The endpoints file cannot be read; check its name.",
  });
});
