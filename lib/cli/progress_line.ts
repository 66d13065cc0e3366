import { tolerateClosed } from "./program.ts";

/** To the line's begin, and what is there and below away. */
const ERASE = "\r\x1b[J";

/** Where a {@linkcode ProgressLine} is written. */
export interface LineTerminal {
  write(text: string): void;
  /** Its width now. */
  readonly columns: number;
}

/** The terminal that standard error is. */
export const STDERR_TERMINAL: LineTerminal = {
  write: (text) => {
    tolerateClosed(() => Deno.stderr.writeSync(new TextEncoder().encode(text)));
  },
  get columns() {
    try {
      return Deno.consoleSize().columns || 80;
    } catch {
      // It is gone.
      return 80;
    }
  },
};

/**
 * One line of a terminal that is written again and again. It is shorter than the terminal is
 * wide, so that it does not wrap, and so only what was made narrower since may have a part of
 * it left: nobody tells whether a terminal has wrapped the line then or cut it. The cursor stays
 * visible, at its end.
 */
export class ProgressLine {
  readonly #terminal: LineTerminal;
  #isShown = false;

  constructor(terminal: LineTerminal = STDERR_TERMINAL) {
    this.#terminal = terminal;
  }

  /** Characters that a line may have, now. */
  get room(): number {
    return Math.max(1, this.#terminal.columns - 1);
  }

  /**
   * Shows a line instead of the one before.
   *
   * @param text of {@linkcode ProgressLine.room} characters at most, colors apart
   */
  show(text: string): void {
    this.#terminal.write(`${ERASE}${text}`);
    this.#isShown = true;
  }

  /** Takes the line away; the cursor is where it began. */
  clear(): void {
    if (this.#isShown) this.#terminal.write(ERASE);
    this.#isShown = false;
  }
}
