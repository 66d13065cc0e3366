/** Forms of points that can be told apart in grey, by their names in the plotting library. */
export const POINT_SYMBOLS = ["circle", "square", "triangle", "star", "times", "plus"] as const;

/** A form of points; `diamond` is for what is not one among others. */
export type PointSymbol = (typeof POINT_SYMBOLS)[number] | "diamond";

/** The path of a symbol of 8 px about a point, as legends show it. */
export function symbolPath(symbol: PointSymbol, x: number, y: number): string {
  const at = (dx: number, dy: number) => `${(x + dx).toFixed(1)},${(y + dy).toFixed(1)}`;
  switch (symbol) {
    case "circle":
      return `M${at(-4, 0)}a4,4 0 1,0 8,0a4,4 0 1,0 -8,0z`;
    case "square":
      return `M${at(-3.5, -3.5)}h7v7h-7z`;
    case "triangle":
      return `M${at(0, -4.5)}L${at(4.2, 3.2)}L${at(-4.2, 3.2)}z`;
    case "star":
      return `M${
        Array.from({ length: 10 }, (_, i) => {
          const [angle, radius] = [Math.PI * i / 5, i % 2 === 0 ? 5 : 2];
          return at(radius * Math.sin(angle), -radius * Math.cos(angle));
        }).join("L")
      }z`;
    case "diamond":
      return `M${at(0, -5)}L${at(3.5, 0)}L${at(0, 5)}L${at(-3.5, 0)}z`;
    case "times":
      return `M${at(-3.5, -3.5)}l7,7m0,-7l-7,7`;
    case "plus":
      return `M${at(-4, 0)}h8M${at(0, -4)}v8`;
  }
}
