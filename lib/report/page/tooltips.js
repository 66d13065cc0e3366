// Tells the values of a figure's points where the pointer, the finger or the keyboard is. Without
// this script browsers show the same, point by point, as the titles of the places.
(() => {
  const SVG = "http://www.w3.org/2000/svg";
  /** Of the drawing: so far from a point, the pointer is at none. */
  const FAR_PX = 60;

  /** The points of a figure, from left to right; their titles are taken over. */
  function readPoints(svg) {
    return [...svg.querySelectorAll(".hits > path")].map((path) => {
      const title = path.querySelector("title");
      const [value, at] = title.textContent.split("\n");
      title.remove();
      const [left, top] = path.getAttribute("d").slice(1, -2).split(",").map(Number);
      const panel = path.closest("svg");
      return { left, top: top + panel.y.baseVal.value, panel, at, value };
    }).sort((a, b) => a.left - b.left);
  }

  /** The point nearest to a place, and those of other series at the same place of the axis. */
  function chooseShown(points, nearest) {
    const shown = new Map();
    for (const point of points) {
      if (point.panel !== nearest.panel || point.at !== nearest.at) continue;
      const series = point.value.split(": ")[0];
      const distanceOf = ({ top }) => Math.abs(top - nearest.top);
      const before = shown.get(series) ?? null;
      if (before === null || distanceOf(point) < distanceOf(before)) shown.set(series, point);
    }
    return [...shown.values()].sort((a, b) => a.top - b.top);
  }

  function attach(figure) {
    const svg = figure.querySelector("svg");
    const points = svg === null ? [] : readPoints(svg);
    if (points.length === 0) return;
    const tip = document.createElement("div");
    tip.className = "tip";
    tip.setAttribute("role", "status");
    tip.hidden = true;
    figure.append(tip);
    const marks = document.createElementNS(SVG, "g");
    marks.setAttribute("class", "tip-marks");
    svg.append(marks);
    svg.tabIndex = 0;
    svg.setAttribute("aria-description", "Left and right arrow keys tell the values.");
    let current = null;

    function hide() {
      tip.hidden = true;
      marks.replaceChildren();
    }

    function show(point) {
      current = point;
      const shown = chooseShown(points, point);
      tip.replaceChildren(...[point.at, ...shown.map(({ value }) => value)].map((text, i) => {
        const line = document.createElement(i === 0 ? "strong" : "div");
        line.textContent = text;
        return line;
      }));
      marks.replaceChildren(...shown.map(({ left, top }) => {
        const ring = document.createElementNS(SVG, "circle");
        for (const [name, value] of Object.entries({ cx: left, cy: top, r: 5 })) {
          ring.setAttribute(name, value);
        }
        return ring;
      }));
      tip.hidden = false;
      place(point);
    }

    /** Beside the point, on the side that has room. */
    function place({ left, top }) {
      const frame = figure.getBoundingClientRect();
      const at = new DOMPoint(left, top).matrixTransform(svg.getScreenCTM());
      const [x, y] = [at.x - frame.left, at.y - frame.top];
      const isRight = x + 14 + tip.offsetWidth <= frame.width;
      const wanted = isRight ? x + 14 : x - 14 - tip.offsetWidth;
      tip.style.left = `${Math.max(0, Math.min(wanted, frame.width - tip.offsetWidth))}px`;
      tip.style.top = `${Math.max(0, y - tip.offsetHeight / 2)}px`;
    }

    svg.addEventListener("pointermove", follow);
    svg.addEventListener("pointerdown", follow);
    svg.addEventListener("pointerleave", (event) => {
      // A finger that is lifted leaves the figure; what it chose is still to be read.
      if (event.pointerType === "mouse") hide();
    });
    svg.addEventListener("blur", hide);
    svg.addEventListener("keydown", (event) => {
      if (event.key === "Escape") return hide();
      const next = nextOf(points, current, event.key);
      if (next === null) return;
      event.preventDefault();
      show(next);
    });

    function follow({ clientX, clientY }) {
      const { x, y } = new DOMPoint(clientX, clientY)
        .matrixTransform(svg.getScreenCTM().inverse());
      let nearest = null;
      let least = FAR_PX;
      for (const point of points) {
        const distance = Math.hypot(point.left - x, point.top - y);
        if (distance < least) [nearest, least] = [point, distance];
      }
      if (nearest === null) hide();
      else show(nearest);
    }
  }

  /** The point that a key leads to: the next place along the axis, or an end of it. */
  function nextOf(points, current, key) {
    const [first, last] = [points[0], points[points.length - 1]];
    if (key === "Home") return first;
    if (key === "End") return last;
    if (key !== "ArrowRight" && key !== "ArrowLeft") return null;
    if (current === null) return key === "ArrowRight" ? first : last;
    const ordered = key === "ArrowRight" ? points : points.toReversed();
    const from = ordered.indexOf(current);
    return ordered.slice(from + 1).find(({ at, panel }) =>
      at !== current.at || panel !== current.panel
    ) ?? current;
  }

  for (const figure of document.querySelectorAll("figure[data-file]")) attach(figure);
})();
