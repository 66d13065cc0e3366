import { basename, resolve } from "node:path";
import { LoaderError } from "../../base/error.ts";
import { SlotCounts } from "../../model/slot_counts.ts";
import {
  functionKey,
  type FunctionProfile,
  joinKey,
  type Percentiles,
  type Trace,
} from "../../model/trace.ts";
import { assumeFigures, describeAssumedMemory, describeAssumedRuntime } from "../assumed.ts";
import type { TraceReading } from "../format.ts";
import { NameTable } from "../parquet/name_table.ts";
import { ParquetFile } from "../parquet/parquet_file.ts";
import { type FunctionIdentity, RecordedBuilder, type UnknownFigures } from "../recorded.ts";
import type { DefectClass } from "../repair_log.ts";
import { CountsCollector } from "./counts_collector.ts";
import { readCounts } from "./counts_file.ts";
import { type FunctionFacts, readFunctions } from "./functions_file.ts";
import { findStart, readInvocations } from "./invocations_file.ts";
import { TraceFrame } from "./trace_frame.ts";

/** The files of a trace, each in one or several parts. */
export interface NormalFiles {
  readonly counts: readonly string[];
  readonly invocations: readonly string[];
  readonly functions: readonly string[];
}

const COUNTED_TWICE: DefectClass = {
  defect: "slot of a function in several rows",
  repair: "the counts added up",
  severity: "approximate",
};
const PARTLY_WITHOUT_RUNTIME: DefectClass = {
  defect: "function with invocations with and without runtime",
  repair: "all drawn from the percentiles of those that have one",
  severity: "approximate",
};
const PARTLY_WITHOUT_MEMORY: DefectClass = {
  defect: "function with invocations with and without memory",
  repair: "all drawn from the percentiles of those that have one",
  severity: "approximate",
};
const WITHOUT_RUNTIME: DefectClass = {
  defect: "function without runtimes",
  repair: "assumed, as for a data set that has none",
  severity: "approximate",
};
const WITHOUT_MEMORY: DefectClass = {
  defect: "function without memory",
  repair: "assumed, as for a data set that has none",
  severity: "approximate",
};

/**
 * Reads a trace in the normal form.
 *
 * @throws LoaderError `input` when something in the files is wrong
 */
export async function readNormal(
  path: string,
  files: NormalFiles,
  { hash, repairs, assume }: TraceReading,
): Promise<Omit<Trace, "repairs" | "hash">> {
  const names = new NameTable();
  // The empty name has place 0, so that whatever has a place above it is a name.
  names.place(new Uint8Array(0));
  using open = new DisposableStack();
  const openAll = async (paths: readonly string[]) => {
    const opened: ParquetFile[] = [];
    for (const part of paths) {
      const file = open.use(await ParquetFile.open(part, names));
      await file.hash(hash);
      opened.push(file);
    }
    return opened;
  };
  const functionFiles = await openAll(files.functions);
  const countFiles = await openAll(files.counts);
  const invocationFiles = await openAll(files.invocations);
  const frame = new TraceFrame();
  for (const file of [...functionFiles, ...countFiles, ...invocationFiles]) {
    await frame.readFile(file);
  }
  const facts = new Map<number, FunctionFacts>();
  for (const file of functionFiles) await readFunctions(file, repairs, facts);
  const places = new Set(facts.keys());
  const counts = new CountsCollector();
  for (const file of countFiles) await readCounts(file, counts, places, repairs);
  const identities = new Identities(path, names, facts);
  const invoked = new RecordedBuilder();
  const numbers = new Map<number, number>();
  const numberOf = (place: number): number => {
    let number = numbers.get(place);
    if (number !== undefined) return number;
    number = invoked.functionOf(identities.of(place));
    places.add(place);
    numbers.set(place, number);
    return number;
  };
  // What is never invoked has no rows, and stands beside what has.
  if (countFiles.length === 0) { for (const place of facts.keys()) numberOf(place); }
  await findStart(invocationFiles, frame);
  for (const file of invocationFiles) {
    await readInvocations(file, invoked, frame, repairs, numberOf);
  }
  if (places.size === 0) {
    throw new LoaderError("input", "The trace is empty: its files have no rows.", { file: path });
  }

  const { slotMs } = frame;
  const lastSlot = Math.max(counts.lastSlot, Math.floor(invoked.lastMs / slotMs));
  const slots = Math.max(frame.slots ?? 1, lastSlot + 1);
  const collected = counts.finish(slots);
  const recorded = invoked.finish(slotMs, slots, NOTHING_KNOWN);
  if (collected.duplicates > 0) {
    repairs.add(COUNTED_TWICE, { file: path, value: "rows" }, collected.duplicates);
  }
  const drafts = Array.from(places, (place): Draft => {
    const number = numbers.get(place);
    const counted = collected.counts[place];
    if (number === undefined) {
      return { place, identity: identities.of(place), counts: counted ?? SlotCounts.none(slots) };
    }
    const profile = recorded.functions[number];
    if (counted !== undefined) {
      throw new LoaderError(
        "input",
        `The function ${profile.id} stands in the counts and in the invocations; leave out one.`,
        { file: path, value: profile.id },
      );
    }
    return { place, identity: profile, counts: profile.invocationsPerSlot, profile };
  });
  const functions = completeFigures(drafts, facts, frame, { repairs, assume }, path);
  return {
    name: frame.name ?? basename(resolve(path)),
    slotMs,
    slots,
    ...frame.startMs === null ? {} : { startMs: frame.startMs },
    ...frame.firstMinute === null ? {} : { firstMinute: frame.firstMinute },
    functions,
    notes: [...frame.notes],
    assumptions: [...frame.assumptions],
  };
}

/** A function of which runtimes and memory may be missing. */
interface Draft {
  readonly place: number;
  readonly identity: FunctionIdentity;
  readonly counts: SlotCounts;
  /** What was made of its invocations. */
  readonly profile?: FunctionProfile;
}

/** Stands where no invocation of a function says what it took. */
const NOT_KNOWN: Percentiles = { quantiles: [], values: [], mean: NaN };

const NOTHING_KNOWN: UnknownFigures = {
  runtimeMs: () => NOT_KNOWN,
  memoryMib: () => NOT_KNOWN,
};

/** Takes what is stated of a function, else what its invocations say, else what is assumed. */
function completeFigures(
  drafts: readonly Draft[],
  facts: ReadonlyMap<number, FunctionFacts>,
  frame: TraceFrame,
  { repairs, assume }: Pick<TraceReading, "repairs" | "assume">,
  path: string,
): FunctionProfile[] {
  const assumed = assumeFigures(assume);
  const functionsPerApplication = new Map<string, number>();
  const keys = new Set<string>();
  for (const { identity } of drafts) {
    const key = functionKey(identity);
    if (keys.has(key)) {
      throw new LoaderError(
        "input",
        `Two functions have the same owner, app and name ${key}; leave out one or give it ` +
          "another name.",
        { file: path, value: key },
      );
    }
    keys.add(key);
    const application = joinKey([identity.ownerId, identity.appId]);
    functionsPerApplication.set(application, (functionsPerApplication.get(application) ?? 0) + 1);
  }
  const without = { runtimeMs: [] as string[], memoryMib: [] as string[] };
  const functions = drafts.map(({ place, identity, counts, profile }): FunctionProfile => {
    const find = (figure: "runtimeMs" | "memoryMib"): Percentiles => {
      const measured = profile?.[figure] ?? NOT_KNOWN;
      if (measured !== NOT_KNOWN && profile?.recorded?.[figure] === null) {
        const defect = figure === "runtimeMs" ? PARTLY_WITHOUT_RUNTIME : PARTLY_WITHOUT_MEMORY;
        repairs.add(defect, { file: path, value: identity.id });
      }
      const stated = facts.get(place)?.[figure] ?? null;
      if (stated !== null) return stated;
      if (measured !== NOT_KNOWN) return measured;
      without[figure].push(identity.id);
      const application = joinKey([identity.ownerId, identity.appId]);
      return figure === "runtimeMs"
        ? assumed.runtimeMs(functionKey(identity))
        : assumed.memoryMib(application, functionsPerApplication.get(application));
    };
    return {
      id: identity.id,
      appId: identity.appId,
      ownerId: identity.ownerId,
      trigger: identity.trigger,
      invocationsPerSlot: counts,
      ...profile?.recorded === undefined ? {} : { recorded: profile.recorded },
      runtimeMs: find("runtimeMs"),
      memoryMib: find("memoryMib"),
    };
  });
  const tell = (ids: readonly string[], sentence: string, defect: DefectClass) => {
    if (ids.length === functions.length) frame.assumptions.add(sentence);
    else for (const value of ids) repairs.add(defect, { file: path, value });
  };
  tell(without.runtimeMs, describeAssumedRuntime(assume), WITHOUT_RUNTIME);
  tell(without.memoryMib, describeAssumedMemory(assume), WITHOUT_MEMORY);
  return functions;
}

/** Who functions are, by the places of their names. */
class Identities {
  readonly #path: string;
  readonly #names: NameTable;
  readonly #facts: ReadonlyMap<number, FunctionFacts>;
  #texts: readonly string[] = [];

  constructor(path: string, names: NameTable, facts: ReadonlyMap<number, FunctionFacts>) {
    this.#path = path;
    this.#names = names;
    this.#facts = facts;
  }

  of(place: number): FunctionIdentity {
    const fact = this.#facts.get(place);
    if (fact !== undefined) return fact.identity;
    if (place >= this.#texts.length) this.#texts = this.#list();
    const id = this.#texts[place];
    return { id, appId: id, ownerId: "", trigger: null };
  }

  #list(): string[] {
    try {
      return this.#names.list();
    } catch (cause) {
      throw new LoaderError("input", "A name is not text in UTF-8; write it as UTF-8.", {
        file: this.#path,
        column: "function",
        cause,
      });
    }
  }
}
