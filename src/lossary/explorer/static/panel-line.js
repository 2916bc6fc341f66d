// The playground: points that can be dragged, and the curve that each loss draws through them.

import { leave, numberOf, oneOf, readPoints, round2, within, writePoints } from "./address.js";
import { Newest } from "./api.js";
import { Chart, pictures } from "./chart.js";
import { alertBox, announce, button, checkbox, choice, h, named, number, s, slider, table } from "./dom.js";
import { Handles } from "./handles.js";
import { Picker } from "./picker.js";

const FIELD = [0, 10];
const REACH = [-10, 20]; // of the squares that are dragged
const NOISE = [0.3, -0.5, 0.2, 0.6, -0.2, -0.4, 0.5, 0.1, -0.6, 0.3, 0.4, -0.3, 0, -0.5, 0.6, 0.2];
const along = (f) => NOISE.map((e, i) => [0.6 + i * 0.55, f(0.6 + i * 0.55) + e]);
const SAMPLES = {
  line: ["A line, two outliers", () => [...along((x) => 1.5 + 0.55 * x), [8.4, 0.8], [9.3, 1.1]], 1],
  clean: ["A clean line", () => along((x) => 1.5 + 0.55 * x), 1],
  cone: ["Wider to the right", () => NOISE.flatMap((e, i) => [[0.6 + i * 0.55, 2 + 0.4 * i * 0.55 + e * (0.5 + i * 0.25)]]), 1],
  wave: ["A wave, one outlier", () => [...along((x) => 5 + 2.5 * Math.sin(x * 0.7)), [5, 9.5]], 3],
  empty: ["No points", () => [], 1],
};
const clamp = (v) => round2(within(v, ...FIELD)); // what is drawn is what the address will say

export function linePanel(root, catalogue, params, changed) {
  let points = readPoints(params.get("points"), FIELD) ?? SAMPLES.line[1]().map((point) => point.map(clamp));
  let degree = numberOf(params, "degree", 1, 1, 4, true);
  let byHand = params.get("hand") !== null;
  let handles = (params.get("hand") ?? "").split(",").filter(Boolean).map(Number);
  if (byHand && (handles.length !== degree + 1 || !handles.every((y) => within(y, ...REACH) === y))) {
    if (handles.length) leave("hand", `expected ${degree + 1} numbers from ${REACH[0]} to ${REACH[1]}`);
    handles = [];
  }
  let fitsShown = oneOf(params, "fits", ["1", "0"]) === "1";
  let detail = oneOf(params, "show", ["residuals", "pulls", "none"]);
  let answer = null;
  const chart = new Chart({ title: "Drag the points", xLabel: "x", label: "Points and fitted curves", group: true, height: 400 });
  const grips = new Handles(chart, { move: place, remove });
  const alert = alertBox();
  const results = h("div", { class: "results" });
  const said = h("p", { class: "said", role: "status" });
  const picker = new Picker({ catalogue, usual: ["mean_squared_error", "mean_absolute_error", "huber"], allowed: (e) => e.line, changed: refresh });
  picker.load(params);
  const newest = new Newest("fits", show, alert.show);
  const degreeSlider = slider({ label: "Degree of the curve", low: 1, high: 4, value: degree, whole: true, binds: true, text: "1 is a straight line." }, (now) => {
    degree = clampDegree(now);
    if (byHand) handles = evenly();
    refresh();
  });
  const handBoxes = h("div");

  root.append(h("div", { class: "layout" },
    h("section", { class: "controls", "aria-label": "Losses and points" }, h("h2", {}, "Losses"), picker.element,
      h("h2", {}, "Points"),
      choice("Start from", [["", "…"], ...Object.entries(SAMPLES).map(([k, [t]]) => [k, t])], "", startFrom),
      h("div", { class: "buttons" }, button("Add a point", () => add([5, 5])), button("Add an outlier", addOutlier)),
      degreeSlider,
      choice("Show for each point", [["residuals", "its residual (loss 1)"], ["pulls", "its gradient (loss 1)"], ["none", "nothing"]], detail, (now) => {
        detail = now;
        chart.draw();
        changed();
      }),
      h("h2", {}, "Your guess"), handBoxes),
    h("section", { class: "figures", "aria-label": "Fits" }, alert, pictures("Fits", [chart]),
      h("p", { class: "hint" }, "Drag a point, or select it with Tab and use the arrow keys. Delete removes it; a double click adds one."), said, results)));
  chart.svg.addEventListener("dblclick", (event) => add([clamp(chart.xOf(event)), clamp(chart.yOf(event))]));

  const clampDegree = (now) => Math.min(4, Math.max(1, Math.round(now)));
  const evenly = () => Array.from({ length: degree + 1 }, (_, i) => handles[Math.min(i, handles.length - 1)] ?? 5);
  const handleX = (i) => (FIELD[1] * i) / degree;

  function showHandControls() {
    handBoxes.replaceChildren(
      checkbox("Fit by hand", byHand, (now) => {
        byHand = now;
        if (now && handles.length !== degree + 1) handles = evenly();
        fitsShown = !now;
        showHandControls();
        refresh();
      }, "(drag the squares)"),
      ...(byHand ? [button(fitsShown ? "Hide the optimum" : "Show the optimum", () => {
        fitsShown = !fitsShown;
        showHandControls();
        chart.draw();
        report();
        changed();
      })] : []));
  }

  function startFrom(name) {
    if (!name) return;
    points = SAMPLES[name][1]().map((point) => point.map(clamp));
    degree = SAMPLES[name][2];
    degreeSlider.show(degree);
    if (byHand) handles = evenly();
    refresh();
  }

  function add(point) {
    points.push(point);
    grips.focus = `p${points.length - 1}`;
    said.textContent = `Point ${points.length} added at ${number(point[0], 3)}, ${number(point[1], 3)}.`;
    refresh();
  }

  function addOutlier() {
    const high = points.reduce((sum, p) => sum + p[1], 0) / Math.max(1, points.length) < 5;
    add([6 + ((points.length * 0.7) % 3.5), high ? 9.6 : 0.4]);
  }

  function refresh() {
    newest.ask({ points, degree, losses: picker.question(), handles: byHand ? handles : [] });
    draw();
    changed();
  }

  function show(found) {
    answer = found;
    draw();
    report();
  }

  function draw() {
    chart.set({ xSpan: [-0.3, 10.3], ySpan: [-0.3, 10.3], paint });
  }

  function paint(c) {
    const visible = fitsShown || !byHand;
    const fits = answer?.fits ?? [];
    if (visible) fits.forEach((fit, place) => fit.curve && c.line(answer.x, fit.curve, { place, label: fit.label, steps: false }));
    const hand = fits.find((fit) => fit.hand)?.hand;
    if (byHand && hand) c.line(answer.x, hand.curve, { className: "hand", label: "by hand", steps: false });
    const told = visible ? fits[0] : hand;
    if (told?.residuals?.length === points.length && detail !== "none") marks(c, told);
    points.forEach(([x, y], i) => grips.put(`p${i}`, x, y, moved(`Point ${i + 1} of ${points.length}`, x, y)));
    if (byHand) handles.forEach((y, i) => grips.put(`h${i}`, handleX(i), y, moved(`Square ${i + 1} of your guess`, handleX(i), y), { square: true }));
    grips.refocus();
  }

  const moved = (what, x, y) => `${what}: x ${number(x, 3)}, y ${number(y, 3)}. Arrow keys move it.`;

  /** From each point a line to the curve, or a bar as long as the gradient at the point. */
  function marks(c, fit) {
    const most = Math.max(...fit.pulls.map(Math.abs), 1e-9);
    points.forEach(([x, y], i) => {
      const on = y + fit.residuals[i];
      const end = detail === "pulls" ? on - (2.2 * fit.pulls[i]) / most : y;
      c.plot.append(s("line", { class: `${detail} s0`, x1: c.x(x), x2: c.x(x), y1: c.y(on), y2: c.clamped(end) }));
      if (detail === "pulls" && Math.abs(fit.pulls[i]) > 0.02 * most) c.dot(x, end, "pull-end s0", 2.5);
    });
  }

  function place(key, x, y) {
    const i = Number(key.slice(1));
    if (key[0] === "p") points[i] = [clamp(x), clamp(y)];
    else handles[i] = round2(within(y, ...REACH));
    refresh();
  }

  function remove(key) {
    if (key[0] !== "p") return;
    const i = Number(key.slice(1));
    points.splice(i, 1);
    grips.focus = points.length ? `p${Math.min(i, points.length - 1)}` : null;
    said.textContent = `Point ${i + 1} removed; ${points.length} left.`;
    refresh();
  }

  function report() {
    const visible = fitsShown || !byHand;
    const heads = ["loss", ...(visible ? [degree === 1 ? "line" : "curve", "smallest loss", "largest gradient"] : []), ...(byHand ? ["your guess"] : [])];
    const rows = answer.fits.map((fit, place) => [named(fit.label, place),
      ...(visible ? [fit.line ? `${number(fit.intercept, 3)} ${fit.slope < 0 ? "−" : "+"} ${number(Math.abs(fit.slope), 3)} x` : fit.curve ? `degree ${degree}` : "too few points", number(fit.loss), hardest(fit)] : []),
      ...(byHand ? [number(fit.hand?.loss)] : [])]);
    announce(answer.fits.map((fit) => `${fit.label}: ${visible ? number(fit.loss) : `your guess ${number(fit.hand?.loss)}`}`).join("; "));
    results.replaceChildren(table(visible ? "The fit of each loss" : "The loss of your guess", heads, rows));
  }

  function hardest(fit) {
    const total = (fit.pulls ?? []).reduce((sum, pull) => sum + Math.abs(pull), 0);
    if (!total) return "–";
    const sizes = fit.pulls.map(Math.abs);
    const largest = Math.max(...sizes);
    const alike = sizes.filter((size) => size >= largest * (1 - 1e-6)).length;
    const share = `${Math.round((100 * largest) / total)} % of all`;
    return alike > 1 ? `${alike} points alike (each ${share})` : `point ${sizes.indexOf(largest) + 1} (${share})`;
  }

  showHandControls();
  return {
    start() {
      if (byHand && handles.length !== degree + 1) handles = evenly();
      refresh();
    },
    close: () => newest.close(),
    losses: () => picker.question(),
    charts: [chart],
    legend: () => (fitsShown || !byHand ? (answer?.fits ?? []).map(({ label }, place) => ({ label, place })) : []),
    params() {
      const kept = picker.asParams();
      kept.set("points", writePoints(points));
      kept.set("degree", degree);
      if (byHand) kept.set("hand", handles.join(","));
      if (!fitsShown) kept.set("fits", "0");
      kept.set("show", detail);
      return kept;
    },
  };
}
