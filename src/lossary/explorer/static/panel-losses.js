// Any loss of the catalogue: value, gradient and curvature, linked; the numbers put into the formula.

import { numberOf } from "./address.js";
import { Newest } from "./api.js";
import { Chart, limits } from "./chart.js";
import { alertBox, announce, h, number, prose, slider, swatch, table } from "./dom.js";
import { filledIn, formula, meaning } from "./formula.js";
import { Picker } from "./picker.js";

const MATH = { class: "math", tabindex: 0, role: "group", "aria-label": "Formula" }; // long ones scroll
const KINDS = { value: "Value", gradient: "Gradient", curvature: "Curvature" };

export function lossesPanel(root, catalogue, params, changed) {
  let answer = null;
  let at = params.has("at") ? numberOf(params, "at", 0) : null;
  let second = params.has("second") ? numberOf(params, "second", 0) : null;
  let axisName = null;
  const charts = Object.fromEntries(Object.entries(KINDS).map(([kind, title]) => [kind, new Chart({ title })]));
  const alert = alertBox();
  const extra = h("div");
  const reading = h("div", { class: "reading" });
  const about = h("div", { class: "about" });
  const numbers = h("details", { class: "numbers", ontoggle: () => fillNumbers() }, h("summary", {}, "The curves as numbers"));
  const picker = new Picker({ catalogue, usual: ["huber", "mean_squared_error"], changed: refresh,
    fits: (entry, first) => entry === first || (entry.axis !== null && entry.axis === first.axis) });
  picker.load(params);

  root.append(h("div", { class: "layout" },
    h("section", { class: "controls", "aria-label": "Losses and parameters" }, h("h2", {}, "Losses"), picker.element, extra),
    h("section", { class: "figures", "aria-label": "Curves" }, alert, h("div", { class: "charts three" }, Object.values(charts).map((c) => c.element)),
      reading), h("section", { class: "more", "aria-label": "About these losses" }, about, numbers)));
  const newest = new Newest("curves", show, alert.show);
  for (const chart of Object.values(charts)) chart.onhover = (x) => move(x);

  function refresh() {
    newest.ask({ losses: picker.question(), ...(second === null ? {} : { second }) });
    changed();
  }

  function show(found) {
    answer = found;
    if (axisName !== (found.axis?.name ?? null)) newAxis(found.axis);
    draw();
    describe();
    if (numbers.open) fillNumbers();
  }

  /** Another axis: another second number, and another place to read at. */
  function newAxis(axis) {
    const again = axisName !== null;
    axisName = axis?.name ?? null;
    if (again) second = null;
    extra.replaceChildren();
    if (!axis) return;
    const [low, high] = axis.span;
    if (at === null || again || at < low || at > high) at = low + 0.7 * (high - low);
    if (axis.second) {
      const value = second ?? axis.second.default;
      extra.append(slider({ ...axis.second, value }, (now) => {
        second = now;
        refresh();
      }));
    }
    extra.append(slider({ label: `Read at ${axis.label}`, low, high, value: Number(at.toFixed(3)) }, (now) => move(now, true)));
  }

  const drawn = () => answer.curves.filter((curve) => curve.value);

  function draw() {
    for (const [kind, chart] of Object.entries(charts)) {
      chart.element.hidden = !answer.axis;
      if (!answer.axis) continue;
      const lines = drawn().map((curve) => curve[kind]);
      const label = `${KINDS[kind]} of ${drawn().map((c) => c.label).join(", ")} over the ${answer.axis.label}`;
      chart.set({ xSpan: answer.axis.span, ySpan: limits(lines), xLabel: answer.axis.label, label, paint: (c) => {
        answer.curves.forEach((curve, place) => curve.value && c.line(answer.x, curve[kind], { place, label: curve.label }));
      } });
    }
    move(at, true);
  }

  /** The curves at the sampled place nearest to x. */
  function move(x, fromSlider = false) {
    if (!answer?.axis) return;
    const [low, high] = answer.axis.span;
    at = Math.min(high, Math.max(low, x));
    const i = Math.min(answer.x.length - 1, Math.max(0, Math.round(((at - low) / (high - low)) * answer.x.length - 0.5)));
    for (const [kind, chart] of Object.entries(charts)) chart.cursor(answer.x[i], answer.curves.map((curve) => curve[kind]?.[i]));
    if (!fromSlider) extra.lastElementChild?.show(Number(at.toFixed(3)));
    read(i);
    changed();
  }

  function read(i) {
    const x = answer.x[i];
    announce(`${answer.axis.label} ${number(x)}. ${drawn().map((c) => `${c.label}: value ${number(c.value[i])}, gradient ${number(c.gradient[i])}`).join("; ")}.`);
    reading.replaceChildren(h("h3", {}, `${answer.axis.label}: ${number(x)}`), ...answer.curves.map((curve, place) => {
      if (!curve.value) return h("p", {}, swatch(place), ` ${curve.label} is drawn over another axis: ${curve.other}.`);
      const { entry } = picker.chosen[place] ?? {};
      if (!entry) return "";
      return h("div", { class: "read", "data-loss": entry.function }, h("p", {}, swatch(place), ` ${curve.label}`),
        h("div", { ...MATH, "data-value": curve.value[i] }, filledIn(entry.formula, curve.symbols, x, curve.value[i])),
        h("p", { class: "facts" }, letters(curve.symbols, entry, x),
          `value ${number(curve.value[i])} · gradient ${number(curve.gradient[i])} · curvature ${number(curve.curvature[i])}`));
    }));
  }

  /** The letters that the formula really holds, with their numbers. */
  function letters(symbols, entry, x) {
    const held = Object.entries(symbols).filter(([name]) => entry.formula.includes(`data-symbol="${name}"`));
    return held.length ? `${held.map(([name, rule]) => `${name} = ${number(meaning(rule, x))}`).join(", ")} · ` : "";
  }

  function describe() {
    const names = picker.chosen.map(({ entry }) => entry.function).join();
    if (about.dataset.names === names) return;
    about.dataset.names = names;
    about.replaceChildren(...picker.chosen.map(({ entry }, place) => h("article", { class: "loss-card" },
      h("h3", {}, swatch(place), ` ${entry.name}`), h("p", {}, prose(entry.summary)),
      h("div", MATH, formula(entry.formula)), entry.words && h("p", { class: "hint" }, `with ${entry.words}`),
      h("dl", {}, ...[["Use", entry.use], ["Beware", entry.beware], ["Reference", entry.reference],
        ["Also called", entry.aliases.join(", ")], ["Elsewhere", h("ul", {}, entry.elsewhere.map((e) => h("li", {}, h("code", {}, e))))],
        ["Traits", entry.traits.join(", ")]].filter(([name, text]) => (name === "Elsewhere" ? entry.elsewhere.length : text))
        .flatMap(([name, text]) => [h("dt", {}, name), h("dd", {}, typeof text === "string" ? prose(text) : text)])))));
  }

  function fillNumbers() {
    if (!answer?.axis) return;
    const rows = answer.x.map((x, i) => [number(x), ...drawn().flatMap((c) => Object.keys(KINDS).map((kind) => number(c[kind][i])))])
      .filter((_, i) => i % 16 === 8);
    numbers.replaceChildren(numbers.firstElementChild, table(`Every 16th point of the curves`,
      [answer.axis.label, ...drawn().flatMap((c) => Object.keys(KINDS).map((kind) => `${c.label}: ${kind}`))], rows));
  }

  return {
    start: refresh,
    close: () => newest.close(),
    losses: () => picker.question(),
    charts: Object.values(charts),
    legend: () => picker.labels(),
    params() {
      const kept = picker.kept();
      if (second !== null) kept.set("second", second);
      if (at !== null) kept.set("at", Number(at.toFixed(3)));
      return kept;
    },
  };
}
