import type { TraceFormat } from "../format.ts";
import { findByHeader, hasColumns } from "../header_search.ts";
import type { TraceFolder } from "../trace_folder.ts";

/** A data set that is recognised, and named in the sentence that refuses it. */
function refused(
  name: string,
  find: (folder: TraceFolder) => string | null | Promise<string | null>,
  unsupported: string,
): TraceFormat {
  return {
    name,
    // The message about unknown files lists what can be read.
    looksFor: [],
    async recognise(folder) {
      const evidence = await find(folder);
      return evidence === null ? null : { evidence, unsupported };
    },
  };
}

async function findColumns(
  folder: TraceFolder,
  columns: readonly string[],
): Promise<string | null> {
  const found = await findByHeader(folder, (header) => hasColumns(header, columns));
  return found.at(0)?.name ?? null;
}

function findNamed(folder: TraceFolder, pattern: RegExp): string | null {
  return [...folder.files].toSorted().find((name) => pattern.test(name)) ?? null;
}

/** Accesses to storage by functions (Romero et al., "Faa$T", SoCC 2021). */
const AZURE_BLOBS_2020 = refused(
  "Azure Functions blob accesses 2020",
  async (folder) =>
    await findColumns(folder, ["timestamp", "anonfunctioninvocationid", "blobbytes"]) ??
      findNamed(folder, /^azurefunctions-accesses-2020\b/i),
  "These are accesses to storage, one or several an invocation, and invocations without any are " +
    "not in them, nor is any runtime; take the Azure Functions trace of 2019 or 2021.",
);

/** Cold starts of Alibaba Cloud (Wang et al., "FaaSNet", USENIX ATC 2021). */
const ALIBABA_FAASNET_2021 = refused(
  "Alibaba FaaSNet 2021",
  async (folder) => await findColumns(folder, ["__time__", "functionname"]),
  "These are cold starts alone: how often functions were invoked that were warm, and how long they " +
    "ran, is not in them; take another data set for the load.",
);

/** IBM Code Engine: a pickle of pandas for each week. */
const IBM_2025 = refused(
  "IBM Code Engine 2025",
  findPickle,
  "A pickle runs code when it is read, so it is not read here; convert it once with deno task " +
    "trace:ibm, and give the folder that this writes.",
);

const INVOCATIONS = /(^|[^a-z])(invocations?|tasks?)([^a-z]|$)/i;
const FUNCTIONS = /(^|[^a-z])functions?([^a-z]|$)/i;
const ENDPOINTS = /(^|[^a-z])endpoints?([^a-z]|$)/i;

/** Globus Compute: tasks on endpoints of a federation, of a release in three tables. */
const GLOBUS_COMPUTE = refused(
  "Globus Compute",
  (folder) => {
    const names = [INVOCATIONS, FUNCTIONS, ENDPOINTS].map((pattern) => findNamed(folder, pattern));
    return names.every((name) => name !== null) ? names.join(", ") : null;
  },
  "Its tasks run for minutes on endpoints that their users own, and are not read here; write those " +
    "of interest in the normal form.",
);

/** Archives, in which most data sets are released. */
const ARCHIVE = refused(
  "an archive",
  (folder) => {
    const isArchive = (name: string) => /\.(7z|rar|tar|tar\.gz|tgz|zip)$/i.test(name);
    const names = [...folder.files].filter((name) => !name.startsWith("."));
    return names.length > 0 && folder.folders.size === 0 && names.every(isArchive)
      ? names.join(", ")
      : null;
  },
  "Unpack it, and give the folder or file that comes out.",
);

/** Data sets that are recognised and cannot be replayed. */
export const REFUSED_SETS: readonly TraceFormat[] = [
  AZURE_BLOBS_2020,
  ALIBABA_FAASNET_2021,
  IBM_2025,
  GLOBUS_COMPUTE,
  ARCHIVE,
];

/** Pickles of the protocols 2 and later begin with these bytes. */
const PROTO = 0x80;

async function findPickle(folder: TraceFolder): Promise<string | null> {
  for (const name of [...folder.files].toSorted()) {
    if (!/^(week_\d+|app_configs).*|\.(pickle|pkl)$/i.test(name)) continue;
    const [first, second] = await readStart(folder.pathOf(name));
    if (first === PROTO && second >= 2 && second <= 5) return name;
  }
  return null;
}

async function readStart(path: string): Promise<Uint8Array> {
  const bytes = new Uint8Array(2);
  try {
    using file = await Deno.open(path);
    await file.read(bytes);
  } catch {
    // Whoever reads the file says why it cannot be read.
  }
  return bytes;
}
