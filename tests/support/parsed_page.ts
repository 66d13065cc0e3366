import { parseHTML } from "linkedom";

/** What tests ask of an element of a page. */
export interface PageElement {
  readonly textContent: string;
  getAttribute(name: string): string | null;
  querySelector(selector: string): PageElement | null;
  querySelectorAll(selector: string): Iterable<PageElement>;
}

/** The document of a page's text. */
export function parsePage(text: string): PageElement {
  const { document } = parseHTML(text) as unknown as { document: PageElement };
  return document;
}
