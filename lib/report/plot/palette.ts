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
