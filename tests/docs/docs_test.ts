import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { PROJECT, readTaskCommands } from "../support/script.ts";

/** Words that a newcomer reads in a few minutes. */
const MOST_WORDS = 900;

/** Everything that is written for people, as paths. */
function listPages(folder = ""): string[] {
  return [...Deno.readDirSync(join(PROJECT, folder))].flatMap(({ name, isDirectory }) => {
    const path = join(folder, name);
    const isOurs = !name.startsWith(".") && !["node_modules", "results"].includes(path);
    if (isDirectory) return isOurs ? listPages(path) : [];
    return name.endsWith(".md") ? [path] : [];
  });
}

function readPage(path: string): string {
  return Deno.readTextFileSync(join(PROJECT, path));
}

/** The anchors of a page's headings, as GitHub makes them. */
function anchorsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-")
  );
}

/** Links of a page to files of the project; what stands in code is none. */
function linksOf(text: string): string[] {
  const prose = text.replace(/^```[\s\S]*?^```/gm, "").replace(/^ {4}.*$/gm, "");
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target)
    .filter((target) => !/^[a-z]+:/.test(target));
}

const PAGES = listPages();

Deno.test("docs: the README is short", () => {
  const words = readPage("README.md").split(/\s+/).filter((word) => word !== "").length;
  assert.ok(words <= MOST_WORDS, `${words} words`);
});

Deno.test("docs: every link leads to a file, and to a heading in it", () => {
  const broken = PAGES.flatMap((page) =>
    linksOf(readPage(page)).filter((target) => {
      const [file, anchor] = target.split("#");
      const path = file === "" ? page : join(dirname(page), decodeURIComponent(file));
      if (!existsSync(join(PROJECT, path))) return true;
      return anchor !== undefined && !anchorsOf(readPage(path)).includes(anchor);
    }).map((target) => `${page}: ${target}`)
  );
  assert.deepEqual(broken, []);
});

Deno.test("docs: every page of the guide is linked from the README", () => {
  const linked = linksOf(readPage("README.md"));
  const pages = PAGES.filter((page) => page.startsWith("docs/"));
  assert.deepEqual(pages.filter((page) => !linked.includes(page)), []);
});

Deno.test("docs: every task that is named is there, and every file that is named in lib", () => {
  const tasks = readTaskCommands();
  const missing = PAGES.flatMap((page) => {
    const text = readPage(page);
    const named = [...text.matchAll(/\b(?:deno(?:@[\d.]+)?\s+)?task\s+([a-z][a-z:-]*[a-z])/g)]
      .filter(([phrase]) => phrase.startsWith("deno"))
      .filter(([, task]) => !tasks.has(task));
    const files = [
      ...text.matchAll(/`((?:lib|scripts|tests|bench|config|experiments)\/[\w./-]+)`/g),
    ]
      // A recipe names files that are to be made.
      .filter(([, file]) => page !== "CONTRIBUTING.md" && !existsSync(join(PROJECT, file)));
    return [...named, ...files].map(([phrase]) => `${page}: ${phrase}`);
  });
  assert.deepEqual(missing, []);
});
