// Formulas as MathML, and the same with numbers in the place of their letters.

import { number } from "./dom.js";

const MATHML = "http://www.w3.org/1998/Math/MathML";
const NAMED = new Set(["log", "exp", "max", "min", "cosh", "sinh", "tanh", "sin", "cos", "arctan", "mean", "Γ", "Φ"]);
const MOST_TERMS = 4; // of a sum that is written out
const m = (tag, ...children) => {
  const element = document.createElementNS(MATHML, tag);
  element.append(...children);
  return element;
};
const sign = (text) => m("mo", text);
const bracketed = (...nodes) => m("mrow", sign("("), ...nodes, sign(")"));
const put = (now) => (now < 0 ? bracketed(m("mn", number(now))) : m("mn", number(now)));

/** Dots between factors: 2π needs none, 3 · 2 does. */
function multiply(shown) {
  const operand = (node, end) => {
    const tag = node.localName;
    if (tag === "mo") return node.textContent === (end ? ")" : "(");
    if (!end && node.firstElementChild?.localName === "mo") return node.firstElementChild.textContent === "("; // (…)²
    return !["mtext", "mspace", "munder"].includes(tag) && !(end && NAMED.has(node.textContent));
  };
  for (const row of shown.querySelectorAll("mrow, msqrt")) {
    const children = [...row.children];
    children.slice(1).forEach((node, i) => {
      const short = children[i].localName === "mn" && node.textContent === "π"; // 2π
      if (!short && operand(children[i], true) && operand(node, false)) row.insertBefore(sign("·"), node);
    });
  }
}

/** A <math> element from the catalogue's text. */
export function formula(text) {
  return document.importNode(new DOMParser().parseFromString(text, "text/html").querySelector("math"), true);
}

/** Several signs in a row that have one number together, such as ∑ y p. */
function fillSequences(shown, symbols) {
  for (const [key, now] of Object.entries(symbols)) {
    const words = key.split(" ");
    if (words.length < 2) continue;
    for (const first of [...shown.querySelectorAll("mo, mi, munder")].filter((node) => node.textContent.trim() === words[0])) {
      const run = [first];
      while (run.length < words.length && run.at(-1)) {
        let next = run.at(-1).nextElementSibling;
        while (next?.localName === "mspace") next = next.nextElementSibling;
        run.push(next);
      }
      if (!run.every((node, i) => node && node.textContent.trim() === words[i])) continue;
      run.slice(1).forEach((node) => node.remove());
      first.replaceWith(put(now));
    }
  }
}

/** Sums over an index whose letters have a number for each term, written out: ∑ y_c log p_c is 1 log 0.7 + 0 log 0.3. */
function writeSums(shown, symbols) {
  const lists = Object.entries(symbols).filter(([, now]) => Array.isArray(now) && now.length);
  for (const sum of [...shown.querySelectorAll("munder")].reverse()) {
    const [over, index] = sum.children;
    const own = lists.filter(([name]) => name.endsWith(`_${index?.textContent}`));
    if (over.textContent !== "∑" || !own.length) continue;
    const rest = [];
    let bars = 0;
    let depth = 0;
    for (let next = sum.nextElementSibling; next && next.localName !== "mtext" && rest.length < 60; next = next.nextElementSibling) {
      const text = next.textContent;
      if (next.localName === "mo" && rest.length && !depth && !bars && ["+", "−", "="].includes(text)) break; // the sum is over
      if (next.localName === "mo" && text === "|") bars = 1 - bars;
      depth += (text === "(") - (text[0] === ")");
      if (next.localName === "mspace" && next.nextElementSibling?.localName === "mtext") break;
      rest.push(next);
    }
    const places = [...Array(own[0][1].length).keys()];
    if (places.length > MOST_TERMS || !rest.some((node) => node.querySelector?.("[data-symbol]") || node.dataset?.symbol)) continue;
    const terms = places.map((i) => {
      const term = m("mrow", ...rest.map((node) => node.cloneNode(true)));
      fill(term, Object.fromEntries(own.map(([name, now]) => [name, now[i]])));
      return term;
    });
    rest.forEach((node) => node.remove());
    const before = sum.previousElementSibling;
    const signed = before && !["+", "=", "("].includes(before.textContent);
    shown.dataset.written = "";
    const inner = terms.flatMap((term, i) => [...(i ? [sign("+")] : []), ...term.children]);
    sum.replaceWith(...(signed && terms.length > 1 ? [sign("("), ...inner, sign(")")] : inner));
  }
}

function fill(shown, symbols) {
  for (const node of [...shown.querySelectorAll("[data-symbol]")]) {
    const now = symbols[node.dataset.symbol];
    if (typeof now === "number" && shown.contains(node)) node.replaceWith(put(now));
  }
}

/** Letters without a number of their own, as what the words behind the formula say that they are. */
function writeDefinitions(shown, symbols, definitions, deep = 3) {
  for (const node of deep ? [...shown.querySelectorAll("[data-symbol]")] : []) {
    const [letter, said] = [node.dataset.symbol, definitions[node.dataset.symbol]];
    if (!said || letter in symbols || !shown.contains(node)) continue;
    const row = formula(`<math>${said}</math>`).firstElementChild;
    writeDefinitions(row, symbols, definitions, deep - 1);
    const parts = [...row.children].filter((part) => part.localName !== "mspace");
    node.replaceWith(parts.length > 1 ? bracketed(...parts) : parts[0]);
  }
}

/** The formula with the numbers put in, and " = value" behind it. */
export function filledIn({ formula: text, definitions }, symbols, value) {
  const shown = formula(text);
  writeDefinitions(shown, symbols, definitions);
  fillSequences(shown, symbols);
  writeSums(shown, symbols);
  fill(shown, symbols);
  multiply(shown);
  shown.firstElementChild.append(sign("="), m("mn", number(value)));
  return shown;
}

/** The formula in pieces that may stand below one another, since browsers do not break MathML: at =, + and −, at words. */
export function broken(shown) {
  const pieces = [];
  let piece = [];
  let depth = 0; // of brackets: only sums that were written out are broken within theirs
  const end = () => piece.length && pieces.push(piece) && (piece = []);
  for (const node of [...shown.firstElementChild.children]) {
    const before = piece.at(-1);
    const where = depth ? (depth === 1 && "written" in shown.dataset ? ["+"] : []) : ["=", "+", "−"];
    const operator = node.localName === "mo" && where.includes(node.textContent) && before && !(before.localName === "mo" && before.textContent !== ")");
    if (operator) node.setAttribute("form", "infix"); // also where it begins a piece
    if (operator || (node.localName === "mtext" && before?.localName === "mspace")) end();
    piece.push(node);
    for (const letter of node.textContent) depth += (letter === "(") - (letter === ")"); // a power holds its bracket
  }
  end();
  return pieces.map((nodes) => {
    const math = m("math", m("mrow", ...nodes));
    math.setAttribute("display", "inline");
    math.setAttribute("displaystyle", "true");
    return math;
  });
}
