/**
 * Makes the role of config/rbac.yaml in a namespace, and a kubeconfig for it:
 *
 *     deno task role --namespace loader --output loader.kubeconfig
 *
 * Takes an administrator's access; --remove takes the role away again.
 *
 * @module
 */
import { LoaderError } from "../lib/base/error.ts";
import { RealClock } from "../lib/clock/clock.ts";
import { writePrivateFile } from "../lib/base/file.ts";
import { openKubeAccess } from "../lib/platform/knative/cluster/kube_access.ts";
import {
  applyRole,
  makeKubeconfig,
  placeRole,
  readRoleObjects,
  removeRole,
} from "../lib/platform/knative/cluster/loader_role.ts";
import { KNATIVE } from "../lib/platform/knative/knative.ts";
import { COMMON_OPTIONS } from "../lib/run/common_options.ts";
import {
  choiceOption,
  integerOption,
  type OptionTable,
  type OptionValues,
  switchOption,
  textOption,
} from "../lib/option/option.ts";
import { parseOptions } from "../lib/option/parse_options.ts";
import {
  type Command,
  JSON_OPTION,
  print,
  runCommand,
  tolerateClosed,
  ToolOutput,
} from "../lib/cli/program.ts";

const SUMMARY = "Make the role of config/rbac.yaml, and a kubeconfig for it";

const OPTIONS = {
  platform: choiceOption([KNATIVE.name], { meaning: "what it is for", default: KNATIVE.name }),
  kubeconfig: COMMON_OPTIONS.kubeconfig,
  context: COMMON_OPTIONS.context,
  namespace: textOption("name", {
    meaning: "namespace for the functions and the account, made if it is not there",
    default: "loader",
  }),
  prometheusNamespace: textOption<string | null>("name", {
    meaning: "namespace of a Prometheus that is reached through the API server",
    default: null,
  }),
  hours: integerOption("number", {
    meaning: "how long the token is valid",
    default: 24,
    minimum: 1,
    maximum: 24 * 365,
  }),
  output: textOption<string | null>("file", {
    meaning: "where the kubeconfig goes, readable for its owner alone (default: standard output)",
    default: null,
  }),
  remove: switchOption({
    meaning: "remove the role instead; the namespace and its functions stay",
    default: false,
  }),
  json: JSON_OPTION,
} satisfies OptionTable;

async function run(args: readonly string[]): Promise<void> {
  const parsed = parseOptions(
    "role",
    SUMMARY,
    OPTIONS,
    args,
  );
  if (parsed.help !== null) return print("stdout", parsed.help);
  const options: OptionValues<typeof OPTIONS> = parsed.values;
  const { namespace, json } = options;
  if (json && options.output === null && !options.remove) {
    throw new LoaderError(
      "usage",
      "--json: a kubeconfig holds a token and is no part of a result; name a file with --output.",
    );
  }
  const output = new ToolOutput({ json });
  const access = openKubeAccess({ ...options, clock: new RealClock() });
  const objects = placeRole(readRoleObjects(), options);
  if (options.remove) {
    await removeRole(access, objects, { withNamespace: false });
    output.tell({ namespace, removed: true });
    return print("stderr", `The role for the namespace ${namespace} is gone.`);
  }
  await applyRole(access, objects);
  const kubeconfig = await makeKubeconfig(access, namespace, options.hours * 3600);
  const sentence = `The role for the namespace ${namespace} is there`;
  if (options.output !== null) {
    writePrivateFile(options.output, kubeconfig);
    output.tell({ namespace, kubeconfig: options.output });
    return print("stderr", `${sentence}; ${options.output} is a kubeconfig for it.`);
  }
  // As it is: it is for whoever asked for it.
  tolerateClosed(() => console.log(kubeconfig));
  print(
    "stderr",
    `${sentence}; above is a kubeconfig for it, with a token. A file that it goes into should be ` +
      "readable for you alone; --output makes one.",
  );
}

export const command: Command = { name: "role", summary: SUMMARY, run };

if (import.meta.main) await runCommand(command);
