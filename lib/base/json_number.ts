import { z } from "zod";

/** A number as `formatJson` writes it: infinity is the text `"Infinity"` or `"-Infinity"`. */
export const jsonNumber = z.union([
  z.number(),
  z.enum(["Infinity", "-Infinity"]).transform(Number),
]);
