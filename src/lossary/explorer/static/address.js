// Everything that is set stands in the address: #/losses?loss=huber(delta=2)&loss=mse

/** The query of an address, which remembers what was read: the rest is reported. */
class Query extends URLSearchParams {
  seen = new Set();
  several = new Set();

  get(name) {
    this.seen.add(name);
    return super.get(name);
  }

  getAll(name) {
    this.seen.add(name);
    this.several.add(name);
    return super.getAll(name);
  }

  /** Names that occur more than once; the first one was used. */
  repeated() {
    return [...new Set(this.keys())].filter((name) => this.seen.has(name) && !this.several.has(name) && super.getAll(name).length > 1);
  }

  /** All names that begin with `start`, with the rest of the name and the number behind it. */
  numbered(start) {
    const found = [...new Set(this.keys())].filter((name) => name.startsWith(start));
    return found.map((name) => [name.slice(start.length), numberOf(this, name, null)]).filter(([, value]) => value !== null);
  }

  unread() {
    return [...new Set(this.keys())].filter((name) => !this.seen.has(name));
  }
}

export function read() {
  const [path, ...query] = location.hash.replace(/^#\/?/, "").split("?");
  leftOut.length = 0;
  return { panel: path, params: new Query(query.join("?")) };
}

/** What of the present address could not be used, in words; nothing is dropped without being told. */
export const leftOut = [];
let tell = () => {};
export const listen = (f) => (tell = f); // some is known only after an answer
export function leave(part, why) {
  leftOut.push(`${String(part).slice(0, 60)}: ${why}.`);
  tell();
}

export function write(panel, params) {
  const query = String(params).replace(/%(28|29|2C|3B|3D|2F|5E|7C)/g, (code) => decodeURIComponent(code)); // readable
  history.replaceState(null, "", `#/${panel}${query ? `?${query}` : ""}`);
}

/** huber(delta=2) or multi_quantile(q=0.1|0.9) -> {name, params}; null for what cannot be read, which is reported. */
export function readLoss(text) {
  const found = /^([\w.]+)(?:\((.*)\))?$/.exec(text.trim());
  const parts = (found?.[2] ?? "").split(",").filter(Boolean).map((part) => part.split("="));
  if (!found || parts.some(([name, ...value]) => !/^\w+$/.test(name) || value.length !== 1)) {
    leave(`loss=${text}`, "this is not NAME or NAME(PARAMETER=VALUE)");
    return null;
  }
  for (const [i, [name]] of parts.entries()) {
    if (parts.findIndex(([other]) => other === name) < i) leave(`loss=${text}`, `${name} is given twice; the last one is used`);
  }
  return { name: found[1], params: new Map(parts.map(([name, value]) => [name, readValue(value)])) };
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

/** A number of the address in its range, or the default; a number that is replaced is reported. */
export function numberOf(params, name, usual, low = -Infinity, high = Infinity, whole = false) {
  const text = params.get(name);
  if (text === null) return usual;
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) {
    leave(`${name}=${text}`, "this is not a number");
    return usual;
  }
  const used = within(whole ? Math.round(value) : value, low, high);
  if (used !== value) leave(`${name}=${text}`, `expected a ${whole ? "whole " : ""}number from ${low} to ${high}, so ${used} is used`);
  return used;
}

export const within = (value, low, high) => Math.min(high, Math.max(low, value));

export function oneOf(params, name, names) {
  const given = params.get(name);
  if (given !== null && !names.includes(given)) leave(`${name}=${given}`, `expected one of ${names.join(", ")}`);
  return names.includes(given) ? given : names[0];
}

/** Points as 1.5,2;3,4.25 */
export function readPoints(text, [low, high]) {
  if (text === null) return null;
  const points = text.split(";").filter(Boolean).map((pair) => pair.split(",").map((one) => (one.trim() ? Number(one) : NaN)));
  const right = points.filter((pair) => pair.length === 2 && pair.every((one) => one >= low && one <= high));
  if (right.length < points.length) leave("points", `${points.length - right.length} of ${points.length} are not pairs of numbers from ${low} to ${high}`);
  if (right.length > 200) leave("points", `200 of ${right.length} are used`);
  return right.length || !points.length ? right.slice(0, 200) : null;
}

export const writePoints = (points) => points.map((pair) => pair.join(",")).join(";");
export const round2 = (value) => Math.round(value * 100) / 100;
