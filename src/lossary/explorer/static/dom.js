// Small things every panel needs: elements, numbers as text, sliders, errors in four parts.

const SVG = "http://www.w3.org/2000/svg";

/** An element with attributes, listeners (onclick: f) and children (text or elements). */
export function h(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** The same in SVG. */
export function s(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value") element.value = value;
    else if (name === "checked") element.checked = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** A number as people read it: four digits, a true minus sign, a dash for none. */
export function number(value, digits = 4) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  if (value === 0) return "0";
  const size = Math.abs(value);
  const text = size >= 1e5 || size < 1e-4 ? value.toExponential(digits - 2) : String(Number(value.toPrecision(digits)));
  return text.replace("-", "−");
}

let count = 0;
const unique = (name) => `${name}-${(count += 1)}`;

/**
 * A slider with a field for exact numbers. `set` is called with every number on the way. Where `binds` is true, numbers
 * outside the range are moved into it, and seen to be; else the field takes any number, and the server judges it.
 */
export function slider({ label, text = "", low, high, value, step = null, whole = false, binds = false }, set) {
  const id = unique("slider");
  const by = step ?? (whole ? 1 : neat((high - low) / 200));
  const range = h("input", { type: "range", id, min: low, max: high, step: "any", "aria-describedby": text && `${id}-text` });
  const exact = h("input", { type: "number", step: whole ? 1 : "any", "aria-label": `${label}, exactly` });
  const show = (now) => {
    range.value = now;
    exact.value = now;
  };
  show(value);
  range.addEventListener("input", () => {
    const now = Math.min(high, Math.max(low, round(Math.round(Number(range.value) / by) * by)));
    exact.value = now;
    set(now);
  });
  range.addEventListener("keydown", (event) => {
    const way = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
    if (!way) return;
    event.preventDefault();
    const now = Math.min(high, Math.max(low, round((whole ? Math.round(Number(range.value)) : Number(range.value)) + way * by)));
    show(now);
    set(now);
  });
  exact.addEventListener("change", () => {
    if (exact.value === "" || !Number.isFinite(Number(exact.value))) return show(Number(range.value));
    let now = whole ? Math.round(Number(exact.value)) : Number(exact.value);
    if (binds) now = Math.min(high, Math.max(low, now));
    show(now);
    set(now);
  });
  const row = h("div", { class: "slider" }, h("label", { for: id }, label), range, exact,
    text && h("p", { class: "hint", id: `${id}-text` }, prose(text)));
  row.show = show;
  return row;
}

/** A step of 1, 2 or 5 times a power of ten. */
function neat(step) {
  const power = 10 ** Math.floor(Math.log10(step));
  return (step / power < 1.5 ? 1 : step / power < 3.5 ? 2 : step / power < 7.5 ? 5 : 10) * power;
}

export const round = (value) => Number(value.toPrecision(10));

export function checkbox(label, checked, set, text = "") {
  const box = h("input", { type: "checkbox", checked, onchange: () => set(box.checked) });
  return h("label", { class: "check" }, box, " ", label, text && h("span", { class: "hint" }, " ", prose(text)));
}

/** A field for one number or several; empty is the usual value. What cannot be read is marked and not set. */
export function numbersField({ label, text, value, usual }, set) {
  const id = unique("numbers");
  const field = h("input", { type: "text", id, inputmode: "decimal", "aria-describedby": `${id}-text`,
    placeholder: usual === null ? "none" : [usual].flat().join(", "), value: String(value) === String(usual) ? "" : [value].flat().join(", ") });
  field.addEventListener("change", () => {
    const found = field.value.split(/[\s,;|]+/).filter(Boolean).map(Number);
    const right = found.length <= 20 && found.every(Number.isFinite);
    field.setAttribute("aria-invalid", String(!right));
    field.setCustomValidity(right ? "" : "Numbers, separated by commas.");
    field.reportValidity();
    if (right) set(found.length ? (found.length > 1 ? found : found[0]) : usual);
  });
  return h("div", { class: "choice" }, h("label", { for: id }, label), field, h("p", { class: "hint", id: `${id}-text` }, prose(text)));
}

/** A drop-down of [value, words] pairs. */
export function choice(label, pairs, value, set) {
  const id = unique("choice");
  const select = h("select", { id, onchange: () => set(select.value) },
    pairs.map(([name, words]) => h("option", { value: name }, words)));
  select.value = value;
  return h("div", { class: "choice" }, h("label", { for: id }, label), select);
}

export const button = (text, act, attributes = {}) => h("button", { type: "button", onclick: act, ...attributes }, text);

/** A place for an error in four parts; empty while all is well. */
export function alertBox() {
  const box = h("div", { class: "error", role: "alert", hidden: true });
  box.show = (error) => {
    box.hidden = !error;
    box.replaceChildren(...(error ? errorParts(error) : []));
  };
  return box;
}

export function errorParts(error) {
  return [h("strong", {}, error.asked ?? "Something went wrong."),
    ...["arrived", "allowed", "do"].filter((part) => error[part]).map((part) => h("p", {}, error[part]))];
}

/** Prose of a docstring: what stands in backticks is code. */
export const prose = (text) => text.split("`").map((part, i) => (i % 2 ? h("code", {}, part) : part));

/** Words about a formula: c_1 and e^(x) with their indices and powers below and above the line, y_pred as it is. */
export const written = (text) => text.split(/(?<=(?<![\p{L}\d])\p{L})([_^])([\p{L}\d](?![\p{L}\d_])|\([^()]*\))/u)
  .map((part, i, all) => (i % 3 === 1 ? "" : i % 3 === 2 ? h(all[i - 1] === "_" ? "sub" : "sup", {}, part.replace(/[()]/g, "")) : part));

/** Tells screen readers what has changed, once it stays. */
export function announce(text) {
  clearTimeout(announce.timer);
  announce.timer = setTimeout(() => (document.getElementById("live").textContent = text), 700);
}

/** A table with a caption that screen readers read and a head; cells are text or elements. */
export function table(caption, heads, rows) {
  return h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": caption },
    h("table", {}, h("caption", {}, caption),
      h("thead", {}, h("tr", {}, heads.map((head) => h("th", { scope: "col" }, head)))),
      h("tbody", {}, rows.map((row) => h("tr", {},
        row.map((cell, place) => (place ? h("td", {}, cell) : h("th", { scope: "row" }, cell))))))));
}

/** A long name that may break between its words: MeanSquaredError. */
export const breakable = (text) => text.split(/(?<=[a-z])(?=[A-Z])|(?<=[(,=_])/).flatMap((part, i) => (i ? [h("wbr"), part] : [part]));

/** The line of one loss with its name. */
export const named = (label, place) => h("span", {}, swatch(place), " ", breakable(label));

/** The line of one loss, as it is drawn. */
export function swatch(place) {
  return s("svg", { class: "swatch", viewBox: "0 0 28 8", width: 28, height: 8, "aria-hidden": "true" },
    s("line", { x1: 0, y1: 4, x2: 28, y2: 4, class: `series s${place}` }));
}
