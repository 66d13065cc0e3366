/** Size of a figure: two side by side on a screen, one as wide as a telephone. */
export const TRACE_SIZE = { width: 480, height: 280 } as const;

/** Room of a frame, with a title of the vertical axis above and one of the horizontal below. */
export const TRACE_MARGINS = {
  marginTop: 44,
  marginRight: 16,
  marginBottom: 42,
  marginLeft: 50,
} as const;
