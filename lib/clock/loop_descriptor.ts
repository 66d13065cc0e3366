/** Descriptors of this process. */
const DESCRIPTORS = "/proc/self/fd";

/** Other threads may open and close something between two looks. */
const MOST_ATTEMPTS = 5;

/**
 * The descriptor by which this thread's event loop learns of everything that it waits for (Linux'
 * epoll(7)); each thread has one. It is the one that watches one descriptor more for as long as
 * this thread listens.
 *
 * @returns `null` where it cannot be told: another system, or no permission to look
 */
export function findLoopDescriptor(): number | null {
  try {
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
      const before = readWatched();
      const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      const during = readWatched();
      listener.close();
      const found = findGrown(before, during);
      if (found !== null && findGrown(readWatched(), during) === found) return found;
    }
  } catch {
    // Not for us to read, or no network to listen on.
  }
  return null;
}

/** What each epoll descriptor watches, a line each. */
function readWatched(): ReadonlyMap<number, readonly string[]> {
  const watched = new Map<number, readonly string[]>();
  for (const { name } of Deno.readDirSync(DESCRIPTORS)) {
    try {
      if (Deno.readLinkSync(`${DESCRIPTORS}/${name}`) !== "anon_inode:[eventpoll]") continue;
      const lines = Deno.readTextFileSync(`/proc/self/fdinfo/${name}`).split("\n");
      watched.set(Number(name), lines.filter((line) => line.startsWith("tfd:")));
    } catch {
      // It is closed meanwhile.
    }
  }
  return watched;
}

/** The first that watches one more, if all that do are copies of one another. */
function findGrown(
  before: ReadonlyMap<number, readonly string[]>,
  after: ReadonlyMap<number, readonly string[]>,
): number | null {
  const grown = [...after].filter(([descriptor, lines]) =>
    lines.length === (before.get(descriptor)?.length ?? NaN) + 1
  );
  const isOne = new Set(grown.map(([, lines]) => lines.join("\n"))).size === 1;
  return isOne ? grown[0][0] : null;
}
