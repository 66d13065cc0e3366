/**
 * Takes a picture of a page, in headless Chromium, which must be installed: the README's of a
 * report, and that of a trace's doctor:
 *
 *     deno run -P scripts/capture_report.ts <folder of an experiment> docs/images/report.png
 *     deno run -P scripts/capture_report.ts <page of the doctor>.html docs/images/trace_doctor.png
 */
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

/** Wide enough for two figures in a row; high enough for verdict, answer and runs. */
const WINDOW = "1280,1180";

const [folder, picture] = Deno.args;
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
      `--window-size=${WINDOW}`,
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
