// A histogram, sliders for the parameters, the log-likelihood over each, and its maximum.

import { numberOf, oneOf } from "./address.js";
import { Newest } from "./api.js";
import { Chart, pictures } from "./chart.js";
import { alertBox, announce, button, checkbox, choice, h, number, s, slider, table } from "./dom.js";

export function likelihoodPanel(root, catalogue, params, changed) {
  const names = Object.keys(catalogue.distributions);
  const now = {
    distribution: oneOf(params, "distribution", names),
    size: numberOf(params, "size", 60, 5, 300, true),
    seed: numberOf(params, "seed", 1, 0, 10000, true),
    outliers: numberOf(params, "outliers", 0, 0, 20, true),
  };
  let at = {};
  for (const { name, low, high } of catalogue.distributions[now.distribution]) {
    if (params.has(`at-${name}`)) at[name] = numberOf(params, `at-${name}`, undefined, low, high);
  }
  let maximumShown = oneOf(params, "maximum", ["0", "1"]) === "1";
  let answer = null;
  const histogram = new Chart({ title: "Sample and density", xLabel: "value", height: 300 });
  const curves = [0, 1, 2].map((i) => new Chart({ title: `Log-likelihood ${i + 1}` }));
  const alert = alertBox();
  const knobs = h("div");
  const results = h("div", { class: "results" });
  const newest = new Newest("likelihoods", show, alert.show);
  const set = (name) => (value) => {
    now[name] = value;
    refresh();
  };
  const outlierSlider = slider({ label: "Outliers", low: 0, high: 20, value: now.outliers, whole: true, binds: true, text: "Extra values far to the right, not drawn from the distribution." }, set("outliers"));
  const box = h("div");
  root.append(h("div", { class: "layout" },
    h("section", { class: "controls", "aria-label": "Distribution and sample" }, h("h2", {}, "Distribution"),
      choice("Distribution", names.map((n) => [n, n]), now.distribution, (name) => {
        now.distribution = name;
        at = {};
        buildKnobs();
        refresh();
      }), knobs, box,
      h("h2", {}, "Sample"), slider({ label: "Number of values", low: 5, high: 300, value: now.size, whole: true, binds: true }, set("size")), outlierSlider,
      button("New sample", () => set("seed")((now.seed % 10000) + 1))),
    h("section", { class: "figures", "aria-label": "Likelihood" }, alert, pictures("Likelihood", [histogram, ...curves], "first-wide"), results)));

  function refresh() {
    newest.ask({ ...now, ...at });
    changed();
  }

  function show(found) {
    answer = found;
    outlierSlider.hidden = found.bounded;
    drawHistogram();
    curves.forEach((chart, i) => {
      chart.show(Boolean(found.curves[i]));
      if (found.curves[i]) drawCurve(chart, found.curves[i], i);
    });
    report();
  }

  function buildKnobs() {
    knobs.replaceChildren(...catalogue.distributions[now.distribution].map((knob) => slider({ ...knob, label: knob.name, value: at[knob.name] ?? knob.default, binds: true }, (value) => {
      at[knob.name] = value;
      refresh();
    })));
    box.replaceChildren(h("div", { class: "buttons" }, button("Go to the maximum", () => {
      if (answer?.name !== now.distribution) return; // of another distribution; the maximum of this one is on its way
      answer.knobs.forEach((knob, i) => {
        at[knob.name] = Number(answer.best.at[i].toPrecision(5));
        knobs.children[i].show(at[knob.name]);
      });
      maximumShown = true;
      markMaximum();
      refresh();
    })), h("div"));
    markMaximum();
  }

  function markMaximum() {
    box.lastElementChild.replaceChildren(checkbox("Show the maximum", maximumShown, (value) => {
      maximumShown = value;
      if (answer) show(answer);
      changed();
    }, "(guess first)"));
  }

  /** Bars whose heights are shares per unit, so that they compare with the density. */
  function bars() {
    const [low, high] = answer.span;
    const width = answer.counts ? 1 : (high - low) / 36;
    const heights = new Map();
    for (const value of answer.sample) {
      const bin = Math.floor((value - low) / width);
      heights.set(bin, (heights.get(bin) ?? 0) + 1 / (answer.sample.length * width));
    }
    return [...heights].map(([bin, height]) => [low + bin * width, width, height]);
  }

  function drawHistogram() {
    const found = bars();
    const dense = maximumShown ? [answer.density, answer.best_density] : [answer.density];
    const top = Math.max(...found.map(([, , height]) => height), ...dense.flat());
    histogram.set({ xSpan: answer.span, ySpan: [0, top * 1.1], xLabel: "value",
      label: `Histogram of ${answer.sample.length} values with the ${answer.name} at the sliders`, paint: (c) => {
        for (const [x, width, height] of found) {
          c.plot.append(s("rect", { class: "bar", x: c.x(x) + 0.5, y: c.y(height), width: Math.max(1, c.x(x + width) - c.x(x) - 1), height: c.y(0) - c.y(height) }));
        }
        dense.forEach((density, place) => {
          if (answer.counts) density.forEach((v, i) => c.dot(answer.x[i], v, `mass s${place}`, 4.5));
          else c.line(answer.x, density, { place, label: place ? "maximum" : "sliders", steps: false });
        });
      } });
  }

  function drawCurve(chart, curve, i) {
    chart.short = `over ${curve.name}`;
    chart.title = `Log-likelihood over ${curve.name}`;
    const sorted = [...curve.value].sort((a, b) => b - a);
    const [best, low] = [Math.max(sorted[0], maximumShown ? answer.best.value : -Infinity), sorted[Math.floor(sorted.length * 0.8)]];
    const others = ["", ", the other parameter fixed", ", the other parameters fixed"][answer.curves.length - 1];
    chart.set({ xSpan: [curve.x[0], curve.x.at(-1)], ySpan: [low - 0.02 * (best - low), best + 0.12 * (best - low || 1)], xLabel: `${curve.name}${others}`,
      label: `Log-likelihood over ${curve.name}, highest at ${number(curve.top, 3)}`, paint: (c) => {
        c.line(curve.x, curve.value, { label: curve.name, steps: false });
        if (maximumShown) c.vertical(answer.best.at[i], "best", `maximum ${number(answer.best.at[i], 3)}`);
        c.dot(answer.here.at[i], answer.here.value, "here s0", 6);
      } });
  }

  function report() {
    const row = (name, { at: place, value }) => [name, ...place.map((v) => number(v)), number(value, 6)];
    const rows = [row("at the sliders", answer.here), ...(maximumShown ? [row("maximum", answer.best)] : [])];
    announce(`Log-likelihood ${number(answer.here.value, 6)}.`);
    results.replaceChildren(table("Log-likelihood of the sample", ["", ...answer.knobs.map((k) => k.name), "log-likelihood"], rows),
      h("p", { class: "hint" }, `${answer.words}. The log-likelihood is minus its sum over the sample.`));
  }

  buildKnobs();
  return {
    start: refresh,
    close: () => newest.close(),
    losses: () => [{ name: answer?.loss ?? "GaussianNLL", params: answer?.params ?? { spread: "std" } }],
    get charts() {
      return [histogram, ...curves.filter((c) => !c.element.hidden)];
    },
    legend: () => [{ label: `${answer?.name ?? now.distribution} at the sliders`, place: 0 }, ...(maximumShown ? [{ label: "maximum likelihood", place: 1 }] : [])],
    params() {
      const kept = new URLSearchParams(now);
      for (const [name, value] of Object.entries(at)) kept.set(`at-${name}`, value);
      if (maximumShown) kept.set("maximum", "1");
      return kept;
    },
  };
}
