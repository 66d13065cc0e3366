const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * The same text in memory of its own. A part of a text keeps the whole of it in V8, which for a
 * name out of a log would be a quarter of a megabyte.
 */
export function ownText(text: string): string {
  return decoder.decode(encoder.encode(text));
}
