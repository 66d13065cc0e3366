/** The rows of a text, as a reader makes them that knows nothing of traces. */
export interface PlainTable {
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/**
 * Reads CSV by RFC 4180 and nothing else: independent of the readers of traces, whose
 * totals it is to check. `null` where it cannot tell what is meant: quotes in the midst
 * of a cell or without an end, rows of another length, a control character.
 */
export function readPlainCsv(text: string): PlainTable | null {
  // deno-lint-ignore no-control-regex -- these are looked for
  if (/[\u0000-\u0008\u000b-\u001f\ufffd]/.test(text.replaceAll("\r\n", "\n"))) return null;
  const rows: string[][] = [];
  let row: string[] = [];
  let at = text.startsWith("\ufeff") ? 1 : 0;
  while (at < text.length) {
    let cell: string;
    if (text[at] === '"') {
      const quoted = /"((?:[^"]|"")*)"(?=,|\r?\n|$)/y;
      quoted.lastIndex = at;
      const match = quoted.exec(text);
      if (match === null) return null;
      cell = match[1].replaceAll('""', '"');
      if (/[\r\n]/.test(cell)) return null;
      at = quoted.lastIndex;
    } else {
      const bare = /[^,\r\n]*/y;
      bare.lastIndex = at;
      cell = bare.exec(text)![0];
      if (cell.includes('"')) return null;
      at = bare.lastIndex;
    }
    row.push(cell.trim());
    if (text[at] === ",") {
      at++;
      if (at < text.length) continue;
      row.push("");
    }
    if (row.some((text) => text !== "")) rows.push(row);
    row = [];
    at += text.startsWith("\r\n", at) ? 2 : 1;
  }
  const [header, ...others] = rows;
  if (header === undefined || others.some((row) => row.length !== header.length)) return null;
  return { header: header.map((name) => name.toLowerCase()), rows: others };
}

/** A number as everyone writes it; `null` where it is none. */
export function readPlainNumber(cell: string | undefined): number | null {
  if (cell === undefined || !/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(cell)) return null;
  const value = Number(cell);
  return Number.isFinite(value) ? value : null;
}
