import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Figure } from "./figure.ts";

/** The folder of the figures, in the experiment's. */
export const FIGURE_FOLDER = "figures";

/** Name of a figure's file. */
export function fileOf({ name }: Figure): string {
  return `${name}.svg`;
}

/** Writes the figures of a report as SVG files; returns their paths. */
export async function writeFigures(folder: string, figures: readonly Figure[]): Promise<string[]> {
  await mkdir(join(folder, FIGURE_FOLDER), { recursive: true });
  const paths: string[] = [];
  for (const figure of figures) {
    const path = join(folder, FIGURE_FOLDER, fileOf(figure));
    await writeFile(path, `<?xml version="1.0" encoding="UTF-8"?>\n${figure.svg}\n`);
    paths.push(path);
  }
  return paths;
}

/**
 * Removes the files of the figures that the page of an earlier report shows, and
 * no others: what a user put beside them stays.
 *
 * @param page path of the earlier report, which need not be there
 */
export async function removeFiguresOf(page: string, folder: string): Promise<void> {
  let text: string;
  try {
    text = await readFile(page, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return;
    throw error;
  }
  // A name holds no slash, so that nothing outside of the folder can be meant.
  for (const [, name] of text.matchAll(/<figure data-file="figures\/([\w.-]+\.svg)">/g)) {
    await rm(join(folder, FIGURE_FOLDER, name), { force: true });
  }
}
