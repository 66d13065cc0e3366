/** What the name of a pool tells of its instances, such as `pool22-300-128`. */
export interface Pool {
  readonly name: string;
  readonly cpuLimitMilli: number;
  /** MB in the release, read as MiB. */
  readonly memoryLimitMib: number;
}

const POOL = /^(.+-(\d+)-(\d+))$/;
const INSTANCE = /^(.+-\d+-\d+)-\d+$/;

/** The pool of a name; `null`: it is none. */
export function parsePool(name: string): Pool | null {
  const match = POOL.exec(name);
  if (match === null) return null;
  return { name, cpuLimitMilli: Number(match[2]), memoryLimitMib: Number(match[3]) };
}

/**
 * The pool of an instance, such as `pool22-300-128-0000618412`; `null`: there is none.
 *
 * @example
 * ```ts
 * import { poolOfInstance } from "./pool.ts";
 * if (poolOfInstance("pool22-300-128-0000618412")?.memoryLimitMib !== 128) throw new Error();
 * ```
 */
export function poolOfInstance(podId: string): Pool | null {
  const match = INSTANCE.exec(podId);
  return match === null ? null : parsePool(match[1]);
}
