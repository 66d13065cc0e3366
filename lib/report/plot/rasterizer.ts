import { LoaderError } from "../../base/error.ts";
import { replaceFile } from "../../base/file.ts";

/** Makes pictures of SVG without a browser. */
export interface Rasterizer {
  /**
   * Draws an SVG document on white as PNG.
   *
   * @param scale pixels of the picture to a pixel of the document
   */
  draw(svg: string, scale: number): Uint8Array;
}

/** Regular and semibold text of figures, for the fonts of a system are not to be relied on. */
const FONTS = ["DejaVuSans.ttf", "DejaVuSans-Bold.ttf"];
const FONT_FAMILY = "DejaVu Sans";

let isLoaded = false;

/**
 * Creates a rasterizer. Its library and fonts are loaded here, so that a program that makes
 * no pictures does not pay for them.
 */
export async function createRasterizer(): Promise<Rasterizer> {
  const { initWasm, Resvg } = await import("@resvg/resvg-wasm");
  const read = async (url: string) => await Deno.readFile(new URL(url));
  if (!isLoaded) {
    await initWasm(await read(import.meta.resolve("@resvg/resvg-wasm/index_bg.wasm")));
    isLoaded = true;
  }
  const fontBuffers = await Promise.all(
    FONTS.map((font) => read(import.meta.resolve(`dejavu-fonts-ttf/ttf/${font}`))),
  );
  return {
    draw(svg, scale) {
      const picture = new Resvg(svg, {
        fitTo: { mode: "zoom", value: scale },
        background: "white",
        font: {
          fontBuffers,
          defaultFontFamily: FONT_FAMILY,
          sansSerifFamily: FONT_FAMILY,
        },
      });
      try {
        return picture.render().asPng();
      } finally {
        picture.free();
      }
    },
  };
}

/**
 * Writes figures as PNG beside their SVG; returns the paths.
 *
 * @param figures paths of SVG files
 * @param scale pixels of the picture to a pixel of the figure
 * @throws LoaderError `result` when a file cannot be read or written
 */
export async function writePictures(figures: readonly string[], scale: number): Promise<string[]> {
  const rasterizer = await createRasterizer();
  return figures.map((figure) => {
    const path = figure.replace(/svg$/, "png");
    try {
      replaceFile(path, rasterizer.draw(Deno.readTextFileSync(figure), scale));
    } catch (cause) {
      throw new LoaderError("result", "The picture cannot be made.", { file: path, cause });
    }
    return path;
  });
}
