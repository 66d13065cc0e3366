import assert from "node:assert/strict";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { importRequests } from "../../../lib/trace/import/import_requests.ts";
import { listSources } from "../../../lib/trace/import/log_source.ts";
import { temporaryFolder } from "../../support/script.ts";
import { importAll, source } from "./log_files.ts";

/** A line of nginx, `second` seconds after 08:00. */
function line(second: number, path = "/a", { status = 200, runtimeS = 0.01, method = "GET" } = {}) {
  const time = new Date(Date.UTC(2026, 10, 27, 8, 0, second)).toISOString().slice(11, 19);
  return `127.0.0.1 - - [27/Nov/2026:${time} +0000] "${method} ${path} HTTP/1.1" ${status} 5 "-" ` +
    `"curl" rt=${runtimeS.toFixed(3)}`;
}

function lines(from: number, to: number): string {
  return Array.from({ length: to - from }, (_, i) => line(from + i) + "\n").join("");
}

Deno.test("sources: packed or not, of several members, in folders; the order does not matter", async () => {
  await using folder = await temporaryFolder();
  const bytes = (from: number, to: number) => new TextEncoder().encode(lines(from, to));
  const files: Readonly<Record<string, Uint8Array>> = {
    "access.log": bytes(40, 50),
    "access.log.1": bytes(30, 40),
    "access.log.2.gz": Uint8Array.from([
      ...gzipSync(bytes(10, 20)),
      ...gzipSync(bytes(20, 30)),
    ]),
    "access.log.3.zst": Uint8Array.from([
      ...zstdCompressSync(bytes(0, 5)),
      ...zstdCompressSync(bytes(5, 10)),
    ]),
    ".hidden": bytes(0, 9),
  };
  for (const [name, content] of Object.entries(files)) {
    await Deno.writeFile(join(folder.path, name), content);
  }
  const sources = await listSources([folder.path]);
  assert.equal(sources.length, 4);
  const forth = await importRequests(sources);
  const back = await importRequests(
    await listSources(
      sources.map(({ name }) => name).reverse(),
    ),
  );
  assert.equal(forth.tally.taken, 50);
  // Arrivals are spread over their seconds at random, and yet the same.
  assert.deepEqual([...forth.columns.list(true)], [...back.columns.list(true)]);
  await assert.rejects(listSources([sources[0].name, sources[0].name]), { code: "usage" });
  await assert.rejects(listSources([join(folder.path, "none")]), { code: "input" });
  await Deno.mkdir(join(folder.path, "empty"));
  await assert.rejects(listSources([join(folder.path, "empty")]), {
    code: "input",
    message: /empty: There are no files in the folder/,
  });
});

Deno.test("sources: a file and its packed copy are one too many", async () => {
  await using folder = await temporaryFolder();
  const bytes = new TextEncoder().encode(lines(0, 50));
  await Deno.writeFile(join(folder.path, "access.log.1"), bytes);
  await Deno.writeFile(join(folder.path, "access.log.1.gz"), gzipSync(bytes));
  await assert.rejects(importRequests(await listSources([folder.path])), {
    code: "usage",
    message: /access\.log\.1\.gz: The file has the rows of .*access\.log\.1, packed or copied/,
  });
});

Deno.test("sources: a packed file that breaks off is refused, not read in part", async () => {
  await using folder = await temporaryFolder();
  const bytes = new TextEncoder().encode(lines(0, 50));
  for (const [name, pack] of [["a.gz", gzipSync], ["a.zst", zstdCompressSync]] as const) {
    const file = join(folder.path, name);
    await Deno.writeFile(file, pack(bytes).subarray(0, -9));
    await assert.rejects(importRequests(await listSources([file])), {
      code: "input",
      message: /cannot be read or unpacked/,
    });
  }
});

Deno.test("import: every row is taken, left out for a reason, or bad", async () => {
  const rows = [
    ...Array.from({ length: 300 }, (_, i) => line(i, `/api/users/${i}`)),
    line(3, "/health"),
    line(4, "/a", { method: "POST" }),
    line(5, "/a", { status: 404 }),
    line(6, "/other"),
    line(7, "/a", { runtimeS: 8 }),
    line(999),
    "cut off",
    "",
  ];
  const { tally, columns } = await importAll(rows.join("\n"), {
    methods: ["GET"],
    statuses: ["200-299"],
    includePaths: ["/api/*", "/a", "/health"],
    excludePaths: ["/heal*"],
    fromMs: Date.UTC(2026, 10, 27, 8, 0, 0) - 10,
    toMs: Date.UTC(2026, 10, 27, 8, 5),
  });
  const leftOut = Object.fromEntries(tally.leftOut.map(({ reason, count }) => [reason, count]));
  assert.deepEqual(leftOut, {
    "a path excluded": 1,
    "another method": 1,
    "another status": 1,
    "a path not included": 1,
    "before the window": 1,
    "after the window": 1,
  });
  assert.deepEqual([tally.rows, tally.taken, tally.bad], [307, 300, 1]);
  assert.deepEqual(columns.counts, [["/api/users/{id}", 300]]);
});

Deno.test("import: too many bad rows are told with examples; the limit is a share or a number", async () => {
  const text = lines(0, 97) + "x\n".repeat(3);
  await assert.rejects(importAll(text), {
    code: "input",
    message: /^3 of 100 rows cannot be read, more than the 1 % .*log:98 not of the common.*"x"/,
  });
  assert.equal((await importAll(text, { badRows: { share: 0.03 } })).tally.bad, 3);
  assert.equal((await importAll(text, { badRows: { count: 3 } })).tally.bad, 3);
  await assert.rejects(importAll(text, { badRows: { count: 2 } }), { code: "input" });
  // Told before the end is read: a file without an end would never be.
  let reads = 0;
  const endless = {
    name: "endless",
    open: () =>
      Promise.resolve({
        read(target: Uint8Array) {
          const bytes = new TextEncoder().encode(reads++ === 0 ? lines(0, 9) : "x\n".repeat(2000));
          target.set(bytes);
          return bytes.length;
        },
        [Symbol.asyncDispose]: () => Promise.resolve(),
      }),
  };
  await assert.rejects(importRequests([endless]), { code: "input" });
  assert.equal(reads, 2);
});

Deno.test("import: ids that stay in paths are told by the number of functions", async () => {
  const text = Array.from({ length: 30 }, (_, i) => line(i, `/u/user${i}x`)).join("\n");
  await assert.rejects(importAll(text, { mostFunctions: 20 }), {
    code: "usage",
    message: /^log:21: There are more than 20 functions, such as "\/u\/user20x".*--path-template/,
  });
  const { columns } = await importAll(text, { paths: { templates: ["/u/{user}"] } });
  assert.deepEqual(columns.counts, [["/u/{user}", 30]]);
});

Deno.test("import: arrivals of whole seconds are spread within theirs, durations go with them", async () => {
  const text = Array.from({ length: 2000 }, (_, i) => line(9, "/a", { runtimeS: i / 1000 }));
  const { columns } = await importRequests([source(text.join("\n"))]);
  const [{ arrivalMs, runtimeMs }] = [...columns.list(true)];
  const second = Date.UTC(2026, 10, 27, 8, 0, 9);
  const ends = Float64Array.from(arrivalMs, (timeMs, i) => timeMs + runtimeMs![i] - second);
  assert.ok(ends.every((end) => end >= 0 && end < 1000));
  const mean = ends.reduce((sum, end) => sum + end, 0) / ends.length;
  // Ten standard errors of 2,000 uniform draws.
  assert.ok(Math.abs(mean - 500) < 10 * 1000 / Math.sqrt(12 * 2000), String(mean));
  assert.deepEqual(runtimeMs!.toSorted(), Float32Array.from({ length: 2000 }, (_, i) => i));
  assert.ok(arrivalMs.every((timeMs, i) => i === 0 || timeMs >= arrivalMs[i - 1]));
});

Deno.test("import: a duration that is not told is one of the function's others", async () => {
  const text = [
    ...Array.from({ length: 20 }, (_, i) => line(i, "/a", { runtimeS: i / 100 })),
    line(30, "/a").replace("rt=0.010", "rt=-"),
    line(31, "/b").replace("rt=0.010", "rt=-"),
  ];
  const { columns } = await importAll(text.join("\n"));
  const [a, b] = [...columns.list(true)];
  assert.equal(a.drawnRuntimes, 1);
  // Those that are known stay where they are.
  assert.deepEqual(a.runtimeMs!.slice(0, 20), Float32Array.from({ length: 20 }, (_, i) => i * 10));
  assert.equal(a.runtimeMs![20] % 10, 0);
  assert.deepEqual([b.drawnRuntimes, b.runtimeMs], [0, null]);
});

Deno.test("import: a log of no known kind is told", async () => {
  await assert.rejects(importAll("hello world\n"), {
    code: "input",
    message: /^log:1: The log is of no known kind/,
  });
  // A first line that broke off is one bad row of its kind, not another kind.
  const good = '{"start_time":"2026-11-27T08:00:00Z","path":"/a"}\n';
  const { tally: json } = await importAll("{" + good.slice(9) + good.repeat(200));
  assert.deepEqual([json.taken, json.bad], [200, 1]);
  const { notes, tally } = await importAll("\n\n");
  assert.deepEqual([tally.rows, notes], [0, ["log is empty."]]);
});
