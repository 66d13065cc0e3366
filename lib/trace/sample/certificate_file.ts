import { join } from "node:path";
import { readTextIfPresent, replaceFile } from "../../base/file.ts";
import { formatJson } from "../../base/json.ts";
import { SAMPLE_CERTIFICATE, type SampleCertificate } from "../../model/sample_certificate.ts";

/** The certificate of a sample, beside its files. */
export const CERTIFICATE_FILE = "certificate.json";

/** What stands beside the files of a trace: their certificate, or why it is not taken for one. */
export type FoundCertificate =
  | { readonly certificate: SampleCertificate }
  | { readonly note: string };

/** Writes a certificate into the folder of its sample. */
export function writeCertificate(folder: string, certificate: SampleCertificate): string {
  const file = join(folder, CERTIFICATE_FILE);
  replaceFile(file, formatJson(certificate) + "\n");
  return file;
}

/**
 * Reads the certificate in a folder; `null`: there is none. One that does not fit the
 * files, told by their hash, or that is of another version is not taken; a sentence
 * says so.
 */
export function readCertificate(folder: string, hash: string): FoundCertificate | null {
  const file = join(folder, CERTIFICATE_FILE);
  const text = readTextIfPresent(file);
  if (text === null) return null;
  const parsed = SAMPLE_CERTIFICATE.safeParse(parseOrNull(text));
  if (!parsed.success) {
    return {
      note: `${file} is no certificate of a sample that this version reads, and is left out; ` +
        "take the sample anew.",
    };
  }
  if (parsed.data.sampleHash !== hash) {
    return {
      note: `${file} is the certificate of other files than those beside it, and is left out; ` +
        "take the sample anew.",
    };
  }
  return { certificate: parsed.data };
}

function parseOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
