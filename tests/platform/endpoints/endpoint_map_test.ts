import assert from "node:assert/strict";
import type { Endpoint } from "../../../lib/platform/endpoints/endpoint_map.ts";
import { assignEndpoints } from "../../../lib/platform/endpoints/endpoint_map.ts";

function endpoint(hostname: string): Endpoint {
  return {
    address: { hostname, port: 1, secure: null },
    authority: null,
    tls: null,
    metadata: {},
  };
}

/** The hosts that functions of these names, of the app `shop`, are assigned. */
function hostsOf(own: Record<string, string>, list: readonly string[], names: readonly string[]) {
  const map = {
    file: "e.yaml",
    functions: new Map(Object.entries(own).map(([key, host]) => [key, endpoint(host)])),
    endpoints: list.map(endpoint),
  };
  const functions = names.map((name) => ({ name, functionId: `owner/shop/${name}` }));
  return assignEndpoints(map, functions).map(({ address }) => address.hostname);
}

Deno.test("assignEndpoints: the list is dealt round robin", () => {
  assert.deepEqual(hostsOf({}, ["x", "y"], ["a", "b", "c"]), ["x", "y", "x"]);
});

Deno.test("assignEndpoints: a function's own entry by name, id or pattern; the others share the list", () => {
  const own = { a: "name", "owner/shop/c": "id", "*/shop/d*": "pattern" };
  assert.deepEqual(
    hostsOf(own, ["x", "y"], ["a", "b", "c", "d1", "e"]),
    ["name", "x", "id", "pattern", "y"],
  );
});

Deno.test("assignEndpoints: the very name before patterns, the first pattern before the next", () => {
  const own = { "a*": "first", "*": "second", ab: "exact" };
  assert.deepEqual(hostsOf(own, [], ["ab", "ac", "b"]), ["exact", "first", "second"]);
});

Deno.test("assignEndpoints: nothing but * is special in a pattern", () => {
  assert.deepEqual(hostsOf({ "a.b*": "own" }, ["x"], ["a.bc", "acbc"]), ["own", "x"]);
});

Deno.test("assignEndpoints: a function without an endpoint is named", () => {
  assert.throws(() => hostsOf({ a: "x" }, [], ["a", "b"]), {
    code: "usage",
    message: /^e.yaml: No endpoint is given for the function b \(owner\/shop\/b\); name it/,
  });
});
