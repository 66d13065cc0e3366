import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { MachineReader } from "../../lib/scrape/machine_counters.ts";
import {
  areMachineLimitsKnown,
  findOwnCgroup,
  readMachineLimits,
} from "../../lib/scrape/own_cgroup.ts";

/** Texts of files by their path below a root folder, as the kernel has them. */
type Files = Readonly<Record<string, string>>;

function withRoot(files: Files, body: (root: string, write: (files: Files) => void) => void) {
  const root = Deno.makeTempDirSync();
  const write = (texts: Files) => {
    for (const [path, text] of Object.entries(texts)) {
      Deno.mkdirSync(dirname(join(root, path)), { recursive: true });
      Deno.writeTextFileSync(join(root, path), text);
    }
  };
  try {
    write(files);
    body(root, write);
  } finally {
    Deno.removeSync(root, { recursive: true });
  }
}

const STAT = (user: number, idle: number, steal: number) =>
  `cpu  ${user} 2 3 ${idle} 5 6 7 ${steal} 99 98\ncpu0 1 2 3 4 5 6 7 8 9 10\nintr 12345 0 1\n`;

const SELF_STAT = (faults: number) =>
  `77 (a (strange) name) R 1 77 77 0 -1 4194304 101 0 ${faults} 0 5 6 0 0 20 0 1 0 53281 0 0\n`;

/** A host with control groups of version 2, in a unit in a slice that has the limit. */
const VERSION_2: Files = {
  "proc/stat": STAT(100, 300, 10),
  "proc/self/stat": SELF_STAT(3),
  "proc/self/schedstat": "5000000 2000000 17\n",
  "proc/pressure/cpu": "some avg10=1.00 avg60=1.00 avg300=1.00 total=999\n",
  "proc/pressure/memory":
    "some avg10=0.00 avg60=0.00 avg300=0.00 total=5000\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=4000\n",
  "proc/self/cgroup": "0::/work.slice/loader.service\n",
  "proc/self/mountinfo":
    "24 1 8:1 / / rw - ext4 /dev/sda1 rw\n30 24 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw\n",
  "sys/fs/cgroup/cgroup.procs": "",
  "sys/fs/cgroup/cpu.stat": "usage_usec 1\n",
  "sys/fs/cgroup/work.slice/cpu.max": "150000 100000\n",
  "sys/fs/cgroup/work.slice/cpu.stat":
    "usage_usec 9\nnr_periods 95\nnr_throttled 82\nthrottled_usec 30000\n",
  "sys/fs/cgroup/work.slice/memory.max": "67108864\n",
  "sys/fs/cgroup/work.slice/memory.events": "low 0\nhigh 2\nmax 5\noom 1\n",
  "sys/fs/cgroup/work.slice/loader.service/cpu.max": "max 100000\n",
  "sys/fs/cgroup/work.slice/loader.service/cpu.stat":
    "usage_usec 9\nnr_periods 0\nnr_throttled 0\nthrottled_usec 2000\n",
  "sys/fs/cgroup/work.slice/loader.service/memory.max": "max\n",
  "sys/fs/cgroup/work.slice/loader.service/cpu.pressure":
    "some avg10=0.00 avg60=0.00 avg300=0.00 total=7500\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=1\n",
};

Deno.test("machine counters: control groups of version 2, limits of outer groups included", () => {
  withRoot(VERSION_2, (root, write) => {
    using reader = new MachineReader(root);
    assert.deepEqual(reader.limits, { cpuCores: 1.5, memoryMib: 64 });
    assert.deepEqual(reader.read(), {
      stolenMs: 100,
      coreMs: 4330,
      throttledMs: 32,
      // Of the group that has the limit.
      cpuPeriods: 95,
      throttledPeriods: 82,
      threadWaitMs: 2,
      cpuPressureMs: 7.5,
      memoryPressureMs: 5,
      memoryLimitHits: 7,
      majorFaults: 3,
    });
    // The files stay open: what is read is what they hold now.
    write({ "proc/stat": STAT(150, 350, 20), "proc/self/stat": SELF_STAT(4) });
    const later = reader.read();
    assert.deepEqual([later.stolenMs, later.coreMs, later.majorFaults], [200, 5430, 4]);
  });
});

Deno.test("machine counters: control groups of version 1, one of each controller", () => {
  withRoot({
    "proc/stat": STAT(100, 300, 10),
    "proc/pressure/cpu": "some avg10=1.00 avg60=1.00 avg300=1.00 total=1500\n",
    "proc/self/cgroup":
      "9:memory:/docker/abc\n2:cpuacct,cpu:/docker/abc\n1:name=systemd:/x\n0::/somewhere\n",
    // In a container, its own group is what is mounted.
    "proc/self/mountinfo":
      "31 23 0:29 /docker/abc /sys/fs/cgroup/cpu\\040and rw - cgroup cgroup rw,cpuacct,cpu\n" +
      "35 23 0:32 /docker/abc /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n" +
      "41 23 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n",
    "sys/fs/cgroup/cpu and/cpu.cfs_quota_us": "50000\n",
    "sys/fs/cgroup/cpu and/cpu.cfs_period_us": "100000\n",
    "sys/fs/cgroup/cpu and/cpu.stat": "nr_periods 9\nnr_throttled 3\nthrottled_time 340000000\n",
    "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
    "sys/fs/cgroup/memory/memory.failcnt": "12\n",
  }, (root) => {
    using reader = new MachineReader(root);
    assert.deepEqual(reader.limits, { cpuCores: 0.5, memoryMib: null });
    const counters = reader.read();
    const { throttledMs, cpuPressureMs, memoryLimitHits, threadWaitMs } = counters;
    assert.deepEqual([throttledMs, cpuPressureMs, memoryLimitHits], [340, 1.5, 12]);
    assert.deepEqual([counters.throttledPeriods, counters.cpuPeriods], [3, 9]);
    assert.equal(threadWaitMs, null);
  });
});

Deno.test("machine counters: a group outside of what is mounted is that of the mount", () => {
  withRoot({
    "proc/self/cgroup": "0::/../other\n",
    "proc/self/mountinfo": "30 24 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup rw\n",
    "sys/fs/cgroup/cpu.max": "20000 100000\n",
  }, (root) => {
    assert.deepEqual(findOwnCgroup("cpu", root)?.folders, [join(root, "sys/fs/cgroup")]);
    assert.equal(readMachineLimits(root).cpuCores, 0.2);
  });
});

Deno.test("machine counters: what the system does not tell is unknown, and never 0", () => {
  const nothing = {
    stolenMs: null,
    coreMs: null,
    throttledMs: null,
    cpuPeriods: null,
    throttledPeriods: null,
    threadWaitMs: null,
    cpuPressureMs: null,
    memoryPressureMs: null,
    memoryLimitHits: null,
    majorFaults: null,
  };
  withRoot({}, (root) => {
    using reader = new MachineReader(root);
    assert.deepEqual(reader.read(), nothing);
    assert.deepEqual(reader.limits, { cpuCores: null, memoryMib: null });
    assert.equal(areMachineLimitsKnown(root), false);
  });
  // Texts that are something else.
  withRoot({
    "proc/stat": "cpu  1 2 3\n",
    "proc/self/stat": "broken",
    "proc/self/schedstat": "0\n",
    "proc/pressure/cpu": "",
    "proc/pressure/memory": "none\n",
    "proc/self/cgroup": "0::/\n",
    "proc/self/mountinfo": "30 24 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup rw\n",
    "sys/fs/cgroup/cpu.stat": "usage_usec 5\n",
    "sys/fs/cgroup/memory.events": "low 0\n",
  }, (root) => {
    using reader = new MachineReader(root);
    assert.deepEqual(reader.read(), nothing);
  });
});

Deno.test("machine counters: this machine's own, where it is Linux", () => {
  using reader = new MachineReader();
  const { coreMs, majorFaults } = reader.read();
  if (Deno.build.os !== "linux") return assert.equal(coreMs, null);
  assert.ok(coreMs! > 0);
  assert.ok(majorFaults! >= 0);
  assert.ok(areMachineLimitsKnown());
});
