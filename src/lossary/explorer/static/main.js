// The page: panels, status, and what is shared from each of them.

import * as address from "./address.js";
import { ask, Later } from "./api.js";
import { button, errorParts, h } from "./dom.js";
import { distributionPanel } from "./panel-distribution.js";
import { likelihoodPanel } from "./panel-likelihood.js";
import { linePanel } from "./panel-line.js";
import { lossesPanel } from "./panel-losses.js";
import { ownPanel } from "./panel-own.js";
import { planePanel } from "./panel-plane.js";
import { scenePanel } from "./panel-scene.js";
import { trainingPanel } from "./panel-training.js";
import { download, figure } from "./saving.js";

const PANELS = {
  losses: ["Losses", lossesPanel],
  fit: ["Fit a line", linePanel],
  classes: ["Two classes", planePanel],
  points: ["Points", scenePanel("points")],
  lists: ["Lists", scenePanel("lists")],
  boxes: ["Boxes", scenePanel("boxes")],
  distribution: ["Distributions", distributionPanel],
  likelihood: ["Likelihood", likelihoodPanel],
  training: ["Training", trainingPanel],
  own: ["Your own", ownPanel],
};
const LIBRARIES = { keras: "Keras", torch: "torch", optax: "optax", sklearn: "scikit-learn" };
const $ = (id) => document.getElementById(id);
let current = null;
let catalogue = null;

function open() {
  const { panel, params } = address.read();
  const known = Object.hasOwn(PANELS, panel);
  if (panel && !known) address.leave(`#/${panel}`, "there is no such panel");
  const name = known ? panel : "losses";
  current?.close?.();
  written.clear(); // an address that changes while the browser goes back may keep it from going
  closeCode();
  const [title, make] = PANELS[name];
  document.title = `${title} · lossary explorer`;
  for (const link of document.querySelectorAll("#nav a")) {
    if (link.dataset.panel === name) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  $("panel").replaceChildren();
  current = make($("panel"), catalogue, params, () => remember(name));
  current.name = name;
  for (const part of params.unread()) address.leave(`${part}=${params.get(part)}`, "this panel has no such setting");
  for (const part of params.repeated()) address.leave(part, "given more than once; the first one is used");
  tellLeftOut();
  current.start();
}

/** What of the link could not be used stands over the panel until it is read. */
function tellLeftOut() {
  const box = $("left-out");
  const { leftOut } = address;
  box.hidden = !leftOut.length;
  if (box.hidden) return box.replaceChildren();
  box.replaceChildren(h("p", {}, h("strong", {}, "Parts of this link could not be used.")),
    h("ul", {}, leftOut.slice(0, 8).map((text) => h("li", {}, text)), leftOut.length > 8 && h("li", {}, `and ${leftOut.length - 8} more.`)),
    button("OK", () => (box.hidden = true)));
}

/** The address follows what is set, at most a few times a second: browsers limit how often it may change. */
const written = new Later();
function remember(name) {
  written.set(() => {
    if (current?.name === name) address.write(name, current.params());
  }, 150);
  closeCode();
}

async function copy(text, said) {
  try {
    await navigator.clipboard.writeText(text);
    say(said);
  } catch {
    say("The browser does not allow copying. Select the text and copy it yourself.");
  }
}

function say(text) {
  $("status").textContent = text;
  clearTimeout(say.timer);
  say.timer = setTimeout(() => ($("status").textContent = ""), 4000);
}

let code = 0; // which question for code is the newest

function closeCode() {
  code += 1; // what is on its way is no longer wanted
  $("code").hidden = true;
  $("copy-code").setAttribute("aria-expanded", "false");
}

async function showCode() {
  if (!$("code").hidden) return closeCode();
  const box = $("code");
  const mine = (code += 1);
  try {
    const { codes } = await ask("code", { losses: current.losses() });
    if (mine !== code) return;
    box.replaceChildren(...codes.map(({ label, code }) => h("div", { class: "codes" }, h("h2", {}, label),
      ...Object.entries(LIBRARIES).map(([name, words]) => h("div", { class: "code" },
        h("div", { class: "row" }, h("h3", {}, words), button("Copy", () => copy(code[name], `Code for ${words} copied.`), { "aria-label": `Copy ${label} for ${words}` })),
        h("pre", { tabindex: 0, role: "region", "aria-label": `${label} for ${words}` }, h("code", {}, code[name])))))));
  } catch (error) {
    if (mine !== code) return;
    box.replaceChildren(h("div", { class: "error" }, ...errorParts(error.parts ?? {})));
  }
  box.hidden = false;
  $("copy-code").setAttribute("aria-expanded", "true");
}

function link() {
  address.write(current.name, current.params());
  return location.href;
}

async function waitForKeras() {
  for (;;) {
    const { state, text } = await (await fetch("/api/status")).json();
    if (state === "ready") return;
    if (state === "failed") throw new Error(text);
    await new Promise((done) => setTimeout(done, 300));
  }
}

async function start() {
  for (const [name, [title]] of Object.entries(PANELS)) {
    $("nav").append(h("li", {}, h("a", { href: `#/${name}`, "data-panel": name }, title)));
  }
  try {
    await waitForKeras();
    catalogue = await ask("catalogue", {});
  } catch (error) {
    $("status").textContent = `Keras could not be loaded: ${error.message}`;
    return;
  }
  $("status").textContent = "";
  $("versions").textContent = `lossary ${catalogue.version}, Keras on ${catalogue.backend}.`;
  $("copy-link").addEventListener("click", () => copy(link(), `Link copied${current.unsaved?.() ?? ""}.`));
  $("copy-code").addEventListener("click", showCode);
  $("save").addEventListener("click", () => {
    if (!current.charts.length) return say("There is no figure to save here.");
    download(figure(current.charts, current.legend()), `lossary-${current.name}.svg`);
    say("Figure saved.");
  });
  address.listen(tellLeftOut);
  window.addEventListener("hashchange", open);
  open();
}

start();
