/** A figure of a report. */
export interface Figure {
  /** Name of its file, without the ending; unique in an experiment. */
  readonly name: string;
  readonly title: string;
  /** One sentence, computed from the data, that says what it shows. */
  readonly caption: string;
  /** A complete SVG document, without the XML declaration. */
  readonly svg: string;
}
