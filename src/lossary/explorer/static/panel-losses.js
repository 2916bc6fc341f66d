// Any loss of the catalogue: value, gradient and curvature, linked; the numbers put into the formula.

import { leave, numberOf, within } from "./address.js";
import { Newest } from "./api.js";
import { limits, pictures, threeCharts } from "./chart.js";
import { alertBox, announce, h, number, prose, slider, swatch, table, written } from "./dom.js";
import { broken, filledIn, formula } from "./formula.js";
import { Picker } from "./picker.js";

const MATH = { class: "math", tabindex: 0, role: "group", "aria-label": "Formula" }; // long ones scroll
const KINDS = { value: "Value", gradient: "Gradient", curvature: "Curvature" };

export function lossesPanel(root, catalogue, params, changed) {
  let answer = null;
  let asked = null; // the question of that answer: the picker may be further on
  let told = null; // the losses at just the place that is read
  let at = params.has("at") ? numberOf(params, "at", 0) : null;
  let second = params.has("second") ? numberOf(params, "second", 0) : null;
  let axisName = null;
  const charts = threeCharts();
  const alert = alertBox();
  const extra = h("div");
  const reading = h("div", { class: "reading" });
  const about = h("div", { class: "about" });
  const numbers = h("details", { class: "numbers", ontoggle: () => fillNumbers() }, h("summary", {}, "The curves as a table"));
  const picker = new Picker({ catalogue, usual: ["huber", "mean_squared_error"], changed: refresh,
    fits: (entry, first) => entry === first || (entry.axis !== null && entry.axis === first.axis) });
  picker.load(params);
  // A second number belongs to an axis; where the losses turn out to have another, they are drawn for its usual one.
  const wanted = () => ({ losses: picker.question(), ...(second === null ? {} : { second }), ...(axisName ? { axis: axisName } : {}) });

  root.append(h("div", { class: "layout" },
    h("section", { class: "controls", "aria-label": "Losses and parameters" }, h("h2", {}, "Losses"), picker.element, extra),
    h("section", { class: "figures", "aria-label": "Curves" }, alert, pictures("Curves", Object.values(charts), "three"),
      reading), h("section", { class: "more", "aria-label": "About these losses" }, about, numbers)));
  const newest = new Newest("curves", show, (error) => {
    if (error && !answer && second !== null) { // an address with another number than this axis has
      leave(`second=${second}`, error.allowed ?? "this cannot be used");
      second = null;
      refresh();
    } else alert.show(error);
  });
  const place = new Newest("reading", (found, question) => {
    if (question.losses !== asked.losses) return; // of other losses; a request for these is on its way
    told = found;
    read();
  }, (error) => error && alert.show(error));
  for (const chart of Object.values(charts)) chart.onhover = (x) => move(x);

  function refresh() {
    newest.ask(wanted());
    changed();
  }

  function show(found, question) {
    answer = found;
    asked = { losses: question.losses, ...(found.second === null ? {} : { second: found.second }) };
    if (axisName !== (found.axis?.name ?? null)) newAxis(found.axis);
    draw();
    describe();
    if (numbers.open) fillNumbers();
  }

  /** Another axis: another second number, and another place to read at. */
  function newAxis(axis) {
    const again = axisName !== null; // not the axis that the address is about
    axisName = axis?.name ?? null;
    if (again) second = null;
    extra.replaceChildren();
    if (!axis) return;
    const [low, high] = axis.span;
    if (at !== null && within(at, low, high) !== at && !again) leave(`at=${at}`, `expected a number from ${low} to ${high}`);
    if (at === null || within(at, low, high) !== at || again) at = Number((low + 0.7 * (high - low)).toFixed(2));
    if (axis.second) {
      extra.append(slider({ ...axis.second, value: answer.second, binds: true }, (now) => {
        second = now;
        refresh();
      }));
    }
    extra.append(slider({ label: `Show the values at ${axis.label}`, low, high, value: at, binds: true }, (now) => move(now, true)));
  }

  const drawn = () => answer.curves.filter((curve) => curve.value);

  function draw() {
    for (const [kind, chart] of Object.entries(charts)) {
      chart.show(Boolean(answer.axis));
      if (!answer.axis) continue;
      const lines = drawn().map((curve) => curve[kind]);
      const label = `${KINDS[kind]} of ${drawn().map((c) => c.label).join(", ")} over the ${answer.axis.label}`;
      chart.set({ xSpan: answer.axis.span, ySpan: limits(lines), xLabel: answer.axis.label, label, paint: (c) => {
        answer.curves.forEach((curve, place) => curve.value && c.line(answer.x, curve[kind], { place, label: curve.label }));
      } });
    }
    move(at, true);
  }

  /** The line moves to x at once; the server computes the numbers at exactly this x. */
  function move(x, fromSlider = false) {
    if (!answer?.axis) return;
    const [low, high] = answer.axis.span;
    const before = at;
    at = within(fromSlider ? x : Number(x.toFixed(2)), low, high);
    cursor();
    if (!fromSlider) extra.lastElementChild?.show(at);
    place.ask({ ...asked, at });
    if (at !== before) changed();
  }

  function cursor() {
    const [low, high] = answer.axis.span;
    const last = answer.x.length - 1;
    const t = within(((at - low) / (high - low)) * (last + 1) - 0.5, 0, last);
    const [i, j] = [Math.floor(t), Math.ceil(t)];
    const between = (y) => (y?.[i] == null || y[j] == null ? null : y[i] + (t - i) * (y[j] - y[i]));
    for (const [kind, chart] of Object.entries(charts)) chart.cursor(at, answer.curves.map((curve) => between(curve[kind])));
  }

  function read() {
    if (!answer?.axis) return;
    const facts = (one) => `value ${number(one.value)} · gradient ${number(one.gradient)} · curvature ${number(one.curvature)}`;
    announce(`${answer.axis.label} ${number(told.at, 7)}. ${answer.curves.map((c, i) => (c.value ? `${c.label}: ${facts(told.curves[i])}` : "")).filter(Boolean).join("; ")}.`);
    reading.replaceChildren(h("h3", {}, `${answer.axis.label}: ${number(told.at, 7)}`), ...answer.curves.map((curve, i) => {
      if (!curve.value) return h("p", {}, swatch(i), ` ${curve.label} is not drawn: it has another axis (${curve.other}).`);
      const entry = picker.byName.get(asked.losses[i].name);
      const one = told.curves[i];
      if (!one.symbols) return "";
      return h("div", { class: "read", "data-loss": entry.function }, h("p", {}, swatch(i), ` ${curve.label}`),
        h("div", { ...MATH, "data-value": one.value }, broken(filledIn(entry, one.symbols, one.value))),
        h("p", { class: "facts" }, letters(one.symbols, entry), facts(one)));
    }));
  }

  /** The letters that the formula really holds, with their numbers. */
  function letters(symbols, entry) {
    const held = Object.entries(symbols).filter(([name, now]) => !Array.isArray(now) && entry.formula.includes(`data-symbol="${name}"`));
    return held.length ? `${held.map(([name, now]) => `${name} = ${number(now)}`).join(", ")} · ` : "";
  }

  function describe() {
    const entries = asked.losses.map(({ name }) => picker.byName.get(name));
    const names = entries.map((entry) => entry.function).join();
    if (about.dataset.names === names) return;
    about.dataset.names = names;
    about.replaceChildren(...entries.map((entry, place) => h("article", { class: "loss-card" },
      h("h3", {}, swatch(place), ` ${entry.name}`), h("p", {}, prose(entry.summary)),
      h("div", MATH, broken(formula(entry.formula))), entry.words && h("p", { class: "hint" }, "with ", written(entry.words)),
      h("dl", {}, ...[["Inputs", entry.inputs], ["Not drawn", entry.undrawn], ["Use", entry.use], ["Beware", entry.beware], ["Reference", entry.reference],
        ["Also called", entry.aliases.join(", ")], ["Elsewhere", h("ul", {}, entry.elsewhere.map((e) => h("li", {}, h("code", {}, e))))],
        ["Traits", entry.traits.join(", ")]].filter(([name, text]) => (name === "Elsewhere" ? entry.elsewhere.length : text))
        .flatMap(([name, text]) => [h("dt", {}, name), h("dd", {}, typeof text === "string" ? prose(text) : text)])))));
  }

  function fillNumbers() {
    if (!answer?.axis) return;
    const tables = drawn().map((c) => {
      const rows = answer.x.map((x, i) => [number(x), ...Object.keys(KINDS).map((kind) => number(c[kind][i]))]).filter((_, i) => i % 16 === 8);
      return table(`${c.label}: every 16th point over the ${answer.axis.label}`, ["at", ...Object.keys(KINDS)], rows);
    });
    numbers.replaceChildren(numbers.firstElementChild, h("div", { class: "charts two" }, tables));
  }

  return {
    start: refresh,
    close() {
      newest.close();
      place.close();
    },
    losses: () => picker.question(),
    charts: Object.values(charts),
    legend: () => (answer ? answer.curves.map(({ label, value }, place) => ({ label, place, value })).filter(({ value }) => value) : []),
    params() {
      const kept = picker.asParams();
      if (second !== null) kept.set("second", second);
      if (at !== null) kept.set("at", at);
      return kept;
    },
  };
}
