import type * as Plot from "@observablehq/plot";

/** A mark or anything that may stand among marks. */
export type Mark = Plot.Markish;

/** A column of the data of a figure. */
export interface DataColumn {
  /** With its unit at the end: `response_time_ms`. */
  readonly name: string;
  /** The value that is meant by what is drawn, where these differ: ∞ has a place on no scale. */
  valueAt?(drawn: number): number;
}

/** What is drawn along the axes of a drawing. */
export interface DataColumns {
  readonly x: DataColumn;
  readonly y: DataColumn;
}

/** What a figure draws, a row a point. */
export interface FigureData {
  /** `series` first. */
  readonly columns: readonly string[];
  /** Text, or numbers; NaN where nothing is drawn. */
  readonly rows: readonly (readonly (string | number)[])[];
}

/** Where a point is drawn; with an end where it is an interval or an area. */
export interface DrawnPoint {
  readonly x: number | string;
  readonly xEnd?: number | string;
  readonly y: number | string;
  readonly yEnd?: number | string;
}

/** A mark that is made here, of which the library knows nothing. */
interface Cloud {
  readonly points: readonly (readonly [number, number])[];
}

interface Series {
  readonly series: string | ((datum: never) => string);
  readonly mark: Mark;
}

const SERIES = new WeakMap<WeakKey, Series>();
const CLOUDS = new WeakMap<WeakKey, Cloud>();

/**
 * Says that a mark shows data, so that its points are in the data of its figure; grids,
 * axes and legends are not.
 *
 * @param series its name, or that of a datum's series where it shows several
 */
export function nameSeries<Datum>(series: string | ((datum: Datum) => string), mark: Mark): Mark {
  SERIES.set(mark as WeakKey, { series: series as Series["series"], mark });
  return mark;
}

/** Keeps the points of a mark that draws itself; see {@linkcode nameSeries}. */
export function keepPoints(mark: Mark, points: Cloud["points"]): Mark {
  CLOUDS.set(mark as WeakKey, { points });
  return mark;
}

/** Of the marks that {@linkcode nameSeries} named, exactly what the library draws. */
export function listPoints(marks: readonly unknown[]): NamedPoint[] {
  return marks.flatMap((mark) => {
    const named = typeof mark === "object" || typeof mark === "function"
      ? SERIES.get(mark as WeakKey)
      : undefined;
    return named === undefined ? [] : pointsOf(named);
  });
}

/** The points of a drawing as its data. */
export function dataOf(points: readonly NamedPoint[], { x, y }: DataColumns): FigureData {
  const columns = [
    { name: x.name, column: x, key: "x" },
    { name: `${x.name}_end`, column: x, key: "xEnd" },
    { name: y.name, column: y, key: "y" },
    { name: `${y.name}_end`, column: y, key: "yEnd" },
  ] as const;
  const used = columns.filter(({ key }) =>
    key === "x" || key === "y" || points.some(({ point }) => point[key] !== undefined)
  );
  return {
    columns: ["series", ...used.map(({ name }) => name)],
    rows: points.map(({ series, point }) => [
      series,
      ...used.map(({ key, column }) => {
        const drawn = point[key] ?? NaN;
        return typeof drawn === "number" ? column.valueAt?.(drawn) ?? drawn : drawn;
      }),
    ]),
  };
}

/** The data of panels as one: a column that several have is one. */
export function joinData(all: readonly FigureData[]): FigureData {
  const columns = [...new Set(all.flatMap((data) => data.columns))];
  return {
    columns,
    rows: all.flatMap((data) =>
      data.rows.map((row) => columns.map((name) => row[data.columns.indexOf(name)] ?? NaN))
    ),
  };
}

/** A point that is drawn, and of which series. */
export interface NamedPoint {
  readonly series: string;
  readonly point: DrawnPoint;
}

interface Channel {
  readonly value?: ArrayLike<number | string> | null;
}

/** What a mark of the library tells of its channels. */
interface Initialized {
  readonly data: ArrayLike<never> | null;
  readonly channels: Readonly<Record<string, Channel | undefined>>;
}

function pointsOf({ series, mark }: Series): NamedPoint[] {
  const cloud = CLOUDS.get(mark as WeakKey);
  if (cloud !== undefined) {
    return cloud.points.map(([x, y]) => ({ series: series as string, point: { x, y } }));
  }
  const { data, channels } = (mark as unknown as { initialize(): Initialized }).initialize();
  const along = (axis: "x" | "y") => {
    const [at, from, until] = ["", "1", "2"].map((end) => channels[axis + end]?.value ?? null);
    return at !== null
      ? { at, end: null }
      : until === null || from === null
      ? { at: from ?? until, end: null }
      // A bar or an area that stands on the axis has one value.
      : isBase(from, axis, channels)
      ? { at: until, end: null }
      : { at: from, end: until };
  };
  const [x, y] = [along("x"), along("y")];
  return Array.from(data ?? [], (datum, i) => ({
    series: typeof series === "string" ? series : series(datum),
    point: {
      x: x.at?.[i] ?? NaN,
      xEnd: x.end?.[i],
      y: y.at?.[i] ?? NaN,
      yEnd: y.end?.[i],
    },
  }));
}

function isBase(
  from: ArrayLike<number | string>,
  axis: "x" | "y",
  channels: Initialized["channels"],
): boolean {
  // Horizontal bars have names along the other axis; else what begins at 0 is a place.
  if (axis === "x" && channels.y === undefined) return false;
  return Array.prototype.every.call(from, (value) => value === 0);
}
