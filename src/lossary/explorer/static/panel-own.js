// Rows of one's own, or a formula of one's own: values, gradients, what costs most, and the checks.

import { leave, oneOf } from "./address.js";
import { Later, Newest } from "./api.js";
import { limits, pictures, threeCharts } from "./chart.js";
import { alertBox, button, choice, errorParts, h, number, slider, table } from "./dom.js";
import { Picker } from "./picker.js";

const EXAMPLES = {
  scores: ["Probabilities, one badly wrong", "y,p,weight\n1,0.92,1\n0,0.20,1\n1,0.65,1\n0,0.08,2\n1,0.03,1\n0,0.35,1\n"],
  logits: ["Logits instead of probabilities", "y,p\n1,2.3\n0,-1.2\n1,0.4\n0,-3.1\n1,-0.6\n"],
  classes: ["Three classes, counted from 1", "y,p0,p1,p2\n1,0.2,0.3,0.5\n2,0.1,0.1,0.8\n3,0.4,0.4,0.2\n"],
  amounts: ["Amounts with an outlier", "y,p,weight\n3.1,2.9,1\n4.0,4.4,1\n5.2,5.0,1\n6.1,5.8,1\n30,6.9,1\n7.9,8.2,0.5\n"],
};
const [LARGEST, LINKED] = [900000, 4000]; // characters of a table, and of one that a link can hold

export function ownPanel(root, catalogue, params, changed) {
  let text = params.get("table") ?? EXAMPLES.scores[1];
  let mode = oneOf(params, "by", ["loss", "formula"]);
  let typed = params.get("formula") ?? "where(abs(e) <= d, e^2/2, d*(abs(e) - d/2))";
  let over = oneOf(params, "over", ["error", "prediction", "probability"]);
  const values = Object.fromEntries(params.numbered("v-"));
  let linked = Object.keys(values); // of the link, until its formula is read
  const later = new Later();
  let drawn = null; // the question that the curves answer
  const charts = Object.values(threeCharts(200));
  const [formulaAlert, rowsAlert] = [alertBox(), alertBox()];
  const sliders = h("div");
  const results = h("div", { class: "results" });
  const picker = new Picker({ catalogue, usual: ["binary_crossentropy"], most: 1, changed: refresh });
  picker.load(params);
  const rows = new Newest("rows", showRows, rowsAlert.show);
  const curves = new Newest("formula", showCurves, formulaAlert.show);
  const area = h("textarea", { id: "rows", rows: 9, spellcheck: "false", maxlength: LARGEST, value: text, oninput: () => {
    text = area.value;
    refresh();
  } });
  const line = h("textarea", { id: "formula", rows: 3, maxlength: 400, spellcheck: "false", value: typed, oninput: () => {
    typed = line.value;
    refresh();
  } });
  const file = h("input", { type: "file", id: "file", accept: ".csv,.tsv,.txt,text/csv", onchange: () => file.files[0] && load(file.files[0]) });
  const byFormula = h("div", {}, h("label", { for: "formula" }, "Formula of the loss of one entry"), line,
    h("p", { class: "hint" }, "y is the target, p the prediction, e = p − y. Any other name becomes a slider. You can use + − * / ^ < ≤ |…| abs sign sqrt square exp log log1p expm1 sin cos tanh sigmoid softplus relu min max where."),
    choice("Horizontal axis", [["error", "the error e"], ["prediction", "the prediction p, for y = 1"], ["probability", "a probability p, for y = 1"]], over, (now) => {
      over = now;
      refresh();
    }), formulaAlert, sliders);
  const curveBox = pictures("Curves of the formula", charts, "three");
  const drop = h("div", { class: "drop" }, h("label", { for: "rows" }, "Columns: y, p (or p0, p1, … for classes), weight"), area,
    h("label", { for: "file" }, "Or drop a CSV file here, or choose one"), file);
  for (const name of ["dragover", "dragleave", "drop"]) {
    drop.addEventListener(name, (event) => {
      event.preventDefault();
      drop.classList.toggle("over", name === "dragover");
      if (name === "drop" && event.dataTransfer.files[0]) load(event.dataTransfer.files[0]);
    });
  }
  root.append(h("div", { class: "layout" },
    h("section", { class: "controls", "aria-label": "Rows and loss" }, h("h2", {}, "Rows"),
      choice("Start from", [["", "…"], ...Object.entries(EXAMPLES).map(([k, [t]]) => [k, t])], "", (name) => name && put(EXAMPLES[name][1])), drop,
      h("h2", {}, "Loss"), choice("Compute with", [["loss", "a loss from the catalogue"], ["formula", "your own formula"]], mode, (now) => {
        mode = now;
        refresh();
      }), picker.element, byFormula),
    h("section", { class: "figures", "aria-label": "Results" }, curveBox, rowsAlert, results)));

  function put(content) {
    area.value = content;
    text = content;
    refresh();
  }

  async function load(chosen) {
    if (chosen.size > LARGEST) {
      rowsAlert.show({ asked: `${chosen.name} is too large to be read here.`, arrived: `It has ${chosen.size.toLocaleString("en")} bytes.`, allowed: `Expected at most ${LARGEST.toLocaleString("en")} bytes.`, do: "Select some of its rows, or use `lossary check` on the file." });
      return;
    }
    put(await chosen.text());
  }

  function refresh() {
    const own = mode === "formula";
    picker.element.hidden = own;
    byFormula.hidden = curveBox.hidden = !own;
    const question = own ? { formula: typed, values: { ...values } } : { losses: picker.question() };
    if (own) curves.ask({ ...question, over });
    later.set(() => rows.ask({ table: text, ...question }), own ? 200 : 0); // the picture first
    changed();
  }

  function showCurves(found, question) {
    drawn = question;
    for (const name of linked.filter((one) => !found.parameters.includes(one))) {
      leave(`v-${name}=${values[name]}`, "the formula has no parameter of this name");
      delete values[name];
    }
    linked = [];
    buildSliders(found.parameters);
    const xLabel = question.over === "error" ? "error e = p − y" : "prediction p (y = 1)";
    const width = found.x[1] - found.x[0];
    ["value", "gradient", "curvature"].forEach((kind, i) => {
      charts[i].set({ xSpan: [found.x[0] - width / 2, found.x.at(-1) + width / 2], ySpan: limits([found[kind]]), xLabel,
        label: `${kind} of the formula ${question.formula}`, paint: (c) => c.line(found.x, found[kind], { label: kind }) });
    });
  }

  function buildSliders(names) {
    if (sliders.dataset.names === names.join()) return;
    sliders.dataset.names = names.join();
    sliders.replaceChildren(...names.map((name) => slider({ label: name, low: 0, high: 5, value: values[name] ?? 1 }, (now) => {
      values[name] = now;
      refresh();
    })));
  }

  function showRows(found) {
    const items = found.findings.map((f) => h("li", { class: f.severity.toLowerCase() }, h("strong", {}, `${f.id} ${f.severity} ${f.rule}`), ` ${f.message} ${f.do}`));
    results.replaceChildren(h("h3", {}, `${found.label}: ${"value" in found ? number(Array.isArray(found.value) ? null : found.value, 6) : "no value"}`),
      ...found.notes.map((note) => h("p", { class: "hint" }, note)),
      h("p", { class: found.findings.length ? "" : "good" }, found.summary), h("ul", { class: "findings" }, items),
      found.error ? h("div", { class: "error" }, ...errorParts(found.error)) : "",
      found.rows ? costs(found) : "",
      found.text ? h("details", {}, h("summary", {}, "How the value is computed"), h("pre", { tabindex: 0, role: "region", "aria-label": "How the value is computed" }, found.text)) : "");
  }

  function costs(found) {
    const cell = (v) => (Array.isArray(v) ? v.map((u) => number(u, 3)).join(" ") : number(v));
    const shown = found.rows.map((r) => [String(r.row), cell(r.y), cell(r.p), number(r.weight), number(r.value), cell(r.gradient), r.share === null ? "–" : `${(100 * r.share).toFixed(1)} %`]);
    return table(found.count > shown.length ? `The ${shown.length} rows with the highest loss, of ${found.count}` : "Rows, highest loss first",
      ["row", "y", "p", "weight", "value", "gradient", "share"], shown);
  }

  return {
    start: refresh,
    close() {
      later.clear();
      rows.close();
      curves.close();
    },
    losses: () => picker.question(),
    get charts() {
      return mode === "formula" ? charts : [];
    },
    legend: () => (mode === "formula" && drawn ? [{ label: drawn.formula, place: 0 }] : []),
    unsaved: () => (text.length > LINKED ? ` without the rows, which are too many for a link` : ""),
    params() {
      const kept = new URLSearchParams({ by: mode });
      if (mode === "loss") picker.save(kept);
      else {
        kept.set("formula", typed);
        kept.set("over", over);
        for (const [name, value] of Object.entries(values)) kept.set(`v-${name}`, value);
      }
      if (text.length <= LINKED) kept.set("table", text);
      return kept;
    },
  };
}
