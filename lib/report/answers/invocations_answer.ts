import { OUTCOMES } from "../../model/record.ts";
import { formatNumber } from "../page/number_format.ts";
import { renderTable } from "../page/table_section.ts";
import type { StoredInvocations } from "../../store/read/stored_invocations.ts";
import type { Answer } from "./answer.ts";
import { renderInvocationsFigure } from "./invocations_figure.ts";

/** More than these are not told one by one. */
const MOST_ROWS = 100;

interface Row {
  readonly scheduledMs: number;
  readonly outcome: string;
  readonly responseTimeMs: number | null;
  readonly servedRuntimeMs: number | null;
  readonly instance: string | null;
  readonly cold: string;
}

/** Creates the answer that tells invocations one by one, the first hundred of them. */
export function createInvocationsAnswer(): Answer {
  const rows: Row[] = [];
  const take = (invocations: StoredInvocations) => {
    const { scheduledMs, completedMs, servedRuntimeMs, outcome, coldStart } = invocations;
    const most = Math.min(invocations.count, MOST_ROWS - rows.length);
    for (let row = 0; row < most; row++) {
      const code = invocations.instanceCode[row];
      rows.push({
        scheduledMs: scheduledMs[row],
        outcome: OUTCOMES[outcome[row]],
        responseTimeMs: known(completedMs[row] - scheduledMs[row]),
        servedRuntimeMs: known(servedRuntimeMs[row]),
        instance: code < 0 ? null : invocations.instances[code],
        cold: coldStart[row] === 1 ? "cold" : coldStart[row] === 0 ? "warm" : "",
      });
    }
  };
  return {
    listen: () => ({
      columns: [
        "scheduled_ms",
        "completed_ms",
        "served_runtime_ms",
        "instance",
        "cold_start",
        "outcome",
      ],
      add: take,
    }),
    add() {},
    render(plotter) {
      const drawn = rows.map((row, i) => ({ ...row, number: i + 1 }));
      return [renderInvocationsFigure(drawn, plotter)].filter((figure) => figure !== null);
    },
    renderTable: () =>
      rows.length === 0 ? null : renderTable<Row>([
        { heading: "at", unit: "ms", cell: ({ scheduledMs }) => formatNumber(scheduledMs) },
        { heading: "outcome", isText: true, cell: ({ outcome }) => outcome },
        {
          heading: "response time",
          unit: "ms",
          cell: ({ responseTimeMs }) => formatNumber(responseTimeMs),
        },
        {
          heading: "served runtime",
          unit: "ms",
          cell: ({ servedRuntimeMs }) => formatNumber(servedRuntimeMs),
        },
        { heading: "start", isText: true, cell: ({ cold }) => cold },
        { heading: "instance", isText: true, cell: ({ instance }) => instance ?? "" },
      ], rows),
  };
}

function known(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}
