import { ERROR_CODE, errorName } from "./protocol.ts";

/** Who ended a connection: `network` when nobody said anything. */
export type EndedBy = "peer" | "loader" | "network";

/** The reason where this side closed it. */
const CLOSED = "it was closed";

/** Why a connection is over, or will be; the first reason is the reason. */
export class ConnectionEnd {
  #by: EndedBy | null = null;
  #reason = "";
  /** The peer sent GOAWAY. */
  #isGoingAway = false;
  /** What was said at the end, by GOAWAY: an error code, and the peer's words. */
  #code: number | null = null;
  #words = "";
  #loss: string | null = null;

  /** The peer has said that it goes away. */
  get isGoingAway(): boolean {
    return this.#isGoingAway;
  }

  /** Who ended it; whoever began to, while it ends. */
  get by(): EndedBy {
    return this.#by ?? "network";
  }

  /** Why it ended; a part of a sentence. */
  get reason(): string {
    return this.#reason;
  }

  /** The name of the error code at its end, such as `ENHANCE_YOUR_CALM`; `null`: none was said. */
  get code(): string | null {
    return this.#code === null ? null : errorName(this.#code);
  }

  /** What the peer said at its end, else why it ended; `null`: this side closed it. */
  get detail(): string | null {
    return this.#words || (this.#reason === CLOSED ? null : this.#reason);
  }

  /** What calls are told that were not looked at; `null`: the peer said nothing. */
  get farewell(): string | null {
    return this.#isGoingAway ? this.#goaway : null;
  }

  get #goaway(): string {
    return `GOAWAY ${this.code} ${this.#words}`.trimEnd();
  }

  /** What calls are told that were out when it ended; one text for all of them. */
  get loss(): string {
    return this.#loss ??= `connection lost: ${this.#reason}` +
      (this.#isGoingAway ? ` after ${this.#goaway}` : "");
  }

  /** What is said last counts: a peer that leaves in two steps says why in the second. */
  noteGoaway(errorCode: number, words: string): void {
    this.#isGoingAway = true;
    this.#code = errorCode;
    this.#words = words || this.#words;
  }

  /** This side closes it; after the peer's GOAWAY it only follows. */
  noteClosed(): void {
    this.#code ??= ERROR_CODE.noError;
    this.note("loader", CLOSED);
  }

  /** The peer broke the protocol, and is told so. */
  noteViolation(errorCode: number, reason: string): void {
    this.#code = errorCode;
    this.note("loader", reason);
  }

  note(by: EndedBy, reason: string): void {
    if (this.#by !== null) return;
    this.#by = this.#isGoingAway ? "peer" : by;
    this.#reason = reason;
  }
}

/** Who broke a connection: a reset or a refusal is the peer's, what else breaks it is the network. */
export function brokenBy(error: unknown): EndedBy {
  const isPeer = error instanceof Deno.errors.ConnectionReset ||
    error instanceof Deno.errors.ConnectionRefused ||
    error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.UnexpectedEof;
  return isPeer ? "peer" : "network";
}
