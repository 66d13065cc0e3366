import { gunzipSync, gzipSync } from "node:zlib";
import type { Rng } from "../../../lib/base/rng.ts";

/** What stands where a number or a name was. */
const ODD_CELLS = [
  "",
  " ",
  "NaN",
  "nan",
  "null",
  "inf",
  "-1",
  "-0",
  "1.5",
  "1e2",
  "1e39",
  "1e400",
  "0x10",
  "4294967296",
  "9007199254740993",
  "12.0",
  "007",
  "+3",
  "1,000",
  '"1,000"',
  "1_000",
  "1 000",
  "x",
  "∞",
  '"',
  "\u00e9",
];

const ODD_CHARACTERS = "0123456789.-+eE_ \t;|\"',/%\u00e9\r\n\0#";

type Lines = string[];
type LineMutation = (lines: Lines, rng: Rng) => void;

const pick = <T>(items: readonly T[], rng: Rng): T => items[rng.nextBelow(items.length)];
/** Headers matter more than their share of the lines. */
const pickLine = (lines: Lines, rng: Rng) =>
  rng.nextBelow(5) === 0 ? 0 : rng.nextBelow(lines.length);

function changeCell(lines: Lines, rng: Rng, change: (cell: string) => string): void {
  const line = pickLine(lines, rng);
  const cells = lines[line].split(",");
  const at = rng.nextBelow(cells.length);
  cells[at] = change(cells[at]);
  lines[line] = cells.join();
}

function changeColumns(lines: Lines, change: (cells: string[]) => string[]): void {
  for (const [i, line] of lines.entries()) lines[i] = change(line.split(",")).join();
}

/** Changes of cells, lines, columns and of the spelling of a whole text. */
const LINE_MUTATIONS: readonly LineMutation[] = [
  (lines, rng) => changeCell(lines, rng, () => pick(ODD_CELLS, rng)),
  (lines, rng) => changeCell(lines, rng, () => pick(ODD_CELLS, rng)),
  (lines, rng) => changeCell(lines, rng, () => String(rng.nextBelow(100))),
  (lines, rng) => changeCell(lines, rng, (cell) => `"${cell}"`),
  (lines, rng) => changeCell(lines, rng, (cell) => ` ${cell} `),
  (lines, rng) =>
    changeCell(lines, rng, (cell) => cell.replace(/\d+/, () => `${rng.nextBelow(1000)}`)),
  (lines, rng) =>
    changeCell(lines, rng, (cell) => {
      const at = rng.nextBelow(cell.length + 1);
      return cell.slice(0, at) + pick([...ODD_CHARACTERS], rng) + cell.slice(at);
    }),
  (lines, rng) => void lines.splice(rng.nextBelow(lines.length), 1),
  (lines, rng) => void lines.splice(rng.nextBelow(lines.length + 1), 0, pick(lines, rng)),
  (lines, rng) =>
    void lines.splice(rng.nextBelow(lines.length + 1), 0, pick(["", " ", ",,,"], rng)),
  (lines, rng) => {
    const [a, b] = [rng.nextBelow(lines.length), rng.nextBelow(lines.length)];
    [lines[a], lines[b]] = [lines[b], lines[a]];
  },
  (lines, rng) => {
    const line = rng.nextBelow(lines.length);
    const cells = lines[line].split(",");
    cells.splice(rng.nextBelow(cells.length), 1);
    lines[line] = cells.join();
  },
  (lines, rng) => {
    const column = rng.nextBelow(lines[0].split(",").length);
    changeColumns(lines, (cells) => cells.toSpliced(column, 1));
  },
  (lines, rng) => {
    const column = rng.nextBelow(lines[0].split(",").length);
    changeColumns(lines, (cells) => [...cells, cells[column] ?? ""]);
  },
  (lines, rng) => {
    const columns = lines[0].split(",").length;
    const [a, b] = [rng.nextBelow(columns), rng.nextBelow(columns)];
    changeColumns(lines, (cells) => {
      const [left, right] = [cells[a] ?? "", cells[b] ?? ""];
      return cells.map((cell, i) => i === a ? right : i === b ? left : cell);
    });
  },
  (lines, rng) => {
    const separator = pick([";", "\t", "|", ", ", " ,"], rng);
    const only = rng.nextBelow(2) === 0 ? null : rng.nextBelow(lines.length);
    for (const [i, line] of lines.entries()) {
      if (only === null || only === i) lines[i] = line.replaceAll(",", separator);
    }
  },
  (lines, rng) => void (lines[0] = pick([lines[0].toUpperCase(), lines[0].toLowerCase()], rng)),
  // The index of pandas: a column without a name.
  (lines) => {
    for (const [i, line] of lines.entries()) lines[i] = `${i === 0 ? "" : i - 1},${line}`;
  },
  (lines) => void (lines[0] = `\ufeff${lines[0]}`),
  (lines, rng) => {
    const end = rng.nextBelow(3) === 0 ? "\r" : " ";
    for (const i of lines.keys()) lines[i] += end;
  },
  (lines, rng) => void lines.push(...lines.slice(rng.nextBelow(2))),
];

function mutateText(text: string, rng: Rng): string {
  const lines = text.split("\n");
  for (let i = rng.nextBelow(2); i >= 0; i--) {
    if (lines.length > 0) pick(LINE_MUTATIONS, rng)(lines, rng);
  }
  const end = pick(["\n", "\n", "\n", "\r\n"], rng);
  return lines.join(end);
}

type ByteMutation = (bytes: Uint8Array, rng: Rng) => Uint8Array;

/** Changes of bytes, whatever they mean. */
const BYTE_MUTATIONS: readonly ByteMutation[] = [
  (bytes, rng) => bytes.slice(0, rng.nextBelow(bytes.length + 1)),
  (bytes, rng) => {
    const changed = bytes.slice();
    changed[rng.nextBelow(bytes.length)] ^= 1 << rng.nextBelow(8);
    return changed;
  },
  (bytes, rng) => {
    const changed = bytes.slice();
    changed[rng.nextBelow(bytes.length)] = pick([0, 1, 0x7f, 0x80, 0xff], rng);
    return changed;
  },
  (bytes, rng) => {
    const changed = bytes.slice();
    const [a, b] = [rng.nextBelow(bytes.length), rng.nextBelow(bytes.length)];
    [changed[a], changed[b]] = [changed[b], changed[a]];
    return changed;
  },
  (bytes, rng) => {
    const from = rng.nextBelow(bytes.length);
    const part = bytes.subarray(from, from + rng.nextBelow(20));
    return Uint8Array.of(...bytes.subarray(0, from), ...part, ...bytes.subarray(from));
  },
  (bytes, rng) => {
    const from = rng.nextBelow(bytes.length);
    return Uint8Array.of(
      ...bytes.subarray(0, from),
      ...bytes.subarray(from + 1 + rng.nextBelow(20)),
    );
  },
  (bytes, rng) => {
    const changed = bytes.slice();
    const from = rng.nextBelow(bytes.length);
    changed.fill(pick([0, 0xff], rng), from, from + 1 + rng.nextBelow(8));
    return changed;
  },
];

/** A file of text that was changed; what is packed is changed unpacked, packed or in both ways. */
export function mutateTextFile(bytes: Uint8Array, rng: Rng): Uint8Array {
  const isPacked = isGzip(bytes);
  const way = rng.nextBelow(8);
  if (way === 0) return mutateBytes(bytes, rng);
  const text = mutateText(new TextDecoder().decode(isPacked ? gunzipSync(bytes) : bytes), rng);
  const changed = new TextEncoder().encode(text);
  if (!isPacked && way > 2) return changed;
  const members = rng.nextBelow(3) === 0
    ? [changed.subarray(0, changed.length >> 1), changed.subarray(changed.length >> 1)]
    : [changed];
  const packed = Uint8Array.of(...members.flatMap((member) => [...gzipSync(member, { level: 1 })]));
  return way === 1 ? mutateBytes(packed, rng) : packed;
}

/** A file that was changed at some bytes. */
export function mutateBytes(bytes: Uint8Array, rng: Rng): Uint8Array {
  let changed = bytes;
  for (let i = rng.nextBelow(2); i >= 0; i--) {
    if (changed.length > 0) changed = pick(BYTE_MUTATIONS, rng)(changed, rng);
  }
  return changed;
}

/** True if bytes begin as gzip does. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}
