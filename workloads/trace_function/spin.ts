/** Square roots in a unit of work. */
const SQUARE_ROOTS_PER_UNIT = 100;

/**
 * Units between two looks at what else there is to do: some 50 µs, short
 * enough to cancel at once, long enough to cost nothing.
 */
export const UNITS_PER_TURN = 64;

/**
 * The loop as a WebAssembly module. V8 compiles JavaScript loops in tiers that
 * differ by half in speed, and which one a loop ends in depends on who called
 * it before; WebAssembly reaches its one optimised form after some
 * milliseconds and stays there, in every process alike.
 */
// deno-fmt-ignore
const MODULE = new Uint8Array([
  0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, // "\0asm", version 1
  0x01, 0x07, 0x01, 0x60, 0x02, 0x7f, 0x7c, 0x01, 0x7c, // type 0: (i32, f64) → f64
  0x03, 0x02, 0x01, 0x00, // function 0 has type 0
  0x07, 0x08, 0x01, 0x04, 0x73, 0x70, 0x69, 0x6e, 0x00, 0x00, // export "spin": function 0
  0x0a, 0x21, 0x01, 0x1f, 0x00, // code: 1 body of 31 bytes without locals
  0x03, 0x40, // loop
  0x20, 0x01, //   chain
  0x44, 0, 0, 0, 0, 0, 0, 0xf8, 0x3f, //   1.5
  0xa0, 0x9f, 0x21, 0x01, //   chain = sqrt(chain + 1.5)
  0x20, 0x00, 0x41, 0x01, 0x6b, 0x22, 0x00, //   roots = roots - 1
  0x0d, 0x00, 0x0b, // again unless 0; end
  0x20, 0x01, 0x0b, // return chain; end
]);

const spinRoots = new WebAssembly.Instance(new WebAssembly.Module(MODULE)).exports.spin as (
  roots: number,
  chain: number,
) => number;

/**
 * Does `units` units of CPU work, each 100 times √(x + 1.5), where every root
 * needs the one before, so that neither compiler nor processor can skip or
 * overlap them. Pass the result in again to carry the chain on.
 *
 * @param units a whole number from 0 to 2^24
 */
export function spinUnits(units: number, chain: number): number {
  return units === 0 ? chain : spinRoots(units * SQUARE_ROOTS_PER_UNIT, chain);
}
