/**
 * How many small faults would the tests notice? Makes one change at a time to a
 * copy of the library (a comparison turned round, a constant one larger, a call
 * left out), runs the tests of that folder, and lists the changes that none of
 * them noticed.
 *
 *     deno task mutate invoke stats --sample 100
 *
 * A seeded sample of all possible changes is tried, because a run of the tests
 * takes a second or two. Nothing in the work tree is touched.
 *
 * @module
 */
import { parse } from "@babel/parser";
import Table from "cli-table3";
import { Command, InvalidArgumentError } from "commander";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Rng } from "../lib/base/rng.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** Folders below `lib/` by default, and tests elsewhere that are about them too. */
const TESTS_OF: Readonly<Record<string, readonly string[]>> = {
  invoke: ["tests/invoke"],
  analyze: ["tests/analyze", "tests/report"],
  stats: ["tests/stats"],
  schedule: ["tests/schedule"],
};

/** A run of the tests that takes longer than this many times the unchanged one has noticed. */
const SLOWER_TIMES = 5;

/** And this much longer, for the start of the runtime on a busy machine. */
const SLOWER_MS = 20_000;

/** One change to one file: `text[start, end)` becomes `replacement`. */
export interface Mutation {
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
  /** From 1. */
  readonly line: number;
  readonly operator: string;
}

/** What each operator becomes. */
const OPERATORS: Readonly<Record<string, readonly string[]>> = {
  "<": ["<=", ">="],
  "<=": ["<", ">"],
  ">": [">=", "<="],
  ">=": [">", "<"],
  "===": ["!=="],
  "!==": ["==="],
  "+": ["-"],
  "-": ["+"],
  "*": ["/"],
  "/": ["*"],
  "%": ["*"],
  "&&": ["||"],
  "||": ["&&"],
  "+=": ["-="],
  "-=": ["+="],
  "++": ["--"],
  "--": ["++"],
};

/** What each function of `Math` becomes. */
const FUNCTIONS: Readonly<Record<string, string>> = {
  min: "max",
  max: "min",
  floor: "ceil",
  ceil: "floor",
};

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly loc: { readonly start: { readonly line: number } };
  readonly [key: string]: unknown;
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value && "start" in value;
}

/** Every change that the operators allow in a source text of TypeScript, in order. */
export function findMutations(source: string): Mutation[] {
  const mutations: Mutation[] = [];
  const add = (node: Node, start: number, end: number, replacement: string, operator: string) =>
    mutations.push({ start, end, replacement, operator, line: node.loc.start.line });

  /** The operator stands between two parts, maybe beside comments. */
  const replaceOperator = (node: Node, left: Node, right: Node) => {
    const operator = node.operator as string;
    const at = source.indexOf(operator, left.end);
    if (at < 0 || at >= right.start) return;
    for (const other of OPERATORS[operator] ?? []) {
      add(node, at, at + operator.length, other, `${operator} → ${other}`);
    }
  };

  const visit = (node: Node): void => {
    // Types, texts of errors and names of modules are no behaviour that a test should pin.
    if (node.type.startsWith("TS") && !/^TS(NonNull|As|Satisfies)/.test(node.type)) return;
    if (node.type === "ThrowStatement" || node.type === "ImportDeclaration") return;
    if (node.type === "TemplateLiteral") return;
    switch (node.type) {
      case "BinaryExpression":
      case "LogicalExpression":
      case "AssignmentExpression":
        replaceOperator(node, node.left as Node, node.right as Node);
        break;
      case "UpdateExpression": {
        const { operator, prefix } = node as unknown as { operator: string; prefix: boolean };
        const [start, end] = prefix ? [node.start, node.start + 2] : [node.end - 2, node.end];
        for (const other of OPERATORS[operator]) {
          add(node, start, end, other, `${operator} → ${other}`);
        }
        break;
      }
      case "UnaryExpression":
        if (node.operator === "!") add(node, node.start, node.start + 1, "", "! left out");
        if (node.operator === "-") add(node, node.start, node.start + 1, "", "− left out");
        break;
      case "NumericLiteral":
        add(node, node.start, node.end, `(${node.value as number} + 1)`, "number + 1");
        break;
      case "BooleanLiteral":
        add(node, node.start, node.end, String(!(node.value as boolean)), "boolean");
        break;
      case "ConditionalExpression":
        for (const value of [true, false]) {
          const test = node.test as Node;
          add(node, test.start, test.end, String(value), `condition → ${value}`);
        }
        break;
      case "IfStatement":
        for (const value of [true, false]) {
          const test = node.test as Node;
          add(node, test.start, test.end, String(value), `condition → ${value}`);
        }
        break;
      case "ExpressionStatement": {
        const expression = node.expression as Node;
        if (expression.type === "CallExpression") {
          add(node, node.start, node.end, ";", "call left out");
        }
        break;
      }
      case "MemberExpression": {
        const { object, property } = node as unknown as { object: Node; property: Node };
        const other = FUNCTIONS[property.name as string];
        if (object.name === "Math" && other !== undefined) {
          add(node, property.start, property.end, other, `${property.name} → ${other}`);
        }
        break;
      }
    }
    for (const value of Object.values(node)) {
      if (Array.isArray(value)) { for (const child of value) if (isNode(child)) visit(child); }
      else if (isNode(value)) visit(value);
    }
  };
  visit(parse(source, { sourceType: "module", plugins: ["typescript"] }).program as never);
  return mutations.sort((a, b) => a.start - b.start);
}

/** What the tests said of a change. */
type Fate = "noticed" | "too slow" | "survived";

interface Candidate {
  readonly folder: string;
  readonly file: string;
  readonly source: string;
  readonly mutation: Mutation;
}

/** A copy of the project in which one change at a time is made. */
class Workshop {
  readonly #root: string;

  private constructor(root: string) {
    this.#root = root;
  }

  static async open(files: readonly string[]): Promise<Workshop> {
    const root = await Deno.makeTempDir({ prefix: "mutate_" });
    for (const file of files) {
      const to = join(root, file);
      await Deno.mkdir(dirname(to), { recursive: true });
      await Deno.copyFile(join(ROOT, file), to);
    }
    return new Workshop(root);
  }

  /** Runs tests; `null` where they were ended after `mostMs`. */
  async test(paths: readonly string[], mostMs: number): Promise<boolean | null> {
    const child = new Deno.Command(Deno.execPath(), {
      args: ["test", "-P", "-q", "--no-check", "--fail-fast", ...paths],
      cwd: this.#root,
      stdout: "null",
      stderr: "null",
    }).spawn();
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      child.kill("SIGKILL");
    }, mostMs);
    const { success } = await child.status;
    clearTimeout(timer);
    return isLate ? null : success;
  }

  async try(candidate: Candidate, tests: readonly string[], mostMs: number): Promise<Fate> {
    const { file, source, mutation } = candidate;
    const path = join(this.#root, file);
    const changed = source.slice(0, mutation.start) + mutation.replacement +
      source.slice(mutation.end);
    await Deno.writeTextFile(path, changed);
    try {
      const passed = await this.test(tests, mostMs);
      return passed === null ? "too slow" : passed ? "survived" : "noticed";
    } finally {
      await Deno.writeTextFile(path, source);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.#root, { recursive: true });
  }
}

async function listFiles(): Promise<string[]> {
  const { stdout } = await new Deno.Command("git", {
    args: ["ls-files", "-z", "--cached", "--others", "--exclude-standard"],
    cwd: ROOT,
  }).output();
  return new TextDecoder().decode(stdout).split("\0").filter((file) => file !== "");
}

function sampleOf<T>(items: readonly T[], count: number, rng: Rng): T[] {
  const left = [...items];
  const taken: T[] = [];
  while (taken.length < count && left.length > 0) {
    taken.push(...left.splice(Math.floor(rng.nextFloat() * left.length), 1));
  }
  return taken;
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError("Expected a whole number above 0.");
  return Number(text);
}

async function main(): Promise<void> {
  const command = new Command("mutate")
    .description("Which small faults in the library would the tests not notice?")
    .argument("[folders...]", `folders below lib/ (default: ${Object.keys(TESTS_OF).join(" ")})`)
    .option("--sample <n>", "changes to try in each folder", wholeNumber, 100)
    .option("--seed <n>", "which of all possible changes are tried", wholeNumber, 42)
    .option("--jobs <n>", "copies that are tried at once", wholeNumber, availableParallelism())
    .option("--file <part>", "only files whose path holds this")
    .parse(Deno.args, { from: "user" });
  const { sample, seed, jobs, file: part } = command.opts<
    { sample: number; seed: number; jobs: number; file?: string }
  >();
  const folders = command.args.length > 0 ? command.args : Object.keys(TESTS_OF);
  const files = await listFiles();
  const existing = files.filter((file) => !file.startsWith("docs/images/"));
  const workshops = await Promise.all(
    Array.from({ length: jobs }, () => Workshop.open(existing)),
  );
  const rows: (string | number)[][] = [];
  const survivors: string[] = [];
  try {
    for (const folder of folders) {
      const tests = TESTS_OF[folder] ?? [`tests/${folder}`];
      const beganMs = performance.now();
      if (!await workshops[0].test(tests, 600_000)) {
        throw new Error(`The tests ${tests.join(", ")} fail without any change.`);
      }
      const mostMs = SLOWER_TIMES * (performance.now() - beganMs) + SLOWER_MS;
      const all: Candidate[] = [];
      for (const file of files) {
        if (!file.startsWith(`lib/${folder}/`) || !file.includes(part ?? "")) continue;
        const source = await Deno.readTextFile(join(ROOT, file));
        for (const mutation of findMutations(source)) all.push({ folder, file, source, mutation });
      }
      const queue = sampleOf(all, sample, Rng.fromSeed(seed, "mutate", folder));
      const counts: Record<Fate, number> = { noticed: 0, "too slow": 0, survived: 0 };
      const tried = queue.length;
      await Promise.all(workshops.map(async (workshop) => {
        for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
          const fate = await workshop.try(next, tests, mostMs);
          counts[fate]++;
          if (fate !== "survived") continue;
          const { file, mutation: { line, operator }, source } = next;
          survivors.push(`${file}:${line}: ${operator}: ${source.split("\n")[line - 1].trim()}`);
          console.error(survivors.at(-1));
        }
      }));
      const score = `${(100 * (tried - counts.survived) / tried).toFixed(0)} %`;
      rows.push([folder, all.length, tried, counts.noticed, counts["too slow"], score]);
    }
  } finally {
    for (const workshop of workshops) await workshop[Symbol.asyncDispose]();
  }
  const table = new Table({
    head: ["lib/", "possible", "tried", "noticed", "too slow", "score"],
    style: { head: [], border: [], compact: true },
  });
  table.push(...rows);
  console.log(table.toString());
  console.log(["Survivors:", ...survivors.sort()].join("\n"));
}

if (import.meta.main) await main();
