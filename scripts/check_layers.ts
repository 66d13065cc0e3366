/**
 * Checks that imports go strictly downward:
 *
 *     deno run -P scripts/check_layers.ts
 *
 * Within `lib/`, a file imports from its own folder or from layers below it;
 * folders of one layer (L2, L3) do not import each other. Experiments import
 * `mod.ts` alone. No files import each other in a circle. Type imports count as
 * imports.
 */
import { dirname, join, normalize, relative } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * Layers from the bottom; the folders of a line are siblings. The function
 * servers in `workloads/` are programs of their own that know nothing of the
 * library; a platform that starts them may know them.
 */
const LAYERS: readonly (readonly string[])[] = [
  ["base", "stats", "workloads"],
  ["clock", "option"],
  ["model"],
  ["store"],
  ["trace", "schedule", "rpc", "invoke", "scrape", "autoscale", "telemetry"],
  ["analyze"],
  ["platform", "report"],
  ["run"],
  ["preflight", "doctor", "twin", "merge", "calibrate", "live"],
  ["cli"],
];

/** Siblings of the bottom layer that another may import: errors and randomness are everywhere. */
const ALLOWED_SIBLINGS: ReadonlySet<string> = new Set(["stats → base"]);

/** A file and the project's files that it imports, as paths from the project's root. */
export interface ModuleImports {
  readonly file: string;
  readonly imports: readonly string[];
}

/** One sentence for each import that goes up or sideways. */
export function findLayerViolations(modules: readonly ModuleImports[]): string[] {
  return modules.flatMap(({ file, imports }) =>
    imports.flatMap((target) => {
      const reason = file.startsWith("experiments/")
        ? (target === "mod.ts" ? null : "an experiment imports mod.ts alone")
        : judge(file, target);
      return reason === null ? [] : [`${file} imports ${target}: ${reason}.`];
    })
  );
}

function judge(file: string, target: string): string | null {
  const from = folderOf(file);
  const to = folderOf(target);
  if (from === null || from === to) return null;
  if (to === null) return "the library imports nothing outside lib/";
  const fromLayer = layerOf(from);
  const toLayer = layerOf(to);
  if (fromLayer < 0 || toLayer < 0) return `${fromLayer < 0 ? from : to} has no layer`;
  if (toLayer < fromLayer || ALLOWED_SIBLINGS.has(`${from} → ${to}`)) return null;
  return toLayer === fromLayer ? `${from} and ${to} are siblings` : `${to} lies above ${from}`;
}

/** One sentence for each circle of files that import each other, directly or through others. */
export function findCircles(modules: readonly ModuleImports[]): string[] {
  return listCircles(modules).map((files) => `${files.join(", ")} import each other in a circle.`);
}

/** The strongly connected components of more than one file, by Tarjan's algorithm (1972). */
function listCircles(modules: readonly ModuleImports[]): string[][] {
  const importsOf = new Map(modules.map(({ file, imports }) => [file, imports]));
  const numbers = new Map<string, number>();
  const lowest = new Map<string, number>();
  const open: string[] = [];
  const circles: string[][] = [];
  const visit = (file: string) => {
    const number = numbers.size;
    numbers.set(file, number);
    lowest.set(file, number);
    open.push(file);
    for (const target of importsOf.get(file) ?? []) {
      if (!numbers.has(target)) visit(target);
      // What was closed before reaches no file that is open.
      if (open.includes(target)) {
        lowest.set(file, Math.min(lowest.get(file)!, lowest.get(target)!));
      }
    }
    if (lowest.get(file) !== number) return;
    const circle = open.splice(open.indexOf(file));
    if (circle.length > 1) circles.push(circle.toSorted());
  };
  for (const { file } of modules) if (!numbers.has(file)) visit(file);
  return circles;
}

function folderOf(path: string): string | null {
  const [top, folder] = path.split("/");
  if (top === "workloads") return top;
  return top === "lib" && folder !== undefined ? folder : null;
}

function layerOf(folder: string): number {
  return LAYERS.findIndex((layer) => layer.includes(folder));
}

const IMPORT = /(?:\bfrom\s*|\bimport\s*\(?\s*)"(\.{1,2}\/[^"]+)"/g;

/** Reads what the TypeScript files below a folder import from the project itself. */
export function readModules(root: string): ModuleImports[] {
  const files = [
    ...listTypeScript(join(root, "lib")),
    ...listTypeScript(join(root, "experiments")),
    ...listTypeScript(join(root, "workloads")),
  ];
  return files.map((path) => {
    const text = stripComments(Deno.readTextFileSync(path));
    const imports = [...text.matchAll(IMPORT)].map(([, specifier]) =>
      relative(root, normalize(join(dirname(path), specifier)))
    );
    return { file: relative(root, path), imports };
  });
}

/** Examples in comments import by paths of their own. */
function stripComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "");
}

function* listTypeScript(folder: string): Iterable<string> {
  for (const entry of Deno.readDirSync(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory) yield* listTypeScript(path);
    else if (path.endsWith(".ts")) yield path;
  }
}

if (import.meta.main) {
  const modules = readModules(fileURLToPath(new URL("..", import.meta.url)));
  const violations = [...findLayerViolations(modules), ...findCircles(modules)];
  for (const violation of violations) console.error(violation);
  if (violations.length > 0) Deno.exit(1);
}
