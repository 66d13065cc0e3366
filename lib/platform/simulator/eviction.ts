import { fits } from "./placement.ts";
import type { SimulatedFunction, SimulatedInstance } from "./simulated_function.ts";
import type { SimulatedNode } from "./simulated_node.ts";

/** Where there is no room for one more instance. */
export interface CrowdedNodes {
  readonly nodes: readonly SimulatedNode<SimulatedInstance>[];
  /** There are as many instances as there may be on all nodes together. */
  readonly isFull: boolean;
}

/**
 * The idle instances that go for one more of a function: of the node where the
 * highest priority that has to go is lowest, or, where only the number of all is
 * too high, the one with the lowest of all. None: room is coming anyway. `null`:
 * there cannot be room.
 *
 * Instances of the function itself stay: one would go for its like.
 *
 * @param least by function: instances that must be left of it; `null`: none
 */
export function chooseEvicted(
  { nodes, isFull }: CrowdedNodes,
  target: SimulatedFunction,
  least: ArrayLike<number> | null,
): readonly SimulatedInstance[] | null {
  let chosen: readonly SimulatedInstance[] | null = null;
  let lowest = Infinity;
  for (const node of nodes) {
    const victims = chooseOfNode(node, target, least);
    if (victims === null) continue;
    if (victims.length === 0) return isFull ? chooseOfAll(nodes, target, least) : victims;
    const highest = victims[victims.length - 1].evictionPriority;
    if (chosen !== null && highest >= lowest) continue;
    chosen = victims;
    lowest = highest;
  }
  return chosen;
}

/** A node has room, or will have: the only thing that is too much is the number of instances. */
function chooseOfAll(
  nodes: readonly SimulatedNode<SimulatedInstance>[],
  target: SimulatedFunction,
  least: ArrayLike<number> | null,
): readonly SimulatedInstance[] | null {
  const members = nodes.flatMap((node) => [...node.members]);
  if (members.some(({ state }) => state === "stopping")) return [];
  const [victim] = listEvictable(members, target, least);
  return victim === undefined ? null : [victim];
}

/** As {@linkcode chooseEvicted}, of one node. */
function chooseOfNode(
  node: SimulatedNode<SimulatedInstance>,
  target: SimulatedFunction,
  least: ArrayLike<number> | null,
): readonly SimulatedInstance[] | null {
  const room = {
    cpuMilli: node.cpuMilli,
    memoryMib: node.memoryMib,
    instances: node.instances,
    allocatedCpuMilli: node.allocatedCpuMilli,
    allocatedMemoryMib: node.allocatedMemoryMib,
    allocatedInstances: node.allocatedInstances,
  };
  const free = ({ owner }: SimulatedInstance) => {
    room.allocatedCpuMilli -= owner.request.cpuMilli;
    room.allocatedMemoryMib -= owner.request.memoryMib;
    room.allocatedInstances--;
  };
  for (const instance of node.members) {
    if (instance.state === "stopping") free(instance);
  }
  const evictable = listEvictable(node.members, target, least);
  const victims: SimulatedInstance[] = [];
  while (!fits(room, target.request)) {
    const victim = evictable[victims.length];
    if (victim === undefined) return null;
    victims.push(victim);
    free(victim);
  }
  return victims;
}

/** Those that may go all at once, the lowest priority first. */
function listEvictable(
  members: Iterable<SimulatedInstance>,
  target: SimulatedFunction,
  least: ArrayLike<number> | null,
): SimulatedInstance[] {
  const idle: SimulatedInstance[] = [];
  for (const instance of members) {
    if (instance.state === "idle" && instance.owner !== target) idle.push(instance);
  }
  idle.sort((a, b) => a.evictionPriority - b.evictionPriority);
  if (least === null) return idle;
  const leaving = new Map<SimulatedFunction, number>();
  return idle.filter(({ owner }) => {
    const gone = (leaving.get(owner) ?? 0) + 1;
    if (owner.ready + owner.starting - gone < least[owner.index]) return false;
    leaving.set(owner, gone);
    return true;
  });
}
