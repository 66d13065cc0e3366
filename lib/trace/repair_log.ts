import { basename } from "node:path";
import { type ErrorPlace, LoaderError } from "../base/error.ts";
import type { DefectSeverity, TraceRepair } from "../model/trace.ts";

/** What to do about a defect of a trace: repair and count it, or refuse the trace. */
export type DefectPolicy = "repair" | "refuse";

/** What to do about a function that is in a file twice. */
export type DuplicatePolicy = "refuse" | "merge";

/** A class of defects, and what is done about them. */
export interface DefectClass {
  readonly defect: string;
  readonly repair: string;
  readonly severity: DefectSeverity;
}

/** What is done about a function of which too little is known. */
export const LEFT_OUT = "function left out";

const MAX_EXAMPLES = 3;

/** Counts the defects of a trace by class, with the first few of each as examples. */
export class RepairLog {
  readonly #policy: DefectPolicy;
  readonly #duplicates: DuplicatePolicy;
  readonly #entries = new Map<DefectClass, { count: number; examples: string[] }>();

  constructor(policy: DefectPolicy, duplicates: DuplicatePolicy) {
    this.#policy = policy;
    this.#duplicates = duplicates;
  }

  /**
   * Counts a defect, or several of one kind that are told as one.
   *
   * @throws LoaderError `input` when defects are to be refused
   */
  add(defectClass: DefectClass, place: ErrorPlace, count = 1): void {
    if (this.#policy === "refuse") {
      throw new LoaderError(
        "input",
        `${capitalize(defectClass.defect)}: ${place.value}; ` +
          `correct the file, or allow repairs with --defects repair (${defectClass.repair}).`,
        place,
      );
    }
    let entry = this.#entries.get(defectClass);
    if (entry === undefined) {
      entry = { count: 0, examples: [] };
      this.#entries.set(defectClass, entry);
    }
    entry.count += count;
    if (entry.examples.length < MAX_EXAMPLES) entry.examples.push(describeExample(place));
  }

  /**
   * Counts a duplicate where duplicates are merged.
   *
   * @param place of the second one, and its key
   * @throws LoaderError `input` where they are not
   */
  addDuplicate(duplicate: DefectClass, place: ErrorPlace, firstLine: number): void {
    if (this.#duplicates === "refuse") {
      throw new LoaderError(
        "input",
        `${place.value} is there already in line ${firstLine}; remove one, or allow duplicates ` +
          `to be merged with --duplicates merge (${duplicate.repair}).`,
        place,
      );
    }
    this.add(duplicate, place);
  }

  /** Every class of defects that was found, in order of the first finding. */
  list(): TraceRepair[] {
    return Array.from(this.#entries, ([defectClass, entry]) => ({ ...defectClass, ...entry }));
  }
}

function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function describeExample(place: ErrorPlace): string {
  const file = place.file === undefined ? "" : basename(place.file);
  const line = place.line === undefined ? "" : `:${place.line}`;
  return `${file}${line} ${place.value}`;
}
