import type { Hash } from "node:crypto";
import type { Trace } from "../model/trace.ts";
import type { TraceAssumptions } from "./assumed.ts";
import type { RepairLog } from "./repair_log.ts";
import type { TraceFolder } from "./trace_folder.ts";

/**
 * A data set, as it is published: how its files are recognised, and how a trace is
 * read from them. Whether they hold counts of each minute, single invocations or
 * distributions is known to the format alone.
 */
export interface TraceFormat {
  /** What the data set is called, such as `Azure Functions 2019`. */
  readonly name: string;
  /** Files by which it is recognised, for the message when a folder has no known format. */
  readonly looksFor: readonly string[];
  /**
   * Looks at the files of a folder, or at the one file that was named; `null`: they are of
   * another format.
   *
   * @throws LoaderError `input` when something cannot be read
   */
  recognise(folder: TraceFolder): Promise<RecognisedTrace | UnsupportedTrace | null>;
}

/** A data set that is known, and cannot be replayed. */
export interface UnsupportedTrace {
  readonly evidence: string;
  /** A sentence that says what it is, what is missing in it and what to do. */
  readonly unsupported: string;
}

/** A folder whose format is known, before anything of the trace is read. */
export interface RecognisedTrace {
  /** What it was recognised by, such as the name of a file. */
  readonly evidence: string;
  /**
   * Finds the files of one of the traces in the folder.
   *
   * @throws LoaderError `input` when files are missing, `usage` when the choice is not there
   */
  select(choice: TraceChoice): Promise<TraceSource>;
}

/** Which of several traces in a folder. */
export interface TraceChoice {
  /** Number of functions, for folders with a trace for each of several sizes. */
  readonly size?: number;
  /** Days, for data sets with files for each day; the first one there by default. */
  readonly days?: DayRange;
}

/** Days of a data set, as it numbers them, the last one included. */
export interface DayRange {
  readonly first: number;
  readonly last: number;
}

/** A trace that can be read. */
export interface TraceSource {
  /** The same for choices that come to the same files, which are then read once. */
  readonly key: string;
  /** Number of functions as the files' names tell, `null` where they do not. */
  readonly size: number | null;
  /** Folder of its files, beside which a certificate may stand; that which was named by default. */
  readonly folder?: string;
  /** @throws LoaderError `input` when something in the files is wrong */
  read(reading: TraceReading): Promise<Omit<Trace, "repairs" | "hash">>;
}

/** What every reader of a trace's files takes in, and tells of it. */
export interface TraceReading {
  /** Takes in every byte that is read, unpacked. */
  readonly hash: Hash;
  /** Defects of the data are repaired, counted and told. */
  readonly repairs: RepairLog;
  /** What is taken where the data set does not tell something. */
  readonly assume: TraceAssumptions;
}
