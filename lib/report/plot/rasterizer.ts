import { FONT_FAMILY, FONT_FILES, PAPER_FAMILY, readFont } from "./fonts.ts";

/** Makes pictures of SVG without a browser. */
export interface Rasterizer {
  /**
   * Draws an SVG document on white as PNG.
   *
   * @param scale pixels of the picture to a pixel of the document
   */
  draw(svg: string, scale: number): Uint8Array;
}

let isLoaded = false;

/**
 * Creates a rasterizer. Its library and fonts are loaded here, so that a program that makes
 * no pictures does not pay for them.
 */
export async function createRasterizer(): Promise<Rasterizer> {
  const { initWasm, Resvg } = await import("@resvg/resvg-wasm");
  if (!isLoaded) {
    await initWasm(
      await Deno.readFile(new URL(import.meta.resolve("@resvg/resvg-wasm/index_bg.wasm"))),
    );
    isLoaded = true;
  }
  const [regular, bold, paper, paperBold] = await Promise.all(
    [FONT_FILES.regular, FONT_FILES.bold, FONT_FILES.paper, FONT_FILES.paperBold].map(readFont),
  );
  return {
    draw(svg, scale) {
      // Each picture reads its fonts again, so it gets those alone that it may need.
      const isForPaper = svg.includes(PAPER_FAMILY);
      const fontBuffers = isForPaper ? [paper, paperBold] : [regular, bold];
      const fontFamily = isForPaper ? PAPER_FAMILY : FONT_FAMILY;
      const picture = new Resvg(svg, {
        fitTo: { mode: "zoom", value: scale },
        background: "white",
        font: {
          fontBuffers,
          defaultFontFamily: fontFamily,
          sansSerifFamily: fontFamily,
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
