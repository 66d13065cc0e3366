/** RFC 7541 Appendix A, from index 1 on: a name, or a name and its value. */
const ENTRIES: readonly (readonly [name: string, value?: string])[] = [
  [":authority"],
  [":method", "GET"],
  [":method", "POST"],
  [":path", "/"],
  [":path", "/index.html"],
  [":scheme", "http"],
  [":scheme", "https"],
  [":status", "200"],
  [":status", "204"],
  [":status", "206"],
  [":status", "304"],
  [":status", "400"],
  [":status", "404"],
  [":status", "500"],
  ["accept-charset"],
  ["accept-encoding", "gzip, deflate"],
  ["accept-language"],
  ["accept-ranges"],
  ["accept"],
  ["access-control-allow-origin"],
  ["age"],
  ["allow"],
  ["authorization"],
  ["cache-control"],
  ["content-disposition"],
  ["content-encoding"],
  ["content-language"],
  ["content-length"],
  ["content-location"],
  ["content-range"],
  ["content-type"],
  ["cookie"],
  ["date"],
  ["etag"],
  ["expect"],
  ["expires"],
  ["from"],
  ["host"],
  ["if-match"],
  ["if-modified-since"],
  ["if-none-match"],
  ["if-range"],
  ["if-unmodified-since"],
  ["last-modified"],
  ["link"],
  ["location"],
  ["max-forwards"],
  ["proxy-authenticate"],
  ["proxy-authorization"],
  ["range"],
  ["referer"],
  ["refresh"],
  ["retry-after"],
  ["server"],
  ["set-cookie"],
  ["strict-transport-security"],
  ["transfer-encoding"],
  ["user-agent"],
  ["vary"],
  ["via"],
  ["www-authenticate"],
];

/** How many entries the static table has; the dynamic table's indices follow (RFC 7541 2.3.3). */
export const STATIC_COUNT = ENTRIES.length;

/** Names by index; index 0 is no entry. */
export const STATIC_NAMES: readonly string[] = ["", ...ENTRIES.map(([name]) => name)];

/** Values by index; index 0 is no entry. */
export const STATIC_VALUES: readonly string[] = ["", ...ENTRIES.map(([, value]) => value ?? "")];

/** First index of each name; entries of one name are neighbours. */
const FIRST_INDEX: ReadonlyMap<string, number> = new Map(
  STATIC_NAMES.map((name, index): [string, number] => [name, index]).slice(1).reverse(),
);

/**
 * Smallest index of an entry called `name`, or 0.
 *
 * @example
 * ```ts
 * import { findStaticName } from "./static_table.ts";
 * if (findStaticName(":path") !== 4 || findStaticName("te") !== 0) throw new Error("Appendix A");
 * ```
 */
export function findStaticName(name: string): number {
  return FIRST_INDEX.get(name) ?? 0;
}

/**
 * Index of the entry with this name and value, or 0.
 *
 * @example
 * ```ts
 * import { findStaticField } from "./static_table.ts";
 * if (findStaticField(":method", "POST") !== 3) throw new Error("Appendix A");
 * ```
 */
export function findStaticField(name: string, value: string): number {
  const first = findStaticName(name);
  if (first === 0) return 0;
  for (let index = first; STATIC_NAMES[index] === name; index++) {
    if (STATIC_VALUES[index] === value) return index;
  }
  return 0;
}
