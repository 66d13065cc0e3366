import { type CpuSetting, type CpuTask, NodeCpu } from "./cpu.ts";
import type { InstanceRequest } from "../local/capacity.ts";
import type { NodeRoom } from "./placement.ts";
import type { SimulatorSettings } from "./simulator_options.ts";

/** A machine that instances run on. */
export class SimulatedNode<Instance extends CpuTask> implements NodeRoom {
  readonly cpu: NodeCpu<Instance>;
  readonly cpuMilli: number;
  readonly memoryMib: number;
  readonly instances: number;
  allocatedCpuMilli = 0;
  allocatedMemoryMib = 0;
  allocatedInstances = 0;
  /** Those that have room here, in order of their coming. */
  readonly members = new Set<Instance>();
  /** Indices of functions whose image is here. */
  readonly images = new Set<number>();

  constructor(settings: SimulatorSettings, setting: CpuSetting) {
    const isShared = settings.cpu === "sharing";
    const coresMilli = Math.round(settings.nodeCores * 1000);
    this.cpu = new NodeCpu(setting, isShared ? coresMilli : Infinity, this.members);
    this.cpuMilli = isShared ? coresMilli * settings.cpuOvercommit : coresMilli;
    this.memoryMib = settings.nodeMemoryMib;
    this.instances = settings.nodeInstances;
  }

  /** Takes room for an instance. */
  allocate(instance: Instance, { cpuMilli, memoryMib }: InstanceRequest): void {
    this.members.add(instance);
    this.allocatedCpuMilli += cpuMilli;
    this.allocatedMemoryMib += memoryMib;
    this.allocatedInstances++;
  }

  /** Gives it back. */
  release(instance: Instance, { cpuMilli, memoryMib }: InstanceRequest): void {
    this.members.delete(instance);
    this.allocatedCpuMilli -= cpuMilli;
    this.allocatedMemoryMib -= memoryMib;
    this.allocatedInstances--;
  }
}
