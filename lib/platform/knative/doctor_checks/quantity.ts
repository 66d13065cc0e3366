import { parseQuantity } from "../../../scrape/kubernetes_quantity.ts";

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
