/**
 * Colours of all figures: those of Okabe and Ito (2008, "Color Universal
 * Design"), which readers with colour-deficient vision can tell apart.
 */
export const PALETTE = {
  blue: "#0072b2",
  sky: "#7fb8d8",
  orange: "#d55e00",
  green: "#009e73",
  red: "#b3261e",
  grey: "#8a8f98",
  pale: "#d9dde3",
  shade: "#f1f3f6",
  ink: "#1f2328",
} as const;

/** What {@linkcode PALETTE} becomes on a dark page: as far from its background, and from each other. */
export const DARK_PALETTE: Readonly<Record<keyof typeof PALETTE, string>> = {
  blue: "#4ba3e3",
  sky: "#8cc3e6",
  orange: "#f0883e",
  green: "#2fbf8f",
  red: "#f2726a",
  grey: "#7d8590",
  pale: "#30363d",
  shade: "#1c2128",
  ink: "#e6edf3",
};

/**
 * How lines of a colour are broken, so that a figure can be read without colours: the blue one
 * is whole, as is what is pale enough to be told from it.
 */
export const DASHES: Readonly<Record<string, string>> = {
  [PALETTE.orange]: "6,2.5",
  [PALETTE.green]: "2,2",
  [PALETTE.red]: "8,2.5,2,2.5",
  [PALETTE.ink]: "1,2.5",
};
