// Boxes to move and to stretch.

import { number, s } from "./dom.js";

export const CHART = { title: "Boxes", xLabel: "x (down: y)", label: "Two boxes and the gradient of each loss by the edges", equal: true, height: 480 };
export const HINT = "Drag a box by its middle, or a corner to stretch it; or select one with Tab and use the arrow keys (with Shift, ten times as far). The dashed box is the target.";
export const USUAL = ["iou", "giou"];
export const STEP = 0.1;
const LONGEST = 1.6; // of the arrows
const SMALLEST = 0.2;
const EDGES = ["left", "top", "right", "bottom"];

export const spans = () => ({ xSpan: [-0.3, 10.3], ySpan: [10.3, -0.3] });
export const sizes = (by) => by.map(Math.abs);
export const rows = (part, now) => now.map((v, i) => [`${part.name}: ${EDGES[i]}`, number(v, 3), [i]]);
const middle = ([left, top, right, bottom]) => [(left + right) / 2, (top + bottom) / 2];

/** The box after its first corner, its last corner or its middle was moved to (x, y). */
export function moved(part, now, which, x, y) {
  const [left, top, right, bottom] = now;
  if (which === "first") return [Math.min(x, right - SMALLEST), Math.min(y, bottom - SMALLEST), right, bottom];
  if (which === "last") return [left, top, Math.max(x, left + SMALLEST), Math.max(y, top + SMALLEST)];
  const [cx, cy] = middle(now);
  const dx = Math.min(part.high - right, Math.max(part.low - left, x - cx));
  const dy = Math.min(part.high - bottom, Math.max(part.low - top, y - cy));
  return [left + dx, top + dy, right + dx, bottom + dy];
}

export function paint(c, { parts, at, grips, runs, arrow }) {
  for (const part of parts) {
    const [left, top, right, bottom] = at[part.name];
    c.plot.append(s("rect", { class: part.trains ? "box" : "box fixed", x: c.x(left), y: c.y(top), width: c.x(right) - c.x(left), height: c.y(bottom) - c.y(top) }));
  }
  for (const part of parts.filter((one) => one.trains)) {
    const now = at[part.name];
    const [cx, cy] = middle(now);
    for (const run of runs) {
      EDGES.forEach((edge, i) => {
        const aside = 0.35 * run.place; // arrows of several losses beside one another
        const along = LONGEST * arrow(run, part, i);
        if (i % 2) c.arrow(cx + aside, now[i], 0, along, run.place, `${run.label} ${edge}`);
        else c.arrow(now[i], cy + aside, along, 0, run.place, `${run.label} ${edge}`);
      });
    }
  }
  for (const part of parts) {
    const now = at[part.name];
    const look = { className: part.trains ? "" : "fixed" };
    const corner = (which, x, y) => grips.put(`${part.name}.${which}`, x, y, `${part.name}, ${which} corner: ${number(x, 3)}, ${number(y, 3)}. Arrow keys move it.`, { square: true, ...look });
    corner("first", now[0], now[1]);
    corner("last", now[2], now[3]);
    const [cx, cy] = middle(now);
    grips.put(`${part.name}.middle`, cx, cy, `${part.name}, middle: ${number(cx, 3)}, ${number(cy, 3)}. Arrow keys move the box.`, look);
    c.plot.append(s("text", { class: "tag", x: c.x(now[0]) + 10, y: c.y(now[1]) - 6 }, part.name));
  }
}
