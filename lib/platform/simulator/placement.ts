import type { InstanceRequest } from "../local/capacity.ts";

/**
 * Which of the nodes with room gets an instance: the one that has the largest
 * part free, or the first.
 */
export const PLACEMENTS = ["least-allocated", "first-fit"] as const;

/** See {@linkcode PLACEMENTS}. */
export type Placement = typeof PLACEMENTS[number];

/** What a node has, and what of it is promised to instances. */
export interface NodeRoom {
  readonly cpuMilli: number;
  readonly memoryMib: number;
  readonly instances: number;
  readonly allocatedCpuMilli: number;
  readonly allocatedMemoryMib: number;
  readonly allocatedInstances: number;
}

/** True if a node has room for one more instance. */
export function fits(room: NodeRoom, request: InstanceRequest): boolean {
  return room.allocatedInstances < room.instances &&
    room.allocatedCpuMilli + request.cpuMilli <= room.cpuMilli &&
    room.allocatedMemoryMib + request.memoryMib <= room.memoryMib;
}

/**
 * The node for an instance, by its index; −1 if none has room. The least
 * allocated is the one with the highest mean of its free parts of CPU and
 * memory, the instance counted in, as Kubernetes' scheduler scores nodes
 * (`NodeResourcesFit`, strategy `LeastAllocated`); of equals, the first.
 *
 * @example
 * ```ts
 * import { chooseNode } from "./placement.ts";
 * const size = { cpuMilli: 1000, memoryMib: 1024, instances: 9, allocatedInstances: 0 };
 * const rooms = [
 *   { ...size, allocatedCpuMilli: 500, allocatedMemoryMib: 512 },
 *   { ...size, allocatedCpuMilli: 0, allocatedMemoryMib: 0 },
 * ];
 * const request = { cpuMilli: 100, memoryMib: 128 };
 * if (chooseNode(rooms, request, "least-allocated") !== 1) throw new Error("not the empty one");
 * if (chooseNode(rooms, request, "first-fit") !== 0) throw new Error("not the first");
 * ```
 */
export function chooseNode(
  rooms: readonly NodeRoom[],
  request: InstanceRequest,
  placement: Placement,
): number {
  let chosen = -1;
  let highest = -Infinity;
  for (let i = 0; i < rooms.length; i++) {
    const room = rooms[i];
    if (!fits(room, request)) continue;
    if (placement === "first-fit") return i;
    const score = 2 - (room.allocatedCpuMilli + request.cpuMilli) / room.cpuMilli -
      (room.allocatedMemoryMib + request.memoryMib) / room.memoryMib;
    if (score > highest) {
      highest = score;
      chosen = i;
    }
  }
  return chosen;
}
