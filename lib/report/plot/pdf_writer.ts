// @ts-types="@types/pdfkit"
import type PDFKit from "pdfkit";
import { LoaderError } from "../../base/error.ts";
import { FONT_FILES, readFont } from "./fonts.ts";

/** Makes PDF documents of drawings: text stays text, lines stay lines. */
export interface PdfWriter {
  /** Draws the SVG of a figure as a page of its size, with the letters that it uses of its font. */
  draw(svg: string): Promise<Uint8Array>;
}

type Document = InstanceType<typeof PDFKit>;

/** What is used of an element of SVG. */
interface Element {
  readonly localName: string;
  readonly textContent: string;
  readonly children: ArrayLike<Element>;
  getAttribute(name: string): string | null;
}

/** What an element hands down to those in it. */
interface Inherited {
  readonly fill: string;
  readonly stroke: string;
  readonly color: string;
  readonly strokeWidth: number;
  readonly dash: string;
  readonly lineCap: string;
  readonly fillOpacity: number;
  readonly strokeOpacity: number;
  readonly fontSize: number;
  readonly isBold: boolean;
  readonly anchor: string;
}

const INITIAL: Inherited = {
  fill: "#000",
  stroke: "none",
  color: "#000",
  strokeWidth: 1,
  dash: "none",
  lineCap: "butt",
  fillOpacity: 1,
  strokeOpacity: 1,
  fontSize: 12,
  isBold: false,
  anchor: "start",
};

/**
 * Creates a writer. Its library and fonts are loaded here, so that a program that makes no
 * documents does not pay for them.
 */
export async function createPdfWriter(): Promise<PdfWriter> {
  const [{ default: PDFDocument }, { DOMParser }, regular, bold] = await Promise.all([
    // @ts-types="@types/pdfkit"
    import("pdfkit"),
    import("linkedom"),
    readFont(FONT_FILES.paper),
    readFont(FONT_FILES.paperBold),
  ]);
  return {
    async draw(svg) {
      const root = new DOMParser().parseFromString(svg, "image/svg+xml")
        .documentElement as unknown as Element;
      const [, , width, height] = root.getAttribute("viewBox")!.split(/[ ,]+/).map(Number);
      const perPx = pointsOf(root.getAttribute("width")!) / width;
      const document = new PDFDocument({
        size: [width * perPx, height * perPx],
        margin: 0,
        // The same figure makes the same bytes.
        info: { CreationDate: new Date(0), Title: root.getAttribute("aria-label") ?? "" },
      });
      const bytes = collect(document);
      document.registerFont("regular", regular as never).registerFont("bold", bold as never);
      document.scale(perPx);
      drawChildren(root, inherit(root, INITIAL), document);
      document.end();
      return await bytes;
    },
  };
}

const POINTS: Readonly<Record<string, number>> = { px: 0.75, "": 0.75, mm: 72 / 25.4 };

function pointsOf(length: string): number {
  const [, value, unit] = /^([\d.]+)([a-z]*)$/.exec(length) ?? [];
  return Number(value) * POINTS[unit];
}

function collect(document: Document): Promise<Uint8Array> {
  const { promise, resolve } = Promise.withResolvers<Uint8Array>();
  const parts: Uint8Array[] = [];
  document.on("data", (part: Uint8Array) => parts.push(part));
  document.on("end", () => resolve(new Uint8Array(parts.flatMap((part) => [...part]))));
  return promise;
}

function inherit(element: Element, from: Inherited): Inherited {
  const style = Object.fromEntries(
    (element.getAttribute("style") ?? "").split(";").map((rule) => rule.split(":")),
  );
  const read = (name: string) => style[name]?.trim() ?? element.getAttribute(name);
  const numberOf = (name: string, inherited: number) => {
    const text = read(name);
    return text === null ? inherited : parseFloat(text);
  };
  const opacity = numberOf("opacity", 1);
  const weight = read("font-weight");
  return {
    fill: read("fill") ?? from.fill,
    stroke: read("stroke") ?? from.stroke,
    color: read("color") ?? from.color,
    strokeWidth: numberOf("stroke-width", from.strokeWidth),
    dash: read("stroke-dasharray") ?? from.dash,
    lineCap: read("stroke-linecap") ?? from.lineCap,
    fillOpacity: numberOf("fill-opacity", from.fillOpacity) * opacity,
    strokeOpacity: numberOf("stroke-opacity", from.strokeOpacity) * opacity,
    fontSize: numberOf("font-size", from.fontSize),
    isBold: weight === null ? from.isBold : weight === "bold" || Number(weight) >= 600,
    anchor: read("text-anchor") ?? from.anchor,
  };
}

function drawChildren(element: Element, inherited: Inherited, document: Document): void {
  for (const child of Array.from(element.children)) drawElement(child, inherited, document);
}

function drawElement(element: Element, from: Inherited, document: Document): void {
  const name = element.localName;
  if (name === "title" || name === "style") return;
  const own = inherit(element, from);
  const numberOf = (attribute: string) => parseFloat(element.getAttribute(attribute) ?? "0");
  document.save();
  translate(element, document);
  switch (name) {
    case "svg":
      document.translate(0, numberOf("y"));
      drawChildren(element, own, document);
      break;
    case "g":
      drawChildren(element, own, document);
      break;
    case "path":
      paint(document.path(element.getAttribute("d") ?? ""), own);
      break;
    case "line":
      paint(
        document.moveTo(numberOf("x1"), numberOf("y1")).lineTo(numberOf("x2"), numberOf("y2")),
        own,
      );
      break;
    case "rect":
      paint(
        document.rect(numberOf("x"), numberOf("y"), numberOf("width"), numberOf("height")),
        own,
      );
      break;
    case "circle":
      paint(document.circle(numberOf("cx"), numberOf("cy"), numberOf("r")), own);
      break;
    case "text":
      drawText(element, own, document);
      break;
    default:
      throw new LoaderError("result", `A figure has <${name}>, which no PDF is made of.`);
  }
  document.restore();
}

/** Moves, and turns: what a drawing asks for, in this order. */
function translate(element: Element, document: Document): void {
  for (
    const [, kind, values] of (element.getAttribute("transform") ?? "").matchAll(
      /(\w+)\(([^)]*)\)/g,
    )
  ) {
    const [x, y = 0] = values.split(/[ ,]+/).map(Number);
    if (kind === "translate") document.translate(x, y);
    else if (kind === "rotate") document.rotate(x);
    else throw new LoaderError("result", `A figure is moved by ${kind}, which no PDF knows.`);
  }
}

/** The colour itself; `null` where nothing is painted. */
function colorOf(paint: string, { color }: Inherited): string | null {
  if (paint === "none" || paint === "transparent") return null;
  if (paint === "currentColor") return color;
  return paint.startsWith("var(") ? "white" : paint;
}

function paint(document: Document, own: Inherited): void {
  const fill = colorOf(own.fill, own);
  const stroke = own.strokeWidth > 0 && own.strokeOpacity > 0 ? colorOf(own.stroke, own) : null;
  if (stroke !== null) {
    document.lineWidth(own.strokeWidth).lineCap(own.lineCap as "butt" | "round");
    const dash = own.dash === "none" ? [] : own.dash.split(/[ ,]+/).map(Number);
    if (dash.length > 0) document.dash(dash as never, {});
    document.strokeColor(stroke, own.strokeOpacity);
  }
  if (fill !== null) document.fillColor(fill, own.fillOpacity);
  if (fill !== null && stroke !== null) document.fillAndStroke();
  else if (fill !== null) document.fill();
  else if (stroke !== null) document.stroke();
  // A path that is not painted must not become part of the next one.
  else document.clip().stroke();
}

function drawText(element: Element, own: Inherited, document: Document): void {
  const spans = Array.from(element.children).filter(({ localName }) => localName === "tspan");
  const emsOf = (of: Element, name: string) => {
    const text = of.getAttribute(name) ?? "0";
    return text.endsWith("em") ? parseFloat(text) * own.fontSize : parseFloat(text);
  };
  let top = emsOf(element, "y");
  const fill = colorOf(own.fill, own);
  if (fill === null) return;
  document.font(own.isBold ? "bold" : "regular").fontSize(own.fontSize)
    .fillColor(fill, own.fillOpacity);
  const lines = spans.length === 0 ? [element] : spans;
  for (const line of lines) {
    const text = line.textContent;
    const width = document.widthOfString(text);
    top = (line !== element && line.getAttribute("y") !== null ? emsOf(line, "y") : top) +
      emsOf(line, "dy");
    const share = own.anchor === "middle" ? 0.5 : own.anchor === "end" ? 1 : 0;
    document.text(text, emsOf(line, "x") - share * width, top, {
      lineBreak: false,
      baseline: "alphabetic",
    });
  }
}
