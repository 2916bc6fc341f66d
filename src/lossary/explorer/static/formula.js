// Formulas as MathML, and the same with numbers in the place of their letters.

import { number } from "./dom.js";

const MATHML = "http://www.w3.org/1998/Math/MathML";
const NAMED = new Set(["log", "exp", "max", "min", "cosh", "sinh", "tanh", "sin", "cos", "mean"]);
const m = (tag, ...children) => {
  const element = document.createElementNS(MATHML, tag);
  element.append(...children);
  return element;
};

/** Dots between factors: 3x needs none, 3 · 2 does. */
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
      if (operand(children[i], true) && operand(node, false)) row.insertBefore(m("mo", "·"), node);
    });
  }
}

/** A <math> element from the catalogue's text. */
export function formula(text) {
  return document.importNode(new DOMParser().parseFromString(text, "text/html").querySelector("math"), true);
}

/** What a letter means at x: "x", "1-x", "x-2" or a number. */
export function meaning(rule, x) {
  if (typeof rule === "number") return rule;
  if (rule === "x") return x;
  if (rule === "1-x") return 1 - x;
  return x - Number(rule.slice(2));
}

/** The formula with the numbers put in, and " = value" behind it. */
export function filledIn(text, symbols, x, value) {
  const shown = formula(text);
  for (const node of [...shown.querySelectorAll("[data-symbol]")]) {
    const rule = symbols[node.dataset.symbol];
    if (rule === undefined || rule === null || !shown.contains(node)) continue;
    const put = meaning(rule, x);
    const digits = m("mn", number(put));
    node.replaceWith(put < 0 ? m("mrow", m("mo", "("), digits, m("mo", ")")) : digits);
  }
  multiply(shown);
  shown.firstElementChild.append(m("mo", "="), m("mn", number(value)));
  return shown;
}
