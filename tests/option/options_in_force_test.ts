import assert from "node:assert/strict";
import { burst } from "../../experiments/burst.ts";
import { keepAlive } from "../../experiments/keep_alive.ts";
import { rpsRamp } from "../../experiments/rps_ramp.ts";
import { traceSweep } from "../../experiments/trace_sweep.ts";
import type { PlatformName } from "../../lib/platform/registry.ts";
import { COMMON_OPTIONS, type CommonOptions } from "../../lib/run/common_options.ts";
import {
  endpointsOptions,
  knativeOptions,
  localOptions,
  simulatorOptions,
} from "../../lib/run/create_platform.ts";
import { diagnoseCluster } from "../../lib/doctor/doctor_knative.ts";
import { doctorOptionsOf, type DoctorValues } from "../../lib/doctor/doctor_options.ts";
import type { Experiment } from "../../lib/run/experiment.ts";
import { bareNameOf, flagOf, type Option, type OptionTable } from "../../lib/option/option.ts";
import { parseOptions } from "../../lib/option/parse_options.ts";
import { ScriptedApiServer } from "../support/scripted_api_server.ts";

const EXPERIMENTS = [burst, keepAlive, rpsRamp, traceSweep] as unknown as Experiment<OptionTable>[];

/** What each platform is made from. */
const SETTINGS_OF: { readonly [Name in PlatformName]: (options: CommonOptions) => unknown } = {
  local: localOptions,
  endpoints: endpointsOptions,
  simulator: simulatorOptions,
  knative: (options) => knativeOptions(options, {}),
};

/** Options of one platform or some that are not its settings, and who uses them. */
const USED_ELSEWHERE: Readonly<Record<string, string>> = {
  calibration: "the judge of loads",
  beyondLimits: "the judge of loads",
  twin: "the session",
  cpuRequestMilli: "the specifications of functions",
  simulation: "a file, which must be there",
};

/** Texts of which some option takes one, whatever its type. */
const TEXTS = ["7", "0.5", "7s", "2", "other", "a.example:81", "5ms", "c/d:9", "greedy-dual"];

/** A value of the option that is not its default, as text. */
function anotherValue(option: Option<unknown>): string {
  const isDefault = (text: string) =>
    JSON.stringify(option.parse(text)) === JSON.stringify(option.defaults.local) ||
    JSON.stringify(option.parse(text)) === JSON.stringify(option.defaults.cluster);
  const choices = option.placeholder?.split("|") ?? ["true", "false"];
  for (const text of [...choices, ...TEXTS]) {
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

for (const platform of Object.keys(SETTINGS_OF) as PlatformName[]) {
  Deno.test(`options: each that the platform ${platform} alone uses changes its settings`, () => {
    const place = ["--platform", platform];
    if (platform === "endpoints") place.push("--endpoints", "h.example:80");
    const settingsOf = (args: readonly string[]) => {
      const { values } = parseOptions("x", "", COMMON_OPTIONS, [...place, ...args]);
      return JSON.stringify(SETTINGS_OF[platform](values));
    };
    const before = settingsOf([]);
    const table = Object.entries(COMMON_OPTIONS as OptionTable)
      .filter(([name, { platforms }]) => platforms?.includes(platform) && name !== "endpoints");
    for (const [name, option] of table) {
      if (USED_ELSEWHERE[name] !== undefined) continue;
      if (name === "pacing" && platform === "simulator") continue;
      const change = argsOf(name, option);
      // "automatic" may be either of the two.
      if (name === "pacing") change[1] = platform === "local" ? "precise" : "economical";
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
  const signal = new AbortController().signal;
  const findings = await diagnoseCluster(values as unknown as DoctorValues, [], signal);
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
