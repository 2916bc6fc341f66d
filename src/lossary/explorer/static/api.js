// Questions to the server. A slider asks faster than it is answered, so only the newest question waits.

export class Refused extends Error {
  constructor(parts) {
    super([parts.asked, parts.arrived, parts.allowed, parts.do].filter(Boolean).join(" "));
    this.parts = parts;
  }
}

/** How many questions are on their way stands in the page, so that a test, or a script, knows when it rests. */
function asking(more) {
  const page = document.documentElement.dataset;
  page.asking = Number(page.asking ?? 0) + more;
}

export async function ask(name, question) {
  asking(1);
  try {
    return await answered(name, question);
  } finally {
    // The answer is drawn and the next question is sent before this one stops counting.
    setTimeout(() => asking(-1));
  }
}

const rest = (seconds) => new Promise((done) => setTimeout(done, 1000 * seconds));

/** What is done a little later, unless another takes its place, counts as asking meanwhile. */
export class Later {
  set(act, wait) {
    this.clear();
    asking(1);
    this.timer = setTimeout(() => {
      this.timer = null;
      act();
      asking(-1);
    }, wait);
  }

  clear() {
    if (this.timer) asking(-1);
    clearTimeout(this.timer);
    this.timer = null;
  }
}

async function answered(name, question) {
  const body = JSON.stringify(question); // as it is now, whatever changes while the explorer is busy
  let answer;
  for (let tries = 0; tries < 20; tries += 1) {
    try {
      answer = await fetch(`/api/${name}`, { method: "POST", headers: { "content-type": "application/json" }, body });
    } catch {
      throw new Refused({ asked: "The explorer does not answer.", do: "Start it again with `lossary explore`." });
    }
    if (answer.status !== 503 || !answer.headers.has("retry-after")) break;
    status("Computing … the explorer is busy with another question.");
    await rest(Number(answer.headers.get("retry-after")));
  }
  const content = await answer.json().catch(() => null); // a proxy may answer in words of its own
  if (!answer.ok || !content) throw new Refused(content?.error ?? { asked: `The explorer answered with status ${answer.status}.`, do: "Look at the terminal." });
  return content;
}

/** The line under the head; with `old`, only where it still says that. */
function status(text, old = "") {
  const line = document.getElementById("status");
  if (line.textContent.startsWith(old)) line.textContent = text;
}

/** At most one question in flight; of those that wait, only the newest is sent. `show` gets the answer and its question. */
export class Newest {
  constructor(name, show, refuse) {
    Object.assign(this, { name, show, refuse, busy: false, waiting: null, closed: false });
  }

  async ask(question) {
    if (this.busy) {
      this.waiting = question;
      return;
    }
    this.busy = true;
    const slow = setTimeout(() => status("Computing … the first time is slow, because the backend compiles."), 1000);
    try {
      const answer = await ask(this.name, question);
      if (!this.closed) {
        this.refuse(null);
        this.show(answer, question);
      }
    } catch (error) {
      if (!this.closed) this.refuse(error.parts ?? { asked: String(error) });
      if (!(error instanceof Refused)) console.error(error);
    } finally {
      clearTimeout(slow);
      status("", "Computing");
      this.busy = false;
      const next = this.waiting;
      this.waiting = null;
      if (next && !this.closed) this.ask(next);
    }
  }

  close() {
    this.closed = true;
  }
}
