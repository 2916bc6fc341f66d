// What a loss of named inputs takes, as things to move: points, scores, boxes; its value, and arrows of its gradient.

import { leave, round2, within } from "./address.js";
import { Newest } from "./api.js";
import { Chart, pictures } from "./chart.js";
import { alertBox, announce, button, choice, h, named, number, numbersField, table } from "./dom.js";
import { Handles } from "./handles.js";
import { Picker } from "./picker.js";
import * as boxes from "./scene-boxes.js";
import * as lists from "./scene-lists.js";
import * as points from "./scene-points.js";

const SCENES = { points, lists, boxes };

export const scenePanel = (panel) => (root, catalogue, params, changed) => {
  const drawing = SCENES[panel];
  let at = {}; // the numbers of every part, one after the other
  let scene = null;
  let answer = null;
  let wanted = params.get("form"); // which formula, where a loss has several
  const chart = new Chart({ ...drawing.CHART, group: true });
  const grips = new Handles(chart, { move, step: drawing.STEP });
  const alert = alertBox();
  const fields = h("div");
  const results = h("div", { class: "results" });
  const scenes = (entry) => entry.scenes.filter((one) => one.panel === panel);
  const sceneOf = (entry) => scenes(entry).find((one) => one.form === wanted) ?? scenes(entry)[0];
  const picker = new Picker({ catalogue, usual: drawing.USUAL, changed: refresh, allowed: (entry) => scenes(entry).length > 0,
    fits: (entry, first) => entry === first || scenes(entry).some((one) => one.key === sceneOf(first).key) });
  picker.load(params);
  const newest = new Newest("scenes", show, alert.show);

  root.append(h("div", { class: "layout" },
    h("section", { class: "controls", "aria-label": "Losses and inputs" }, h("h2", {}, "Losses"), picker.element, fields),
    h("section", { class: "figures", "aria-label": drawing.CHART.title }, alert, pictures(drawing.CHART.title, [chart]),
      h("p", { class: "hint" }, drawing.HINT), h("p", { class: "hint" }, "Arrows show where a training step would move things: against the gradient, the slope of the loss. The longest arrow is the largest gradient."), results)));

  /** The inputs of the first loss; where they are those of before, all stays where it is. */
  function arrange(first = false) {
    const own = scenes(picker.chosen[0].entry);
    const found = sceneOf(picker.chosen[0].entry);
    if (wanted && found.form !== wanted && first) leave(`form=${wanted}`, `expected one of ${own.map((one) => one.form).join(", ")}`);
    if (found.key === scene?.key && found.form === scene.form) return;
    scene = found;
    at = Object.fromEntries(scene.parts.map((part) => [part.name, (first && given(part)) || part.start.flat(3)]));
    buildFields(own);
  }

  /** The numbers of a part in the address. */
  function given(part) {
    const text = params.get(`at-${part.name}`);
    if (text === null) return null;
    const found = text.split(",").map((one) => (one.trim() ? Number(one) : NaN));
    if (found.length === part.start.flat(3).length && found.every((v) => Math.abs(v) <= 1000)) return found;
    leave(`at-${part.name}`, `expected ${part.start.flat(3).length} numbers`);
    return null;
  }

  function buildFields(own = scenes(picker.chosen[0].entry)) {
    const typed = scene.parts.filter((part) => !part.moves);
    fields.replaceChildren(h("h2", {}, "Inputs"),
      own.length > 1 ? choice("What the loss is given", own.map((one) => [one.form, one.parts.map((part) => part.name).join(", ")]), scene.form, (now) => {
        wanted = now;
        refresh();
      }) : "",
      ...typed.map((part) => numbersField({ label: part.name, text: `${part.words[0].toUpperCase()}${part.words.slice(1)}${at[part.name].length > 1 ? ", for each" : ""}.`, value: at[part.name], usual: part.start.flat(3) }, (now) => {
        at[part.name] = [now].flat();
        refresh();
      })),
      h("div", { class: "buttons" }, button("Start again", () => {
        scene = null;
        refresh();
      })));
  }

  function refresh() {
    arrange();
    newest.ask({ panel, form: scene.form, losses: picker.question(), at: structuredClone(at) });
    draw();
    changed();
  }

  function show(found) {
    answer = found;
    draw();
    report();
  }

  function move(key, x, y) {
    const [name, i] = [key.slice(0, key.lastIndexOf(".")), key.slice(key.lastIndexOf(".") + 1)];
    const part = scene.parts.find((one) => one.name === name);
    drawing.moved(part, at[name], i, x, y).forEach((v, j) => (at[name][j] = round2(within(v, part.low, part.high))));
    refresh();
  }

  /** The runs that are of what is shown: the answer may be of other inputs still. */
  const runs = () => (answer?.runs ?? []).map((run) => (run.gradients && scene.parts.every((part) => !part.trains || run.gradients[part.name]?.flat(3).length === at[part.name].length) ? run : { label: run.label }));

  function draw() {
    const found = runs();
    const sizes = found.flatMap((run) => Object.values(run.gradients ?? {}).flatMap((by) => drawing.sizes(by.flat(3))));
    const longest = Math.max(...sizes, 1e-9);
    const arrow = (run, part, i) => -(run.gradients[part.name].flat(3)[i] ?? 0) / longest;
    chart.set({ ...drawing.spans(scene.parts, at), paint: (c) => {
      drawing.paint(c, { parts: scene.parts, at, grips, runs: found.map((run, place) => ({ ...run, place })).filter((run) => run.gradients), arrow });
      grips.refocus();
    } });
  }

  function report() {
    const found = runs();
    announce(found.map((run) => `${run.label}: ${number(run.value)}`).join("; "));
    const trained = scene.parts.filter((part) => part.trains);
    const rows = trained.flatMap((part) => drawing.rows(part, at[part.name]).map(([name, place, indices]) => [name, place,
      ...found.map((run) => (run.gradients ? indices.map((i) => number(run.gradients[part.name].flat(3)[i], 3)).join(", ") : "–"))]));
    results.replaceChildren(
      table("The loss of what is shown", ["loss", "value"], found.map((run, place) => [named(run.label, place), run.gradients ? number(run.value, 5) : "takes other inputs"])),
      table("Gradients", ["", "at", ...found.map((run) => run.label)], rows));
  }

  arrange(true);
  return {
    start: refresh,
    close: () => newest.close(),
    losses: () => picker.question(),
    charts: [chart],
    legend: () => runs().map(({ label }, place) => ({ label, place })),
    params() {
      const kept = picker.asParams();
      if (scenes(picker.chosen[0].entry).length > 1) kept.set("form", scene.form);
      for (const part of scene.parts) {
        if (String(at[part.name]) !== String(part.start.flat(3))) kept.set(`at-${part.name}`, at[part.name].join(","));
      }
      return kept;
    },
  };
};
