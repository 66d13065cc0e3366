import { LoaderError } from "../base/error.ts";
import type { PlatformName } from "../platform/registry.ts";

/** What an experiment needs of Deno, and why. */
const NEEDED: readonly {
  readonly name: Deno.PermissionName;
  readonly why: string;
  /** Only where invocations are real. */
  readonly isReal?: true;
}[] = [
  { name: "read", why: "the trace and earlier results" },
  { name: "write", why: "the results" },
  { name: "net", why: "the invocations", isReal: true },
  { name: "run", why: "the gateway and the function instances", isReal: true },
  { name: "sys", why: "what machine this is" },
];

/** The permission set of deno.json grants no other address. */
const LOOPBACK = { name: "net", host: "127.0.0.1" };

/**
 * Makes sure of the permissions that an experiment needs: asks for each at a
 * terminal, names the flags elsewhere.
 *
 * @throws LoaderError `usage` when one is not granted
 */
export function requirePermissions(script: string, platform: PlatformName): void {
  const atTerminal = Deno.stdin.isTerminal() && Deno.stderr.isTerminal();
  const needed = NEEDED.filter(({ isReal }) => !isReal || platform !== "simulator");
  const missing = needed.filter(({ name, why }) => {
    const descriptor = (name === "net" ? LOOPBACK : { name }) as Deno.PermissionDescriptor;
    const { state } = Deno.permissions.querySync(descriptor);
    if (state === "granted") return false;
    if (state === "denied" || !atTerminal) return true;
    console.error(`${script} needs ${name} access for ${why}.`);
    return Deno.permissions.requestSync(descriptor).state !== "granted";
  });
  if (missing.length === 0) return;
  const flags = missing.map(({ name }) => `--allow-${name}`).join(" ");
  throw new LoaderError(
    "usage",
    `${script} needs ${flags}; run it as "deno run -P experiments/${script}.ts", ` +
      `which grants what deno.json lists, or as "deno task".`,
  );
}
