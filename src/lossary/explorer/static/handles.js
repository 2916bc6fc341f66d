// Things in a chart that are dragged, or moved by arrow keys.

import { s } from "./dom.js";

const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

export class Handles {
  /** `move(key, x, y)` gets the new place of a handle; `remove(key)` deletes it, where that is possible. */
  constructor(chart, { move, remove = null, step = 0.1 }) {
    Object.assign(this, { chart, move, remove, step, active: null, focus: null, grip: [0, 0] });
    chart.svg.addEventListener("pointermove", (event) => this.active && move(this.active, chart.xOf(event) + this.grip[0], chart.yOf(event) + this.grip[1]));
    for (const name of ["pointerup", "pointercancel"]) chart.svg.addEventListener(name, () => (this.active = null));
  }

  /** A circle, or a square, at (x, y); `says` is what screen readers read. */
  put(key, x, y, says, { square = false, className = "" } = {}) {
    const { chart } = this;
    const common = { tabindex: 0, role: "button", "aria-label": says, "data-key": key };
    const [cx, cy] = [chart.x(x), chart.y(y)];
    const node = square ? s("rect", { ...common, x: cx - 7, y: cy - 7, width: 14, height: 14, class: `handle ${className}` })
      : s("circle", { ...common, cx, cy, r: 7, class: `point ${className}` });
    node.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      this.active = key;
      this.focus = key;
      this.grip = [x - chart.xOf(event), y - chart.yOf(event)];
      node.focus();
      chart.svg.setPointerCapture(event.pointerId);
    });
    node.addEventListener("keydown", (event) => this.key(event, key, x, y));
    node.addEventListener("blur", () => !chart.drawing && (this.focus = null));
    chart.plot.append(node);
  }

  /** Once all are drawn again: the one that had the focus has it. */
  refocus() {
    if (this.focus) this.chart.plot.querySelector(`[data-key="${this.focus}"]`)?.focus();
  }

  key(event, key, x, y) {
    const way = WAYS[event.key];
    const gone = this.remove && (event.key === "Delete" || event.key === "Backspace");
    if (!way && !gone) return;
    event.preventDefault();
    this.focus = key;
    const up = Math.sign(this.chart.ySpan[1] - this.chart.ySpan[0]); // of images the numbers grow downwards
    const by = (event.shiftKey ? 10 : 1) * this.step;
    if (gone) this.remove(key);
    else this.move(key, x + by * way[0], y + by * way[1] * up);
  }
}
