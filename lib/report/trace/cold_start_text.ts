import type {
  ColdStartGroup,
  ColdStartPart,
  ColdStartSummary,
} from "../../trace/huawei/cold_starts.ts";
import { formatNoun, formatNumber } from "../page/number_format.ts";

const COLUMNS: readonly (readonly [ColdStartPart, string])[] = [
  ["total", "mean ms"],
  ["podAllocation", "pod"],
  ["deployCode", "code"],
  ["deployDependency", "dependencies"],
  ["scheduling", "scheduling"],
];

/** Pools are dozens; the rest of them have few cold starts each. */
const MOST_ROWS = 24;

/**
 * How long cold starts took, in lines for a terminal: means by pool and by language, and
 * what the simulator takes of all of them.
 */
export function describeColdStarts(summary: ColdStartSummary): string {
  const { groups, coldStarts, firstS, lastS } = summary;
  const shown = groups.slice(0, MOST_ROWS);
  const rows = [
    ["", "starts", ...COLUMNS.map(([, name]) => name)],
    ...shown.map((group) => [
      nameGroup(group),
      String(group.coldStarts),
      ...COLUMNS.map(([part]) => formatNumber(group.meanMs[part])),
    ]),
  ];
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const lines = rows.map((row) =>
    row.map((cell, i) => i === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[i])).join("  ")
  );
  const { distributions } = groups[0];
  return [
    `${formatNoun(coldStarts, "cold start")}, from second ${firstS} to ${lastS} of the data set.`,
    "",
    ...lines,
    ...groups.length > shown.length ? [`and ${groups.length - shown.length} more`] : [],
    "",
    "All of them as parameters of the simulator (--simulation, a YAML file):",
    `scheduling-delay: "${distributions.podAllocation}"`,
    `image-delay: "${distributions.deploy}"`,
    `start-delay: "${distributions.scheduling}"`,
    "start-uses-cpu: false",
    "Each is drawn on its own there; their whole, which knows how they go together, instead:",
    `start-delay: "${distributions.total}"`,
  ].join("\n");
}

function nameGroup({ by, name }: ColdStartGroup): string {
  return by === "all" ? "all" : `${by} ${name}`;
}
