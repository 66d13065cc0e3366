import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { PLATFORM_NAMES } from "../../lib/platform/registry.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Files outside of a platform's folder with its name in quotes, and what else it is there. */
const OTHER_MEANINGS: Readonly<Record<string, readonly string[]>> = {
  // The autoscaler's policy of that name, which the simulated platform has too.
  "lib/platform/simulator/policies.ts": ["knative"],
};

/** Paths below the root of the TypeScript files in a folder. */
function* sourcesIn(folder: string): Iterable<string> {
  for (const { name, isDirectory } of Deno.readDirSync(join(ROOT, folder))) {
    const path = `${folder}/${name}`;
    if (isDirectory) yield* sourcesIn(path);
    else if (name.endsWith(".ts")) yield path;
  }
}

/** The names of platforms that stand as texts of their own in a program. */
function platformsNamedIn(source: string): string[] {
  const code = source.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
  return PLATFORM_NAMES.filter((name) => new RegExp(`(["'\`])${name}\\1`).test(code));
}

Deno.test("platforms: nobody names one but its own folder", () => {
  const named = ["lib", "scripts", "experiments"].flatMap((folder) => [...sourcesIn(folder)])
    .flatMap((path) =>
      platformsNamedIn(Deno.readTextFileSync(join(ROOT, path)))
        .filter((name) => !path.startsWith(`lib/platform/${name}/`))
        .filter((name) => !OTHER_MEANINGS[path]?.includes(name))
        .map((name) => `${path} names "${name}"; ask for a trait or an option instead`)
    );
  assert.deepEqual(named, []);
});

Deno.test("platforms: each is defined in its folder, in the file of its name", async () => {
  for (const name of PLATFORM_NAMES) {
    const module = await import(`../../lib/platform/${name}/${name}.ts`);
    assert.equal(module[name.toUpperCase()]?.name, name);
  }
});

Deno.test("platforms: each passes the contract suite", () => {
  const suites = [...sourcesIn("tests/contract"), ...sourcesIn("tests/knative")]
    .map((path) => Deno.readTextFileSync(join(ROOT, path)))
    .filter((text) => text.includes("testPlatformContract("))
    .join("\n");
  for (const name of PLATFORM_NAMES) {
    assert.match(suites, new RegExp(`testPlatformContract\\(\\s*["\`]${name}`), name);
  }
});
