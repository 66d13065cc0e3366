import { type ApiRequest, type ApiScript, statusResponse } from "./scripted_api_server.ts";

interface StoredObject {
  readonly metadata: {
    readonly uid: string;
    readonly resourceVersion: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec?: { readonly holderIdentity: string };
  readonly data?: Readonly<Record<string, string>>;
}

const LEASES = "/apis/coordination.k8s.io/v1/namespaces/knative-serving/leases";
const LEASE = `${LEASES}/loader-settings`;
const CONFIG_MAP = "/api/v1/namespaces/knative-serving/configmaps/config-autoscaler";

/** What becomes of a request: before it is applied, and before its answer goes. */
export interface Fate {
  readonly appliedAfter?: Promise<unknown>;
  readonly answeredAfter?: Promise<unknown>;
}

/**
 * The lease and the config map of Knative's settings, with the rules of an API
 * server: versions, identities, preconditions, and PUT that makes a lease that is
 * not there.
 */
export class ScriptedSettings {
  lease: StoredObject | null = null;
  map: StoredObject = {
    metadata: { uid: "map", resourceVersion: "1" },
    data: { "max-scale-up-rate": "10" },
  };
  /** Decides what becomes of requests; `null`: nothing special. */
  fateOf: (request: ApiRequest) => Fate | null = () => null;
  #version = 1;

  readonly script: ApiScript = (request) => {
    const isOurs = request.path === LEASES || request.path === LEASE || request.path === CONFIG_MAP;
    return isOurs ? this.#meet(request) : null;
  };

  async #meet(request: ApiRequest): Promise<Response> {
    const { appliedAfter, answeredAfter } = this.fateOf(request) ?? {};
    await appliedAfter;
    const answer = this.#apply(request);
    await answeredAfter;
    return answer;
  }

  #apply({ method, path, body }: ApiRequest): Response {
    if (path === CONFIG_MAP) return this.#applyMap(method, body as Partial<StoredObject>);
    const asked = body as StoredObject & {
      readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
    };
    switch (method) {
      case "GET":
        return this.lease === null ? statusResponse(404) : Response.json(this.lease);
      case "POST":
        if (this.lease !== null) return statusResponse(409, "AlreadyExists");
        return this.#store(asked);
      case "PUT": {
        const { uid, resourceVersion } = asked.metadata;
        const there = this.lease?.metadata;
        if (uid !== undefined && uid !== there?.uid) return statusResponse(409, "Conflict");
        if (there !== undefined && resourceVersion !== there.resourceVersion) {
          return statusResponse(409, "Conflict");
        }
        return this.#store(asked);
      }
      case "DELETE": {
        const there = this.lease?.metadata;
        if (there === undefined) return statusResponse(404);
        const { uid = there.uid, resourceVersion = there.resourceVersion } = asked?.preconditions ??
          {};
        if (uid !== there.uid || resourceVersion !== there.resourceVersion) {
          return statusResponse(409, "Conflict");
        }
        this.lease = null;
        return Response.json({});
      }
    }
    return statusResponse(405);
  }

  #applyMap(method: string, body: Partial<StoredObject>): Response {
    if (method === "GET") return Response.json(this.map);
    const { metadata: now, data = {} } = this.map;
    if (body.metadata?.resourceVersion !== now.resourceVersion) {
      return statusResponse(409, "Conflict");
    }
    const merge = (a: Readonly<Record<string, string>>, b: Readonly<Record<string, unknown>>) =>
      Object.fromEntries(
        Object.entries({ ...a, ...b }).filter(([, value]) => value !== null),
      ) as Record<string, string>;
    this.map = {
      metadata: {
        uid: now.uid,
        resourceVersion: String(++this.#version),
        annotations: merge(now.annotations ?? {}, body.metadata.annotations ?? {}),
      },
      data: merge(data, body.data ?? {}),
    };
    return Response.json(this.map);
  }

  #store(asked: StoredObject): Response {
    const uid = this.lease?.metadata.uid ?? `lease-${++this.#version}`;
    const resourceVersion = String(++this.#version);
    this.lease = { ...asked, metadata: { ...asked.metadata, uid, resourceVersion } };
    return Response.json(this.lease);
  }
}
