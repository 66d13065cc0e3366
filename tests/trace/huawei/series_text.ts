/** What a file of a time series has. */
export interface SeriesText {
  readonly day: number;
  /** Seconds from row to row; 60 by default. */
  readonly stepS?: number;
  /** The first cells of each column. */
  readonly columns: Readonly<Record<string, readonly string[]>>;
  /** What the cells of all other rows of the day are; 0 by default. */
  readonly rest?: string;
}

/** A day of the Huawei releases as text, columns in the order given. */
export function seriesText({ day, stepS = 60, columns, rest = "0" }: SeriesText): string {
  // Names that are numbers would be put in order by an object.
  const names = Object.keys(columns);
  const lines = [`day,time,${names.join(",")}`];
  for (let row = 0; row < 86_400 / stepS; row++) {
    const cells = names.map((name) => {
      const cell = columns[name].at(row);
      if (cell !== undefined) return cell;
      // A function of which nothing is known at all has no cell in the rest either.
      return columns[name].every((known) => known === "" || known === "NaN") ? "NaN" : rest;
    });
    lines.push(`${day},${day * 86_400 + row * stepS},${cells.join(",")}`);
  }
  return lines.join("\n") + "\n";
}
