// One to four losses of the catalogue, each with the sliders that its parameters declare.

import { leave, readLoss, writeLoss } from "./address.js";
import { button, checkbox, choice, h, numbersField, slider, swatch } from "./dom.js";

export class Picker {
  /**
   * `allowed(entry)` says which losses the panel can use, `fits(entry, first)` which are offered beside the first;
   * `changed` is called after every change.
   */
  constructor({ catalogue, allowed = () => true, fits = () => true, usual, most = 4, fixed = [], changed }) {
    Object.assign(this, { catalogue, allowed, usual, most, fixed, changed });
    this.fits = (entry, first) => allowed(entry) && fits(entry, first);
    this.byName = new Map();
    for (const entry of catalogue.losses) {
      for (const name of [...entry.aliases, entry.name, entry.function]) this.byName.set(name, entry);
    }
    this.element = h("div", { class: "picker" });
    this.chosen = [];
  }

  /** The losses of the address; what cannot be used is reported. */
  load(params) {
    const given = params.getAll("loss").map(readLoss).filter(Boolean);
    this.chosen = this.usable(given);
    if (!this.chosen.length) this.chosen = this.usable(this.usual.map(readLoss));
    this.build();
  }

  usable(given) {
    const found = [];
    for (const { name, params: values } of given) {
      const entry = this.byName.get(name);
      if (!entry) leave(`loss=${name}`, "there is no loss of this name");
      else if (found.length === this.most) leave(`loss=${name}`, `this panel shows at most ${this.most}`);
      else if (!this.allowed(entry)) leave(`loss=${name}`, "this panel cannot use it");
      else found.push({ entry, params: this.kept(entry, values) });
    }
    return found;
  }

  kept(entry, values) {
    const kept = {};
    for (const [name, value] of values) {
      const control = entry.params.find((p) => p.name === name);
      if (!control) leave(`${entry.function}(${name}=${value})`, "this loss has no such parameter here");
      else if (this.fixed.includes(name)) { if (value !== true) leave(`${entry.function}(${name}=${value})`, "this panel always uses true"); }
      else if (!this.right(control, value)) leave(`${entry.function}(${name}=${value})`, `expected ${control.allowed}`);
      else kept[name] = value;
    }
    return kept;
  }

  right(control, value) {
    if (control.kind === "number") return typeof value === "number" && Number.isFinite(value);
    if (control.kind === "numbers") return [value].flat().every(Number.isFinite);
    return control.kind === "flag" ? typeof value === "boolean" : control.choices.includes(value);
  }

  save(params) {
    for (const { entry, params: values } of this.chosen) params.append("loss", writeLoss({ name: entry.function, params: values }));
  }

  /** The losses, and further numbers of a panel, as the address has them. */
  asParams(numbers = {}) {
    const params = new URLSearchParams();
    this.save(params);
    for (const [name, value] of Object.entries(numbers)) params.set(name, value);
    return params;
  }

  question() {
    return this.chosen.map(({ entry, params }) => ({ name: entry.function, params: { ...params } })); // as they are now
  }

  touched(rebuild) {
    if (rebuild) this.build();
    this.changed();
  }

  build() {
    const focused = document.activeElement?.closest?.("[data-key]")?.dataset.key;
    this.element.replaceChildren(...this.chosen.map((one, place) => this.card(one, place)));
    if (this.chosen.length < this.most) {
      this.element.append(button("Add a loss", () => this.add(), { class: "add", "data-key": "add" }));
    }
    if (focused) this.element.querySelector(`[data-key="${focused}"]`)?.focus();
  }

  add() {
    const first = this.chosen[0].entry;
    const used = new Set(this.chosen.map((one) => one.entry));
    const rest = this.catalogue.losses.filter((entry) => this.fits(entry, first));
    this.chosen.push({ entry: rest.find((entry) => !used.has(entry)) ?? first, params: { ...this.shared() } });
    this.touched(true);
  }

  /** Logits or probabilities: one answer for all, since it decides what is drawn over. */
  shared() {
    const logits = this.chosen[0]?.params.from_logits;
    return logits === undefined ? {} : { from_logits: logits };
  }

  card(one, place) {
    const select = this.select(one, place);
    const remove = this.chosen.length > 1 && button("×", () => {
      this.chosen.splice(place, 1);
      this.keepFitting();
      this.touched(true);
    }, { class: "remove", "aria-label": `Remove ${one.entry.name}` });
    const controls = one.entry.params.filter((p) => !this.fixed.includes(p.name)).map((p) => this.control(one, p));
    return h("fieldset", { class: "loss" }, h("legend", {}, swatch(place), ` Loss ${place + 1}`),
      h("div", { class: "row" }, select, remove), ...controls);
  }

  select(one, place) {
    const first = place ? this.chosen[0].entry : null;
    const groups = new Map();
    for (const entry of this.catalogue.losses) {
      if (entry !== one.entry && !this.fits(entry, first ?? entry)) continue;
      groups.set(entry.family, [...(groups.get(entry.family) ?? []), entry]);
    }
    const select = h("select", { "aria-label": `Loss ${place + 1}`, "data-key": `loss-${place}`, onchange: () => {
      one.entry = this.byName.get(select.value);
      one.params = one.entry.params.some((p) => p.name === "from_logits") ? this.shared() : {};
      this.keepFitting();
      this.touched(true);
    } }, [...groups].map(([family, entries]) => h("optgroup", { label: family },
      entries.map((entry) => h("option", { value: entry.function }, entry.name)))));
    select.value = one.entry.function;
    return select;
  }

  /** Losses that no longer stand over the first one's axis go. */
  keepFitting() {
    const [first] = this.chosen;
    this.chosen = this.chosen.filter((one, place) => !place || this.fits(one.entry, first.entry));
  }

  control(one, p) {
    const now = one.params[p.name] ?? p.default;
    const set = (value) => {
      if (String(value) === String(p.default)) delete one.params[p.name];
      else one.params[p.name] = value;
      if (p.name === "from_logits") {
        for (const other of this.chosen) {
          if (!other.entry.params.some((q) => q.name === p.name)) continue;
          if (value === p.default) delete other.params[p.name];
          else other.params[p.name] = value;
        }
      }
      this.touched(p.name === "from_logits");
    };
    if (p.kind === "flag") return checkbox(p.name, now, set, p.text);
    if (p.kind === "choice") return choice(p.name, p.choices.map((c) => [c, c]), now, set);
    if (p.kind === "numbers") return numbersField({ label: p.name, text: p.text, value: now, usual: p.default }, set);
    const label = p.symbol === p.name ? p.name : `${p.name} (${p.symbol})`;
    return slider({ label, text: p.text, low: p.low, high: p.high, value: now }, set);
  }
}
