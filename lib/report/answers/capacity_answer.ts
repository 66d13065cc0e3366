import { type Bound, boundedValueOf, parseBound } from "../../analyze/bound.ts";
import {
  type Capacity,
  deriveCapacity,
  searchedValueOf,
  summarizeTried,
} from "../../analyze/capacity.ts";
import { deriveRunStanding } from "../../analyze/experiment_verdict.ts";
import type { CapacityDeclaration } from "../../model/answer.ts";
import type { ExperimentManifest } from "../../store/schema/manifest.ts";
import { html } from "../page/html.ts";
import { formatCount } from "../page/number_format.ts";
import { renderTable } from "../page/table_section.ts";
import type { Answer } from "./answer.ts";
import { renderCapacityFigure } from "./capacity_figure.ts";
import {
  type Confirmation,
  describeCapacity,
  describeConfirmation,
  formatBounded,
} from "./capacity_text.ts";

/** Creates the answer of a search for the smallest value that keeps a bound. */
export function createCapacityAnswer(
  declaration: CapacityDeclaration,
  { options }: Pick<ExperimentManifest, "options">,
): Answer {
  const optionOf = (name: string) => String(Object(options)[name]);
  const bound = parseBound(optionOf(declaration.boundOption));
  const sought = optionOf(declaration.soughtOption);
  const results = new Map<number, number[]>();
  let confirmation: Confirmation | null = null;
  const derive = () => deriveFound(results, bound);
  return {
    add({ run: { manifest }, summary }) {
      const value = Number(manifest.parameters[declaration.valueParameter]);
      const { isCounted, word } = deriveRunStanding(manifest);
      if (manifest.parameters[declaration.stageParameter] === "confirmation") {
        confirmation = {
          platform: manifest.platform.name,
          value,
          result: boundedValueOf(summary, bound),
          leftOut: isCounted ? null : word,
        };
      } else if (isCounted) {
        const isOverloaded = manifest.status === "overloaded";
        const result = searchedValueOf({ isOverloaded, summary }, bound);
        if (result !== null) results.set(value, [...results.get(value) ?? [], result]);
      }
    },
    renderText() {
      const found = derive();
      if (found === null) return null;
      const [answer, ...others] = describeCapacity(found, bound, sought);
      const confirmed = describeConfirmation(confirmation, found, bound);
      return html`<p><strong>${answer}</strong> ${others.join(" ")} ${confirmed ?? ""}</p>`;
    },
    render(plotter) {
      const found = derive();
      return found === null
        ? []
        : [renderCapacityFigure(found, confirmation, bound, sought, plotter)];
    },
    renderTable() {
      const found = derive();
      return found === null ? null : renderTried(found, bound, sought);
    },
  };
}

function deriveFound(
  results: ReadonlyMap<number, readonly number[]>,
  bound: Bound,
): Capacity | null {
  if (results.size === 0) return null;
  return deriveCapacity(
    [...results].map(([value, found]) => summarizeTried(value, found, bound.most)),
  );
}

function renderTried({ tried }: Capacity, bound: Bound, sought: string) {
  const group = bound.metric.words;
  return html`
    ${renderTable<Capacity["tried"][number]>([
      { heading: sought, cell: ({ value }) => formatCount(value) },
      { heading: "runs", cell: ({ results }) => formatCount(results.length) },
      { group, heading: "median", cell: ({ median }) => formatBounded(median, bound) },
      { group, heading: "from", cell: ({ low }) => formatBounded(low, bound) },
      { group, heading: "to", cell: ({ high }) => formatBounded(high, bound) },
      { heading: "kept", isText: true, cell: ({ isWithin }) => isWithin ? "yes" : "no" },
    ], tried)}
    <p class="small">Of simulated runs. The interval of the median covers the true one with at least
    95 %; with fewer than 6 runs their range stands there. A bound is kept where the whole of it
    is within.</p>
  `;
}
