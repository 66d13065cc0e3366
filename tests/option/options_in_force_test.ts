import assert from "node:assert/strict";
import { burst } from "../../experiments/burst.ts";
import { coldStart } from "../../experiments/cold_start.ts";
import { keepAlive } from "../../experiments/keep_alive.ts";
import { rpsRamp } from "../../experiments/rps_ramp.ts";
import { traceSweep } from "../../experiments/trace_sweep.ts";
import { PLATFORM_NAMES, type PlatformName, platformOf } from "../../lib/platform/registry.ts";
import { COMMON_OPTIONS, type CommonOptions } from "../../lib/run/common_options.ts";
import { settingsOf } from "../../lib/run/create_platform.ts";
import { doctorOptionsOf } from "../../lib/doctor/doctor.ts";
import { KNATIVE } from "../../lib/platform/knative/knative.ts";
import { settleKnativeOptions } from "../../lib/platform/knative/knative_options.ts";
import { LOCAL } from "../../lib/platform/local/local.ts";
import { settleLocalOptions } from "../../lib/platform/local/local_options.ts";
import { readSimulatorOptions } from "../../lib/platform/simulator/simulation_file.ts";
import { SIMULATOR } from "../../lib/platform/simulator/simulator.ts";
import { settleSimulatorOptions } from "../../lib/platform/simulator/simulator_options.ts";
import type { Experiment } from "../../lib/run/experiment.ts";
import { bareNameOf, flagOf, type Option, type OptionTable } from "../../lib/option/option.ts";
import { parseOptions } from "../../lib/option/parse_options.ts";
import { ScriptedApiServer } from "../support/scripted_api_server.ts";

const EXPERIMENTS = [
  burst,
  coldStart,
  keepAlive,
  rpsRamp,
  traceSweep,
] as unknown as Experiment<OptionTable>[];

const createTransport = () => () => Promise.reject(new Error("unused"));

/** How calls are made, which is the transport's and no setting. */
function callsOf({ transport, connections, expiredCalls }: CommonOptions): unknown {
  return { transport, connections, expiredCalls };
}

/** What platforms make of the values of their options; of the others these are looked at. */
const SETTLED: { readonly [Name in PlatformName]?: (options: CommonOptions) => unknown } = {
  local: (options) => [
    callsOf(options),
    settleLocalOptions({ ...settingsOf(LOCAL, options), createTransport }),
  ],
  simulator: (options) =>
    settleSimulatorOptions(readSimulatorOptions(settingsOf(SIMULATOR, options))),
  knative: (options) => [
    callsOf(options),
    settleKnativeOptions({ ...settingsOf(KNATIVE, options), createTransport }),
  ],
};

/** Options of one platform or some that are not its settings, and who uses them. */
const USED_ELSEWHERE: Readonly<Record<string, string>> = {
  calibration: "the judge of loads",
  beyondLimits: "the judge of loads",
  twin: "the session",
  live: "the script",
  traceShare: "the run",
  jobs: "the runs of the experiment",
  cpuRequestMilli: "the specifications of functions",
  simulation: "a file, which must be there",
};

/** Texts of which some option takes one, whatever its type. */
const TEXTS = ["a.example:81", "2", "7", "0.5", "7s", "5ms", "c/d:9"];

function choicesOf({ form }: Option<unknown>): readonly string[] {
  if (form.kind === "choice") return form.choices;
  return form.kind === "switch" ? ["true", "false"] : [];
}

/** A value of the option that is not its default, as text. */
function anotherValue(option: Option<unknown>): string {
  const isDefault = (text: string) =>
    JSON.stringify(option.parse(text)) === JSON.stringify(option.defaults.local) ||
    JSON.stringify(option.parse(text)) === JSON.stringify(option.defaults.cluster);
  // Of choices the last: what is left open to a file has its default among them, not told.
  for (const text of [...choicesOf(option).toReversed(), ...TEXTS]) {
    try {
      if (!isDefault(text)) return text;
    } catch {
      // Not one of this option's.
    }
  }
  throw new Error(`add a text that ${option.placeholder} takes: ${option.meaning}`);
}

function argsOf(name: string, option: Option<unknown>): string[] {
  const text = anotherValue(option);
  if (option.placeholder !== null) return [flagOf(bareNameOf(name, option)), text];
  return [
    text === "true"
      ? flagOf(bareNameOf(name, option))
      : flagOf(bareNameOf(name, option)).replace("--", "--no-"),
  ];
}

for (const platform of PLATFORM_NAMES) {
  const settle = SETTLED[platform] ??
    ((options: CommonOptions) => settingsOf(platformOf(platform), options));

  Deno.test(`options: each that the platform ${platform} alone uses changes its settings`, () => {
    const place = ["--platform", platform];
    if (platform === "endpoints") place.push("--endpoints", "h.example:80");
    const settingsOf = (args: readonly string[]) => {
      const { values } = parseOptions("x", "", COMMON_OPTIONS, [...place, ...args]);
      return JSON.stringify(settle(values));
    };
    const before = settingsOf([]);
    const table = Object.entries(COMMON_OPTIONS as OptionTable)
      .filter(([name, { platforms }]) => platforms?.includes(platform) && name !== "endpoints");
    for (const [name, option] of table) {
      if (USED_ELSEWHERE[name] !== undefined) continue;
      const change = argsOf(name, option);
      assert.notEqual(settingsOf(change), before, change.join(" "));
    }
  });
}

Deno.test("options: every experiment has the common ones, as they are", () => {
  for (const { name, options } of EXPERIMENTS) {
    for (const key of Object.keys(COMMON_OPTIONS)) {
      // keep-alive has one platform alone.
      if (options[key] === undefined || key === "platform") continue;
      const { parse, platforms } = COMMON_OPTIONS[key as keyof typeof COMMON_OPTIONS];
      assert.equal(String(options[key].parse), String(parse), `${name} ${key}`);
      assert.deepEqual(options[key].platforms, platforms, `${name} ${key}`);
    }
  }
});

/** The function that the doctor asks Knative to try. */
async function triedFunction(...args: readonly string[]): Promise<unknown> {
  await using server = await ScriptedApiServer.start();
  const given = ["--platform", "knative", "--kubeconfig", server.kubeconfig, ...args];
  const { values } = parseOptions("doctor", "", doctorOptionsOf(null), given);
  const findings = await KNATIVE.diagnose(settingsOf(KNATIVE, values as unknown as CommonOptions), {
    startsAtZero: true,
    callTimeoutMs: 1000,
    demandOn: () => Promise.resolve([]),
    signal: new AbortController().signal,
  });
  const request = server.requests.find(({ method, path }) =>
    method === "POST" && path.endsWith("/services")
  );
  assert.ok(request, `no function was tried: ${JSON.stringify(findings)}`);
  return request.body;
}

Deno.test("options: the doctor tries the function that a run would deploy", async () => {
  const usual = triedFunction();
  await Promise.all([
    ["--limits", "none"],
    ["--limits", "gcp"],
    ["--requests", "none"],
    ["--cpu-request", "10m"],
    ["--image", "registry.example/other:1"],
    ["--max-scale", "3"],
    ["--scaling-metric", "rps"],
    ["--partial-panic"],
  ].map(async (args) =>
    assert.notDeepEqual(await triedFunction(...args), await usual, args.join(" "))
  ));
});
