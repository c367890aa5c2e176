// What agents say, as a list that shows a window of any number of lines.
//
//   <div data-island="logview" data-live="logs:RUN"><script type="application/json">
//   {"run": "run-...", "step": "", "agent": "", "level": "", "text": "", "since": "", "until": "", "live": true}
//   </script> what stands here without the script </div>
//
// or `mount(element, data)` by hand. All entries are optional: without a run it shows all runs (then the
// element says data-live="logs"). It asks GET /api/v1/logs for windows of lines, takes new ones from the
// tab's event stream, follows the end until somebody scrolls up, and offers "N new" then. A line opens
// with Enter or a click and shows all that is known about it. The element's own height is kept; give it
// the class `logview`. Returns a function that lets go.
import { ask } from "../ask.js";
import { urlOf, icon } from "../places.js";

const AT_ONCE = 200;
const ROWS_MAX = 1_000; // So many lines are on the page; what is farther away is asked for again.
const NEAR_PX = 400;
const GLYPHS = { error: "st-failed", warning: "warn", success: "check" };
const TONES = { error: "bad", warning: "ask" };
const CHOSEN = ["run", "step", "agent", "level", "text", "since", "until"];

export async function mount(element, data) {
  const view = new LogView(element, data ?? {});
  await view.begin();
  return () => view.leave();
}

class LogView {
  constructor(element, data) {
    this.element = element;
    this.data = data;
    this.isLive = data.live !== false && !data.until;
    this.topic = data.run ? `logs:${data.run}` : "logs";
    this.filters = new URLSearchParams(CHOSEN.filter((name) => data[name]).map((name) => [name, data[name]]));
    this.words = (data.text ?? "").toLowerCase().split(/\s+/).filter(Boolean);
    this.first = this.last = 0;
    this.hasOlder = this.hasNewer = this.isBusy = this.isBehind = false;
    this.waiting = 0;
    this.left = new AbortController();
  }

  async begin() {
    const found = await this.get({ before: this.data.before || 0 });
    this.build();
    this.leftOut = found.left_out;
    this.show(found.items);
    this.hasOlder = found.has_more;
    this.hasNewer = Boolean(this.data.before);
    this.list.scrollTop = this.list.scrollHeight;
    this.tellEmpty();
    const signal = this.left.signal;
    this.list.addEventListener("scroll", () => this.scrolled(), { signal, passive: true });
    this.list.addEventListener("click", (event) => this.clicked(event), { signal });
    this.list.addEventListener("keydown", (event) => this.pressed(event), { signal });
    if (!this.isLive) return;
    document.body.addEventListener(`live:${this.topic}`, ({ detail }) => this.said(detail), { signal });
    // After a break of the stream there may be lines that nobody told.
    document.body.addEventListener("stream", ({ detail }) => detail === "live" && this.catchUp(), { signal });
    if (!this.hasNewer) this.catchUp();
  }

  leave() {
    this.left.abort();
  }

  get(bounds) {
    const query = new URLSearchParams(this.filters);
    for (const [name, value] of Object.entries({ limit: AT_ONCE, ...bounds })) if (value) query.set(name, value);
    return ask(`/api/v1/logs?${query}`, { signal: this.left.signal });
  }

  build() {
    this.list = made("ol", "log");
    this.list.tabIndex = 0;
    this.list.setAttribute("aria-label", "Log");
    this.newer = made("button", "newer");
    this.newer.type = "button";
    this.newer.hidden = true;
    this.newer.addEventListener("click", () => this.toEnd());
    this.empty = made("p", "pad dim");
    this.empty.hidden = true;
    this.element.replaceChildren(this.list, this.empty, this.newer);
  }

  tellEmpty() {
    const isEmpty = !this.list.childElementCount;
    this.list.hidden = isEmpty;
    this.empty.hidden = !isEmpty;
    if (isEmpty && this.leftOut) this.empty.textContent = `${this.leftOut.toLocaleString("en").replaceAll(",", "\u202f")} lines were removed to stay within the output limit.`;
    else this.empty.textContent = this.filters.size > (this.data.run ? 1 : 0) ? "No matching lines." : "No log lines yet. Output of agents appears here.";
  }

  /** Put lines at the end, or at the beginning, and let those at the other end go. */
  show(lines, { older = false } = {}) {
    if (!lines.length) return;
    const rows = lines.map((line) => this.row(line));
    const focused = this.list.contains(document.activeElement);
    if (older) {
      const height = this.list.scrollHeight;
      this.list.prepend(...rows);
      this.list.scrollTop += this.list.scrollHeight - height;
      while (this.list.childElementCount > ROWS_MAX) { this.list.lastElementChild.remove(); this.hasNewer = true; }
    } else {
      this.list.append(...rows);
      while (this.list.childElementCount > ROWS_MAX) {
        const gone = this.list.firstElementChild.offsetHeight;
        this.list.firstElementChild.remove();
        if (!this.isAtEnd) this.list.scrollTop -= gone;
        this.hasOlder = true;
      }
    }
    if (focused && !this.list.contains(document.activeElement)) this.list.focus();
    this.first = Number(this.list.firstElementChild.dataset.number);
    this.last = Number(this.list.lastElementChild.dataset.number);
    this.tellEmpty();
  }

  row(line) {
    const row = made("li");
    row.dataset.number = line.number;
    row.tabIndex = -1;
    if (TONES[line.level]) row.dataset.tone = TONES[line.level];
    const moment = new Date(line.time * 1000).toISOString();
    const clock = made("time", "", moment.slice(11, 19));
    clock.dateTime = moment;
    clock.title = moment.replace("T", " ").replace("Z", " UTC");
    const glyph = icon(GLYPHS[line.level] ?? "info");
    glyph.removeAttribute("aria-hidden");
    glyph.setAttribute("role", "img");
    glyph.setAttribute("aria-label", line.level);
    const source = made("span", "src", line.step || line.agent);
    source.title = [line.run, line.step, line.agent].filter(Boolean).join(" ");
    const said = made("p");
    said.append(...this.marked(line.message));
    row.append(clock, glyph, source, said, made("span", "n2", line.attempt > 1 ? `attempt ${line.attempt}` : ""));
    return row;
  }

  /** Mark the words that are looked for; everything is text. */
  marked(text) {
    const small = text.toLowerCase();
    if (!this.words.length || small.length !== text.length) return [text];
    const parts = [];
    let at = 0;
    while (at < text.length) {
      const next = this.words.map((word) => [small.indexOf(word, at), word.length]).filter(([place]) => place >= 0).sort(([a], [b]) => a - b)[0];
      if (!next) break;
      parts.push(text.slice(at, next[0]), made("mark", "", text.slice(next[0], next[0] + next[1])));
      at = next[0] + next[1];
    }
    return [...parts, text.slice(at)];
  }

  get isAtEnd() {
    return this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight < 40;
  }

  async scrolled() {
    if (this.isBusy) return;
    if (this.list.scrollTop < NEAR_PX && this.hasOlder) return this.more({ older: true });
    const below = this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight;
    if (below < NEAR_PX && this.hasNewer) return this.more({ older: false });
    if (this.isAtEnd && !this.hasNewer) this.offer(0);
  }

  async more({ older }) {
    this.isBusy = true;
    try {
      const found = await this.get(older ? { before: this.first } : { after: this.last, oldest: true });
      this.show(found.items, { older });
      if (older) this.hasOlder = found.has_more;
      else this.hasNewer = found.has_more;
    } catch (error) {
      if (error.name !== "AbortError") throw error;
      return;
    } finally {
      this.isBusy = false;
    }
    this.overtake();
  }

  /** Do what was asked of it while it was busy. */
  overtake() {
    if (this.isBehind && !this.hasNewer) this.catchUp();
    else this.scrolled();
  }

  /** New lines: at the end they are shown, elsewhere they are counted and offered. */
  said({ lines, more }) {
    const fresh = lines.map(plain).filter((line) => line.number > this.last && this.fits(line));
    if (more) return this.catchUp();
    if (!fresh.length) return;
    if (this.hasNewer) return this.offer(this.waiting + fresh.length);
    if (this.isBusy) { this.isBehind = true; return; }
    const follows = this.list.hidden || this.isAtEnd;
    this.show(fresh);
    if (follows) this.list.scrollTop = this.list.scrollHeight;
    else this.offer(this.waiting + fresh.length);
  }

  fits(line) {
    const { run, step, agent, level } = this.data;
    const small = line.message.toLowerCase();
    return (!run || line.run === run) && (!step || line.step === step) && (!agent || line.agent === agent)
      && (!level || line.level === level) && this.words.every((word) => small.includes(word));
  }

  offer(count) {
    this.waiting = count;
    this.newer.hidden = !count;
    this.newer.replaceChildren(icon("down"), `${count} new`);
  }

  /** Ask for what was said since the last line that is shown. */
  async catchUp() {
    if (this.hasNewer || this.isBusy) { this.isBehind = true; return; }
    this.isBusy = true;
    this.isBehind = false;
    try {
      const found = await this.get({ after: this.last });
      const follows = this.list.hidden || this.isAtEnd;
      if (found.has_more) { this.list.replaceChildren(); this.hasOlder = true; }
      this.show(found.items);
      if (follows) this.list.scrollTop = this.list.scrollHeight;
      else if (found.items.length) this.offer(this.waiting + found.items.length);
    } catch (error) {
      if (error.name !== "AbortError") throw error;
      return;
    } finally {
      this.isBusy = false;
    }
    this.overtake();
  }

  async toEnd() {
    this.offer(0);
    if (this.hasNewer) {
      const found = await this.get({});
      this.list.replaceChildren();
      this.show(found.items);
      this.hasOlder = found.has_more;
      this.hasNewer = false;
    }
    this.list.scrollTop = this.list.scrollHeight;
  }

  clicked({ target }) {
    const row = target.closest("li[data-number]");
    if (row && !getSelection().toString() && !target.closest(".line-about")) this.open(row);
  }

  pressed(event) {
    const row = document.activeElement?.closest?.("li[data-number]");
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      const next = row ? (step > 0 ? row.nextElementSibling : row.previousElementSibling) : this.list.lastElementChild;
      if (next) { event.preventDefault(); next.focus(); }
    } else if (event.key === "Enter" && row) {
      event.preventDefault();
      this.open(row);
    } else if (event.key === "End" && !event.shiftKey) {
      event.preventDefault();
      this.toEnd();
    }
  }

  /** Show all that is known of a line below it, or take that away again. */
  async open(row) {
    const shown = row.querySelector(":scope > .line-about");
    if (shown) { shown.remove(); row.removeAttribute("aria-expanded"); return; }
    const detail = await ask(`/api/v1/logs/${row.dataset.number}`, { signal: this.left.signal });
    if (row.querySelector(":scope > .line-about")) return;
    row.append(about(detail));
    row.lastElementChild.scrollIntoView({ block: "nearest" });
  }
}

/** A line as the stream tells it has microseconds. */
const plain = (line) => ({ attempt: 0, agent: "", sequence: 0, ...line, time: line.time / 1_000_000 });

function about({ line, fields, calls }) {
  const box = made("div", "line-about");
  const pairs = [["Line", String(line.number)], ["Time", new Date(line.time * 1000).toISOString()], ["Run", line.run, `/runs/${encodeURIComponent(line.run)}`], ["Step", line.step], ["Attempt", String(line.attempt || "")], ["Agent", line.agent, `/agents/${encodeURIComponent(line.agent)}`], ["Level", line.level]];
  const known = made("dl", "kv");
  for (const [name, value, href] of pairs) if (value) known.append(made("dt", "", name), described(value, href));
  box.append(known);
  if (Object.keys(fields).length) box.append(made("pre", "code whole", JSON.stringify(fields, null, 2)));
  if (calls.length) box.append(callTable(calls));
  return box;
}

function described(value, href) {
  const place = made("dd", "");
  if (!href) { place.textContent = value; return place; }
  const link = made("a", "link", value);
  link.href = urlOf(href);
  place.append(link);
  return place;
}

function callTable(calls) {
  const wrap = made("div", "wrap");
  const table = made("table", "tbl");
  const head = table.createTHead().insertRow();
  for (const [name, cls] of [["Model call", ""], ["Outcome", ""], ["Input tokens", "num"], ["Output tokens", "num"], ["Duration", "num"], ["", ""]]) {
    const cell = made("th", cls, name);
    cell.scope = "col";
    head.append(cell);
  }
  const body = table.createTBody();
  for (const call of calls) {
    const row = body.insertRow();
    const usage = call.usage ?? {};
    for (const [text, cls] of [[call.model, ""], [call.code || call.outcome, ""], [String(usage.input_tokens ?? 0), "num"], [String(usage.output_tokens ?? 0), "num"], [`${call.seconds.toFixed(1)} s`, "num"]]) row.append(made("td", cls, text));
    const button = made("button", "btn sm", "Prompt and response");
    button.type = "button";
    button.addEventListener("click", () => openCall(call.number, wrap, button));
    row.insertCell().append(button);
  }
  wrap.append(table);
  return wrap;
}

async function openCall(number, wrap, button) {
  button.disabled = true;
  const call = await ask(`/api/v1/logs/calls/${number}`);
  for (const [title, text] of [["Prompt", pretty(call.prompt)], ["Answer", call.answer], ...call.called.map((tool) => [`Calls ${tool.name}`, pretty(tool.arguments)])]) {
    if (text) wrap.append(made("h4", "sub", title), made("pre", "code whole", text));
  }
  if (!call.prompt && !call.answer) wrap.append(made("p", "pad dim", "The gateway policy does not store call contents."));
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function made(name, cls = "", text = "") {
  const element = document.createElement(name);
  if (cls) element.className = cls;
  if (text) element.textContent = text;
  return element;
}
