/**
 * The dashboard of config/ by what Grafana and Prometheus make of it: Grafana's own model reads
 * it, and each of its expressions has data while the loader runs.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { readHttpText } from "../../lib/scrape/http_text.ts";
import { freePort, PeerProcess } from "../support/peer_process.ts";
import { PROJECT, Script, temporaryFolder } from "../support/script.ts";
import { peerTest } from "./interop_test_case.ts";
import { INSTALLED } from "./peer.ts";

const PYTHON = join(INSTALLED, "venv/bin/python");
const PROMETHEUS = join(INSTALLED, "bin/prometheus");
const DASHBOARD = join(PROJECT, "config/grafana_dashboard.json");

peerTest("Grafana: its own model knows everything in the dashboard", { needs: [PYTHON] }, () => {
  const { success, stdout, stderr } = new Deno.Command(PYTHON, {
    args: [join(PROJECT, "tests/peers/grafana_dashboard.py"), DASHBOARD],
  }).outputSync();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assert.ok(success, text(stderr));
  assert.equal(text(stdout), "");
  return Promise.resolve();
});

/** The expressions of all panels, as Grafana asks for them: variables filled in. */
async function readExpressions(): Promise<string[]> {
  const { panels } = JSON.parse(await Deno.readTextFile(DASHBOARD)) as {
    readonly panels: readonly { readonly targets: readonly { readonly expr: string }[] }[];
  };
  return panels.flatMap(({ targets }) => targets).map(({ expr }) =>
    expr.replaceAll("$__rate_interval", "5s").replaceAll("$job", "loader")
  );
}

async function startPrometheus(folder: string, target: string): Promise<PeerProcess> {
  const port = freePort();
  await Deno.writeTextFile(
    `${folder}/prometheus.yml`,
    JSON.stringify({
      scrape_configs: [{
        job_name: "loader",
        scrape_interval: "1s",
        static_configs: [{ targets: [target] }],
      }],
    }),
  );
  return await PeerProcess.start({
    command: PROMETHEUS,
    args: [
      `--config.file=${folder}/prometheus.yml`,
      `--storage.tsdb.path=${folder}/data`,
      `--web.listen-address=127.0.0.1:${port}`,
      "--log.level=error",
    ],
    port,
  });
}

/** Values that an expression has now. */
async function query(address: string, expression: string): Promise<number[]> {
  const url = `http://${address}/api/v1/query?query=${encodeURIComponent(expression)}`;
  const { status, text } = await readHttpText(url);
  const answer = JSON.parse(text);
  // It does not answer before it has started.
  if (status === 503) return [];
  assert.equal(status, 200, `${expression}: ${text}`);
  return answer.data.result.map(({ value: [, value] }: { value: [number, string] }) =>
    Number(value)
  );
}

peerTest(
  "Prometheus: every expression of the dashboard has data while the loader runs",
  { needs: [PROMETHEUS] },
  async () => {
    await using folder = await temporaryFolder();
    const live = freePort();
    await using prometheus = await startPrometheus(folder.path, `127.0.0.1:${live}`);
    await using script = Script.start("experiments/burst.ts", [
      ..."--rps 20 --duration 10min --slot 1s --runtime 5ms".split(" "),
      ...["--live", String(live), "--output", `${folder.path}/out`],
    ]);
    let hasEnded = false;
    script.result.finally(() => hasEnded = true);
    const waiting = new Set(await readExpressions());
    assert.ok(waiting.size > 10);
    while (waiting.size > 0) {
      assert.ok(!hasEnded, `these have had no data: ${[...waiting].join("\n")}`);
      // It scrapes once a second, and the cores are the loader's.
      await new Promise((resolve) => setTimeout(resolve, 200));
      for (const expression of waiting) {
        const values = await query(prometheus.address, expression);
        if (values.length > 0 && values.every(Number.isFinite)) waiting.delete(expression);
      }
    }
    script.kill("SIGINT");
    assert.equal((await script.result).status, 130);
  },
);
