// Two classes in the plane: where each loss draws the boundary when one class is rare, or labels are wrong.

import { numberOf, oneOf } from "./address.js";
import { Newest } from "./api.js";
import { Chart, pictures } from "./chart.js";
import { alertBox, announce, button, choice, h, number, s, named, slider, table } from "./dom.js";
import { Picker } from "./picker.js";

const KNOBS = [
  ["share", "Share of class 1", 0.02, 0.5, 0.3, "The share of rows in class 1: far from 0.5 is imbalanced."],
  ["noise", "Wrong labels", 0, 0.45, 0.1, "The share of labels that are flipped."],
  ["apart", "Distance between the classes", 0, 4, 2, ""],
  ["rows", "Rows", 20, 400, 160, ""],
];
const SHAPES = { clouds: "two clouds", moons: "two moons", ring: "a ring" };

export function planePanel(root, catalogue, params, changed) {
  const now = Object.fromEntries(KNOBS.map(([name, , low, high, usual]) => [name, numberOf(params, name, usual, low, high, name === "rows")]));
  now.seed = numberOf(params, "seed", 1, 0, 10000, true);
  now.shape = oneOf(params, "shape", Object.keys(SHAPES));
  now.boundary = oneOf(params, "boundary", ["linear", "curved"]);
  let answer = null;
  const chart = new Chart({ title: "Boundaries", xLabel: "x₁ (up: x₂)", label: "Two classes and the boundary of each loss", equal: true, height: 560 });
  const alert = alertBox();
  const results = h("div", { class: "results" });
  const picker = new Picker({ catalogue, usual: ["binary_crossentropy", "hinge", "mean_squared_error"], allowed: (e) => e.plane, fixed: ["from_logits"], changed: refresh });
  picker.load(params);
  const newest = new Newest("planes", show, alert.show);
  const set = (name) => (value) => {
    now[name] = value;
    refresh();
  };
  root.append(h("div", { class: "layout" },
    h("section", { class: "controls", "aria-label": "Losses and sample" }, h("h2", {}, "Losses"), picker.element, h("h2", {}, "Sample"),
      choice("Shape", Object.entries(SHAPES), now.shape, set("shape")),
      choice("Boundary", [["linear", "a line"], ["curved", "a curve (quadratic)"]], now.boundary, set("boundary")),
      ...KNOBS.map(([name, label, low, high, , text]) => slider({ label, low, high, text, value: now[name], whole: name === "rows", binds: true }, set(name))),
      button("New sample", () => set("seed")((now.seed % 10000) + 1))),
    h("section", { class: "figures", "aria-label": "Boundaries" }, alert, pictures("Boundaries", [chart]),
      h("p", { class: "hint" }, "○ class 0, + class 1, as labelled; a red ring marks a flipped label."), results)));

  function refresh() {
    newest.ask({ losses: picker.question(), ...now });
    changed();
  }

  function show(found) {
    answer = found;
    chart.set({ xSpan: [-found.reach, found.reach], ySpan: [-found.reach, found.reach], paint });
    announce(found.fits.map((fit) => `${fit.label}: ${(100 * fit.accuracy).toFixed(1)} % correct`).join("; "));
    results.replaceChildren(table("Evaluated on the true labels",
      ["loss", "training loss", "accuracy", `false negatives, of ${found.fits[0].ones}`, "false positives"],
      found.fits.map((fit, place) => [named(fit.label, place), number(fit.loss),
        `${(100 * fit.accuracy).toFixed(1)} %`, String(fit.missed), String(fit.alarms)])));
  }

  function paint(c) {
    answer.points.forEach(([x, y], i) => {
      const [px, py] = [c.x(x), c.y(y)];
      if (answer.wrong[i]) c.plot.append(s("circle", { class: "wrong", cx: px, cy: py, r: 7 }));
      c.plot.append(answer.seen[i] ? s("path", { class: "class-1", d: `M${px - 4} ${py}h8M${px} ${py - 4}v8` })
        : s("circle", { class: "class-0", cx: px, cy: py, r: 3.5 }));
    });
    answer.fits.forEach((fit, place) => {
      c.plot.append(s("path", { class: `series s${place}`, "data-label": fit.label, d: contour(c, fit.coefficients, answer.degree === 1 ? 1 : 90) }));
    });
  }

  return {
    start: refresh,
    close: () => newest.close(),
    losses: () => picker.question().map((l) => (l.name.startsWith("binary") || l.name.includes("binary") ? { ...l, params: { ...l.params, from_logits: true } } : l)),
    charts: [chart],
    legend: () => (answer?.fits ?? []).map(({ label }, place) => ({ label, place })),
    params: () => picker.asParams(now),
  };
}

/** Where the score is 0, by marching squares; one square is enough for a line. */
function contour(c, k, cells) {
  const score = (x, y) => k[0] + k[1] * x + k[2] * y + (k.length > 3 ? k[3] * x * x + k[4] * x * y + k[5] * y * y : 0);
  const along = ([low, high]) => (i) => low + ((high - low) * i) / cells;
  const [right, up] = [along(c.xSpan), along(c.ySpan)];
  const grid = Array.from({ length: cells + 1 }, (_, i) => Array.from({ length: cells + 1 }, (_, j) => score(right(i), up(j))));
  const cut = (i, j, di, dj) => {
    const [a, b] = [grid[i][j], grid[i + di][j + dj]];
    const t = a / (a - b);
    return `${c.x(right(i + di * t)).toFixed(1)} ${c.y(up(j + dj * t)).toFixed(1)}`;
  };
  const pieces = [];
  for (let i = 0; i < cells; i += 1) {
    for (let j = 0; j < cells; j += 1) {
      const edges = [[i, j, 1, 0], [i, j, 0, 1], [i + 1, j, 0, 1], [i, j + 1, 1, 0]]
        .filter(([a, b, da, db]) => grid[a][b] > 0 !== grid[a + da][b + db] > 0);
      if (edges.length >= 2) pieces.push([cut(...edges[0]), cut(...edges[1])]);
    }
  }
  return joined(pieces).map((line) => `M${line.join("L")}`).join("");
}

/** Pieces with common ends as long lines, so that dashes run through. */
function joined(pieces) {
  const ends = new Map();
  const lines = new Set();
  for (const piece of pieces) {
    let line = piece;
    for (const end of piece) {
      const other = ends.get(end);
      if (!other || other === line) continue;
      ends.delete(end);
      const [a, b] = [line.at(-1) === end ? line : [...line].reverse(), other[0] === end ? other : [...other].reverse()];
      lines.delete(other);
      lines.delete(line);
      line = [...a, ...b.slice(1)];
    }
    lines.add(line);
    ends.set(line[0], line);
    ends.set(line.at(-1), line);
  }
  return [...lines];
}
