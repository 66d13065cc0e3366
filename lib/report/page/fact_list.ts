import { type Html, html, NOTHING } from "./html.ts";
import { formatValue, splitName } from "./name_format.ts";

type Facts = Readonly<Record<string, unknown>>;

/** Groups of facts that decide what a platform can do, and which of each; `null` is all. */
const IMPORTANT: Readonly<Record<string, readonly string[] | null>> = {
  calibration: null,
  capacity: null,
  autoscaling: [
    "stableWindowMs",
    "panicWindowPercentage",
    "panicThreshold",
    "targetValue",
    "scaleToZeroGraceMs",
    "scaleDownDelayMs",
    "maxScale",
  ],
};

/** Renders facts in a row: each a name in words and its value with the unit. */
export function renderFacts(facts: Facts): Html {
  return html`${
    Object.entries(facts).map(([name, value]) =>
      html`
        <span class="fact"><span class="small">${splitName(name).words}</span> ${formatValue(
          name,
          value,
        )}</span>
      `
    )
  }`;
}

/**
 * Renders the facts of a platform as entries of a description list: what decides
 * the results at once, the rest folded away. Process ids mean nothing to a
 * reader and are left out.
 */
export function renderPlatformFacts(facts: Facts): Html {
  const lasting = Object.entries(facts).filter(([name]) => !/Pids?$/.test(name));
  const groups = lasting.filter((entry): entry is [string, Facts] => isGroup(entry[1]));
  const single = lasting.filter(([, value]) => !isGroup(value));
  const important = groups.flatMap(([group, facts]) => {
    const chosen = pick(facts, (name) => isImportant(group, name));
    return chosen.length === 0 ? [] : [[group, Object.fromEntries(chosen)] as const];
  });
  const others = groups.flatMap(([group, facts]) => {
    const left = pick(facts, (name) => !isImportant(group, name));
    return left.length === 0 ? [] : [[group, Object.fromEntries(left)] as const];
  });
  const hasMore = others.length > 0 || single.length > 0;
  return html`
    ${important.map(([group, facts]) => renderEntry(group, facts))}
    ${hasMore
      ? html`
        <dt>more</dt>
        <dd>
          <details>
            <summary>Other facts of the platform</summary>
            <dl>
        ${single.length === 0 ? NOTHING : renderEntry("general", Object.fromEntries(single))}
        ${others.map(([group, facts]) => renderEntry(group, facts))}
            </dl>
          </details>
        </dd>
      `
      : NOTHING}
  `;
}

function renderEntry(group: string, facts: Facts): Html {
  return html`
    <dt>${splitName(group).words}</dt>
    <dd>${renderFacts(facts)}</dd>
  `;
}

function isGroup(value: unknown): value is Facts {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isImportant(group: string, name: string): boolean {
  const chosen = IMPORTANT[group];
  return chosen === null || (chosen?.includes(name) ?? false);
}

function pick(facts: Facts, keep: (name: string) => boolean): [string, unknown][] {
  return Object.entries(facts).filter(([name]) => keep(name));
}
