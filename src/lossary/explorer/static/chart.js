// Charts in SVG: the same drawing on the screen, for screen readers, and in the file that is saved.

import { breakable, h, number, s } from "./dom.js";

const EDGE = { top: 26, right: 12, bottom: 40, left: 52 };

const rising = (span) => [...span].sort((a, b) => a - b); // of images the numbers grow downwards

/** Round numbers inside [low, high], about `about` of them. */
export function ticks(low, high, about) {
  const rough = (high - low) / Math.max(1, about);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((k) => k * power).find((k) => k >= rough * 0.8);
  const found = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + step * 1e-9; k += 1) found.push(Number((k * step).toPrecision(8)));
  return found;
}

/** A vertical range that shows every line well: a pole at the edge is cut off, not all else flattened. */
export function limits(lines, withZero = true) {
  const values = lines.map((line) => line.filter((v) => v !== null && Number.isFinite(v))).filter((line) => line.length);
  if (!values.length) return [0, 1];
  const usual = Math.max(...values.map((line) => quantile(line.map(Math.abs), 0.85))) || 1;
  let low = Math.min(...values.flat());
  let high = Math.max(...values.flat());
  if (withZero) {
    low = Math.min(0, Math.max(low, -1.3 * usual));
    high = Math.max(0, Math.min(high, 1.3 * usual));
  }
  const room = 0.06 * (high - low) || 0.5;
  return [low - room, high + room];
}

function quantile(values, q) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
}

/** Places after which a line jumps: a step far above both of its neighbours, and visible. */
function jumps(y, height) {
  const steps = y.slice(1).map((v, i) => (v === null || y[i] === null ? 0 : Math.abs(v - y[i])));
  const found = new Set();
  steps.forEach((step, i) => {
    if (step > 0.02 * height && step > 8 * Math.max(steps[i - 1] ?? 0, steps[i + 1] ?? 0)) found.add(i);
  });
  return found;
}

const phone = () => innerWidth <= 800;

/**
 * Charts of one panel. Beside the controls all are seen; on a phone they stay in sight while the controls move, and one
 * is seen at a time, chosen by its name.
 */
export function pictures(name, charts, className = "") {
  const box = h("div", { class: "pictures", "data-shown": "0" });
  const choose = charts.map((chart, i) => h("button", { type: "button", "aria-pressed": String(!i), onclick: () => {
    box.dataset.shown = i;
    choose.forEach((other, j) => other.setAttribute("aria-pressed", String(i === j)));
  } }, chart.title));
  charts.forEach((chart, i) => {
    chart.element.dataset.place = i;
    chart.ondraw = () => {
      choose[i].replaceChildren(...breakable(chart.short ?? chart.title));
      choose[i].hidden = chart.element.hidden;
      if (chart.element.hidden && box.dataset.shown === String(i)) choose[0].click();
    };
  });
  box.append(charts.length > 1 ? h("div", { class: "switch", role: "group", "aria-label": name }, choose) : "",
    h("div", { class: `charts ${className}` }, charts.map((chart) => chart.element)));
  return box;
}

export class Chart {
  /** `label` says what is drawn, for screen readers; `title` stands above, `note` below. With `rows`, the vertical axis counts. */
  constructor({ title, xLabel = "", label = title, height = 240, group = false, equal = false, rows = false, note = "" }) {
    Object.assign(this, { title, xLabel, label, height, equal, rows, painters: [], width: 0 });
    this.svg = s("svg", { role: group ? "group" : "img", "aria-label": label, class: "chart" });
    this.element = h("figure", {}, this.svg, note && h("figcaption", { class: "hint" }, note));
    this.onhover = null;
    new ResizeObserver(() => this.element.clientWidth && Math.max(220, this.element.clientWidth) !== this.width && this.draw())
      .observe(this.element);
    this.svg.addEventListener("pointermove", (event) => this.onhover?.(this.xOf(event)));
  }

  /** What is seen: ranges, and a function that paints into the plot. */
  set({ xSpan, ySpan, paint, xLabel, label }) {
    Object.assign(this, { xSpan, ySpan, paint });
    if (xLabel !== undefined) this.xLabel = xLabel;
    if (label !== undefined) this.svg.setAttribute("aria-label", label);
    this.ondraw?.();
    this.draw();
  }

  show(yes) {
    this.element.hidden = !yes;
    this.ondraw?.();
  }

  get inner() {
    return { left: EDGE.left, top: EDGE.top, right: this.width - EDGE.right, bottom: this.tall - EDGE.bottom };
  }

  x(value) {
    const { left, right } = this.inner;
    return left + ((value - this.xSpan[0]) / (this.xSpan[1] - this.xSpan[0])) * (right - left);
  }

  y(value) {
    const { top, bottom } = this.inner;
    return bottom - ((value - this.ySpan[0]) / (this.ySpan[1] - this.ySpan[0])) * (bottom - top);
  }

  xOf(event) {
    const box = this.svg.getBoundingClientRect();
    const { left, right } = this.inner;
    const at = ((event.clientX - box.left) / box.width) * this.width;
    return this.xSpan[0] + ((at - left) / (right - left)) * (this.xSpan[1] - this.xSpan[0]);
  }

  yOf(event) {
    const box = this.svg.getBoundingClientRect();
    const { top, bottom } = this.inner;
    const at = ((event.clientY - box.top) / box.height) * this.tall;
    return this.ySpan[0] + ((bottom - at) / (bottom - top)) * (this.ySpan[1] - this.ySpan[0]);
  }

  draw() {
    this.drawing = true; // what had the focus loses it for a moment
    this.redraw();
    this.drawing = false;
  }

  redraw() {
    this.width = Math.max(220, Math.round(this.element.clientWidth));
    if (!this.xSpan || !this.element.clientWidth) return;
    const most = phone() ? Math.round(Math.max(150, 0.34 * innerHeight)) : Infinity; // what a phone can spare
    this.tall = Math.min(this.height, most);
    if (this.equal) this.spread();
    this.svg.setAttribute("viewBox", `0 0 ${this.width} ${this.tall}`);
    this.svg.setAttribute("width", this.width);
    this.svg.setAttribute("height", this.tall);
    const { left, top, right, bottom } = this.inner;
    const id = (this.clip ??= `clip-${Math.random().toString(36).slice(2)}`);
    this.plot = s("g", { "clip-path": `url(#${id})` });
    this.over = s("g", { class: "over" });
    this.svg.replaceChildren(
      s("defs", {}, s("clipPath", { id }, s("rect", { x: left, y: top, width: right - left, height: bottom - top }))),
      this.axes(), this.plot, this.over);
    this.paint?.(this);
    if (this.marked) this.cursor(...this.marked);
  }

  /** As much to the sides as the width has room for, so that a unit is as wide as it is high. */
  spread() {
    const { left, right, top, bottom } = this.inner;
    const middle = (this.xSpan[0] + this.xSpan[1]) / 2;
    const half = ((Math.abs(this.ySpan[1] - this.ySpan[0]) / 2) * (right - left)) / (bottom - top);
    this.xSpan = [middle - half, middle + half];
  }

  axes() {
    const { left, top, right, bottom } = this.inner;
    const g = s("g", { class: "axes" });
    for (const v of ticks(...this.xSpan, Math.min(8, (right - left) / 60))) {
      g.append(s("line", { class: "grid", x1: this.x(v), x2: this.x(v), y1: top, y2: bottom }),
        s("text", { x: this.x(v), y: bottom + 15, "text-anchor": "middle" }, number(v)));
    }
    for (const v of ticks(...rising(this.ySpan), (bottom - top) / 40).filter((one) => !this.rows || Number.isInteger(one))) {
      g.append(s("line", { class: "grid", x1: left, x2: right, y1: this.y(v), y2: this.y(v) }),
        s("text", { x: left - 6, y: this.y(v) + 4, "text-anchor": "end" }, number(v)));
    }
    if (!this.equal && this.ySpan[0] < 0 && this.ySpan[1] > 0) g.append(s("line", { class: "zero", x1: left, x2: right, y1: this.y(0), y2: this.y(0) }));
    g.append(s("text", { class: "title", x: left, y: 16 }, this.title),
      this.named((left + right) / 2, bottom + 33));
    return g;
  }

  /** The name of the axis, narrower where it would be cut. */
  named(x, y) {
    const room = this.width - 8;
    const wide = this.xLabel.length * 6.4;
    const fit = wide > room ? { textLength: room, lengthAdjust: "spacingAndGlyphs" } : {};
    return s("text", { x: Math.min(x, this.width - 4 - Math.min(wide, room) / 2), y, "text-anchor": "middle", ...fit }, this.xLabel);
  }

  /** A line through (x, y) that breaks where y is null or jumps; a thin line marks a jump. */
  line(x, y, { place = 0, className = "", label = "", steps = true } = {}) {
    const broken = steps ? jumps(y, this.ySpan[1] - this.ySpan[0]) : new Set();
    let d = "";
    let pen = "M";
    for (let i = 0; i < x.length; i += 1) {
      if (y[i] === null || y[i] === undefined) {
        pen = "M";
        continue;
      }
      d += `${pen}${this.x(x[i]).toFixed(1)} ${this.clamped(y[i]).toFixed(1)}`;
      pen = broken.has(i) ? "M" : "L";
    }
    this.plot.append(s("path", { d, class: `series s${place} ${className}`, "data-label": label || null }));
    for (const i of broken) {
      this.plot.append(s("line", { class: `jump s${place}`, x1: this.x(x[i]), x2: this.x(x[i + 1]), y1: this.clamped(y[i]), y2: this.clamped(y[i + 1]) }));
    }
  }

  /** Keeps coordinates near the picture: browsers misdraw numbers that are very large. */
  clamped(value) {
    return Math.min(this.tall * 4, Math.max(-this.tall * 3, this.y(value)));
  }

  area(x, low, high, className) {
    const up = x.map((v, i) => `${this.x(v).toFixed(1)} ${this.clamped(high[i]).toFixed(1)}`);
    const back = x.map((v, i) => `${this.x(v).toFixed(1)} ${this.clamped(low[i]).toFixed(1)}`).reverse();
    if (x.length) this.plot.append(s("path", { d: `M${[...up, ...back].join("L")}Z`, class: className }));
  }

  dot(x, y, className, radius = 4) {
    const dot = s("circle", { cx: this.x(x), cy: this.clamped(y), r: radius, class: className });
    this.plot.append(dot);
    return dot;
  }

  /** An arrow along (dx, dy), in the units of the axes; too short a one is a dot. */
  arrow(x, y, dx, dy, place, label = "") {
    const [x0, y0, x1, y1] = [this.x(x), this.y(y), this.x(x + dx), this.y(y + dy)];
    const length = Math.hypot(x1 - x0, y1 - y0);
    if (!(length > 1)) return;
    const [u, v] = [(x1 - x0) / length, (y1 - y0) / length];
    const size = Math.min(9, length);
    const side = (way) => `${(x1 - size * (u - way * 0.5 * v)).toFixed(1)} ${(y1 - size * (v + way * 0.5 * u)).toFixed(1)}`;
    this.plot.append(s("path", { class: `arrow s${place}`, "data-label": label || null, d: `M${x0.toFixed(1)} ${y0.toFixed(1)}L${x1.toFixed(1)} ${y1.toFixed(1)}M${side(1)}L${x1.toFixed(1)} ${y1.toFixed(1)}L${side(-1)}` }));
  }

  vertical(x, className, text = "") {
    const { top, bottom, right } = this.inner;
    this.plot.append(s("line", { x1: this.x(x), x2: this.x(x), y1: top, y2: bottom, class: className }));
    if (!text) return;
    const end = this.x(x) > right - 90;
    this.plot.append(s("text", { x: this.x(x) + (end ? -5 : 5), y: top + 12, "text-anchor": end ? "end" : "start" }, text));
  }

  /** The line under the pointer, with a dot on each series. */
  cursor(x, values) {
    this.marked = [x, values]; // drawn again with all else
    this.over?.replaceChildren();
    if (!this.over) return;
    if (x === null || x < this.xSpan[0] || x > this.xSpan[1]) return;
    const { top, bottom } = this.inner;
    this.over.append(s("line", { class: "cursor", x1: this.x(x), x2: this.x(x), y1: top, y2: bottom }));
    values.forEach((value, place) => {
      if (value === null || value === undefined || value < this.ySpan[0] || value > this.ySpan[1]) return;
      this.over.append(s("circle", { class: `dot s${place}`, cx: this.x(x), cy: this.y(value), r: 4 }));
    });
  }
}

/** Value, gradient and curvature, each with what it means. */
export const threeCharts = (height = 240) => Object.fromEntries(Object.entries({
  value: "What a prediction costs.",
  gradient: "The slope of the value: a training step moves the prediction against it, and further where it is larger.",
  curvature: "How fast the gradient changes: where it is large, only small steps are safe; where it is negative, the loss is not convex.",
}).map(([kind, note]) => [kind, new Chart({ title: kind[0].toUpperCase() + kind.slice(1), note, height })]));
