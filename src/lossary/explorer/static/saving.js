// Figures as SVG files: the drawings of a panel beside one another, with the colours they have on the screen.

import { s } from "./dom.js";

const KEPT = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "stroke-opacity", "opacity", "font-family", "font-size", "font-weight", "text-anchor"];

function plainCopy(node) {
  const copy = node.cloneNode(true);
  const from = [node, ...node.querySelectorAll("*")];
  [copy, ...copy.querySelectorAll("*")].forEach((element, i) => {
    const look = getComputedStyle(from[i]);
    for (const name of KEPT) element.setAttribute(name, look.getPropertyValue(name));
    for (const name of ["class", "tabindex", "role"]) element.removeAttribute(name);
  });
  return copy;
}

/** One SVG text of all charts, where they stand on the page, and a legend of {label, place}. */
export function figure(charts, legend) {
  const shown = charts.filter((chart) => chart.svg.getAttribute("width") && chart.element.offsetParent !== null);
  const boxes = shown.map((chart) => chart.svg.getBoundingClientRect());
  const [left, top] = ["left", "top"].map((side) => Math.min(...boxes.map((box) => box[side])));
  const wide = Math.max(...boxes.map((box) => box.right)) - left;
  let y = Math.max(...boxes.map((box) => box.bottom)) - top + 8;
  const root = s("svg", { xmlns: "http://www.w3.org/2000/svg" });
  shown.forEach((chart, i) => {
    const g = s("g", { transform: `translate(${Math.round(boxes[i].left - left)} ${Math.round(boxes[i].top - top)})` });
    g.append(...[...chart.svg.children].map(plainCopy));
    root.append(g);
  });
  const ink = getComputedStyle(document.body);
  legend.forEach(({ label, place }) => {
    const sample = s("line", { x1: 8, x2: 44, y1: y + 8, y2: y + 8, class: `series s${place}` });
    const words = s("text", { x: 52, y: y + 12, "font-size": 13, "font-family": "sans-serif", fill: ink.color }, label);
    document.querySelector("svg.chart").append(sample); // styles reach only what stands in the page
    root.append(plainCopy(sample), words);
    sample.remove();
    y += 20;
  });
  root.setAttribute("viewBox", `0 0 ${wide} ${y + 8}`);
  root.setAttribute("width", wide);
  root.setAttribute("height", y + 8);
  root.prepend(s("rect", { width: wide, height: y + 8, fill: ink.backgroundColor }));
  return new XMLSerializer().serializeToString(root);
}

export function download(text, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
