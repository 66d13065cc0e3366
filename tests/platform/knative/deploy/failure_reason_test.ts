import assert from "node:assert/strict";
import {
  explainFailure,
  type FailureEvidence,
  findPodFault,
} from "../../../../lib/platform/knative/deploy/failure_reason.ts";
import type {
  Condition,
  ContainerStatus,
  LivePod,
  LiveService,
} from "../../../../lib/platform/knative/cluster/knative_objects.ts";

const IDENTITY = { name: "f-0-00001-deployment-1", uid: "u", resourceVersion: "1" };

function pod(
  status: Partial<ContainerStatus> | null,
  conditions: readonly Condition[] = [],
): LivePod {
  const container = { name: "function", image: "dev.local/none:1", restartCount: 0, ...status };
  return {
    metadata: IDENTITY,
    status: { conditions, containerStatuses: status === null ? [] : [container] },
  };
}

function explain(evidence: Partial<FailureEvidence>): string {
  return explainFailure({
    service: null,
    revisionConditions: [],
    pods: [],
    events: [],
    ...evidence,
  });
}

// As the kubelet of Kubernetes 1.34 reports them.
const IMAGE_MISSING = pod({
  state: {
    waiting: {
      reason: "ErrImagePull",
      message:
        'failed to pull and unpack image "dev.local/none:1": failed to resolve reference\n"dev.local/none:1"',
    },
  },
});
const BACKING_OFF = pod({
  state: {
    waiting: { reason: "ImagePullBackOff", message: 'Back-off pulling image "dev.local/none:1"' },
  },
});
const CRASHING = pod({
  restartCount: 2,
  state: { waiting: { reason: "CrashLoopBackOff", message: "back-off 20s restarting failed" } },
  lastState: {
    terminated: { exitCode: 1, reason: "Error", message: "listen EACCES 0.0.0.0:80\n" },
  },
});
const KILLED = pod({
  restartCount: 3,
  state: { waiting: { reason: "CrashLoopBackOff" } },
  lastState: { terminated: { exitCode: 137, reason: "OOMKilled" } },
});
const UNSCHEDULABLE = pod(null, [{
  type: "PodScheduled",
  status: "False",
  reason: "Unschedulable",
  message: "0/1 nodes are available: 1 Insufficient cpu.",
}]);

Deno.test("explainFailure: what pods say, in one phrase each", () => {
  assert.equal(
    explain({ pods: [IMAGE_MISSING] }),
    "the image dev.local/none:1 cannot be had (ErrImagePull: failed to pull and unpack image " +
      '"dev.local/none:1": failed to resolve reference; "dev.local/none:1")',
  );
  assert.equal(
    explain({ pods: [BACKING_OFF] }),
    "the image dev.local/none:1 cannot be had (ImagePullBackOff)",
  );
  assert.equal(
    explain({ pods: [CRASHING] }),
    'its container "function" ends again and again (exit status 1: listen EACCES 0.0.0.0:80); ' +
      "kubectl logs tells more",
  );
  assert.match(explain({ pods: [KILLED] }), /it has too little memory/);
  assert.match(
    explain({ pods: [UNSCHEDULABLE] }),
    /^no node has room for its instance: 0\/1 nodes are available: 1 Insufficient cpu;/,
  );
});

Deno.test("findPodFault: only room for an instance may come by waiting", () => {
  assert.equal(findPodFault(UNSCHEDULABLE)?.isFinal, false);
  for (const faulty of [IMAGE_MISSING, BACKING_OFF, CRASHING, KILLED]) {
    assert.equal(findPodFault(faulty)?.isFinal, true);
  }
  const starting = pod({ state: { waiting: { reason: "ContainerCreating" } } });
  assert.equal(findPodFault(starting), null);
  // Once may be an accident.
  const restarted = pod({ restartCount: 1, state: {}, lastState: { terminated: { exitCode: 1 } } });
  assert.equal(findPodFault(restarted), null);
});

const SERVICE: LiveService = {
  metadata: { name: "f-0", uid: "u", resourceVersion: "1" },
  status: {
    conditions: [{
      type: "Ready",
      status: "False",
      reason: "RevisionMissing",
      message: 'Configuration "f-0" does not have any ready Revision.',
    }],
  },
};

Deno.test("explainFailure: a revision says more than its service, an event more than both", () => {
  const revisionConditions: Condition[] = [{
    type: "ContainerHealthy",
    status: "False",
    reason: "ContainerMissing",
    message:
      'Unable to fetch image "registry.example/f:1": failed to resolve image to digest: 404 Not Found',
  }];
  assert.match(
    explain({ service: SERVICE }),
    /does not have any ready Revision \(RevisionMissing\)$/,
  );
  assert.equal(
    explain({ service: SERVICE, revisionConditions }),
    "the image registry.example/f:1 cannot be found: failed to resolve image to digest: 404 Not Found",
  );
  const events = [{
    type: "Warning",
    reason: "FailedCreate",
    message: 'pods "f-0" is forbidden: exceeded quota: small, requested: pods=1',
  }];
  assert.match(explain({ service: SERVICE, revisionConditions, events }), /exceeded quota/);
});

Deno.test("explainFailure: where nothing is known it says where to look", () => {
  assert.equal(explain({}), "its service is not there");
  assert.match(explain({ service: { metadata: SERVICE.metadata } }), /controller runs/);
});
