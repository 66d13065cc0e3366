import type { Verdict } from "../../model/manifest.ts";
import { formatCount, formatNumber, formatShare, UNKNOWN } from "../page/number_format.ts";
import type { ReportColumn } from "../page/table_section.ts";

/** The columns of what a verdict rests on, of rows that may have one. */
export function createEvidenceColumns<Row>(
  evidence: (row: Row) => Verdict["evidence"] | undefined,
): readonly ReportColumn<Row>[] {
  return [
    {
      heading: "not ok",
      cell: (row) => {
        const known = evidence(row);
        if (known === undefined || known.measured === 0) return UNKNOWN;
        return formatShare(known.measuredNotOk / known.measured);
      },
    },
    { heading: "dropped", cell: (row) => formatCount(evidence(row)?.dropped ?? null) },
    {
      heading: "dispatch lag p99",
      unit: "ms",
      cell: (row) => formatNumber(evidence(row)?.dispatchLagP99Ms ?? null),
    },
    {
      heading: "loop delay p99",
      unit: "ms",
      cell: (row) => formatNumber(evidence(row)?.loopDelayP99Ms ?? null),
    },
    {
      heading: "busy seconds",
      cell: (row) => {
        const known = evidence(row);
        return known === undefined ? UNKNOWN : `${known.busySeconds.length} of ${known.seconds}`;
      },
    },
  ];
}
