// Scores of items, classes or rows, each on a line of its own.

import { number, s } from "./dom.js";

export const CHART = { title: "Scores", xLabel: "score", label: "Scores and the gradient of each loss", height: 420, rows: true };
export const HINT = "Drag a score to the left or to the right, or select it with Tab and use the arrow keys (with Shift, ten times as far). What is known of the items is typed under Inputs.";
export const USUAL = ["listwise_softmax"];
export const STEP = 0.1;
const LONGEST = 1.2; // of the arrows

const moving = (parts) => parts.filter((part) => part.moves);

export function spans(parts, at) {
  const [first] = moving(parts);
  const n = at[first.name].length;
  const room = 0.1 * (first.high - first.low);
  return { xSpan: [first.low - room, first.high + room], ySpan: [n + 0.7, 0.3], xLabel: moving(parts).map((part, k, all) => part.name + (all.length > 1 ? [" (circle)", " (square)"][Math.min(k, 1)] : "")).join(", ") };
}

export const sizes = (by) => by.map(Math.abs);
export const moved = (part, now, i, x) => now.map((v, j) => (j === Number(i) ? x : v));
export const rows = (part, now) => now.map((v, i) => [`${part.name} ${i + 1}`, number(v, 3), [i]]);

/** What is known of entry i: "relevance 3", or the name alone of what is true of it only. */
function known(parts, at, i, n) {
  return parts.filter((part) => !part.moves).map((part) => {
    const now = at[part.name];
    if (now.length === n) return `${part.name} ${number(now[i])}`;
    return now.length === 1 && now[0] === i ? part.name : "";
  }).filter(Boolean).join(", ");
}

export function paint(c, { parts, at, grips, runs, arrow }) {
  const own = moving(parts);
  const n = at[own[0].name].length;
  const { left, right } = c.inner;
  for (let i = 0; i < n; i += 1) {
    const y = i + 1;
    c.plot.append(s("line", { class: "link", x1: left, x2: right, y1: c.y(y), y2: c.y(y) }));
    c.plot.append(s("text", { class: "tag", x: left + 5, y: c.y(y) - 8 }, [String(y), known(parts, at, i, n)].filter(Boolean).join(": ")));
    if (own.length === 1 && n > 1) {
      const rank = 1 + at[own[0].name].filter((v) => v > at[own[0].name][i]).length;
      c.plot.append(s("text", { class: "tag", x: right - 5, y: c.y(y) - 8, "text-anchor": "end" }, `rank ${rank}`));
    }
    own.forEach((part, k) => {
      const [x, line] = [at[part.name][i], y + 0.26 * (k - (own.length - 1) / 2)];
      for (const run of runs) c.arrow(x, line + 0.1 * run.place, LONGEST * arrow(run, part, i), 0, run.place, `${run.label} ${part.name}.${i}`);
      grips.put(`${part.name}.${i}`, x, line, `${part.name} ${y}: ${number(x, 3)}. The left and right arrow keys move it.`, { square: k > 0, className: `k${k}` });
    });
  }
}
