// Vectors of two numbers, as points in the plane.

import { number, s } from "./dom.js";

export const CHART = { title: "Points in the plane", xLabel: "first entry (up: second entry)", label: "Points and the gradient of each loss", equal: true, height: 480 };
export const HINT = "Drag a point, or select it with Tab and use the arrow keys (with Shift, ten times as far). Points of one label have one colour; weights of the loss are squares; hollow points are targets, which training does not move.";
export const USUAL = ["triplet_margin"];
export const STEP = 0.1;
const LONGEST = 0.8; // of the arrows

export const spans = () => ({ xSpan: [-2.2, 2.2], ySpan: [-2.2, 2.2] });
export const sizes = (by) => by.filter((v, i) => i % 2 === 0).map((v, i) => Math.hypot(v, by[2 * i + 1]));

/** All numbers of the part after point i was moved to (x, y). */
export function moved(part, now, i, x, y) {
  const length = part.unit ? Math.hypot(x, y) || 1 : 1;
  return now.map((v, j) => (Math.floor(j / 2) === Number(i) ? (j % 2 ? y : x) / length : v));
}

const count = (now) => now.length / 2;
const name = (part, now, i) => (count(now) > 1 ? `${part.name} ${i + 1}` : part.name);

export function rows(part, now) {
  return Array.from({ length: count(now) }, (_, i) => [name(part, now, i), `${number(now[2 * i], 3)}, ${number(now[2 * i + 1], 3)}`, [2 * i, 2 * i + 1]]);
}

export function paint(c, { parts, at, grips, runs, arrow }) {
  const moving = parts.filter((part) => part.moves);
  const labels = parts.find((part) => !part.moves && at[part.name].every(Number.isInteger));
  if (moving.some((part) => part.unit)) c.plot.append(s("circle", { class: "circle", cx: c.x(0), cy: c.y(0), r: c.x(1) - c.x(0) }));
  link(c, moving, at);
  for (const part of moving) {
    const now = at[part.name];
    for (let i = 0; i < count(now); i += 1) {
      const [x, y] = now.slice(2 * i, 2 * i + 2);
      for (const run of part.trains ? runs : []) {
        c.arrow(x, y, LONGEST * arrow(run, part, 2 * i), LONGEST * arrow(run, part, 2 * i + 1), run.place, `${run.label} ${part.name}.${i}`);
      }
    }
  }
  moving.forEach((part, place) => {
    const now = at[part.name];
    for (let i = 0; i < count(now); i += 1) {
      const [x, y] = now.slice(2 * i, 2 * i + 2);
      const own = labels && at[labels.name].length === count(now) && !part.square;
      const label = own ? at[labels.name][i] : part.square ? i : null;
      const colour = label === null ? place : Math.abs(label) % 4;
      const said = name(part, now, i) + (own ? ` (${labels.name} ${number(label)})` : "");
      grips.put(`${part.name}.${i}`, x, y, `${said}: ${number(x, 3)}, ${number(y, 3)}. Arrow keys move it.`,
        { square: part.square, className: part.trains ? `k${colour}` : "fixed" });
      c.plot.append(s("text", { class: "tag", x: c.x(x) + 10, y: c.y(y) - 9 }, said));
    }
  });
}

/** Thin lines between the points of one row. */
function link(c, moving, at) {
  const [first, ...rest] = moving.filter((part) => !part.square);
  for (const part of rest.filter((one) => at[one.name].length === at[first.name].length)) {
    for (let i = 0; i < at[part.name].length; i += 2) {
      const [a, b] = [at[first.name], at[part.name]];
      c.plot.append(s("line", { class: "link", x1: c.x(a[i]), y1: c.y(a[i + 1]), x2: c.x(b[i]), y2: c.y(b[i + 1]) }));
    }
  }
}
