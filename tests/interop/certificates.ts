import { join } from "node:path";
import type { TlsSettings } from "../../lib/model/platform.ts";
import { temporaryFolder } from "../support/script.ts";
import { GO } from "./peer.ts";

/** Test certificates in a folder that goes when disposed of. */
export class Certificates implements AsyncDisposable {
  readonly #folder: AsyncDisposable & { readonly path: string };

  private constructor(folder: AsyncDisposable & { readonly path: string }) {
    this.#folder = folder;
  }

  /** Makes an authority, a server's and a client's certificate with the Go peer. */
  static async make(): Promise<Certificates> {
    const certificates = new Certificates(await temporaryFolder());
    const { success, stderr } = await new Deno.Command(GO.needs[0], {
      args: ["make-certs", certificates.folder],
    }).output();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
    return certificates;
  }

  get folder(): string {
    return this.#folder.path;
  }

  /** Trusts the authority that signed the server's certificate. */
  get trusting(): TlsSettings {
    return { caCertificates: [this.#read("ca.pem")], certificate: null };
  }

  /** Trusts another authority. */
  get distrusting(): TlsSettings {
    return { caCertificates: [this.#read("other_ca.pem")], certificate: null };
  }

  /** Shows a certificate of its own, too. */
  get identified(): TlsSettings {
    const certificate = { chain: this.#read("client.pem"), key: this.#read("client.key") };
    return { ...this.trusting, certificate };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#folder[Symbol.asyncDispose]() as Promise<void>;
  }

  #read(name: string): string {
    return Deno.readTextFileSync(join(this.folder, name));
  }
}
