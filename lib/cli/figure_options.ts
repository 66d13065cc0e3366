import {
  bareNameOf,
  choiceOption,
  createOption,
  flagOf,
  numberOption,
  type OptionTable,
  type OptionValues,
  parseOptionValue,
  switchOption,
} from "../option/option.ts";
import { type FigureFormats, parseFigureWidthMm } from "../report/page/figure_formats.ts";
import { FIGURE_WIDTHS_MM } from "../report/plot/figure_style.ts";

/** Options of every tool that makes a page of figures: which further files there are of each. */
export const FIGURE_OPTIONS = {
  png: switchOption({
    meaning: "make each figure as PNG too, beside its SVG",
    default: false,
  }),
  pngScale: numberOption<number>("number", {
    meaning: "pixels of a PNG to a pixel of its figure",
    default: 2,
    minimum: 0.1,
    maximum: 10,
  }),
  style: choiceOption(["screen", "paper"], {
    meaning: "paper: make each figure for print too, as PDF and SVG in a folder “paper” beside it",
    default: "screen",
  }),
  figureWidthMm: createOption<number>(
    `${Object.keys(FIGURE_WIDTHS_MM).join("|")}|<number>mm`,
    {
      meaning: "width of figures for paper: " +
        Object.entries(FIGURE_WIDTHS_MM).map(([name, mm]) => `${name} ${mm}mm`).join(", "),
      unit: "Mm",
      default: FIGURE_WIDTHS_MM["one-column"],
    },
    { kind: "text" },
    parseFigureWidthMm,
    (mm) => `${mm}mm`,
  ),
};

/** The formats that options ask for. */
export function formatsOf(
  { png, pngScale, style, figureWidthMm }: OptionValues<typeof FIGURE_OPTIONS>,
): FigureFormats {
  return {
    pngScale: png ? pngScale : null,
    paperWidthMm: style === "paper" ? figureWidthMm : null,
  };
}

/** As a table like others. */
const TABLE: OptionTable = FIGURE_OPTIONS;

const flagNameOf = (name: string) => flagOf(bareNameOf(name, TABLE[name])).slice(2);

/** What `node:util`'s `parseArgs` takes for {@linkcode FIGURE_OPTIONS}. */
export const FIGURE_FLAGS = Object.fromEntries(
  Object.entries(TABLE).map(([name, { form }]) => [
    flagNameOf(name),
    { type: form.kind === "switch" ? "boolean" as const : "string" as const },
  ]),
);

/**
 * The formats that parsed {@linkcode FIGURE_FLAGS} ask for.
 *
 * @throws LoaderError `usage` for a value that an option does not take
 */
export function formatsOfFlags(values: Readonly<Record<string, unknown>>): FigureFormats {
  const settled = Object.entries(TABLE).map(([name, option]) => {
    const text = values[flagNameOf(name)];
    const isGiven = text !== undefined;
    return [name, isGiven ? parseOptionValue(name, option, String(text)) : option.defaults.local];
  });
  return formatsOf(Object.fromEntries(settled));
}
