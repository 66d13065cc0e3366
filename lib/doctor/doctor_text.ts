import { formatJson } from "../base/json.ts";
import type { FindingLevel } from "../platform/finding.ts";
import { type Diagnosis, isReady } from "./doctor.ts";

const LEVELS: Readonly<Record<FindingLevel, string>> = {
  ok: "ok",
  warning: "warning",
  problem: "PROBLEM",
};

/** A diagnosis for people: a line for each finding, and under it the command that mends it. */
export function renderDiagnosis(diagnosis: Diagnosis): string {
  const { findings, changes } = diagnosis;
  const width = Math.max(...findings.map(({ subject }) => subject.length));
  const indent = " ".repeat(width + 11);
  const lines = findings.flatMap(({ subject, level, sentence, command, mend }) => [
    `${LEVELS[level].padEnd(7)}  ${subject.padEnd(width)}  ${sentence}`,
    ...command === null ? [] : [`${indent}→ ${command}${mend === null ? "" : "   (or --fix)"}`],
  ]);
  const done = changes.flatMap(({ sentence, undo }) => [
    sentence,
    ...undo === null ? [] : [`  put back by: ${undo}`],
  ]);
  return [
    ...lines,
    ...done.length === 0 ? [] : ["", ...done],
    "",
    describeVerdict(diagnosis),
  ].join("\n");
}

function describeVerdict(diagnosis: Diagnosis): string {
  const count = (level: FindingLevel) =>
    diagnosis.findings.filter((finding) => finding.level === level).length;
  const plural = (number: number, noun: string) => `${number} ${noun}${number === 1 ? "" : "s"}`;
  const warnings = plural(count("warning"), "warning");
  return isReady(diagnosis)
    ? `Ready for a run on ${diagnosis.platform}, with ${warnings}.`
    : `Not ready for a run on ${diagnosis.platform}: ${
      plural(count("problem"), "problem")
    }, ${warnings}.`;
}

/** A diagnosis for programs. */
export function diagnosisJson(diagnosis: Diagnosis): string {
  const findings = diagnosis.findings.map(({ mend, ...finding }) => ({
    ...finding,
    fixable: mend !== null,
  }));
  return formatJson({ ...diagnosis, ready: isReady(diagnosis), findings });
}
