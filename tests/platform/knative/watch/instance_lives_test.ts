import assert from "node:assert/strict";
import fc from "fast-check";
import type { InstanceEvent, InstanceStep } from "../../../../lib/model/platform.ts";
import {
  type ContainerEvent,
  type Hearing,
  InstanceLives,
} from "../../../../lib/platform/knative/watch/instance_lives.ts";
import type { PodState } from "../../../../lib/platform/knative/watch/pod_state.ts";

const ORIGIN_UNIX_MS = Date.parse("2026-11-23T16:25:00Z");

/** A time stamp of Kubernetes: whole seconds. */
function stamp(atMs: number): string {
  return new Date(ORIGIN_UNIX_MS + Math.floor(atMs / 1000) * 1000).toISOString();
}

interface PodShape {
  readonly uid?: string;
  readonly name?: string;
  readonly service?: string;
  readonly createdMs?: number;
  readonly scheduledMs?: number;
  readonly sandboxMs?: number;
  /** Of both containers. */
  readonly startedMs?: number;
  readonly readyMs?: number;
  readonly stoppingMs?: number;
  readonly phase?: string;
  readonly reason?: string;
  readonly exitCode?: number;
}

/** A pod as the API server sends it, cut to what is read. */
function pod(shape: PodShape): PodState {
  const { uid = "u1", name = "f-00001-deployment-5c-px5ds", service = "f", createdMs = 0 } = shape;
  const condition = (type: string, sinceMs: number | undefined) =>
    sinceMs === undefined
      ? { type, status: "False", lastTransitionTime: stamp(createdMs) }
      : { type, status: "True", lastTransitionTime: stamp(sinceMs) };
  const state = shape.exitCode !== undefined
    ? { terminated: { exitCode: shape.exitCode, reason: shape.reason } }
    : shape.startedMs === undefined
    ? { waiting: { reason: "ContainerCreating" } }
    : { running: { startedAt: stamp(shape.startedMs) } };
  return {
    metadata: {
      name,
      uid,
      resourceVersion: "1",
      creationTimestamp: stamp(createdMs),
      labels: { "serving.knative.dev/service": service },
      ...(shape.stoppingMs === undefined ? {} : {
        deletionTimestamp: stamp(shape.stoppingMs + 300_000),
        deletionGracePeriodSeconds: 300,
      }),
    },
    spec: { containers: [{}, {}] },
    status: {
      phase: shape.phase ?? "Pending",
      ...(shape.phase === "Failed" ? { reason: shape.reason } : {}),
      conditions: [
        condition("PodScheduled", shape.scheduledMs),
        condition("PodReadyToStartContainers", shape.sandboxMs),
        condition("Ready", shape.readyMs),
      ],
      containerStatuses: ["queue-proxy", "user-container"].map((name) => ({ name, state })),
    },
  } as PodState;
}

function heard(atMs: number): Hearing {
  return { atMs, isLate: false };
}

function late(atMs: number): Hearing {
  return { atMs, isLate: true };
}

function container(
  reason: ContainerEvent["reason"],
  name: string,
  atMs: number,
  podUid = "u1",
): ContainerEvent {
  return { podUid, container: name, reason, unixMs: Date.parse(stamp(atMs)) };
}

function listen(): { lives: InstanceLives; events: InstanceEvent[] } {
  const events: InstanceEvent[] = [];
  const lives = new InstanceLives({
    functionIds: new Map([["f", "o/a/f"]]),
    originUnixMs: ORIGIN_UNIX_MS,
    onEvent: (event) => events.push(event),
  });
  return { lives, events };
}

function told(events: readonly InstanceEvent[]): (readonly [InstanceStep, number])[] {
  return events.map(({ event, timeMs }) => [event, timeMs] as const);
}

/**
 * One cold start as a cluster told it (milliseconds as heard): the node tells of
 * containers by events, and only with its next look of the pod's state.
 */
const RECORDED: readonly ((lives: InstanceLives) => void)[] = [
  (lives) => lives.seePod(pod({ createdMs: 2060 }), heard(2069)),
  (lives) => lives.seePod(pod({ createdMs: 2060, scheduledMs: 2070 }), heard(2072)),
  (lives) => lives.seePod(pod({ createdMs: 2060, scheduledMs: 2070 }), heard(2124)),
  (lives) => lives.seeContainer(container("Pulled", "user-container", 2530), heard(2532)),
  (lives) => lives.seeContainer(container("Started", "user-container", 2640), heard(2649)),
  (lives) => lives.seeContainer(container("Pulled", "queue-proxy", 2650), heard(2652)),
  (lives) => lives.seeContainer(container("Started", "queue-proxy", 2810), heard(2822)),
  (lives) =>
    lives.seePod(
      pod({
        createdMs: 2060,
        scheduledMs: 2070,
        sandboxMs: 3100,
        startedMs: 2700,
        phase: "Running",
      }),
      heard(3146),
    ),
  (lives) =>
    lives.seePod(
      pod({
        createdMs: 2060,
        scheduledMs: 2070,
        sandboxMs: 3100,
        startedMs: 2700,
        readyMs: 3150,
        phase: "Running",
      }),
      heard(3163),
    ),
  (lives) => lives.seePod(pod({ readyMs: 3150, stoppingMs: 13_800 }), heard(13_862)),
  (lives) => lives.seePod(pod({ stoppingMs: 13_800, phase: "Succeeded" }), heard(44_136)),
  (lives) => lives.seeGone(pod({ stoppingMs: 13_800, phase: "Succeeded" }), heard(44_542)),
];

Deno.test("lives: a recorded start, step by step, Kubernetes' whole seconds beside", () => {
  const { lives, events } = listen();
  for (const hear of RECORDED) hear(lives);
  assert.deepEqual(told(events), [
    ["created", 2069],
    ["scheduled", 2072],
    // The first event of a container: its sandbox is there, long before the pod says so.
    ["prepared", 2532],
    ["started", 2822],
    ["ready", 3163],
    ["stopping", 13_862],
    ["gone", 44_542],
  ]);
  assert.deepEqual(
    events.map(({ platformMs }) => platformMs),
    [2000, 2000, 2000, 2000, 3000, 13_000, null],
  );
  for (const { functionId, instance, detail } of events) {
    assert.deepEqual(
      [functionId, instance, detail],
      ["o/a/f", "f-00001-deployment-5c-px5ds", null],
    );
  }
});

Deno.test("lives: repeated, shuffled after the creation, mixed with others: each step once", () => {
  const [creation, ...rest] = RECORDED.slice(0, -1);
  const end = RECORDED.at(-1)!;
  fc.assert(
    fc.property(
      fc.shuffledSubarray([...rest, ...rest, creation], { minLength: 2 * rest.length + 1 }),
      fc.array(fc.integer({ min: 0, max: 2 * rest.length }), { maxLength: 5 }),
      (order, foreign) => {
        const { lives, events } = listen();
        order.forEach((hear, i) => {
          if (foreign.includes(i)) {
            lives.seePod(pod({ uid: `x${i}`, service: "someone-elses", readyMs: 1 }), heard(i));
          }
          hear(lives);
        });
        end(lives);
        // What comes after the end is of no instance any more.
        for (const hear of order) hear(lives);
        const steps = events.map(({ event }) => event);
        assert.deepEqual([...steps].sort(), [
          "created",
          "gone",
          "prepared",
          "ready",
          "scheduled",
          "started",
          "stopping",
        ]);
        assert.equal(steps[0], "created");
        assert.equal(steps.at(-1), "gone");
        assert.ok(events.every(({ functionId }) => functionId === "o/a/f"));
      },
    ),
    { seed: 62, numRuns: 300 },
  );
});

Deno.test("lives: in order, a step has the time of the first of its news", () => {
  const { lives, events } = listen();
  for (const hear of RECORDED.slice(0, 9)) {
    hear(lives);
    hear(lives);
  }
  for (let i = 1; i < events.length; i++) assert.ok(events[i].timeMs >= events[i - 1].timeMs);
  assert.equal(events.length, 5);
});

Deno.test("lives: containers' events that come before their pod are kept for it", () => {
  const { lives, events } = listen();
  lives.seeContainer(container("Pulled", "user-container", 500), heard(510));
  lives.seeContainer(container("Started", "user-container", 600), heard(610));
  assert.deepEqual(events, []);
  lives.seePod(pod({ createdMs: 400 }), heard(620));
  assert.deepEqual(told(events), [["created", 620], ["prepared", 510]]);
});

Deno.test("lives: of pods that never come no more than a bound is kept", () => {
  const { lives, events } = listen();
  lives.seeContainer(container("Started", "user-container", 1), heard(1));
  for (let i = 0; i < 5000; i++) {
    lives.seeContainer(container("Started", "user-container", 1, `foreign-${i}`), heard(i));
  }
  lives.seePod(pod({}), heard(9000));
  assert.deepEqual(told(events), [["created", 9000]]);
});

Deno.test("lives: an image that is pulled, and one that is there", () => {
  const { lives, events } = listen();
  lives.seePod(pod({}), heard(10));
  lives.seeContainer(container("Pulling", "user-container", 500), heard(510));
  lives.seeContainer(container("Pulled", "user-container", 1900), heard(1910));
  lives.seeContainer(container("Pulled", "queue-proxy", 2100), heard(2110));
  assert.deepEqual(told(events).slice(1), [["prepared", 510], ["pulling", 510], ["pulled", 1910]]);
});

Deno.test("lives: what is first heard late has Kubernetes' times, in their order, never the future", () => {
  const { lives, events } = listen();
  const state = { createdMs: 2900, scheduledMs: 2950, startedMs: 3700, readyMs: 4200 };
  lives.seePod(pod({ ...state, sandboxMs: 3500, phase: "Running" }), late(9000));
  assert.deepEqual(told(events), [
    ["created", 2000],
    ["scheduled", 2000],
    ["prepared", 3000],
    ["started", 3000],
    ["ready", 4000],
  ]);
  assert.equal(lives.lateInstances, 1);
  // The node tells of the sandbox when it looks again, after its containers were started.
  const slow = listen();
  slow.lives.seePod(pod({ scheduledMs: 1, startedMs: 1000, sandboxMs: 3000 }), late(9000));
  assert.deepEqual(told(slow.events).slice(2), [["prepared", 1000], ["started", 1000]]);
  // Clocks that differ: it cannot have been later than it was heard.
  const ahead = listen();
  ahead.lives.seePod(pod({ createdMs: 9000 }), late(500));
  assert.deepEqual(told(ahead.events), [["created", 500]]);
});

Deno.test("lives: an interruption in the midst of a start leaves what was seen, in order", () => {
  const { lives, events } = listen();
  lives.seePod(pod({ createdMs: 2060 }), heard(2069));
  const state = { createdMs: 2060, scheduledMs: 2070, sandboxMs: 2500, startedMs: 2700 };
  lives.seePod(pod({ ...state, readyMs: 3150, phase: "Running" }), late(8000));
  assert.deepEqual(told(events), [
    ["created", 2069],
    // Kubernetes' second began before the creation was heard.
    ["scheduled", 2069],
    ["prepared", 2069],
    ["started", 2069],
    ["ready", 3000],
  ]);
  assert.equal(lives.lateInstances, 0);
  lives.seeGone(pod({ ...state, readyMs: 3150, phase: "Running" }), late(60_000));
  assert.deepEqual(told(events).at(-1), ["gone", 60_000]);
  assert.equal(events.at(-1)!.detail, "it went while the watch was interrupted");
});

Deno.test("lives: why an instance ended that was not asked to", () => {
  const ends: readonly (readonly [PodShape, string])[] = [
    [{ phase: "Failed", reason: "Evicted" }, "Evicted"],
    [
      { phase: "Running", exitCode: 137, reason: "OOMKilled" },
      "queue-proxy: OOMKilled (exit status 137)",
    ],
  ];
  for (const [shape, detail] of ends) {
    const { lives, events } = listen();
    lives.seePod(pod({ readyMs: 10 }), heard(10));
    lives.seePod(pod({ readyMs: 10, ...shape }), heard(20));
    lives.seeGone(pod({ readyMs: 10, ...shape }), heard(30));
    const ended = events.filter(({ event }) => event === "gone");
    assert.equal(ended.length, 1);
    assert.equal(ended[0].detail, detail);
  }
});

Deno.test("lives: an invocation is cold if its instance was not ready when it was dispatched", () => {
  const name = "f-00001-deployment-5c-px5ds";
  const ready = (hearing: Hearing) => {
    const { lives } = listen();
    lives.seePod(pod({ createdMs: 1000, readyMs: 2000 }), hearing);
    return lives;
  };
  const heardAt2345 = ready(heard(2345));
  assert.equal(heardAt2345.takeColdStart(name, 2344), true);
  assert.equal(heardAt2345.takeColdStart(name, 2000), false, "at most one of an instance");
  assert.equal(ready(heard(2345)).takeColdStart(name, 2346), false);
  // Known to the second only: from 2000 to 2999.
  assert.equal(ready(late(9000)).takeColdStart(name, 1999), true);
  assert.equal(ready(late(9000)).takeColdStart(name, 2500), null);
  assert.equal(ready(late(9000)).takeColdStart(name, 3000), false);
  // News that was held up: it became ready some time between 2000 and 9000.
  assert.equal(ready(heard(9000)).takeColdStart(name, 1999), true);
  assert.equal(ready(heard(9000)).takeColdStart(name, 5000), null);
  assert.equal(ready(heard(9000)).takeColdStart(name, 9000), false);
  const { lives } = listen();
  assert.equal(lives.takeColdStart(name, 0), null, "nothing is known of it");
  lives.seePod(pod({}), heard(10));
  assert.equal(lives.takeColdStart(name, 5), true, "it was not even created");
  const { lives: others } = listen();
  others.seePod(pod({}), heard(10));
  assert.equal(others.takeColdStart(name, 15), null, "it answered before it was told to be ready");
});
