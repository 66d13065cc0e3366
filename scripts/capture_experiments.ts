/**
 * Makes the figures of `docs/experiments.md`, by the experiments themselves on the simulator and
 * the trace in `data/`: the same on every machine. All of them, or those that are named:
 *
 *     deno run -P scripts/capture_experiments.ts capacity rps-ramp
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const PROJECT = fileURLToPath(new URL("..", import.meta.url));

/** Where the figures are. */
const FOLDER = join(PROJECT, "docs/images/experiments");

/** What is run, and which of the figures is taken; `from` is an experiment that is made before. */
interface Capture {
  readonly args: string;
  readonly figure: string;
  readonly from?: { readonly args: string; readonly run: string };
}

const SIMULATED = "--platform simulator";

const CAPTURES: Readonly<Record<string, Capture>> = {
  "trace-sweep": {
    args: `${SIMULATED} --sizes 5,10,20,40 --duration 60s --repetitions 6 --node-cores 4`,
    figure: "slowdown_against_functions",
  },
  "rps-ramp": {
    args: `${SIMULATED} --max-scale 2 --slot 20s`,
    figure: "slowdown_against_ratePerS",
  },
  "burst": { args: `${SIMULATED} --node-cores 4`, figure: "burst_response_time" },
  "capacity": {
    args: `${SIMULATED} --find nodes --node-cores 2 --rps 120 --functions 6`,
    figure: "capacity_nodes",
  },
  "cold-start": { args: SIMULATED, figure: "added_time_distribution" },
  "keep-alive": { args: "--duration 4h", figure: "keep_alive_tradeoff" },
  "variation": { args: "--samples 6 --duration 3min", figure: "slowdown_distribution" },
  "prior-works": { args: "--repetitions 6 --duration 30s", figure: "works_slowdown_p99" },
  "convergence": { args: "", figure: "distance_of_invocations" },
  "load-comparison": { args: "", figure: "load_runtime" },
  "workload-models": { args: "--works stratified,hermes,medes", figure: "load_of_functions" },
  "single": { args: `${SIMULATED} --count 4 --runtime 50ms`, figure: "invocations" },
  "replay": {
    args: `${SIMULATED} --repetitions 2 --max-scale 1`,
    figure: "slowdown_distribution",
    from: { args: `burst ${SIMULATED}`, run: "burst" },
  },
};

/** Runs the loader, and ends where it fails. */
async function run(args: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-q", "-P", "loader.ts", ...args],
    cwd: PROJECT,
    stdout: "null",
    stderr: "piped",
  }).output();
  if (success) return;
  console.error(new TextDecoder().decode(stderr));
  Deno.exit(1);
}

/** A picture for pages of any colour: with a ground of its own, and without what a pointer shows. */
function withGround(svg: string): string {
  return svg.replace(
    /<svg [^>]*>/,
    (tag) => `${tag}<rect width="100%" height="100%" fill="white"/>`,
  );
}

async function capture(name: string, { args, figure, from }: Capture): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "loader-capture-" });
  const words = (text: string) => text.split(" ").filter((word) => word !== "");
  try {
    const source: string[] = [];
    if (from !== undefined) {
      await run([...words(from.args), "--output", `${folder}/from`]);
      source.push("--from", `${folder}/from/runs/${from.run}`);
    }
    await run([name, ...words(args), ...source, "--output", `${folder}/results`]);
    const svg = await Deno.readTextFile(`${folder}/results/figures/${figure}.svg`);
    await Deno.writeTextFile(join(FOLDER, `${name}.svg`), withGround(svg));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const unknown = Deno.args.find((name) => !(name in CAPTURES));
if (unknown !== undefined) {
  console.error(
    `There is no figure of ${JSON.stringify(unknown)}; there are those of: ${
      Object.keys(CAPTURES).join(", ")
    }.`,
  );
  Deno.exit(2);
}
await Deno.mkdir(FOLDER, { recursive: true });
for (const [name, how] of Object.entries(CAPTURES)) {
  if (Deno.args.length > 0 && !Deno.args.includes(name)) continue;
  await capture(name, how);
  console.log(`${name}.svg`);
}
