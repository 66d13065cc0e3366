import { checkField } from "../field_check.ts";
import { KeepAliveDefaults } from "./keep_alive_policy.ts";

const MS_PER_MINUTE = 60_000;

/**
 * Keeps every idle instance for the same time, as the industry does: 10 minutes
 * (AWS Lambda, OpenWhisk) or 20 (Azure Functions), by Shahrad et al.,
 * "Serverless in the Wild", USENIX ATC 2020.
 *
 * @example
 * ```ts
 * import { FixedKeepAlive } from "./fixed_keep_alive.ts";
 * const policy = new FixedKeepAlive(10);
 * if (policy.keepUntilMs(0, 5000) !== 605_000) throw new Error("not ten minutes");
 * ```
 */
export class FixedKeepAlive extends KeepAliveDefaults {
  readonly name: string;
  readonly #keepMs: number;

  /**
   * @param minutes for how long an idle instance is kept; 0: not at all
   * @throws {LoaderError} `usage` when `minutes` is not a finite number of at least 0
   */
  constructor(minutes: number) {
    super();
    checkField("minutes", minutes, { least: 0 });
    this.name = `fixed-${minutes}min`;
    this.#keepMs = minutes * MS_PER_MINUTE;
  }

  keepUntilMs(_functionIndex: number, nowMs: number): number {
    return nowMs + this.#keepMs;
  }
}
