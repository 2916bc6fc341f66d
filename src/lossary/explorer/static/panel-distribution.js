// A predicted distribution with one observation: sliders for its parameters, its density, and the loss of the observation.

import { numberOf, round2, within } from "./address.js";
import { Newest } from "./api.js";
import { Chart, limits, pictures } from "./chart.js";
import { alertBox, announce, h, named, number, slider, table } from "./dom.js";
import { Handles } from "./handles.js";
import { Picker } from "./picker.js";

export function distributionPanel(root, catalogue, params, changed) {
  const heads = (entry) => entry.distribution && JSON.stringify([entry.distribution.knobs.map(({ name, low, high }) => [name, low, high]), entry.distribution.span]);
  let told = null; // the distribution of the first loss
  let known = null; // its parameters, written down
  let at = {};
  let y = null;
  let answer = null;
  const dense = new Chart({ title: "Density", xLabel: "observation y", group: true, height: 260, note: "How probable each observation is under the predicted distribution." });
  const loss = new Chart({ title: "Loss of the observation", xLabel: "observation y", group: true, height: 260, note: "What each observation costs: a likelihood costs minus the logarithm of its density, so what was thought improbable costs most." });
  const grips = [dense, loss].map((chart) => new Handles(chart, { move: (key, x) => observe(x) }));
  const alert = alertBox();
  const knobs = h("div");
  const results = h("div", { class: "results" });
  const picker = new Picker({ catalogue, usual: ["laplace_nll", "cauchy_nll"], changed: refresh, allowed: (entry) => entry.distribution !== null,
    fits: (entry, first) => entry === first || heads(entry) === heads(first) });
  picker.load(params);
  const newest = new Newest("densities", show, alert.show);

  root.append(h("div", { class: "layout" },
    h("section", { class: "controls", "aria-label": "Losses and parameters" }, h("h2", {}, "Losses"), picker.element, knobs),
    h("section", { class: "figures", "aria-label": "Density and loss" }, alert, pictures("Density and loss", [dense, loss], "two"),
      h("p", { class: "hint" }, "Drag the observation along the axis, or select it with Tab and use the arrow keys (with Shift, ten times as far)."), results)));

  /** The parameters of the first loss; where they are those of before, all stays as it is. */
  function arrange(first = false) {
    const { entry } = picker.chosen[0];
    if (heads(entry) === known) return;
    known = heads(entry);
    told = entry.distribution;
    grips.forEach((own) => (own.step = told.counts ? 1 : 0.1));
    at = Object.fromEntries(told.knobs.map((knob) => [knob.name, first ? numberOf(params, `at-${knob.name}`, knob.default, knob.low, knob.high) : knob.default]));
    y = first ? numberOf(params, "y", told.y, ...told.span, told.counts) : told.y;
    knobs.replaceChildren(h("h2", {}, "Predicted distribution"), ...told.knobs.map((knob) => slider({ ...knob, label: knob.name, value: at[knob.name], binds: true }, (now) => {
      at[knob.name] = now;
      refresh();
    })), h("h2", {}, "Observation"), slider({ label: "observation y", low: ends()[0], high: ends()[1], value: y, whole: told.counts, binds: true }, (now) => observe(now)));
  }

  const ends = () => (told.counts ? [Math.ceil(told.span[0]), Math.floor(told.span[1])] : told.span);

  function observe(x) {
    y = within(told.counts ? Math.round(x) : round2(x), ...ends());
    knobs.lastElementChild.show(y);
    refresh();
  }

  function refresh() {
    arrange();
    newest.ask({ losses: picker.question(), y, at: { ...at } });
    draw();
    changed();
  }

  function show(found) {
    answer = found;
    draw();
    report();
  }

  function draw() {
    if (!answer) return;
    drawOne(dense, grips[0], "density", "Density");
    drawOne(loss, grips[1], "curve", "Loss");
  }

  function drawOne(chart, own, kind, what) {
    const lines = answer.runs.map((run) => run[kind]);
    const seen = lines.filter(Boolean);
    chart.show(seen.length > 0);
    if (!seen.length) return;
    const top = Math.max(...seen.flat(), 1e-9);
    const names = answer.runs.map((run) => run.label).join(", ");
    chart.set({ xSpan: answer.span, ySpan: kind === "density" ? [-0.04 * top, 1.06 * top] : limits(seen), label: `${what} of ${names} over the observation`, paint: (c) => {
      lines.forEach((line, place) => {
        if (!line) return;
        if (answer.counts) line.forEach((v, i) => c.dot(answer.x[i], v, `mass s${place}`, 4));
        else c.line(answer.x, line, { place, label: answer.runs[place].label, steps: false });
      });
      c.vertical(y, "best");
      own.put("y", y, 0, `Observation: ${number(y, 4)}. The left and right arrow keys move it.`);
      own.refocus();
    } });
  }

  function report() {
    const found = answer.runs;
    announce(found.map((run) => `${run.label}: ${number(run.value)}`).join("; "));
    results.replaceChildren(table(`The observation ${number(answer.y)}`, ["loss", "value", answer.counts ? "probability" : "density"],
      found.map((run, place) => [named(run.label, place), run.curve ? number(run.value, 5) : "has other parameters", number(run.at)])),
    table("Gradients by what the model gives", ["output for", "output", ...found.map((run) => run.label)],
      answer.knobs.map((knob, i) => [knob.name, number(found[0].outputs[i]), ...found.map((run) => number(run.gradients?.[i]))])),
    h("p", { class: "hint" }, "A model gives any real number; parameters above 0 are made of it by exp or softplus, probabilities by a sigmoid."));
  }

  arrange(true);
  return {
    start: refresh,
    close: () => newest.close(),
    losses: () => picker.question(),
    get charts() {
      return [dense, loss].filter((chart) => !chart.element.hidden);
    },
    legend: () => (answer?.runs ?? []).map(({ label }, place) => ({ label, place })),
    params: () => picker.asParams({ y, ...Object.fromEntries(Object.entries(at).map(([name, value]) => [`at-${name}`, value])) }),
  };
}
