import { LoaderError } from "../base/error.ts";

/** Kubernetes' documentation, "Quantity": suffixes and what they stand for. */
const SUFFIXES: Readonly<Record<string, number>> = {
  "n": 1e-9,
  "u": 1e-6,
  "m": 1e-3,
  "": 1,
  "k": 1e3,
  "M": 1e6,
  "G": 1e9,
  "T": 1e12,
  "P": 1e15,
  "E": 1e18,
  "Ki": 2 ** 10,
  "Mi": 2 ** 20,
  "Gi": 2 ** 30,
  "Ti": 2 ** 40,
  "Pi": 2 ** 50,
  "Ei": 2 ** 60,
};

/**
 * Parses a quantity of Kubernetes: cores, or bytes. Our own, because the
 * library's refuses some that the API may send (`129e6`, `1.5Gi`).
 *
 * @throws LoaderError `platform` when it is none
 *
 * @example
 * ```ts
 * import { parseQuantity } from "./kubernetes_quantity.ts";
 * if (parseQuantity("250m") !== 0.25) throw new Error("a quarter of a core");
 * if (parseQuantity("64Mi") !== 67_108_864) throw new Error("64 MiB");
 * ```
 */
export function parseQuantity(text: string): number {
  const match = /^([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)([numkMGTPE]?|[KMGTPE]i)$/.exec(text);
  if (match === null) {
    throw new LoaderError(
      "platform",
      `Expected a quantity of Kubernetes, such as 250m or 64Mi, got "${text}".`,
      { value: text },
    );
  }
  return Number(match[1]) * SUFFIXES[match[2]];
}

/** Milli-cores of a quantity of CPU; 0 where there is none. */
export function parseCpuMilli(text: string | undefined): number {
  return text === undefined ? 0 : 1000 * parseQuantity(text);
}

/** MiB of a quantity of memory; 0 where there is none. */
export function parseMemoryMib(text: string | undefined): number {
  return text === undefined ? 0 : parseQuantity(text) / 2 ** 20;
}

/** Number of a quantity that counts something; 0 where there is none. */
export function parseCount(text: string | undefined): number {
  return text === undefined ? 0 : parseQuantity(text);
}
