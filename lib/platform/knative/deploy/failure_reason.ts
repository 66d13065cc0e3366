import type {
  Condition,
  ContainerStatus,
  LivePod,
  LiveService,
} from "../cluster/knative_objects.ts";
import { conditionOf } from "../cluster/knative_objects.ts";

/** What we read of an event of Kubernetes. */
export interface LiveEvent {
  readonly type?: string;
  readonly reason?: string;
  readonly message?: string;
}

/** The objects of a function that does not come up. */
export interface FailureEvidence {
  readonly service: LiveService | null;
  readonly revisionConditions: readonly Condition[];
  readonly pods: readonly LivePod[];
  /** Of its pods, replica sets and revisions, the latest last. */
  readonly events: readonly LiveEvent[];
}

/** A fault of a pod. */
export interface PodFault {
  /** A phrase without a full stop. */
  readonly phrase: string;
  /** Waiting longer would not mend it. */
  readonly isFinal: boolean;
}

/** Waiting reasons of the kubelet that say that an image cannot be had. */
const IMAGE_REASONS = ["ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"];

/** Waiting reasons that say that a container cannot be made from what it asks for. */
const CONFIG_REASONS = ["CreateContainerConfigError", "CreateContainerError", "RunContainerError"];

/** Longest part of someone else's message that is shown. */
const MOST_CHARACTERS = 300;

/**
 * Why a function did not come up, in one phrase without a full stop: what its
 * containers say before what its pods and events say, and Knative's own
 * conditions, which repeat them late or not at all, last.
 */
export function explainFailure({ service, revisionConditions, pods, events }: FailureEvidence) {
  const faults = pods.map(findPodFault).filter((fault) => fault !== null);
  const fault = faults.find(({ isFinal }) => isFinal) ?? faults[0];
  if (fault !== undefined) return fault.phrase;
  const refused = events.findLast(({ reason }) => reason === "FailedCreate");
  if (refused?.message !== undefined) {
    return `its instance may not be created: ${shorten(refused.message)}`;
  }
  if (service !== null && service.metadata.deletionTimestamp !== undefined) {
    return "someone else is deleting its service";
  }
  const failed = [
    ...revisionConditions,
    ...(service?.status?.conditions ?? []),
  ].find(({ status, message }) => status === "False" && message !== undefined);
  if (failed !== undefined) {
    const imageFault = /Unable to fetch image "([^"]*)": ([\s\S]*)/.exec(failed.message!);
    if (imageFault !== null) {
      return `the image ${imageFault[1]} cannot be found: ${shorten(imageFault[2])}`;
    }
    return `${shorten(failed.message!)}${failed.reason === undefined ? "" : ` (${failed.reason})`}`;
  }
  const warning = events.findLast(({ type, message }) => type === "Warning" && message);
  if (warning !== undefined) return `${warning.reason}: ${shorten(warning.message!)}`;
  const waiting = service === null ? undefined : conditionOf(service, "Ready");
  if (waiting?.message !== undefined) return `it still waits: ${shorten(waiting.message)}`;
  return service === null
    ? "its service is not there"
    : "Knative says nothing of it; see whether its controller runs: kubectl get pods -n " +
      "knative-serving";
}

/** What keeps a pod from being ready; `null` when nothing is known to. */
export function findPodFault(pod: LivePod): PodFault | null {
  const statuses = [
    ...(pod.status?.initContainerStatuses ?? []),
    ...(pod.status?.containerStatuses ?? []),
  ];
  for (const status of statuses) {
    const fault = findContainerFault(status);
    if (fault !== null) return fault;
  }
  const scheduled = pod.status?.conditions?.find(({ type }) => type === "PodScheduled");
  if (scheduled?.status === "False" && scheduled.reason === "Unschedulable") {
    const detail = shorten(scheduled.message ?? "");
    return {
      phrase: `no node has room for its instance: ${detail}; ask for less (--cpu-request), or ` +
        `deploy fewer functions`,
      // Where nodes are added on demand, one may come.
      isFinal: false,
    };
  }
  return null;
}

function findContainerFault({ image, state, lastState, name, restartCount }: ContainerStatus) {
  const { reason = "", message = "" } = state?.waiting ?? {};
  if (IMAGE_REASONS.includes(reason)) {
    const detail = message === "" || /^Back-off/.test(message) ? "" : `: ${shorten(message)}`;
    return { phrase: `the image ${image} cannot be had (${reason}${detail})`, isFinal: true };
  }
  if (CONFIG_REASONS.includes(reason)) {
    return { phrase: `its container cannot be made: ${shorten(message)}`, isFinal: true };
  }
  const ended = state?.terminated ?? lastState?.terminated;
  // Once may be an accident of a busy node.
  if (ended !== undefined && (reason === "CrashLoopBackOff" || restartCount > 1)) {
    const detail = ended.message === undefined ? "" : `: ${shorten(ended.message)}`;
    const why = ended.reason === "OOMKilled"
      ? "it has too little memory"
      : `exit status ${ended.exitCode}${detail}`;
    return {
      phrase: `its container "${name}" ends again and again (${why}); kubectl logs tells more`,
      isFinal: true,
    };
  }
  return null;
}

function shorten(text: string): string {
  const line = text.trim().replace(/\s*\n\s*/g, "; ").replace(/\.$/, "");
  return line.length <= MOST_CHARACTERS ? line : `${line.slice(0, MOST_CHARACTERS)} …`;
}
