import { createHash } from "node:crypto";

/** One of several loaders that make a run together. */
export interface Shard {
  /** From 1. */
  readonly index: number;
  readonly count: number;
}

/** More loaders than any experiment has, so that a slip of the keyboard is told. */
const MOST_SHARDS = 1000;

/** Hexadecimal digits of the hash that are used: 48 bits, which a number holds exactly. */
const HASH_DIGITS = 12;

/**
 * Parses `2/3`: the second of three.
 *
 * @throws Error whose message completes "--shard: …"
 */
export function parseShard(text: string): Shard {
  const match = /^(\d{1,9})\/(\d{1,9})$/.exec(text);
  if (match === null) {
    throw new Error(`${JSON.stringify(text)} is not a shard; write the first of two as 1/2.`);
  }
  const index = Number(match[1]);
  const count = Number(match[2]);
  if (count < 1 || count > MOST_SHARDS || index < 1 || index > count) {
    throw new Error(
      `${JSON.stringify(text)} is no part of a whole; shards are numbered from 1, and there are ` +
        `at most ${MOST_SHARDS}.`,
    );
  }
  return { index, count };
}

/** A shard as a user gives it. */
export function formatShard({ index, count }: Shard): string {
  return `${index}/${count}`;
}

/**
 * The number, from 1, of the loader that a function belongs to: the first 12
 * hexadecimal digits of the SHA-256 of owner/app/function, modulo the number of
 * loaders, plus 1. It depends on nothing else: neither on the other functions
 * nor on their order, the seed, or the run.
 *
 * @example
 * ```ts
 * import { shardIndexOf } from "./shard.ts";
 * if (shardIndexOf("owner/app/function", 1) !== 1) throw new Error("there is no other");
 * ```
 */
export function shardIndexOf(functionKey: string, count: number): number {
  const digits = createHash("sha256").update(functionKey).digest("hex").slice(0, HASH_DIGITS);
  return parseInt(digits, 16) % count + 1;
}

/** True if a function belongs to a shard; without shards, each does. */
export function isInShard(shard: Shard | null, functionKey: string): boolean {
  return shard === null || shardIndexOf(functionKey, shard.count) === shard.index;
}

/**
 * True if this loader is the one that changes what all share: settings of the cluster, its
 * activator. Of several loaders the first does, for all.
 */
export function tendsPlatform(shard: Shard | null): boolean {
  return (shard?.index ?? 1) === 1;
}
