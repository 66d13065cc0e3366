import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseHTML } from "linkedom";
import { LoaderError } from "../../lib/base/error.ts";
import { renderReport } from "../../lib/report/report.ts";
import {
  writeBurst,
  writeExperimentManifest,
  writeInterrupted,
  writeRamp,
  writeSweep,
} from "../support/run_folder.ts";
import { syntheticArrivals, writeSyntheticRun } from "../support/synthetic_run.ts";

async function withFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "loader-test-"));
  try {
    await body(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

interface PageElement {
  readonly textContent: string;
  readonly innerHTML: string;
  getAttribute(name: string): string | null;
}
interface Page {
  querySelector(selector: string): PageElement | null;
  querySelectorAll(selector: string): Iterable<PageElement>;
}

async function renderPage(folder: string): Promise<{ text: string; page: Page }> {
  const report = await renderReport(folder);
  const text = await readFile(report.html, "utf8");
  const { document } = parseHTML(text) as unknown as { document: Page };
  return { text, page: document };
}

function textOf(page: Page, selector: string): string {
  const element = page.querySelector(selector);
  assert.ok(element, `nothing at ${selector}`);
  return element.textContent.replace(/\s+/g, " ").trim();
}

const SMALL_SWEEP = { sizes: [3, 6], repetitions: 2, durationMs: 10_000 };

Deno.test("the verdict comes before every figure, and is the worst of the runs'", async () => {
  await withFolder(async (folder) => {
    await writeSweep(folder, { sizes: [3], repetitions: 1, durationMs: 10_000 });
    await writeSyntheticRun(join(folder, "runs/late"), {
      experiment: "trace-sweep",
      name: "late",
      parameters: { functions: 4, repetition: 0 },
      seed: 1,
      durationMs: 10_000,
      phases: [{ fromMs: 0, phase: "measurement" }],
      arrivals: syntheticArrivals(1, 4, 10_000),
      cores: 2,
      capacity: 8,
      lateMs: 20,
    });
    const { text, page } = await renderPage(folder);
    assert.equal(textOf(page, "#verdict h2"), "Verdict: GENERATOR-LIMITED");
    assert.ok(text.indexOf('id="verdict"') < text.indexOf("<svg"));
    assert.match(
      textOf(page, "#verdict table"),
      /VALID.*GENERATOR-LIMITED.*Dispatch lag reached/,
    );
  });
});

Deno.test("the page and its figures load nothing from elsewhere", async () => {
  await withFolder(async (folder) => {
    await writeSweep(folder, SMALL_SWEEP);
    const report = await renderReport(folder);
    const texts = await Promise.all(
      [report.html, ...report.figures].map((file) => readFile(file, "utf8")),
    );
    for (const text of texts) {
      assert.doesNotMatch(text, /<script[^>]+src|<link|<img|<iframe|@import|url\(/);
      const addresses = text.match(/https?:\/\/[^"\s]+/g) ?? [];
      assert.deepEqual(new Set(addresses), new Set(["http://www.w3.org/2000/svg"]));
    }
  });
});

Deno.test("every figure in the page is saved as a complete SVG document", async () => {
  await withFolder(async (folder) => {
    await writeSweep(folder, SMALL_SWEEP);
    const report = await renderReport(folder);
    const page = await readFile(report.html, "utf8");
    assert.equal(page.match(/<figure\b/g)?.length, report.figures.length);
    assert.equal(new Set(report.figures).size, report.figures.length);
    for (const file of report.figures) {
      const svg = await readFile(file, "utf8");
      assert.match(svg, /^<\?xml [^>]+\?>\n<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
      assert.match(svg, /<title>[^<]+<\/title>/);
      assert.doesNotMatch(svg, /NaN|undefined|&nbsp;/, file);
    }
  });
});

Deno.test("the same folder makes the same bytes", async () => {
  await withFolder(async (folder) => {
    await writeSweep(folder, SMALL_SWEEP);
    const read = async () => {
      const report = await renderReport(folder);
      return await Promise.all([report.html, ...report.figures].map((file) => readFile(file)));
    };
    const first = await read();
    assert.deepEqual(await read(), first);
  });
});

Deno.test("a sweep answers with slowdown against the number of functions", async () => {
  await withFolder(async (folder) => {
    await writeSweep(folder, { sizes: [3, 20], repetitions: 2, durationMs: 20_000 });
    const { page } = await renderPage(folder);
    assert.equal(textOf(page, "#answer h4"), "Slowdown against the number of functions");
    assert.match(
      textOf(page, "#answer figcaption"),
      /^Slowdown: p\d\d grows from [\d.]+ at 3 functions to [\d.∞]+ at 20/,
    );
    assert.match(
      textOf(page, "#answer figcaption"),
      /Dots are runs, lines join their medians, bars are their range, which covers/,
    );
    assert.match(textOf(page, "#answer svg"), /n = 2/);
  });
});

Deno.test("six repetitions make a band with its coverage, five a range", async () => {
  await withFolder(async (folder) => {
    await writeSweep(folder, { sizes: [2, 4], repetitions: 6, durationMs: 8_000 });
    const { page } = await renderPage(folder);
    assert.match(
      textOf(page, "#answer figcaption"),
      /pale areas are confidence intervals, which cover the true median with .* of 96\.9 %\./,
    );
    assert.match(
      textOf(page, "#answer tbody"),
      /^2 ?6 ?none ?6 ?[\d.]+ ?[\d.]+ to [\d.]+ ?96\.9 %/,
    );
    await rm(join(folder, "runs/functions-4_repetition-5"), { recursive: true });
    await writeExperimentManifest(folder, {
      experiment: "trace-sweep",
      runs: [2, 4].flatMap((size) =>
        [0, 1, 2, 3, 4].map((repetition) => `runs/functions-${size}_repetition-${repetition}`)
      ),
    });
    await rm(join(folder, "runs/functions-2_repetition-5"), { recursive: true });
    const { page: five } = await renderPage(folder);
    assert.match(
      textOf(five, "#answer figcaption"),
      /bars are their range, which covers the true median with a probability of 93\.8 % \(n = 5\)/,
    );
    assert.doesNotMatch(textOf(five, "#answer svg"), /confidence/);
    assert.match(textOf(five, "#answer tbody"), /^2 ?5 ?none ?5 ?[\d.]+ ?[\d.]+ to [\d.]+ ?range/);
  });
});

Deno.test("runs whose generator was late do not enter the median, and are told", async () => {
  await withFolder(async (folder) => {
    await writeSweep(folder, { sizes: [3], repetitions: 5, durationMs: 8_000 });
    const { page: before } = await renderPage(folder);
    const valid = /p50 is ([\d.]+) at 3 functions/.exec(textOf(before, "#answer figcaption"))![1];
    const runs = [0, 1, 2, 3, 4].map((i) => `runs/functions-3_repetition-${i}`);
    for (const repetition of [5, 6]) {
      const name = `functions-3_repetition-${repetition}`;
      runs.push(`runs/${name}`);
      await writeSyntheticRun(join(folder, runs.at(-1)!), {
        experiment: "trace-sweep",
        name,
        parameters: { functions: 3, repetition },
        seed: 1,
        durationMs: 8_000,
        phases: [{ fromMs: 0, phase: "measurement" }],
        arrivals: syntheticArrivals(1, 3, 8_000),
        cores: 2,
        capacity: 8,
        lateMs: 9_000,
      });
    }
    await writeExperimentManifest(folder, { experiment: "trace-sweep", runs });
    const { page } = await renderPage(folder);
    const caption = textOf(page, "#answer figcaption");
    assert.match(caption, new RegExp(`p50 is ${RegExp.escape(valid)} at 3 functions`));
    assert.match(caption, /Left out: 2 of 7 runs at 3 functions: GENERATOR-LIMITED\./);
    assert.match(textOf(page, "#answer svg"), /n = 5/);
    assert.match(textOf(page, "#answer svg"), /left out/);
    assert.match(textOf(page, "#answer tbody"), /^3 ?7 ?2: GENERATOR-LIMITED ?5/);
  });
});

Deno.test("a quantile among failed invocations is shown as infinite", async () => {
  await withFolder(async (folder) => {
    await writeSyntheticRun(join(folder, "runs/overload"), {
      experiment: "trace-sweep",
      name: "overload",
      parameters: { functions: 20 },
      seed: 1,
      durationMs: 30_000,
      phases: [{ fromMs: 0, phase: "measurement" }],
      arrivals: syntheticArrivals(1, 20, 30_000),
      cores: 1,
      capacity: 3,
    });
    await writeExperimentManifest(folder, { experiment: "trace-sweep", runs: ["runs/overload"] });
    const { page } = await renderPage(folder);
    assert.equal(textOf(page, "#verdict h2"), "Verdict: PLATFORM-LIMITED");
    assert.match(textOf(page, "#answer svg"), /∞/);
    assert.match(textOf(page, "#runs table"), /∞ ?ok \d/);
  });
});

Deno.test("a ramp answers with slowdown and response time against rate", async () => {
  await withFolder(async (folder) => {
    await writeRamp(folder);
    const { page } = await renderPage(folder);
    const titles = [...page.querySelectorAll("#answer h4")].map((title) => title.textContent);
    assert.deepEqual(titles, ["Slowdown against rate", "Response time against rate"]);
    const caption = textOf(page, "#answer figcaption");
    assert.match(caption, /p50 grows from [\d.]+ at 10 per second to ∞ at 320/);
    assert.match(caption, /At ∞ the percentile falls among invocations that were not ok/);
    assert.match(
      textOf(page, "#answer svg"),
      /n = 2/,
      "the second attempt stands beside the first",
    );
    const heads = textOf(page, "#runs thead");
    assert.match(heads, /runrate ?per second/, "two runs have the same rate, so names come first");
    assert.match(textOf(page, "#runs tbody"), /rate-320_attempt-2/);
  });
});

Deno.test("what the user cancelled is counted apart, and neither not ok nor slow", async () => {
  await withFolder(async (folder) => {
    await writeSweep(folder, { sizes: [3], repetitions: 1, durationMs: 10_000 });
    const table = join(folder, "runs/functions-3_repetition-0/invocations.csv");
    const lines = (await readFile(table, "utf8")).trimEnd().split("\n");
    const measured = lines.findIndex((line) => line.includes("measurement"));
    const { page: before } = await renderPage(folder);
    assert.doesNotMatch(textOf(before, "#runs thead"), /cancelled/);
    // More than half of what was measured.
    const kept = measured + 30;
    const cancelled = lines.length - kept;
    assert.ok(cancelled > 40, "many are cancelled");
    await writeFile(
      table,
      lines.map((line, i) => `${i < kept ? line : line.replace(",ok,", ",cancelled,")}\n`).join(""),
    );
    const { page } = await renderPage(folder);
    assert.match(textOf(page, "#runs thead"), /invocations ?ok ?not ok ?cancelled/);
    assert.match(textOf(page, "#runs tbody"), new RegExp(`30 ?0 ?${cancelled} ?[\\d.]`));
    assert.doesNotMatch(page.querySelector("body")!.textContent, /∞(?!\))/);
    const captions = [...page.querySelectorAll("figcaption")].map(({ textContent }) => textContent);
    const caption = captions.find((text) => text.startsWith("The median response time"));
    assert.match(
      caption!,
      new RegExp(`of 30 invocations \\d+ were cold and 0 not ok; ${cancelled} more were cancelled`),
    );
  });
});

Deno.test("p99 is shown where it is known, and told where it is not", async () => {
  await withFolder(async (folder) => {
    await writeSweep(folder, { sizes: [2, 20], repetitions: 1, durationMs: 40_000 });
    const { page } = await renderPage(folder);
    assert.match(textOf(page, "#answer svg"), /p99/);
    assert.match(
      textOf(page, "#answer figcaption"),
      /p99 is [\d.,∞]+ at 20 functions; .* Too few invocations for p99 at 2 functions\./,
    );
    assert.match(textOf(page, "#runs thead"), /functionsinvocations.*p50p95p99/);
  });
});

Deno.test("a burst answers with the victim's response time and instances", async () => {
  await withFolder(async (folder) => {
    await writeBurst(folder);
    const { page } = await renderPage(folder);
    const captions = [...page.querySelectorAll("#answer figcaption")]
      .map((caption) => caption.textContent);
    assert.match(captions[0], /^Longest response time: victim \d+ ms in the burst; steady/);
    assert.match(captions[1], /^Ready at once: at most 1 of victim, \d+ of steady, \d+ of bursty/);

    const table = join(folder, "runs/burst/invocations.csv");
    const text = await readFile(table, "utf8");
    const isVictim = (line: string) => line.includes("/victim,");
    await writeFile(
      table,
      text.split("\n").map((line) => isVictim(line) ? line.replace(",ok,", ",cancelled,") : line)
        .join("\n"),
    );
    const { page: stopped } = await renderPage(folder);
    assert.match(
      textOf(stopped, "#answer figcaption"),
      /^Longest response time: victim none in the burst; steady/,
    );
  });
});

Deno.test("what a caption says of levels is of the measurement phase", async () => {
  await withFolder(async (folder) => {
    await writeSweep(folder, { sizes: [3], repetitions: 1, durationMs: 8_000 });
    const path = join(folder, "runs/functions-3_repetition-0");
    const captionOf = async (beginning: string) => {
      const { page } = await renderPage(folder);
      return [...page.querySelectorAll("figcaption")].map(({ textContent }) => textContent)
        .filter((text) => text.startsWith("In the measurement phase") && text.includes(beginning));
    };
    const before = [await captionOf("ready at once"), await captionOf("in flight")];
    assert.deepEqual(before.map(({ length }) => length), [1, 1]);
    // A crowd in the warm-up, which ends at 5 s.
    const instances = Array.from(
      { length: 50 },
      (_, i) => `10,o/a/f,w${i},created,,\n20,o/a/f,w${i},ready,,\n4000,o/a/f,w${i},stopping,,\n`,
    );
    await writeFile(join(path, "instances.csv"), instances.join(""), { flag: "a" });
    const table = join(path, "invocations.csv");
    const lines = (await readFile(table, "utf8")).trimEnd().split("\n");
    const warm = lines.find((line) => line.includes(",warmup,"))!;
    await writeFile(table, [...lines, ...Array(50).fill(warm), ""].join("\n"));
    const after = [await captionOf("ready at once"), await captionOf("in flight")];
    assert.deepEqual(after, before);
  });
});

Deno.test("the autoscaler is drawn with gaps where a scrape failed", async () => {
  await withFolder(async (folder) => {
    await writeSweep(folder, { sizes: [3], repetitions: 1, durationMs: 8_000 });
    const report = await renderReport(folder);
    const file = report.figures.find((path) => path.endsWith(".autoscaler.svg"));
    assert.ok(file);
    const svg = await readFile(file, "utf8");
    assert.match(svg, /actual.*desired.*stable.*panic/s);
    const lines = svg.match(/ d="M[^"]*"/g)?.filter((path) => path.split("M").length === 3) ?? [];
    assert.equal(lines.length, 4, "each of the four lines is drawn in two parts");

    await rm(join(folder, "runs/functions-3_repetition-0/platform_metrics.csv"));
    const { page } = await renderPage(folder);
    assert.ok(
      ![...page.querySelectorAll("h4")].some((title) => title.textContent === "Autoscaler"),
    );
  });
});

Deno.test("what the platform tells as infinite is read, and drawn as a gap", async () => {
  await withFolder(async (folder) => {
    await writeSweep(folder, { sizes: [3], repetitions: 1, durationMs: 8_000 });
    const table = join(folder, "runs/functions-3_repetition-0/platform_metrics.csv");
    const [head, ...rows] = (await readFile(table, "utf8")).trimEnd().split("\n");
    const at = head.split(",").indexOf("panic_concurrency");
    const infinite = rows.map((row) => row.split(",").with(at, "Infinity").join(","));
    await writeFile(table, [head, ...infinite, ""].join("\n"));
    const report = await renderReport(folder);
    assert.match(await readFile(report.html, "utf8"), /∞ in the panic window/);
    for (const file of report.figures) {
      assert.doesNotMatch(await readFile(file, "utf8"), /NaN|Infinity/, file);
    }
  });
});

Deno.test("the warm-up check and the notes of a run are shown", async () => {
  await withFolder(async (folder) => {
    const run = (name: string, stationary: boolean | null) =>
      writeSyntheticRun(join(folder, "runs", name), {
        experiment: "trace-sweep",
        name,
        parameters: { functions: 2 },
        seed: 1,
        durationMs: 3_000,
        phases: [{ fromMs: 0, phase: "measurement" }],
        arrivals: syntheticArrivals(1, 2, 3_000),
        cores: 2,
        capacity: 4,
        notes: [`A note on ${name}.`],
        warmupCheck: {
          stationary,
          observations: 127,
          statistic: stationary === null ? null : -8.125,
          pValue: stationary === null ? null : 1e-9,
          criticalValue5Percent: stationary === null ? null : -2.88,
        },
      });
    await run("steady", true);
    await run("short", null);
    await writeExperimentManifest(folder, {
      experiment: "trace-sweep",
      runs: ["runs/steady", "runs/short"],
    });
    const { page } = await renderPage(folder);
    assert.match(
      textOf(page, "#warmup tbody"),
      /steady ?yes ?−8\.13 ?−2\.88 ?< 0\.001 ?127.*short ?undetermined ?– ?– ?– ?127/,
    );
    assert.equal(textOf(page, "#run-short .notes"), "A note on short.");
  });
});

Deno.test("how to repeat it is one line for a shell, and facts in words", async () => {
  await withFolder(async (folder) => {
    await writeSweep(folder, { sizes: [3], repetitions: 1, durationMs: 2_000 });
    await writeExperimentManifest(folder, {
      experiment: "trace-sweep",
      command: ["deno", "task", "exp:trace-sweep", "--sizes", "12,24", "--output", "it's here"],
      runs: ["runs/functions-3_repetition-0"],
    });
    const { page } = await renderPage(folder);
    assert.equal(
      textOf(page, "#repeat pre"),
      "deno task exp:trace-sweep --sizes 12,24 --output 'it'\\''s here'",
    );
    const text = textOf(page, "#repeat");
    assert.match(text, /cold iterations 1,541 per ms/);
    assert.match(text, /instances 64 CPU 8,000 milli-cores memory 14,463 MiB/);
    assert.match(text, /stable window 60 s panic window 10 %/);
    assert.match(textOf(page, "#repeat details"), /gateway port 40123 stop timeout 3 s.*tick 2 s/);
    assert.doesNotMatch(text, /4711|4712|[{}]/);
  });
});

Deno.test("a verdict is qualified while a run of the experiment is not judged", async () => {
  await withFolder(async (folder) => {
    await writeSweep(folder, { sizes: [3], repetitions: 1, durationMs: 5_000 });
    await writeSyntheticRun(join(folder, "runs/broken"), {
      experiment: "trace-sweep",
      name: "broken",
      parameters: { functions: 6, repetition: 0 },
      seed: 1,
      durationMs: 5_000,
      phases: [{ fromMs: 0, phase: "measurement" }],
      arrivals: syntheticArrivals(1, 6, 5_000),
      cores: 2,
      capacity: 8,
      status: "failed",
      error: "The gateway ended.",
      isUnjudged: true,
    });
    const runs = ["runs/functions-3_repetition-0", "runs/broken"];
    await writeExperimentManifest(folder, { experiment: "trace-sweep", status: "failed", runs });
    const { page } = await renderPage(folder);
    assert.equal(textOf(page, "#verdict h2"), "Verdict: VALID so far");
    assert.match(textOf(page, "#verdict h2 + .notice"), /Without a verdict: broken\./);
    assert.match(textOf(page, "#verdict"), /holds for the 1 run judged so far/);

    await writeExperimentManifest(folder, {
      experiment: "trace-sweep",
      runs: runs.slice(0, 1),
    });
    await rm(join(folder, "runs/broken"), { recursive: true });
    const { page: whole } = await renderPage(folder);
    assert.equal(textOf(whole, "#verdict h2"), "Verdict: VALID");
  });
});

Deno.test("a report removes the figures of the one before it, and nothing else", async () => {
  await withFolder(async (folder) => {
    await writeSweep(folder, { sizes: [3], repetitions: 1, durationMs: 2_000 });
    const before = await renderReport(folder);
    const own = join(folder, "figures/my_own.svg");
    await writeFile(own, "<svg/>");
    const run = join(folder, "runs/functions-3_repetition-0");
    for (const table of ["instances", "platform_metrics"]) await rm(join(run, `${table}.csv`));
    const after = await renderReport(folder);
    assert.ok(after.figures.length < before.figures.length);
    const left = (await readdir(join(folder, "figures"))).map((name) =>
      join(folder, "figures", name)
    );
    const data = after.figures.map((path) => path.replace(/svg$/, "csv"));
    assert.deepEqual(left.sort(), [...after.figures, ...data, own].sort());
  });
});

Deno.test("another experiment has the figures of its runs and no answer", async () => {
  await withFolder(async (folder) => {
    await writeSyntheticRun(join(folder, "runs/only"), {
      experiment: "new",
      name: "only",
      parameters: { flavour: "plain" },
      seed: 1,
      durationMs: 5_000,
      phases: [{ fromMs: 0, phase: "measurement" }],
      arrivals: syntheticArrivals(1, 2, 5_000),
      cores: 2,
      capacity: 4,
    });
    await writeExperimentManifest(folder, { experiment: "new", runs: ["runs/only"] });
    const { page } = await renderPage(folder);
    assert.equal(page.querySelector("#answer"), null);
    assert.equal([...page.querySelectorAll("#run-only figure")].length, 7);
  });
});

Deno.test("an interrupted experiment says so first and shows what is there", async () => {
  await withFolder(async (folder) => {
    await writeInterrupted(folder);
    const { text, page } = await renderPage(folder);
    const notice = textOf(page, "#verdict .notice");
    assert.match(notice, /interrupted by the user/);
    assert.match(notice, /Without a verdict: functions-10_repetition-0\./);
    assert.match(notice, /Without any result: runs\/functions-20_repetition-0\./);
    assert.ok(text.indexOf("interrupted by the user") < text.indexOf("<svg"));
    assert.ok(page.querySelector("#run-functions-10_repetition-0 svg"));
  });
});

Deno.test("missing tables leave out what they would show", async () => {
  await withFolder(async (folder) => {
    await writeSweep(folder, { sizes: [3], repetitions: 1, durationMs: 5_000 });
    const run = join(folder, "runs/functions-3_repetition-0");
    for (const table of ["instances", "generator", "processes"]) {
      await rm(join(run, `${table}.csv`));
    }
    const { page } = await renderPage(folder);
    const titles = [...page.querySelectorAll("details.run h4")].map((title) => title.textContent);
    assert.ok(titles.includes("Response time") && !titles.includes("Instances"));
    await rm(join(run, "invocations.csv"));
    const { page: emptyPage } = await renderPage(folder);
    assert.match(textOf(emptyPage, "details.run"), /No invocation of this run was recorded/);
  });
});

Deno.test("an experiment without runs says that there is nothing", async () => {
  await withFolder(async (folder) => {
    await writeExperimentManifest(folder, {
      experiment: "trace-sweep",
      status: "failed",
      runs: [],
    });
    const { page } = await renderPage(folder);
    assert.match(textOf(page, "#verdict"), /There is no run in this experiment/);
    assert.match(textOf(page, "#verdict .notice"), /This experiment failed/);
  });
});

Deno.test("text from files cannot break out into the page", async () => {
  await withFolder(async (folder) => {
    await writeExperimentManifest(folder, {
      experiment: "trace-sweep",
      question: "<script>alert(1)</script>",
      runs: [],
    });
    const { text } = await renderPage(folder);
    assert.ok(!text.includes("<script>"));
  });
});

Deno.test("a hundred thousand invocations make a page of bounded size", async () => {
  await withFolder(async (folder) => {
    const run = join(folder, "runs/functions-3_repetition-0");
    await writeSweep(folder, { sizes: [3], repetitions: 1, durationMs: 5_000 });
    const small = (await renderPage(folder)).text.length;
    const header = (await readFile(join(run, "invocations.csv"), "utf8")).split("\n")[0];
    const lines = [header];
    for (let i = 0; i < 100_000; i++) {
      const scheduledMs = i * 0.6;
      const runtimeMs = 10 + (i * 7_919) % 5_000;
      const completedMs = scheduledMs + 2 * runtimeMs;
      lines.push(
        `${i},f${i % 50},measurement,${scheduledMs},${scheduledMs},${completedMs},${runtimeMs},` +
          `${runtimeMs},1,1,i,false,ok,0`,
      );
    }
    await writeFile(join(run, "invocations.csv"), `${lines.join("\n")}\n`);
    const large = (await renderPage(folder)).text.length;
    assert.ok(large < small + 400_000, `${large} bytes after ${small}`);
  });
});

Deno.test("a folder that is no experiment, and broken manifests, are told in a sentence", async () => {
  await withFolder(async (folder) => {
    const file = join(folder, "experiment.json");
    const rejection = async (): Promise<LoaderError> => {
      try {
        await renderReport(folder);
      } catch (error) {
        assert.ok(error instanceof LoaderError, String(error));
        return error;
      }
      throw new Error("the report was made");
    };
    const absent = await rejection();
    assert.equal(absent.exitStatus, 2);
    assert.match(absent.message, /experiment\.json: There is no such file; name the folder/);

    await writeFile(file, '{ "kind": "experi');
    assert.match((await rejection()).message, /experiment\.json: Expected .* not valid JSON\.$/);

    await writeFile(file, '{ "kind": "experiment", "formatVersion": 9 }');
    const wrong = await rejection();
    assert.equal(wrong.exitStatus, 1);
    assert.match(wrong.message, /formatVersion is wrong/);

    await writeSweep(folder, { sizes: [3], repetitions: 1, durationMs: 2_000 });
    await writeFile(join(folder, "runs/functions-3_repetition-0/manifest.json"), "[]");
    assert.match((await rejection()).message, /manifest\.json: Expected a run's manifest/);
  });
});
