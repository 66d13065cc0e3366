/** How bad it is: `problem` stops a run, `warning` makes its figures doubtful. */
export type FindingLevel = "ok" | "warning" | "problem";

/** What a pre-check found out about one thing. */
export interface Finding {
  /** What was looked at: `permissions`. */
  readonly subject: string;
  readonly level: FindingLevel;
  /** One sentence. */
  readonly sentence: string;
  /** The command that mends it; `null` where there is nothing to mend, or no one command. */
  readonly command: string | null;
  /** Mends it where the tool may do so itself; says what it did and how it is put back. */
  readonly mend: (() => Promise<Mended>) | null;
}

/** What was changed to mend something. */
export interface Mended {
  /** One sentence. */
  readonly sentence: string;
  /** The command that puts it back. */
  readonly undo: string | null;
}

/** All is well. */
export function okay(subject: string, sentence: string): Finding {
  return { subject, level: "ok", sentence, command: null, mend: null };
}

/** Something that does not stop a run. */
export function warning(
  subject: string,
  sentence: string,
  command: string | null = null,
  mend: Finding["mend"] = null,
): Finding {
  return { subject, level: "warning", sentence, command, mend };
}

/** Something that stops a run. */
export function problem(
  subject: string,
  sentence: string,
  command: string | null = null,
  mend: Finding["mend"] = null,
): Finding {
  return { subject, level: "problem", sentence, command, mend };
}
