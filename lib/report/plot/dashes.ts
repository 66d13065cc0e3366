import { DASHES } from "./palette.ts";

/** What is needed of a drawing's document. */
interface Drawn {
  querySelectorAll(selector: string): Iterable<{
    getAttribute(name: string): string | null;
    setAttribute(name: string, value: string): void;
  }>;
}

/** The lines of a drawing, and pieces of which each has a colour. */
const LINES = '[aria-label="line"], [aria-label="line"] path';

/** Breaks the lines of a drawing as their colours ask for, where the figure says nothing of it. */
export function dashLines(drawn: Drawn): void {
  for (const line of drawn.querySelectorAll(LINES)) {
    const dash = DASHES[line.getAttribute("stroke") ?? ""];
    if (dash === undefined || line.getAttribute("stroke-dasharray") !== null) continue;
    line.setAttribute("stroke-dasharray", dash);
  }
}
