import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { readTrace } from "../../lib/trace/read_trace.ts";
import { PROJECT, runScript, type TemporaryFolder, temporaryFolder } from "../support/script.ts";

const DAY_MS = Date.UTC(2026, 10, 27);
const PATHS = ["/api/users/{id}", "/shop/{id}/cart", "/files/a/{id}.txt"];

/** Commands of a page: indented lines, those that go on joined. */
function commandsOf(page: string): string[] {
  const text = Deno.readTextFileSync(join(PROJECT, page)).replaceAll(/ \\\n +/g, " ");
  return [...text.matchAll(/^ {4}((?:deno task|gunzip) .*)$/gm)].map(([, command]) => command);
}

/** What the page shows of an import's output, without paths and what is left out. */
function shownOf(page: string): string[] {
  const [block] = /^ {4}Fields as of [\s\S]*?^ {7}…/m.exec(
    Deno.readTextFileSync(join(PROJECT, page)),
  )!;
  return block.split("\n").slice(0, -1).map((line) =>
    line.slice(4).replace(/such as access\.log.*/, "such as ")
  );
}

function clf(timeMs: number): string {
  const [date, time] = new Date(timeMs).toISOString().split("T");
  const [year, , day] = date.split("-");
  return `${day}/Nov/${year}:${time.slice(0, 8)} +0000`;
}

/** Logs of a day under the names that the guide has, 1,200 requests each. */
async function writeLogs(folder: string): Promise<void> {
  const requests = Array.from({ length: 1200 }, (_, i) => ({
    timeMs: DAY_MS + i * 72_000 + 1500,
    path: PATHS[i % 6 < 3 ? 0 : i % 6 < 5 ? 1 : 2].replace("{id}", String(1000 + i)),
    method: i % 10 === 0 ? "POST" : "GET",
  }));
  const nginx = requests.map(({ timeMs, path, method }) =>
    `127.0.0.1 [${clf(timeMs)}] "${method} ${path}?x=1 HTTP/1.1" 200 0.025\n`
  );
  const tomorrow = `127.0.0.1 [${clf(DAY_MS + 86_400_000 + 60_000)}] "GET / HTTP/1.1" 200 0.025\n`;
  const write = async (name: string, content: string | Uint8Array) => {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    await Deno.mkdir(dirname(join(folder, name)), { recursive: true });
    await Deno.writeFile(join(folder, name), bytes);
  };
  const pack = (text: string) => gzipSync(new TextEncoder().encode(text));
  await write("nginx/access.log", nginx.slice(800).join("") + tomorrow + "cut o");
  await write("nginx/access.log.1", nginx.slice(400, 800).join(""));
  await write("nginx/access.log.2.gz", pack(nginx.slice(0, 400).join("")));
  const csv = requests.map(({ timeMs, method }) =>
    `${new Date(timeMs).toISOString()},${method.toLowerCase()},25\n`
  );
  await write("calls.csv", "start_time,name,duration\n" + csv.join(""));
  const caddy = requests.map(({ timeMs, path, method }) =>
    JSON.stringify({
      ts: timeMs / 1000,
      request: { method, uri: path },
      duration: 0.025,
      status: 200,
    }) + "\n"
  );
  await write("caddy.json.gz", pack(caddy.join("")));
  const spans = requests.map(({ timeMs, method }) =>
    JSON.stringify({
      resourceSpans: [{
        scopeSpans: [{
          spans: [{
            name: method,
            kind: 2,
            startTimeUnixNano: `${timeMs}000000`,
            endTimeUnixNano: `${timeMs + 25}000000`,
          }],
        }],
      }],
    }) + "\n"
  );
  await write("spans.jsonl", spans.join(""));
}

/** A Prometheus whose one counter grows by 2 a minute. */
function servePrometheus(): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const { searchParams } = new URL(request.url);
    const [query, start, end, step] = ["query", "start", "end", "step"].map((name) =>
      searchParams.get(name)!
    );
    const values = [];
    for (let timeS = Number(start); timeS <= Number(end); timeS += Number(step)) {
      values.push([timeS, String(timeS / 30)]);
    }
    const [, name] = /^(\w+_count)\{job="shop"\}$/.exec(query) ?? [];
    const metric = { __name__: name, http_route: "/a", job: "shop" };
    const result = name === undefined ? [] : [{ metric, values }];
    return Response.json({ status: "success", data: { resultType: "matrix", result } });
  });
}

Deno.test("the guide's commands on one's own logs do what it says", async (t) => {
  await using folder: TemporaryFolder = await temporaryFolder();
  await writeLogs(folder.path);
  await using prometheus = servePrometheus();
  const inside = (command: string) =>
    command.replaceAll("/var/log/", `${folder.path}/`)
      .replaceAll(/(?<= )(results\/|calls\.csv|caddy\.json\.gz|spans\.jsonl)/g, `${folder.path}/$1`)
      .replaceAll("http://localhost:9090", `http://127.0.0.1:${prometheus.addr.port}`);
  const commands = commandsOf("docs/guide/own_logs.md");
  assert.equal(commands.length, 8);
  const shown = shownOf("docs/guide/own_logs.md");
  assert.equal(shown.length, 8);
  for (const command of commands) {
    await t.step(command, async () => {
      // The page of figures goes into the working directory.
      const complete = command.includes("trace:doctor")
        ? `${command} --output ${folder.path}/doctor.html`
        : command.includes("exp:")
        ? `${command} --output ${folder.path}/replay`
        : command;
      const { code, stdout, stderr } = await new Deno.Command("sh", {
        args: ["-c", inside(complete)],
        cwd: PROJECT,
        env: { NO_COLOR: "1", PATH: `${dirname(Deno.execPath())}:${Deno.env.get("PATH")}` },
        stdin: "null",
      }).output();
      const [said, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
      assert.equal(code, 0, `${said}${errors}`);
      if (!command.includes("trace:import")) return;
      const output = / --output (\S+)/.exec(inside(command))![1];
      const trace = await readTrace(output);
      const total = trace.functions.reduce(
        (sum, { invocationsPerSlot }) => sum + invocationsPerSlot.total,
        0,
      );
      if (command.includes("9090")) {
        assert.deepEqual([trace.functions.length, total, trace.slots], [1, 2880, 1440]);
        return;
      }
      assert.equal(total, 1200);
      if (!command.includes("nginx")) return;
      if (!command.includes("--name-method")) {
        for (const line of shown) assert.ok(said.includes(line), `${line}\n${said}`);
      }
      if (command.includes("--name-method")) {
        assert.deepEqual(trace.functions.map(({ id }) => id).toSorted(), [
          "GET /api/users/{id}",
          "GET /files/{path...}",
          "GET /shop/{name}/cart",
          "POST /api/users/{id}",
          "POST /shop/{name}/cart",
        ]);
      }
    });
  }
});

Deno.test("trace:import tells what is wrong in a sentence", async () => {
  await using folder = await temporaryFolder();
  const output = ["--output", join(folder.path, "out")];
  const tell = async (args: readonly string[]) => {
    const { status, stderr } = await runScript("scripts/trace_import.ts", args);
    return `${status} ${stderr}`;
  };
  assert.match(await tell(output), /^2 Error: Name the logs/);
  assert.match(await tell(["no/such.log", ...output]), /^2 Error: no\/such\.log: The log cannot/);
  const range = ["--metric", "x", "--from", "2026-11-27", "--to", "2026-11-28"];
  assert.match(
    await tell(["http://127.0.0.1:1", ...range, ...output]),
    /^2 Error: http:\/\/127\.0\.0\.1:1: Prometheus does not answer \(.*ECONNREFUSED/,
  );
});
