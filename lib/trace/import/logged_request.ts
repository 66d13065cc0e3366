/** A request as one row of a log, or one span, tells of it. */
export interface LoggedRequest {
  /** The instant that its row is stamped with, in milliseconds since 1970 UTC. */
  readonly stampMs: number;
  /** True if the stamp tells no fraction of the second. */
  readonly isWholeSecond: boolean;
  /** True if the stamp is of the end of the request, not of its start. */
  readonly isStampEnd: boolean;
  /** How long it took; `null`: the row does not tell. */
  readonly durationMs: number | null;
  readonly memoryMib: number | null;
  /** Value of the field that names its function, where one was chosen. */
  readonly name: string | null;
  /** The service that it is of, where one log has several. */
  readonly service: string | null;
  /** Path of its target, as logged, perhaps with a query. */
  readonly path: string | null;
  readonly method: string | null;
  /** Status code as text. */
  readonly status: string | null;
}

/** Takes what a row holds. A row that holds nothing usable is neither taken nor left out but bad. */
export interface RowTaker {
  take(request: LoggedRequest): void;
  /** The row is sound and no request, or one that is not wanted: `reason` is a few words. */
  leave(reason: string): void;
  /** A part of a row that holds many cannot be read. */
  bad(row: BadRow): void;
}

/** A reader of the rows of one file. */
export interface RowParser {
  /**
   * Reads one line.
   *
   * @throws BadRow when nothing in it can be read
   */
  parse(line: string, taker: RowTaker): void;
  /** Reads what only the end of the file makes whole. */
  end?(taker: RowTaker): void;
}

/** Longest value that is shown of a row: enough to find it, and little of what it may tell of people. */
const MOST_CHARACTERS = 60;

/** A row that cannot be read: it is counted, and an example is shown. */
export class BadRow extends Error {
  /** @param reason a few words, the same for all rows with the same mistake */
  constructor(readonly reason: string, value?: unknown) {
    super(value === undefined ? reason : `${reason}: ${quote(value)}`);
  }
}

function quote(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= MOST_CHARACTERS ? text : `${text.slice(0, MOST_CHARACTERS)}…`;
}
