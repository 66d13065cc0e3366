/** What a connection is spoken over: a socket of TCP or TLS, or a test's own. */
export interface ByteStream {
  /** Reads up to as many bytes as fit; `null` at the end. */
  read(into: Uint8Array<ArrayBuffer>): Promise<number | null>;
  /** Writes some of the bytes, at least one, and tells how many. */
  write(bytes: Uint8Array<ArrayBuffer>): Promise<number>;
  close(): void;
}
