import { basename, dirname, resolve } from "node:path";
import { LoaderError } from "../../base/error.ts";
import { LoopPauses } from "../../clock/loop_pauses.ts";
import type { FunctionProfile, Percentiles, Trace } from "../../model/trace.ts";
import type { CsvTable } from "../csv_table.ts";
import type { TraceFormat, TraceReading } from "../format.ts";
import { type DefectClass, LEFT_OUT } from "../repair_log.ts";
import { type DayFunctions, InvocationTable } from "./invocation_table.ts";
import {
  DURATION_LAYOUT,
  MEMORY_LAYOUT,
  PercentileTable,
  type RowKeys,
} from "./percentile_table.ts";
import {
  type DayFiles,
  findInvocations,
  findTraceFiles,
  INVOCATION_FILES,
  type TraceFiles,
} from "./trace_files.ts";
import { constantPercentiles } from "../assumed.ts";

/**
 * Memory of an application of which nothing is known: half of the
 * applications allocate at most 170 MB (Shahrad et al., "Serverless in the
 * Wild", USENIX ATC 2020, section 3.5).
 */
export const TYPICAL_APPLICATION_MEMORY_MIB = 170;

const WITHOUT_DURATIONS: DefectClass = {
  defect: "function without durations",
  repair: LEFT_OUT,
  severity: "loss",
};
const WITHOUT_MEMORY: DefectClass = {
  defect: "function without memory",
  repair: LEFT_OUT,
  severity: "loss",
};
const APPLICATION_WITHOUT_MEMORY: DefectClass = {
  defect: "application without memory",
  repair: "its functions left out",
  severity: "loss",
};
const MEMORY_FILE_MISSING: DefectClass = {
  defect: "missing memory file",
  repair: `${TYPICAL_APPLICATION_MEMORY_MIB} MiB taken for every application`,
  severity: "approximate",
};
const MEMORY_FILE_ASSUMED: DefectClass = {
  ...MEMORY_FILE_MISSING,
  repair: "what --assume-memory says taken for every function",
};
const DURATIONS_UNUSED: DefectClass = {
  defect: "row of durations without invocations",
  repair: "row ignored",
  severity: "harmless",
};
const MEMORY_UNUSED: DefectClass = {
  defect: "row of memory without invocations",
  repair: "row ignored",
  severity: "harmless",
};
const DAY_WITHOUT_DURATIONS: DefectClass = {
  defect: "function without durations on a day",
  repair: "those of its other days taken",
  severity: "approximate",
};
const DAY_WITHOUT_MEMORY: DefectClass = {
  defect: "function or application without memory on a day",
  repair: "that of its other days taken",
  severity: "approximate",
};
const DAY_WITHOUT_MEMORY_FILE: DefectClass = {
  defect: "day without a file of memory",
  repair: "memory of the other days taken",
  severity: "approximate",
};

/**
 * The Azure Functions 2019 dataset ("Serverless in the Wild", Shahrad et al.,
 * USENIX ATC 2020), and samples of it by other tools: invocations per minute,
 * percentiles of durations (ms) and of memory (MiB). Files are found as
 * {@linkcode findTraceFiles} says and streamed. Memory of an application is
 * shared equally by its functions in the file of invocations; where the file
 * of memory has a column `HashFunction`, a row is the function's own.
 *
 * Several days are joined on owner, app and function: a function has counts of 0
 * on a day that does not have it, and its distributions of several days are mixed,
 * weighted by the counts that stand beside them ({@linkcode mixPercentiles}).
 *
 * Functions come in the order in which they appear first.
 */
export const AZURE_2019: TraceFormat = {
  name: "Azure Functions 2019",
  looksFor: INVOCATION_FILES,
  async recognise(folder) {
    const evidence = await findInvocations(folder);
    if (evidence === null) return null;
    return {
      evidence,
      async select(choice) {
        const files = await findTraceFiles(folder, choice);
        return {
          key: files.days.map(({ invocations }) => invocations).join("\n"),
          size: files.size,
          folder: dirname(files.days[0].invocations),
          read: (reading) => readFiles(folder.path, files, reading),
        };
      },
    };
  },
};

async function readFiles(
  folder: string,
  files: TraceFiles,
  reading: TraceReading,
): Promise<Omit<Trace, "repairs" | "hash">> {
  const tables = new Tables(files.days.length, reading);
  for (const [day, dayFiles] of files.days.entries()) await tables.read(folder, day, dayFiles);
  const { invocations } = tables;
  const functions = await tables.join();
  if (functions.length === 0) {
    throw new LoaderError(
      "input",
      `No functions are left: none of the ${invocations.functions.size} has both durations and ` +
        "memory.",
      { file: files.days[0].invocations },
    );
  }
  return {
    name: nameTrace(folder, files),
    slotMs: 60_000,
    slots: invocations.minutes * files.days.length,
    firstMinute: invocations.firstMinute,
    functions,
    notes: files.notes,
  };
}

function nameTrace(folder: string, files: TraceFiles): string {
  const name = basename(resolve(folder));
  return files.label === "" ? name : `${name}/${files.label}`;
}

/** Where a day has a function, and has nothing else of it. */
interface Gap {
  readonly file: string;
  readonly line: number;
}

/** Gaps by number of the function or application. */
type Gaps = Map<number, Gap[]>;

/** The three kinds of files of a trace, of every day. */
class Tables {
  readonly invocations: InvocationTable;
  readonly #durations: PercentileTable;
  readonly #memory: PercentileTable;
  readonly #reading: TraceReading;
  readonly #durationGaps: Gaps = new Map();
  readonly #memoryGaps: Gaps = new Map();
  /** Days that have no file of memory. */
  readonly #withoutMemory: string[] = [];
  /** True if memory is of functions, false if of applications; not known before a file is read. */
  #isMemoryOfFunctions: boolean | undefined;

  constructor(days: number, reading: TraceReading) {
    this.#reading = reading;
    this.invocations = new InvocationTable(days);
    this.#durations = new PercentileTable(DURATION_LAYOUT, DURATIONS_UNUSED, days);
    this.#memory = new PercentileTable(MEMORY_LAYOUT, MEMORY_UNUSED, days);
  }

  /** Reads the files of a day, from 0. */
  async read(folder: string, day: number, files: DayFiles): Promise<void> {
    const { functions } = this.invocations;
    const here = await this.invocations.read(files.invocations, day, this.#reading);
    const keys: RowKeys = {
      columns: ["HashOwner", "HashApp", "HashFunction"],
      size: functions.size,
      find(cells, columns) {
        const number = functions.keys.find(cells, columns);
        return number >= 0 && here.lines[number] > 0 ? number : -1;
      },
    };
    const durations = await this.#durations.read(files.durations, () => keys, this.#reading);
    addGaps(this.#durationGaps, here, functions.size, durations);
    if (files.memory === null) {
      this.#withoutMemory.push(day === 0 && files.day === null ? folder : files.invocations);
      return;
    }
    const lines = this.#linesOfApplications(here);
    const applicationKeys: RowKeys = {
      columns: keys.columns.slice(0, 2),
      size: functions.applications,
      find(cells, columns) {
        const number = functions.applicationKeys.find(cells, columns);
        return number >= 0 && lines[number] > 0 ? number : -1;
      },
    };
    const memory = await this.#memory.read(
      files.memory,
      (table) => this.#areFunctions(table) ? keys : applicationKeys,
      this.#reading,
    );
    if (this.#isMemoryOfFunctions) addGaps(this.#memoryGaps, here, functions.size, memory);
    else addGaps(this.#memoryGaps, { ...here, lines }, functions.applications, memory);
  }

  #areFunctions(table: CsvTable): boolean {
    const areFunctions = table.findColumn("HashFunction") !== undefined;
    this.#isMemoryOfFunctions ??= areFunctions;
    if (this.#isMemoryOfFunctions === areFunctions) return areFunctions;
    throw new LoaderError(
      "input",
      "The days cannot be joined: memory is of functions on some and of applications on others; " +
        "choose days that agree (--day).",
      { file: table.file, line: table.headerLine, column: "HashFunction" },
    );
  }

  /** The line of each application's first function. */
  #linesOfApplications({ lines }: DayFunctions): Int32Array {
    const { functions } = this.invocations;
    const firstLines = new Int32Array(functions.applications);
    for (let number = 0; number < functions.size; number++) {
      const line = lines[number];
      const application = functions.applicationOf(number);
      if (line > 0 && (firstLines[application] === 0 || line < firstLines[application])) {
        firstLines[application] = line;
      }
    }
    return firstLines;
  }

  /** The functions of which both durations and memory are known. */
  async join(): Promise<FunctionProfile[]> {
    const { invocations } = this;
    const { repairs } = this.#reading;
    const hasMemory = this.#isMemoryOfFunctions !== undefined;
    const isAssumed = !hasMemory && this.#assumedMemory() !== null;
    const missing = isAssumed ? MEMORY_FILE_ASSUMED : MEMORY_FILE_MISSING;
    for (const file of this.#withoutMemory) {
      repairs.add(hasMemory ? DAY_WITHOUT_MEMORY_FILE : missing, { file, value: "none" });
      if (!hasMemory) break;
    }
    const pauses = new LoopPauses();
    const shares = new Map<number, Percentiles | undefined>();
    const functions: FunctionProfile[] = [];
    for (let number = 0; number < invocations.functions.size; number++) {
      if (number % 64 === 0 && pauses.isDue) await pauses.take();
      const runtimeMs = this.#runtimeOf(number);
      const memoryMib = this.#memoryOf(number, shares);
      if (runtimeMs === undefined || memoryMib === undefined) continue;
      const { id, appId, ownerId, trigger } = invocations.functions.get(number);
      const invocationsPerSlot = invocations.takeCounts(number);
      const observations = this.#durations.observationsOf(number);
      const isOther = observations !== undefined && observations !== invocationsPerSlot.total;
      functions.push({
        id,
        appId,
        ownerId,
        trigger,
        invocationsPerSlot,
        runtimeMs,
        memoryMib,
        ...isOther ? { runtimeObservations: observations } : {},
      });
    }
    return functions;
  }

  #runtimeOf(number: number): Percentiles | undefined {
    const runtimeMs = this.#durations.get(number);
    const gaps = this.#durationGaps.get(number);
    if (gaps === undefined) return runtimeMs;
    const value = this.invocations.functions.keyOf(number);
    if (runtimeMs === undefined) this.#tell(WITHOUT_DURATIONS, gaps.slice(0, 1), value);
    else this.#tell(DAY_WITHOUT_DURATIONS, gaps, value);
    return runtimeMs;
  }

  /** Memory of a function, or its share in that of its application; absent: not known. */
  #memoryOf(number: number, shares: Map<number, Percentiles | undefined>): Percentiles | undefined {
    const { functions } = this.invocations;
    let memoryMib: Percentiles | undefined;
    if (this.#isMemoryOfFunctions) {
      memoryMib = this.#memory.get(number);
      const gaps = this.#memoryGaps.get(number);
      if (memoryMib !== undefined && gaps !== undefined) {
        this.#tell(DAY_WITHOUT_MEMORY, gaps, functions.keyOf(number));
      }
    } else {
      const application = functions.applicationOf(number);
      if (!shares.has(application)) shares.set(application, this.#shareOf(application));
      memoryMib = shares.get(application);
    }
    if (memoryMib === undefined) {
      const place = this.invocations.placeOf(number);
      this.#tell(WITHOUT_MEMORY, [place], functions.keyOf(number));
    }
    return memoryMib;
  }

  /** Memory of each function, where the user says it; asked for only where the trace has none. */
  #assumedMemory(): Percentiles | null {
    const { memory } = this.#reading.assume;
    return memory.kind === "fixed"
      ? constantPercentiles(MEMORY_LAYOUT.quantiles, memory.memoryMib)
      : null;
  }

  /** What each function of an application has of its memory. */
  #shareOf(application: number): Percentiles | undefined {
    const { functions } = this.invocations;
    const assumed = this.#isMemoryOfFunctions === undefined ? this.#assumedMemory() : null;
    if (assumed !== null) return assumed;
    const whole = this.#isMemoryOfFunctions === undefined
      ? TYPICAL_MEMORY
      : this.#memory.get(application);
    const gaps = this.#memoryGaps.get(application);
    if (gaps !== undefined) {
      const value = functions.applicationKeyOf(application);
      if (whole === undefined) this.#tell(APPLICATION_WITHOUT_MEMORY, gaps.slice(0, 1), value);
      else this.#tell(DAY_WITHOUT_MEMORY, gaps, value);
    }
    return whole && divide(whole, functions.functionsOf(application));
  }

  #tell(defect: DefectClass, gaps: readonly Gap[], value: string): void {
    for (const gap of gaps) this.#reading.repairs.add(defect, { ...gap, value });
  }
}

const TYPICAL_MEMORY: Percentiles = {
  quantiles: MEMORY_LAYOUT.quantiles,
  values: MEMORY_LAYOUT.quantiles.map(() => TYPICAL_APPLICATION_MEMORY_MIB),
  mean: TYPICAL_APPLICATION_MEMORY_MIB,
};

function divide({ quantiles, values, mean }: Percentiles, functions: number): Percentiles {
  return { quantiles, values: values.map((value) => value / functions), mean: mean / functions };
}

/** Adds what a day has no row of. */
function addGaps(gaps: Gaps, here: DayFunctions, size: number, hasRow: Uint8Array): void {
  for (let number = 0; number < size; number++) {
    const line = here.lines[number];
    if (line === 0 || hasRow[number] === 1) continue;
    const own = gaps.get(number);
    const gap = { file: here.file, line };
    if (own === undefined) gaps.set(number, [gap]);
    else own.push(gap);
  }
}
