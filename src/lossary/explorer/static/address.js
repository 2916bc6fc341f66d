// Everything that is set stands in the address: #/losses?loss=huber(delta=2)&loss=mse

export function read() {
  const [path, query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  return { panel: path, params: new URLSearchParams(query) };
}

export function write(panel, params) {
  const query = String(params).replace(/%(28|29|2C|3B|3D|2F|5E|7C)/g, (code) => decodeURIComponent(code)); // readable
  history.replaceState(null, "", `#/${panel}${query ? `?${query}` : ""}`);
}

/** huber(delta=2) or multi_quantile(q=0.1|0.9) -> {name, params}; null for what cannot be read. */
export function readLoss(text) {
  const found = /^([\w.]+)(?:\((.*)\))?$/.exec(text.trim());
  if (!found) return null;
  const params = {};
  for (const part of (found[2] ?? "").split(",").filter(Boolean)) {
    const [name, value] = part.split("=");
    if (!/^\w+$/.test(name) || value === undefined) return null;
    params[name] = readValue(value);
  }
  return { name: found[1], params };
}

/** true, 0.5, 0.1|0.5|0.9 or a word. */
function readValue(text) {
  if (text.includes("|")) return text.split("|").map(Number);
  return text === "true" ? true : text === "false" ? false : Number.isNaN(Number(text)) ? text : Number(text);
}

export function writeLoss({ name, params }) {
  const given = Object.entries(params).map(([key, value]) => `${key}=${Array.isArray(value) ? value.join("|") : value}`);
  return given.length ? `${name}(${given.join(",")})` : name;
}

/** A number of the address in its range, or the default. */
export function numberOf(params, name, usual, low = -Infinity, high = Infinity) {
  const text = params.get(name);
  const value = Number(text);
  return text === null || text === "" || !Number.isFinite(value) ? usual : Math.min(high, Math.max(low, value));
}

export const oneOf = (params, name, names) => (names.includes(params.get(name)) ? params.get(name) : names[0]);

/** Points as 1.5,2;3,4.25 */
export function readPoints(text) {
  if (text === null) return null;
  const points = text.split(";").filter(Boolean).map((pair) => pair.split(",").map(Number));
  return points.every((pair) => pair.length === 2 && pair.every(Number.isFinite)) ? points.slice(0, 200) : null;
}

export const writePoints = (points) => points.map(([x, y]) => `${round2(x)},${round2(y)}`).join(";");
const round2 = (value) => Math.round(value * 100) / 100;
