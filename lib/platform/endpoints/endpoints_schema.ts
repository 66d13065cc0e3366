import { resolve } from "node:path";
import { z } from "zod";
import { errorMessage } from "../../base/error.ts";
import type { TlsSettings } from "../../model/platform.ts";
import { parseAddress } from "../../base/address.ts";
import { PLAIN_TLS } from "./endpoint_map.ts";

/** What a text in an `:authority` may consist of (RFC 3986, section 3.2), beside the template. */
const AUTHORITY = /^(?:[\w.~!$&'()*+,;=:@%[\]-]|\{function\})+$/;

const address = z.string().transform((text, context) => {
  try {
    return parseAddress(text);
  } catch (error) {
    context.issues.push({ code: "custom", message: errorMessage(error), input: text });
    return z.NEVER;
  }
});

const authority = z.string().regex(AUTHORITY, {
  error: ({ input }) =>
    `${JSON.stringify(input)} is no authority; write a host, with {function} for the name of ` +
    `the function.`,
});

const metadata = z.record(z.string(), z.string()).superRefine((entries, context) => {
  for (const [name, value] of Object.entries(entries)) {
    const mistake = findMetadataMistake(name, value);
    if (mistake !== null) context.addIssue({ code: "custom", path: [name], message: mistake });
  }
});

/** A file of PEM blocks, named relative to a folder. */
function pemFile(folder: string, label: "CERTIFICATE" | "PRIVATE KEY") {
  return z.string().transform((path, context) => {
    const file = resolve(folder, path);
    const fail = (message: string) => {
      context.issues.push({ code: "custom", message, input: path });
      return z.NEVER;
    };
    try {
      const text = Deno.readTextFileSync(file);
      // Keys are also called "EC PRIVATE KEY" and "RSA PRIVATE KEY".
      if (new RegExp(`^-----BEGIN ([A-Z]+ )?${label}-----`, "m").test(text)) return text;
      return fail(`The file ${file} holds no ${label.toLowerCase()} in PEM.`);
    } catch {
      return fail(`The file ${file} cannot be read; check its name.`);
    }
  });
}

function tlsSettings(folder: string) {
  const files = z.strictObject({
    ca: pemFile(folder, "CERTIFICATE").optional(),
    certificate: pemFile(folder, "CERTIFICATE").optional(),
    key: pemFile(folder, "PRIVATE KEY").optional(),
  }).transform(({ ca, certificate, key }, context): TlsSettings => {
    const caCertificates = ca === undefined ? [] : [ca];
    if (certificate === undefined && key === undefined) {
      return { caCertificates, certificate: null };
    }
    if (certificate !== undefined && key !== undefined) {
      return { caCertificates, certificate: { chain: certificate, key } };
    }
    context.issues.push({
      code: "custom",
      message: certificate === undefined
        ? "The key has no certificate beside it; give both or neither."
        : "The certificate has no key beside it; give both or neither.",
      input: null,
    });
    return z.NEVER;
  });
  return z.union([z.boolean().transform((on) => on ? PLAIN_TLS : null), files]);
}

/**
 * The shape of an endpoints file, with addresses parsed and files read.
 *
 * @param folder what the paths in it are relative to
 */
export function createEndpointsSchema(folder: string) {
  const settings = {
    authority: authority.optional(),
    tls: tlsSettings(folder).optional(),
    metadata: metadata.optional(),
  };
  const full = z.strictObject({ address, ...settings }).superRefine((entry, context) => {
    const { secure } = entry.address;
    if (secure === null || entry.tls === undefined || secure === (entry.tls !== null)) return;
    context.addIssue({
      code: "custom",
      path: ["tls"],
      message: `The scheme of the address says ${secure ? "TLS" : "no TLS"}, and tls the ` +
        `contrary; leave one of them out.`,
    });
  });
  const endpoint = z.union([address.transform((parsed) => ({ address: parsed })), full]);
  return z.strictObject({
    defaults: z.strictObject(settings).optional(),
    endpoints: z.array(endpoint).optional(),
    functions: z.record(z.string(), endpoint).optional(),
  });
}

/** What an endpoints file says. */
export type EndpointsDocument = z.output<ReturnType<typeof createEndpointsSchema>>;

/**
 * Names that a call cannot have as metadata of its own: HTTP/2 forbids those of
 * a connection (RFC 9113, section 8.2.2), gRPC sends others itself, and what a call is
 * traced by is its own (--trace-share).
 */
const RESERVED: readonly string[] = [
  "connection",
  "content-length",
  "content-type",
  "host",
  "keep-alive",
  "proxy-connection",
  "te",
  "traceparent",
  "transfer-encoding",
  "upgrade",
  "user-agent",
];

/** Base64 with or without its padding, as gRPC takes it for `-bin` values. */
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/;

/**
 * Says what is wrong with metadata of a call, by the rules of gRPC over HTTP/2
 * ("Custom-Metadata" of its protocol document); `null` when nothing is.
 */
export function findMetadataMistake(name: string, value: string): string | null {
  const quoted = JSON.stringify(name);
  if (/[A-Z]/.test(name)) return `The metadata name ${quoted} must be in lower case.`;
  if (!/^[0-9a-z_.-]+$/.test(name)) {
    return `The metadata name ${quoted} may have letters, digits, "_", "-" and "." only.`;
  }
  if (name.startsWith("grpc-") || RESERVED.includes(name)) {
    return `The metadata name ${quoted} is reserved; choose another.`;
  }
  if (name.endsWith("-bin")) {
    return BASE64.test(value) ? null : `The value of the metadata ${quoted} must be base64.`;
  }
  if (!/^[\x20-\x7e]*$/.test(value) || value !== value.trim()) {
    return `The value of the metadata ${quoted} must be printable ASCII without spaces at its ` +
      `ends; bytes go into a name that ends in "-bin", as base64.`;
  }
  return null;
}
