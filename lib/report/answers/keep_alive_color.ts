import { PALETTE } from "../plot/palette.ts";
import type { Mark, Plotter } from "../plot/plotter.ts";

const COLORS = [
  PALETTE.blue,
  PALETTE.orange,
  PALETTE.green,
  PALETTE.red,
  PALETTE.sky,
  PALETTE.grey,
] as const;

/** Colours of policies by name, the same in every figure of a report. */
export class PolicyColors {
  readonly #policies: readonly string[];
  readonly #bound: string;

  /**
   * @param policies in order of appearance
   * @param bound the one that is a bound, drawn in ink
   */
  constructor(policies: Iterable<string>, bound: string) {
    this.#policies = [...new Set(policies)].filter((policy) => policy !== bound);
    this.#bound = bound;
  }

  of(policy: string): string {
    if (policy === this.#bound) return PALETTE.ink;
    // Again from the first, where there are more.
    return COLORS[this.#policies.indexOf(policy) % COLORS.length];
  }
}

/** Room to the right of a frame for {@linkcode createPolicyNames}. */
export const POLICY_NAMES_PX = 142;

const LINE_PX = 17;

/** The names of policies in their colours, one below the other beside the frame. */
export function createPolicyNames(
  policies: readonly string[],
  colors: PolicyColors,
  { plot }: Plotter,
): Mark[] {
  return policies.map((policy, i) =>
    plot.text([policy], {
      frameAnchor: "top-right",
      textAnchor: "start",
      lineAnchor: "top",
      dx: 12,
      dy: i * LINE_PX,
      fill: colors.of(policy),
      fontWeight: 600,
    })
  );
}
