import type { Mark } from "./series.ts";

/** What a drawing gives to a mark that draws itself. */
export interface MarkScales {
  readonly x?: (value: number) => number;
  readonly y?: (value: number) => number;
}
export interface MarkFrame {
  readonly width: number;
  readonly marginRight: number;
}
export interface MarkContext {
  readonly document: {
    createElementNS(namespace: string, name: string): MarkElement;
  };
}
export interface MarkElement {
  textContent: string | null;
  setAttribute(name: string, value: string): void;
  append(child: MarkElement): void;
}

const SVG_NAMESPACE = "http://www.w3.org/2000/svg";

/** An element of SVG. */
export function createElement(
  { document }: MarkContext,
  name: string,
  attributes: Readonly<Record<string, string | number>>,
): MarkElement {
  const element = document.createElementNS(SVG_NAMESPACE, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  return element;
}

/** A mark that draws itself; the library's declaration asks for DOM types. */
export function createMark(
  render: (scales: MarkScales, frame: MarkFrame, context: MarkContext) => MarkElement,
): Mark {
  const mark = (
    _index: unknown,
    scales: MarkScales,
    _channels: unknown,
    frame: MarkFrame,
    context: MarkContext,
  ) => render(scales, frame, context);
  return mark as unknown as Mark;
}
