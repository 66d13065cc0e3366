import type { Peer } from "./peer.ts";
import { type NamedTransport, TRANSPORTS } from "./transports.ts";

const told = new Set<string>();

/**
 * A test on every transport. Where a file that it needs is not installed, it is
 * skipped, which is told once; on CI it fails.
 */
export function interopTest(
  name: string,
  needs: Pick<Peer, "needs">,
  body: (transport: NamedTransport, t: Deno.TestContext) => Promise<void>,
  transports: readonly NamedTransport[] = TRANSPORTS,
): void {
  const missing = needs.needs.filter((path) => !isFile(path));
  for (const transport of transports) {
    const title = `interop: ${transport.name}: ${name}`;
    if (missing.length === 0) {
      Deno.test(title, (t) => body(transport, t));
      continue;
    }
    const sentence = `${missing.join(", ")} is not there; run \`deno task peers:install\`.`;
    if (Deno.env.get("CI") === "true") {
      Deno.test(title, () => {
        throw new Error(sentence);
      });
      continue;
    }
    if (!told.has(sentence)) console.warn(`Skipped: ${sentence}`);
    told.add(sentence);
    Deno.test.ignore(title, () => {});
  }
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
