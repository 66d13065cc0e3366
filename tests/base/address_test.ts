import assert from "node:assert/strict";
import fc from "fast-check";
import { formatAddress, parseAddress } from "../../lib/base/address.ts";

Deno.test("parseAddress: host and port, with and without a scheme", () => {
  const cases: [string, string, number, boolean | null][] = [
    ["localhost:50051", "localhost", 50051, null],
    ["127.0.0.1:1", "127.0.0.1", 1, null],
    ["[::1]:65535", "::1", 65535, null],
    ["[fe80::1%eth0]:80", "fe80::1%eth0", 80, null],
    ["http://my_service.lab:80", "my_service.lab", 80, false],
    ["https://faas.example.:443/", "faas.example.", 443, true],
    ["HTTPS://[2001:db8::1]:443", "2001:db8::1", 443, true],
  ];
  for (const [text, hostname, port, secure] of cases) {
    assert.deepEqual(parseAddress(text), { hostname, port, secure }, text);
  }
});

Deno.test("parseAddress: anything else is told in a sentence that quotes it", () => {
  const cases: [string, RegExp][] = [
    ["localhost", /^"localhost" has no port; write it as host:port\.$/],
    ["localhost:", /has no port/],
    ["https://localhost", /has no port/],
    ["[::1]", /has no port/],
    ["localhost:0", /^The port of "localhost:0" is no whole number from 1 to 65535\.$/],
    ["localhost:70000", /The port of "localhost:70000"/],
    ["localhost:http", /The port/],
    ["localhost:80.5", /The port/],
    ["localhost:-1", /The port/],
    ["::1:50051", /"::1:50051" is not host:port; an IPv6 address needs brackets/],
    ["unix:///run/faas.sock", /^The scheme of "unix:\/\/\/run\/faas.sock" is not known; write/],
    ["grpc://localhost:1", /The scheme/],
    ["", /names no host/],
    [":50051", /names no host/],
    ["[]:50051", /names no host/],
    ["[localhost]:50051", /names no host/],
    ["user:pass@host:1", /^An address holds user information [^]*metadata in a file/],
    ["https://user:pass@host:1", /^An address holds user information/],
    ["http://host:1/path", /names no host|The port/],
    ["two hosts:1", /names no host/],
    ["a:1\nb:2", /./],
  ];
  for (const [text, sentence] of cases) {
    assert.throws(() => parseAddress(text), { message: sentence }, text);
  }
});

Deno.test("parseAddress: what is formatted is read back", () => {
  const host = fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6());
  fc.assert(
    fc.property(host, fc.integer({ min: 1, max: 65_535 }), (hostname, port) => {
      const address = { hostname, port, secure: null };
      assert.deepEqual(parseAddress(formatAddress(address)), address);
    }),
    { seed: 1 },
  );
});
