import { hostname } from "node:os";
import { setHeaderOptions, type V1ConfigMap } from "@kubernetes/client-node";
import { uniqueHex } from "../../../base/rng.ts";
import { sleep, wallClockDate } from "../../../clock/clock.ts";
import { LoaderError } from "../../../base/error.ts";
import type { SettingsChange } from "../../../model/platform.ts";
import type { Phase } from "../../../model/schedule.ts";
import { CHANGED_CONFIG_MAP, SERVING_NAMESPACE } from "../cluster/rights.ts";
import { isConflict, type KubeAccess, kubeError, persist } from "../cluster/kube_access.ts";
import { MADE_OF_SERVICES, MIN_SCALE_ANNOTATION, selectorOf } from "../cluster/knative_objects.ts";
import {
  deriveRestoration,
  extendMarker,
  MARKER_ANNOTATION,
  pickSettings,
  readMarker,
  type SettingsMarker,
  settingsOfPhase,
  type SettingValues,
} from "./phase_settings.ts";
import { LEASE_TIMES, type LeaseTimes, SettingsLease } from "./settings_lease.ts";

/** What is changed, as a person reads it. */
export const CHANGED_OBJECT = `configmap ${SERVING_NAMESPACE}/${CHANGED_CONFIG_MAP}`;

/** Tries of a change that someone else's came before. */
const MOST_TRIES = 5;
const RETRY_EVERY_MS = 200;

/** How long settings are tried to be put back while the API server is away. */
const RESTORE_WITHIN_MS = 60_000;

/** Patches of PodAutoscalers under way at once. */
const PATCHES_AT_ONCE = 4;

const MERGE_PATCH = setHeaderOptions("Content-Type", "application/merge-patch+json");

/** Options of {@linkcode ClusterSettings}. */
export interface ClusterSettingsOptions {
  readonly access: KubeAccess;
  /** Label of the run. */
  readonly runId: string;
  /** Instances that a function keeps in the measurement. */
  readonly minScale?: number;
  /** Told what a person should know, a sentence. */
  readonly onNote?: (sentence: string) => void;
  /** For tests that are in a hurry. */
  readonly times?: LeaseTimes;
}

/** What was put back. */
export interface RestoredSettings {
  readonly run: string;
  readonly host: string;
  readonly since: string;
  readonly restored: SettingValues;
  /** Keys that someone else has set since, and which were left alone. */
  readonly foreign: readonly string[];
}

/**
 * Settings of the whole cluster that a run with a warm-up changes: Knative's
 * autoscaler. Each change is told before it is made; what was found is kept at
 * the config map too, so that it can be put back from anywhere after a crash.
 */
export class ClusterSettings {
  readonly #access: KubeAccess;
  readonly #runId: string;
  readonly #minScale: number;
  readonly #lease: SettingsLease;
  readonly #times: LeaseTimes;
  readonly #onNote: (sentence: string) => void;
  /** A marker of ours may be there. */
  #isChanged = false;
  /** One surely was. */
  #isMarked = false;
  #onChange: (change: SettingsChange) => void = () => {};

  constructor(
    { access, runId, minScale = 0, onNote = () => {}, times = LEASE_TIMES }: ClusterSettingsOptions,
  ) {
    // What is asked while the lease is held must come to its end before the lease does.
    this.#access = access.within(times.requestMs);
    this.#runId = runId;
    this.#minScale = minScale;
    this.#times = times;
    this.#onNote = onNote;
    // Clean-ups, too, may run twice on one machine.
    const holder = `run ${runId} on ${hostname()} (${uniqueHex(8)})`;
    this.#lease = new SettingsLease(access, holder, (other) => {
      onNote(
        "Knative's settings for this run may be in force no more: its lease " +
          `${other === null ? "is gone" : `was taken over by ${other}`}, because nothing was ` +
          "heard of this run for too long.",
      );
    }, times);
  }

  /**
   * Makes sure that no other run changes settings now, and puts back what one
   * that crashed has left. Every run does so before it deploys.
   *
   * @returns what was put back; `null`: nothing was left
   * @throws LoaderError `platform` when another run is at it
   */
  async recover(signal: AbortSignal): Promise<RestoredSettings | null> {
    const marker = readMarker(await this.#readConfigMap());
    if (marker === null && await this.#lease.readHolder() === null) return null;
    await this.#lease.acquire(signal);
    try {
      return await persist(this.#access, () => this.#putBack(null), {
        doing: "put Knative's settings back",
        untilMs: this.#access.clock.nowMs() + this.#times.persistMs,
        signal,
      });
    } finally {
      await this.#lease.release();
    }
  }

  /**
   * What every run does before it deploys: {@linkcode recover}, unless the
   * settings are changed for this very run already.
   *
   * @returns a sentence on what was put back; `null`: nothing was left
   * @throws LoaderError `platform` when another run is at it
   */
  async begin(signal: AbortSignal): Promise<string | null> {
    if (this.#isChanged || this.#lease.isHeld) return null;
    const found = await this.recover(signal);
    return found === null ? null : describeRestored(found);
  }

  /**
   * Changes the settings to those of a phase. Before the warm-up it makes sure
   * that no other run does the same; after it, the run's own PodAutoscalers may
   * go to the least that was asked for too.
   *
   * @param onChange told each change before it is made
   * @throws LoaderError `platform` when another run is at it, or it is not allowed
   */
  async enterPhase(
    phase: Phase,
    onChange: (change: SettingsChange) => void,
    signal: AbortSignal,
  ): Promise<void> {
    this.#onChange = onChange;
    if (!this.#lease.isHeld && !this.#isChanged) {
      await this.recover(signal);
      await this.#lease.acquire(signal);
    }
    const change = () => this.#enter(phase);
    await persist(this.#access, change, {
      doing: `change the ${CHANGED_OBJECT}`,
      untilMs: this.#access.clock.nowMs() + this.#times.persistMs,
      signal,
    });
    this.#isMarked = true;
    if (phase === "measurement") await this.#resetMinScales(signal);
  }

  async #enter(phase: Phase): Promise<void> {
    await this.#change(async (map) => {
      // Another run's settings may stand there since ours were last seen.
      await this.#lease.confirm();
      const marker = readMarker(map);
      if (marker !== null && marker.run !== this.#runId) throw changedByAnother(marker);
      const current = map.data ?? {};
      const values = settingsOfPhase(phase, current);
      const fresh: SettingsMarker = {
        run: this.#runId,
        host: hostname(),
        since: wallClockDate().toISOString(),
        before: {},
        after: {},
      };
      return { values, marker: extendMarker(marker ?? fresh, current, values) };
    });
  }

  /**
   * Puts back what was changed, and lets other runs come; nothing happens where
   * nothing was changed, or where another run has put it back before.
   *
   * @throws LoaderError `platform` naming what puts it back later
   */
  async restore(): Promise<void> {
    if (!this.#isChanged) return await this.#lease.release();
    const { clock } = this.#access;
    const wasChanged = this.#isMarked;
    this.#isMarked = false;
    try {
      const restored = await persist(this.#access, () => this.#putBack(this.#runId), {
        doing: "put Knative's settings back",
        untilMs: clock.nowMs() + RESTORE_WITHIN_MS,
      });
      if (restored === null && wasChanged) {
        this.#onNote("Knative's settings had been put back by another run before this one ended.");
      }
    } catch (cause) {
      throw new LoaderError(
        "platform",
        `${(cause as Error).message} They are put back by the next run on this cluster, or now ` +
          `by: deno task clean --platform knative --run ${this.#runId}.`,
        { cause },
      );
    }
    await this.#lease.release();
  }

  /**
   * Puts back what the marker says.
   *
   * @param ofRun the only run whose marker it may be; `null`: whoever left it, which takes the
   * lease
   * @returns `null` where there was none, or another run's
   */
  async #putBack(ofRun: string | null): Promise<RestoredSettings | null> {
    let result: RestoredSettings | null = null;
    await this.#change(async (map) => {
      if (ofRun === null) await this.#lease.confirm();
      const marker = readMarker(map);
      result = null;
      if (marker === null || (ofRun !== null && marker.run !== ofRun)) return null;
      const { values, foreign } = deriveRestoration(marker, map.data ?? {});
      const { run, host, since } = marker;
      result = { run, host, since, restored: values, foreign };
      return { values, marker: null };
    });
    this.#isChanged = false;
    return result;
  }

  /** Reads, tells, changes; again when someone else was faster. */
  async #change(
    decide: (
      map: V1ConfigMap,
    ) => Promise<{ readonly values: SettingValues; readonly marker: SettingsMarker | null } | null>,
  ): Promise<void> {
    for (let tries = 1;; tries++) {
      const map = await this.#readConfigMap();
      const decision = await decide(map);
      if (decision === null) return;
      const { values, marker } = decision;
      this.#onChange({
        object: CHANGED_OBJECT,
        before: pickSettings(map.data ?? {}, Object.keys(values)),
        after: values,
      });
      if (marker !== null) this.#isChanged = true;
      try {
        await this.#access.core.patchNamespacedConfigMap({
          namespace: SERVING_NAMESPACE,
          name: CHANGED_CONFIG_MAP,
          body: {
            metadata: {
              // Refused when it has changed since it was read.
              resourceVersion: map.metadata?.resourceVersion,
              annotations: {
                [MARKER_ANNOTATION]: marker === null ? null : JSON.stringify(marker),
              },
            },
            data: values,
          },
        }, MERGE_PATCH);
        return;
      } catch (error) {
        if (!isConflict(error) || tries === MOST_TRIES) {
          throw kubeError(error, `change the ${CHANGED_OBJECT}`);
        }
        await sleep(this.#access.clock, RETRY_EVERY_MS);
      }
    }
  }

  async #readConfigMap(): Promise<V1ConfigMap> {
    try {
      return await this.#access.core.readNamespacedConfigMap({
        namespace: SERVING_NAMESPACE,
        name: CHANGED_CONFIG_MAP,
      });
    } catch (error) {
      throw kubeError(error, `read the ${CHANGED_OBJECT}`);
    }
  }

  /** Those of the run's functions that keep other numbers of instances than they are to. */
  async #resetMinScales(signal: AbortSignal): Promise<void> {
    const { custom, namespace } = this.#access;
    const least = String(this.#minScale);
    try {
      const { items } = await custom.listNamespacedCustomObject({
        ...MADE_OF_SERVICES.podautoscaler,
        namespace,
        labelSelector: selectorOf(this.#runId),
      }) as PodAutoscalerList;
      const names = items
        .filter(({ metadata }) => (metadata.annotations?.[MIN_SCALE_ANNOTATION] ?? "0") !== least)
        .map(({ metadata }) => metadata.name);
      const queue = names.values();
      const patchAll = async () => {
        for (const name of queue) {
          signal.throwIfAborted();
          await custom.patchNamespacedCustomObject({
            ...MADE_OF_SERVICES.podautoscaler,
            namespace,
            name,
            body: { metadata: { annotations: { [MIN_SCALE_ANNOTATION]: least } } },
          }, MERGE_PATCH);
        }
      };
      await Promise.all(Array.from({ length: PATCHES_AT_ONCE }, patchAll));
    } catch (error) {
      if (signal.aborted) throw error;
      throw kubeError(
        error,
        `let the functions go to ${least} (min-scale of their PodAutoscalers)`,
      );
    }
  }
}

function changedByAnother({ run, host }: SettingsMarker): LoaderError {
  return new LoaderError(
    "platform",
    `The run ${run} on ${host} has changed Knative's settings since this one did; they are its ` +
      "own now, and this run changes them no more.",
    { value: run },
  );
}

/** What was put back, in one sentence. */
export function describeRestored({ run, host, restored, foreign }: RestoredSettings): string {
  const values = Object.entries(restored).map(([key, value]) => `${key} ${value ?? "not set"}`);
  const kept = foreign.length === 0
    ? ""
    : `; ${foreign.join(", ")} was left, because someone else has set it since`;
  return `Put back in the ${CHANGED_OBJECT} what the run ${run} on ${host} had left: ${
    values.join(", ") || "nothing"
  }${kept}.`;
}

interface PodAutoscalerList {
  readonly items: readonly {
    readonly metadata: {
      readonly name: string;
      readonly annotations?: Readonly<Record<string, string>>;
    };
  }[];
}
