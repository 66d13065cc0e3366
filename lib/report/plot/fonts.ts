/** Fonts that figures bring along, for those of a system are not to be relied on. */
export const FONT_FILES = {
  regular: "DejaVuSans.ttf",
  bold: "DejaVuSans-Bold.ttf",
  paper: "DejaVuSansCondensed.ttf",
  paperBold: "DejaVuSansCondensed-Bold.ttf",
} as const;

/** Their families, as drawings name them. */
export const FONT_FAMILY = "DejaVu Sans";
export const PAPER_FAMILY = "DejaVu Sans Condensed";

/** The bytes of a font. */
export async function readFont(
  file: (typeof FONT_FILES)[keyof typeof FONT_FILES],
): Promise<Uint8Array> {
  return await Deno.readFile(new URL(import.meta.resolve(`dejavu-fonts-ttf/ttf/${file}`)));
}
