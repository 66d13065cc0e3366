/**
 * Takes a picture of a page, in headless Chromium, which must be installed: the README's of a
 * report, and that of a trace's doctor:
 *
 *     deno run -P scripts/capture_report.ts <folder of an experiment> docs/images/report.png
 *     deno run -P scripts/capture_report.ts <page of the doctor>.html docs/images/trace_doctor.png 1500
 */
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

/** Wide enough for two figures in a row. */
const WIDTH = 1280;

/** High enough for verdict, answer and runs. */
const HEIGHT = 1180;

const [folder, picture, height = HEIGHT] = Deno.args;
if (folder === undefined || picture === undefined) {
  console.error("Expected the folder of an experiment or a page, and a name for the picture.");
  Deno.exit(2);
}
const page = folder.endsWith(".html") ? resolve(folder) : resolve(folder, "report.html");
const profile = await Deno.makeTempDir({ prefix: "loader-chromium-" });
try {
  const { success, stderr } = await new Deno.Command("chromium", {
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--hide-scrollbars",
      `--user-data-dir=${profile}`,
      `--window-size=${WIDTH},${height}`,
      `--screenshot=${resolve(picture)}`,
      pathToFileURL(page).href,
    ],
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) {
    console.error(new TextDecoder().decode(stderr));
    Deno.exit(1);
  }
} finally {
  await Deno.remove(profile, { recursive: true });
}
