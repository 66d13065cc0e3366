import { dirname } from "node:path";
import process from "node:process";

/** Where the test cluster keeps the id of a process that is part of it, such as `kube-apiserver`. */
export function pidFileOf(name: string): string {
  // Its certificates and its process ids lie side by side.
  return `${dirname(dirname(process.env.KUBECONFIG!))}/run/${name}.pid`;
}

/** The id in such a file. */
export function readPid(pidFile: string): number {
  return Number(Deno.readTextFileSync(pidFile));
}

/** Stops a process of the cluster where it is; disposing lets it go on. */
export function pauseProcess(name: string): Disposable {
  const pid = readPid(pidFileOf(name));
  Deno.kill(pid, "SIGSTOP");
  return { [Symbol.dispose]: () => Deno.kill(pid, "SIGCONT") };
}
