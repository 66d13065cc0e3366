import { resolve } from "node:path";
import { z } from "zod";
import { errorMessage } from "../../base/error.ts";
import type { TlsSettings } from "../../model/platform.ts";
import { parseAddress } from "../../base/address.ts";
import { PLAIN_TLS } from "./endpoint_map.ts";
import { findMetadataMistake } from "./metadata.ts";

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
