import assert from "node:assert/strict";
import {
  choiceOption,
  durationOption,
  integerListOption,
  integerOption,
  switchOption,
  textOption,
} from "../../lib/option/option.ts";
import { parseOptions } from "../../lib/option/parse_options.ts";

const TABLE = {
  platform: choiceOption(["local", "knative"], {
    meaning: "where",
    default: "local",
    clusterValues: ["knative"],
  }),
  config: textOption<string | null>("file", { meaning: "options", default: null }),
  durationMs: durationOption({
    meaning: "how long",
    default: { local: 20_000, cluster: 180_000 },
    minimum: 1,
    maximum: 3_600_000,
  }),
  sizes: integerListOption("n,n", {
    meaning: "sizes",
    default: [10, 20],
    minimum: 1,
    maximum: 500,
  }),
  startMinute: integerOption("minute", { meaning: "start", default: 0, minimum: 0, maximum: 1439 }),
  shift: switchOption<boolean | null>({ meaning: "rotate", default: null }),
  json: switchOption({ meaning: "JSON", default: false }),
};

/** With an option that one platform alone uses. */
const PARTIAL_TABLE = {
  ...TABLE,
  port: integerOption("port", {
    platforms: ["local"],
    meaning: "gateway's port",
    default: 0,
    minimum: 0,
    maximum: 65_535,
  }),
};

function parse(...args: string[]) {
  return parseOptions("test", "A test.", TABLE, args).values;
}

Deno.test("parseOptions: defaults, those of the platform", () => {
  assert.deepEqual(parse(), {
    platform: "local",
    config: null,
    durationMs: 20_000,
    sizes: [10, 20],
    startMinute: 0,
    shift: null,
    json: false,
  });
  assert.equal(parse("--platform", "knative").durationMs, 180_000);
});

Deno.test("parseOptions: what is given counts", () => {
  const values = parse(
    "--duration=3min",
    "--sizes",
    "1,2,30",
    "--start-minute",
    "7",
    "--no-shift",
    "--json",
  );
  assert.deepEqual(
    [values.durationMs, values.sizes, values.startMinute, values.shift, values.json],
    [180_000, [1, 2, 30], 7, false, true],
  );
  assert.equal(parse("--shift").shift, true);
});

Deno.test("parseOptions: mistakes are told in a sentence that names the flag and the value", () => {
  const cases: [string[], RegExp][] = [
    [["--durations", "3s"], /Unknown option '--durations'.*Did you mean --duration/],
    [["--duration"], /argument missing/],
    [["--duration", "3"], /^--duration: "3" is not a time; write it as/],
    [["--duration", "9h"], /^--duration: "9h" is not between 1ms and 1h\./],
    [["--start-minute", "1.5"], /^--start-minute: "1.5" is not a whole number\./],
    [["--start-minute", "1440"], /^--start-minute: 1440 is not between 0 and 1439\./],
    [["--start-minute", "-1"], /^--start-minute: -1 is not between/],
    [["--sizes", "3,2"], /^--sizes: "3,2" is not ascending\./],
    [["--sizes", "3,3"], /is not ascending/],
    [["--sizes", "a"], /^--sizes: "a" is not a whole number\./],
    [["--platform", "mars"], /^--platform: "mars" is none of local, knative\./],
    [["extra"], /too many arguments/i],
  ];
  for (const [args, message] of cases) {
    assert.throws(() => parse(...args), { code: "usage", message }, args.join(" "));
  }
});

Deno.test("parseOptions: an option that the platform does not use is a mistake, its default is not", async () => {
  const parsePartial = (...args: string[]) => parseOptions("test", "A test.", PARTIAL_TABLE, args);
  assert.equal(parsePartial("--port", "80").values.port, 80);
  assert.equal(parsePartial("--platform", "knative").values.port, 0);
  assert.throws(() => parsePartial("--platform", "knative", "--port", "80"), {
    code: "usage",
    message: "--port: the platform knative does not use it, only local; leave it out.",
  });
  await withConfig("platform: knative\nport: 80\n", (path) => {
    assert.throws(() => parsePartial("--config", path), {
      message: /\.yaml:2: --port: the platform knative does not use it/,
    });
    assert.equal(parsePartial("--config", path, "--platform", "local").values.port, 80);
  });
  assert.match(parsePartial("--help").help ?? "", /local: gateway's port/);
});

Deno.test("parseOptions: the help names every option, its default and its places", () => {
  const { help } = parseOptions("test", "A test.", TABLE, ["--help"]);
  assert.ok(help !== null);
  for (
    const text of ["--start-minute <minute>", "20s locally, 3min on a cluster", "10,20", "A test."]
  ) {
    assert.ok(help.includes(text), text);
  }
  assert.ok(!help.includes("--no-json"));
});

async function withConfig(text: string, body: (path: string) => void): Promise<void> {
  const path = await Deno.makeTempFile({ suffix: ".yaml" });
  try {
    await Deno.writeTextFile(path, text);
    body(path);
  } finally {
    await Deno.remove(path);
  }
}

Deno.test("parseOptions: a configuration file gives options, the command line wins", async () => {
  const text = "# a comment\nduration: 5s\nsizes: [3, 4]\nstart-minute: 9\njson: true\n";
  await withConfig(text, (path) => {
    const values = parse("--config", path, "--duration", "6s");
    assert.deepEqual(
      [values.durationMs, values.sizes, values.startMinute, values.json],
      [6000, [3, 4], 9, true],
    );
  });
  await withConfig("platform: knative\n", (path) => {
    assert.equal(parse("--config", path).durationMs, 180_000);
  });
  await withConfig("", (path) => assert.equal(parse("--config", path).durationMs, 20_000));
});

Deno.test("parseOptions: mistakes in a configuration file name its line", async () => {
  const cases: [string, RegExp][] = [
    ["duration: 5s\ndurations: 6s\n", /:2: There is no option "durations"/],
    ["json: true\nduration: 5\n", /:2: --duration: "5" is not a time/],
    ["- a\n", /:1: A configuration maps names/],
    ["duration: {a: 1}\n", /:1: The value of duration must be a single value or a list/],
    ["duration:\n", /:1: The value of duration/],
    ["config: other.yaml\n", /:1: A configuration file cannot name another one/],
    ["a: [1\nb: 2\n", /This is not YAML/],
  ];
  for (const [text, message] of cases) {
    await withConfig(text, (path) => {
      assert.throws(() => parse("--config", path), { exitStatus: 2, message }, text);
    });
  }
  assert.throws(() => parse("--config", "/nowhere.yaml"), { message: /cannot be read/ });
});

Deno.test("a flag that may stand alone stands for its value, and takes another", () => {
  const port = integerOption<number | null>("port", {
    meaning: "its port",
    default: null,
    minimum: 0,
    maximum: 65_535,
    valueOfFlagAlone: "0",
  });
  const portOf = (...args: string[]) => parseOptions("x", "", { port }, args).values.port;
  assert.equal(portOf(), null);
  assert.equal(portOf("--port"), 0);
  assert.equal(portOf("--port", "80"), 80);
  assert.throws(() => portOf("--port", "x"), /--port: "x" is not a whole number/);
  assert.throws(() => portOf("--port", "65536"), /--port: 65536 is not between 0 and 65535/);
});
