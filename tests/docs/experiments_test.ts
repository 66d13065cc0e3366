import assert from "node:assert/strict";
import { join } from "node:path";
import { listExperiments } from "../../lib/cli/find_experiment.ts";
import { PROJECT } from "../support/script.ts";

/** Small enough to be looked at in a page. */
const MOST_BYTES = 60_000;

const PAGE = Deno.readTextFileSync(join(PROJECT, "docs/experiments.md"));

/** The sections of the page, by their headings. */
const SECTIONS = new Map(
  PAGE.split(/^## /m).slice(1).map((section) => {
    const [heading, ...lines] = section.split("\n");
    return [heading, lines.join("\n")];
  }),
);

const NAMES = listExperiments(new URL("../../experiments/", import.meta.url));

Deno.test("docs: each experiment has a section, and each section is of one", () => {
  assert.deepEqual([...SECTIONS.keys()].sort(), NAMES);
});

for (const name of NAMES) {
  Deno.test(`docs: ${name} has question, command, figure, how to read it and what to be careful of`, () => {
    const section = SECTIONS.get(name)!;
    assert.match(section, /^\n_[^_]+\?_/);
    assert.match(section, new RegExp(`^ {4}deno task exp:${name}\\b`, "m"));
    assert.match(section, /_How\s+to\s+read\s+it:_/);
    assert.match(section, /_To\s+be\s+careful\s+of:_/);
    assert.ok(section.includes(`](images/experiments/${name}.svg)`));
    const svg = Deno.readTextFileSync(join(PROJECT, `docs/images/experiments/${name}.svg`));
    assert.match(svg, /<svg [^]*<\/svg>/);
    assert.ok(svg.length <= MOST_BYTES, `${svg.length} bytes`);
  });
}
