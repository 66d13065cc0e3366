import type { AnswerDeclaration } from "../../model/answer.ts";
import type { RunManifest } from "../../store/schema/manifest.ts";
import { type Html, html, NOTHING } from "../page/html.ts";
import { formatValue, splitName } from "../page/name_format.ts";
import type { Answer } from "./answer.ts";
import { createMatrixSweep, sortLabels } from "./matrix_sweep.ts";

/** The answer of the runs with one combination of what is varied. */
interface CombinedAnswer {
  /** In words: `policy oracle, nodes 2`. */
  readonly label: string;
  /** Ends the names of its figures. */
  readonly name: string;
  readonly answer: Answer;
}

/**
 * Creates the answer of a matrix: the declared one for each combination of what is varied, and
 * where runs are swept, all combinations in one figure above them.
 *
 * @param parameters what is varied, by the parameters of runs
 * @param create makes the answer of one combination
 */
export function createMatrixAnswer(
  declaration: AnswerDeclaration | null,
  parameters: readonly string[],
  create: () => Answer,
): Answer {
  const combinations = new Map<string, CombinedAnswer>();
  const sorted = () => sortLabels(combinations.keys()).map((label) => combinations.get(label)!);
  const together = declaration?.kind === "sweep" ? createMatrixSweep(declaration) : null;
  return {
    async add(analysis, tables) {
      const { manifest } = analysis.run;
      const label = labelOf(manifest, parameters);
      const found = combinations.get(label) ?? {
        label,
        name: label.replaceAll(/[^A-Za-z0-9.]+/g, "-"),
        answer: create(),
      };
      combinations.set(label, found);
      together?.add(label, analysis);
      await found.answer.add(analysis, tables);
    },
    renderText: () => renderEach(sorted(), ({ answer }) => answer.renderText?.()),
    renderTable: () => renderEach(sorted(), ({ answer }) => answer.renderTable?.()),
    render: (plotter) => [
      ...together?.render(plotter) ?? [],
      ...sorted().flatMap(({ label, name, answer }) =>
        answer.render(plotter).map((figure) => ({
          ...figure,
          name: `${figure.name}_${name}`,
          title: `${figure.title}: ${label}`,
        }))
      ),
    ],
  };
}

/** What is varied, and how, in words. */
function labelOf({ parameters }: RunManifest, names: readonly string[]): string {
  return names.map((name) => {
    const { words } = splitName(name);
    return `${words} ${formatValue(name, parameters[name])}`;
  }).join(", ");
}

function renderEach(
  combinations: readonly CombinedAnswer[],
  partOf: (combination: CombinedAnswer) => Html | null | undefined,
): Html {
  const parts = combinations.flatMap((combination) => {
    const part = partOf(combination) ?? null;
    return part === null || part === NOTHING ? [] : [html`
      <h3>${combination.label}</h3>${part}
    `];
  });
  return parts.length === 0 ? NOTHING : html`${parts}`;
}
