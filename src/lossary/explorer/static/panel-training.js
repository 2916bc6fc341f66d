// A small network in training: any setting may change while it runs; loss and regularization are stacked.

import { numberOf } from "./address.js";
import { ask } from "./api.js";
import { Chart, pictures } from "./chart.js";
import { alertBox, button, h, named, number, slider, table } from "./dom.js";
import { Picker } from "./picker.js";

const KNOBS = [
  ["rate", "Learning rate", 0, 0.2, 0.02, "The step size of Adam."],
  ["penalty", "Regularization (L2)", 0, 0.05, 0.001, "The factor of the sum of squared weights that is added to the loss."],
  ["outliers", "Outliers in the data", 0, 0.4, 0.1, "The share of points that are moved far up."],
  ["noise", "Noise", 0, 1, 0.15, ""],
  ["pace", "Steps per frame", 1, 40, 8, ""],
];
const LONGEST = 3000;

export function trainingPanel(root, catalogue, params, changed) {
  const now = Object.fromEntries(KNOBS.map(([name, , low, high, usual]) => [name, numberOf(params, name, usual, low, high, name === "pace")]));
  now.seed = numberOf(params, "seed", 1, 0, 10000, true);
  let [states, history, running, busy, closed, answer] = [[], [], false, false, false, null];
  let [generation, again] = [0, false];
  const fit = new Chart({ title: "Data and network", xLabel: "x", label: "Data and what the networks have learned", height: 300 });
  const stacks = [0, 1].map(() => new Chart({ title: "", height: 210 }));
  const alert = alertBox();
  const results = h("div", { class: "results" });
  const said = h("p", { class: "said", role: "status" });
  const go = button("Start", () => (running ? pause("Paused.") : run()), { class: "primary" });
  const picker = new Picker({ catalogue, usual: ["mean_squared_error", "huber"], most: 2, allowed: (e) => e.line, changed: lossesChanged });
  picker.load(params);
  const set = (name) => (value) => {
    now[name] = value;
    changed();
    if (!running) step(0);
  };
  root.append(h("div", { class: "layout" },
    h("section", { class: "controls", "aria-label": "Training" },
      h("h2", {}, "Settings (also while it runs)"),
      ...KNOBS.map(([name, label, low, high, , text]) => slider({ label, low, high, text, value: now[name], whole: name === "pace", binds: true }, set(name))),
      h("h2", {}, "Losses"), picker.element),
    h("section", { class: "figures", "aria-label": "Progress" },
      h("div", { class: "buttons" }, go, button("One step", () => !running && step(1)), button("Restart", reset), said), alert, pictures("Progress", [fit, ...stacks], "first-wide"), results)));

  /** Another number of losses restarts; another loss or parameter goes on from where the weights are. */
  function lossesChanged() {
    if (states.length !== picker.chosen.length) reset();
    else if (!running) step(0);
    changed();
  }

  function reset() {
    [states, history] = [[], []];
    generation += 1; // what is on its way belongs to the last one
    step(0);
  }

  async function run() {
    running = true;
    go.textContent = "Pause";
    said.textContent = "Training.";
    while (running && !closed) {
      await step(now.pace);
      await new Promise((done) => requestAnimationFrame(done));
      if ((answer?.runs[0].steps ?? 0) >= LONGEST) pause(`Stopped after ${LONGEST} steps.`);
    }
  }

  function pause(why) {
    running = false;
    go.textContent = "Start";
    said.textContent = why;
  }

  async function step(steps) {
    if (busy) {
      again ||= steps === 0;
      return;
    }
    busy = true;
    const mine = generation;
    try {
      const found = await ask("network", { losses: picker.question(), rate: now.rate, penalty: now.penalty, noise: now.noise,
        outliers: now.outliers, seed: now.seed, steps, states: states.length === picker.chosen.length ? states.flat() : [] });
      if (closed || mine !== generation || found.runs.length !== picker.chosen.length) return;
      alert.show(null);
      if (found.runs.some((run) => run.state.includes(null))) {
        pause("Stopped.");
        alert.show({ asked: "The training diverged.", arrived: "The weights of the network are no longer finite.", do: "Lower the learning rate and restart." });
        return;
      }
      take(found, steps);
    } catch (error) {
      pause("Stopped.");
      if (!closed) alert.show(error.parts ?? { asked: String(error) });
    } finally {
      busy = false;
      if (again && !closed) {
        again = false;
        await step(0);
      }
    }
  }

  function take(found, steps) {
    answer = found;
    states = found.runs.map((r) => r.state);
    found.runs.forEach((r, i) => {
      history[i] ??= { cost: [], penalty: [] };
      const from = steps && history[i].cost.length ? 1 : 0; // the first is where the last request ended
      if (!steps) for (const series of Object.values(history[i])) series.pop();
      history[i].cost.push(...r.costs.slice(from));
      history[i].penalty.push(...r.penalties.slice(from));
    });
    draw();
  }

  function draw() {
    const high = Math.max(...answer.y) + 0.5;
    fit.set({ xSpan: [-3.1, 3.1], ySpan: [Math.min(...answer.y) - 0.5, high], paint: (c) => {
      answer.x.forEach((x, i) => c.dot(x, answer.y[i], "datum", 3.5));
      answer.runs.forEach((r, place) => c.line(answer.grid, r.curve, { place, label: r.label, steps: false }));
    } });
    stacks.forEach((chart, i) => {
      chart.show(history[i] && answer.runs[i]);
      if (!chart.element.hidden) stack(chart, i);
    });
    results.replaceChildren(table("State of training", ["loss", "step", "data loss", "regularization", "total"],
      answer.runs.map((r, i) => [named(r.label, i), String(r.steps), number(r.costs.at(-1)), number(r.penalties.at(-1)), number(r.costs.at(-1) + r.penalties.at(-1))])));
  }

  function stack(chart, i) {
    const { cost, penalty } = history[i];
    const x = cost.map((_, k) => k);
    const both = cost.map((v, k) => v + penalty[k]);
    const top = Math.max(...both.slice(Math.min(10, both.length - 1)), 1e-6) * 1.15;
    chart.short = answer.runs[i].label;
    chart.title = `${answer.runs[i].label} and regularization`;
    chart.set({ xSpan: [0, Math.max(20, x.length - 1)], ySpan: [0, top], xLabel: "step (grey: regularization)", label: `Loss and regularization of ${answer.runs[i].label} over the steps`, paint: (c) => {
      c.area(x, x.map(() => 0), cost, `stack s${i}`);
      c.area(x, cost, both, "stack penalty");
    } });
  }

  return {
    start: () => step(0),
    close() {
      closed = true;
      running = false;
    },
    losses: () => picker.question(),
    get charts() {
      return [fit, ...stacks.filter((c) => !c.element.hidden)];
    },
    legend: () => (answer?.runs ?? []).map(({ label }, place) => ({ label, place })),
    params: () => picker.asParams(now),
  };
}
