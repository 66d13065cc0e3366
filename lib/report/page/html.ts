/** Text that is HTML already and needs no escaping. */
export class Html {
  constructor(readonly text: string) {}
}

/** What may stand in a template: text and numbers are escaped, HTML is not. */
export type HtmlPart = Html | string | number | readonly HtmlPart[];

/**
 * Makes HTML from a template; everything put into it is escaped, except what
 * is HTML itself. Lists are joined.
 *
 * @example
 * ```ts
 * import { html } from "./html.ts";
 * const item = html`<li>${"a < b"}</li>`;
 * if (html`<ul>${[item]}</ul>`.text !== "<ul><li>a &lt; b</li></ul>") throw new Error("escape");
 * ```
 */
export function html(template: TemplateStringsArray, ...parts: readonly HtmlPart[]): Html {
  let text = template[0];
  for (let i = 0; i < parts.length; i++) text += textOf(parts[i]) + template[i + 1];
  return new Html(text);
}

/** No HTML at all. */
export const NOTHING = new Html("");

function textOf(part: HtmlPart): string {
  if (part instanceof Html) return part.text;
  if (typeof part === "object") return part.map(textOf).join("");
  return String(part)
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
}
