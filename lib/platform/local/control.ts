import type { Capacity, InstanceEvent } from "../../model/platform.ts";
import type { FunctionScalerOptions } from "../../autoscale/knative/function_scaler.ts";
import type { ScalingStep } from "./function_pool.ts";

/**
 * What loader and gateway tell one another: a line of JSON each, on the
 * gateway's standard input and output. The loader sends one {@linkcode DeployMessage};
 * closing the pipe, also by dying, tells the gateway to end everything.
 */
export interface DeployMessage {
  readonly settings: GatewaySettings;
  readonly functions: readonly GatewayFunction[];
}

/** How the gateway and its instances run. */
export interface GatewaySettings {
  /** 0: any that is free. */
  readonly gatewayPort: number;
  /** 0: any that is free. */
  readonly metricsPort: number;
  readonly capacity: Capacity;
  readonly instanceOverheadMib: number;
  readonly startsAtOnce: number;
  readonly queueTimeoutMs: number;
  readonly startTimeoutMs: number;
  readonly stopTimeoutMs: number;
  readonly maxConcurrentStreams: number;
  readonly reportMs: number;
  readonly autoscaling: FunctionScalerOptions;
  readonly niceness: number;
  readonly executable: string;
  readonly calibration: SpinConstants | null;
}

/** Units of work a millisecond, as the trace function takes them. */
export interface SpinConstants {
  readonly coldIterationsPerMs: number;
  readonly warmIterationsPerMs: number;
}

/** A function as the gateway knows it. */
export interface GatewayFunction {
  readonly name: string;
  readonly functionId: string;
  readonly authority: string;
  readonly initialScale: number;
  readonly cpuRequestMilli: number;
  readonly memoryRequestMib: number;
}

/** An instance changed state, in the gateway's terms. */
export interface GatewayInstanceEvent {
  readonly unixMs: number;
  readonly functionId: string;
  readonly instance: string;
  readonly event: InstanceEvent["event"];
  readonly detail: string | null;
  /** Of the instance's process; `null` if it never had one. */
  readonly pid: number | null;
}

/** A step of the autoscaler of one function, on the gateway's clock. */
export type GatewayScalingStep = ScalingStep & {
  readonly unixMs: number;
  readonly functionId: string;
};

/** What the gateway says. */
export type GatewayMessage =
  | {
    readonly type: "listening";
    readonly gatewayPort: number;
    readonly metricsPort: number;
    readonly calibration: SpinConstants;
  }
  | ({ readonly type: "instance" } & GatewayInstanceEvent)
  /** What the autoscaler was told and decided since it was told of last. */
  | { readonly type: "scaling"; readonly steps: readonly GatewayScalingStep[] }
  /** Every function can be called and has its initial instances. */
  | { readonly type: "deployed" }
  /** It cannot go on; the sentence says why. The process ends. */
  | { readonly type: "failed"; readonly code: "usage" | "platform"; readonly sentence: string };

/** No message is longer; 10,000 functions report in 3 MB. */
const LONGEST_LINE = 64 * 2 ** 20;

/**
 * The lines of a stream of UTF-8 text, without their ends. What follows the last end
 * is a line too: it may be whole, or cut where the writer ended.
 *
 * @param mostCharacters of a line that are kept; the rest of it is left out
 */
export async function* readLines(
  stream: ReadableStream<Uint8Array>,
  mostCharacters = LONGEST_LINE,
): AsyncGenerator<string> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream() as TextTransform)) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!.slice(0, mostCharacters);
    for (const line of lines) yield line.slice(0, mostCharacters);
  }
  if (rest !== "") yield rest;
}

/** The two type libraries disagree on the buffers that a decoder takes. */
type TextTransform = ReadableWritablePair<string, Uint8Array>;

/** More of a line says no more to a person. */
const MOST_CHARACTERS = 300;

/** What a process says on standard error before it ends, in one line. */
export class LastWords {
  #text: string | null = null;

  /** The line that tells most: the first of Deno's `error: …`, else the last; `null`: nothing. */
  get text(): string | null {
    return this.#text;
  }

  /** Reads until the stream ends, however much that is. */
  async read(stream: ReadableStream<Uint8Array>): Promise<void> {
    for await (const line of readLines(stream, MOST_CHARACTERS)) {
      // After "error: …" Deno tells where, which says little to the user.
      if (line.trim() !== "" && !this.#text?.startsWith("error: ")) this.#text = line.trim();
    }
  }
}
