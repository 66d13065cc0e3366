import assert from "node:assert/strict";
import {
  findStaticField,
  findStaticName,
  STATIC_COUNT,
  STATIC_NAMES,
  STATIC_VALUES,
} from "../../../lib/rpc/hpack/static_table.ts";

Deno.test("the table has the 61 entries of RFC 7541 Appendix A at their places", () => {
  assert.equal(STATIC_COUNT, 61);
  const entryAt = (index: number) => [STATIC_NAMES[index], STATIC_VALUES[index]];
  assert.deepEqual(entryAt(1), [":authority", ""]);
  assert.deepEqual(entryAt(8), [":status", "200"]);
  assert.deepEqual(entryAt(16), ["accept-encoding", "gzip, deflate"]);
  assert.deepEqual(entryAt(31), ["content-type", ""]);
  assert.deepEqual(entryAt(45), ["link", ""]);
  assert.deepEqual(entryAt(61), ["www-authenticate", ""]);
});

Deno.test("every entry is found by name and value, and its name at the first of that name", () => {
  for (let index = 1; index <= STATIC_COUNT; index++) {
    const name = STATIC_NAMES[index];
    assert.equal(findStaticField(name, STATIC_VALUES[index]), index);
    assert.equal(findStaticName(name), STATIC_NAMES.indexOf(name));
  }
});

Deno.test("what is not in the table is not found", () => {
  assert.equal(findStaticName("grpc-status"), 0);
  assert.equal(findStaticName(""), 0);
  assert.equal(findStaticField(":status", "201"), 0);
  assert.equal(findStaticField("", ""), 0);
  assert.equal(findStaticField("www-authenticate", "Basic"), 0);
});
