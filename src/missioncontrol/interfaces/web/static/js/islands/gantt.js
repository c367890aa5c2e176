// The timeline of a run: when each step waited and worked. Zoomed and moved by mouse and by keyboard.
//
//   <div data-island="gantt" hx-morph-skip><script type="application/json">
//   {"run": "run-...", "ended": false, "aside": true}
//   </script> the same as the server draws it, which stands here without the script </div>
//
// Only the rows in the window are in the page, so that thousands of them stay smooth. With `aside` a
// step opens in the drawer beside it, else on its own page.
import { ask } from "../ask.js";
import { lasting, lookOf } from "../graph/looks.js";
import { urlOf, icon, places as shell } from "../places.js";
import { toast } from "../toasts.js";

const SVG = "http://www.w3.org/2000/svg";
const ROW = 26;
const AROUND = 8; // rows drawn beyond the edges of the window
const AT_ONCE = 200;
const ROWS_MAX = 10_000;
const AGAIN_MS = 2_000;
const FACTOR = 1.6;
const SPAN_MIN = 0.001; // seconds
const NICE = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400, 172800, 604800];
const OUTCOMES = { succeeded: "succeeded", failed: "failed", running: "running", interrupted: "lost" };

export async function mount(element, data) {
  const timeline = new Timeline(element, data);
  await timeline.load();
  return () => timeline.leave();
}

class Timeline {
  constructor(element, { run, ended, aside = false }) {
    this.element = element;
    this.run = run;
    this.ended = ended;
    this.aside = aside;
    this.rows = [];
    this.shown = new Map();
    this.spare = []; // rows that have left the window; the next ones are made of them
    this.active = 0;
    this.leaving = new AbortController();
    this.frame = 0;
  }

  async load() {
    try {
      this.rows = await this.read();
      this.times = (this.times ?? 0) + 1;
    } catch (error) {
      if (error.name !== "AbortError") toast("The timeline did not load", { text: String(error.message), tone: "bad" });
      return;
    }
    if (this.leaving.signal.aborted || !this.rows.some((row) => row.started)) return this.hearAgain();
    this.measure();
    if (!this.body) this.build();
    this.size();
    this.draw();
    this.hearAgain();
  }

  async read() {
    const found = [];
    for (let cursor = ""; found.length < ROWS_MAX; ) {
      const query = `limit=${AT_ONCE}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`;
      const page = await ask(`/api/v1/runs/${encodeURIComponent(this.run)}/timeline?${query}`, { signal: this.leaving.signal });
      found.push(...page.items.map((row) => ({ ...row, name: named(row) })));
      cursor = page.next;
      if (!cursor) break;
    }
    return found;
  }

  /** Know from when until when there is something to see; who saw all of it still does. */
  measure() {
    const times = this.rows.flatMap((row) => [row.started, row.ended, row.waited_from]).filter(Boolean);
    const whole = this.isWhole();
    this.begins = Math.min(...this.rows.map((row) => row.waited_from ?? row.started).filter(Boolean));
    this.works = this.rows.some((row) => row.started && !row.ended);
    this.until = Math.max(this.begins + SPAN_MIN, this.works ? Date.now() / 1000 : times.reduce((a, b) => Math.max(a, b), 0));
    if (whole) [this.from, this.to] = [this.begins, this.until];
  }

  isWhole() {
    return this.from === undefined || (this.from <= this.begins && this.to >= this.until);
  }

  build() {
    this.element.querySelector(".gantt")?.remove();
    this.element.closest(".tabbody")?.querySelector(".bar-in")?.remove();
    this.element.classList.add("tl");
    const head = made("div", "tl-head");
    head.append(this.tools(), this.axis = svg("svg", { class: "tl-axis", "aria-hidden": "true" }));
    this.body = made("div", "tl-body", { tabindex: "0", role: "listbox", "aria-label": "Timeline: arrow keys select a step, Enter opens it, plus and minus zoom" });
    this.grid = this.body.appendChild(svg("svg", { class: "tl-grid", "aria-hidden": "true" }));
    this.list = this.body.appendChild(made("div", "tl-rows", { role: "presentation" }));
    this.tip = made("div", "tl-tip", { "aria-hidden": "true" });
    this.tip.hidden = true;
    this.said = made("p", "vh", { role: "status", "aria-live": "polite" });
    this.element.append(head, this.body, this.tip, this.said);
    this.listen();
    this.element.dataset.ready = "";
  }

  tools() {
    const box = made("div", "group", { role: "group", "aria-label": "Zoom" });
    for (const [text, label, act] of [["−", "Zoom out", () => this.zoom(1 / FACTOR)], ["Fit", "Fit to window", () => this.fit()], ["+", "Zoom in", () => this.zoom(FACTOR)]]) {
      const button = box.appendChild(made("button", "btn", { type: "button", "aria-label": label }));
      button.textContent = text;
      button.addEventListener("click", act);
    }
    return box;
  }

  listen() {
    const { signal } = this.leaving;
    const on = (event, act, options = {}) => this.body.addEventListener(event, act, { signal, ...options });
    on("scroll", () => this.draw(), { passive: true });
    on("wheel", (event) => this.wheel(event), { passive: false });
    on("keydown", (event) => this.key(event));
    on("focus", () => this.choose(this.active));
    on("blur", () => this.hideTip());
    on("pointerdown", (event) => this.drag(event));
    on("pointermove", (event) => this.hover(event));
    on("pointerleave", () => this.hideTip());
    on("click", (event) => this.click(event));
    this.watcher = new ResizeObserver(() => { this.size(); this.draw(); });
    this.watcher.observe(this.body);
  }

  /** A run that goes on is asked for again, the more seldom the more steps it has. */
  hearAgain() {
    if (this.ended || this.hears) return;
    this.hears = true;
    const again = () => {
      if (this.waits) return;
      this.waits = setTimeout(() => { this.waits = 0; this.load(); }, Math.max(AGAIN_MS, this.rows.length * 4));
    };
    document.body.addEventListener(`live:run:${this.run}`, ({ detail }) => {
      again();
      this.ended = ["succeeded", "failed", "cancelled"].includes(detail.status);
    }, { signal: this.leaving.signal });
    this.ticking = setInterval(() => {
      if (!this.works || document.hidden || !this.body) return;
      this.measure();
      this.draw();
    }, 1_000);
  }

  // Drawing: only what is in the window, once a frame.

  size() {
    this.label = Math.max(110, Math.min(280, this.body.clientWidth * 0.36));
    this.wide = Math.max(40, this.body.clientWidth - this.label - 8);
    this.list.style.setProperty("block-size", `${this.rows.length * ROW}px`);
    this.element.style.setProperty("--tl-label", `${this.label}px`);
  }

  x(time) {
    return ((time - this.from) / (this.to - this.from)) * this.wide;
  }

  draw() {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => { this.frame = 0; this.paint(); });
  }

  paint() {
    if (this.leaving.signal.aborted) return;
    const first = Math.max(0, Math.floor(this.body.scrollTop / ROW) - AROUND);
    const last = Math.min(this.rows.length - 1, Math.ceil((this.body.scrollTop + this.body.clientHeight) / ROW) + AROUND);
    for (const [n, one] of this.shown) {
      if (n >= first && n <= last) continue;
      this.spare.push(one);
      this.shown.delete(n);
    }
    const seen = `${this.from} ${this.to} ${this.until} ${this.wide} ${this.times}`;
    if (this.seen !== seen) {
      this.seen = seen;
      this.ticks = ticksOf(this.from, this.to, this.begins, Math.max(2, Math.floor(this.wide / 110)));
      this.paintAxis();
    }
    for (let n = first; n <= last; n += 1) this.put(n);
    while (this.spare.length) this.spare.pop().remove();
  }

  paintAxis() {
    const parts = this.ticks.map((at) => {
      const text = svg("text", { x: (this.label + this.x(at) + 3).toFixed(1), y: 17 });
      text.textContent = at - this.begins < SPAN_MIN / 2 ? "0" : lasting(at - this.begins);
      return text;
    });
    this.axis.replaceChildren(...parts);
    this.grid.replaceChildren(...this.ticks.map((at) => svg("line", { x1: (this.label + this.x(at)).toFixed(1), x2: (this.label + this.x(at)).toFixed(1), y2: "100%" })));
  }

  put(n) {
    const row = this.rows[n];
    let one = this.shown.get(n);
    if (!one) {
      one = this.spare.pop() ?? this.empty();
      one.id = `tl-${n}`;
      one.dataset.n = n;
      one.seen = "";
      one.setAttribute("aria-setsize", this.rows.length);
      one.setAttribute("aria-posinset", n + 1);
      one.style.setProperty("inset-block-start", `${n * ROW}px`);
      this.shown.set(n, one);
    }
    one.setAttribute("aria-selected", String(n === this.active));
    if (one.seen === this.seen) return; // Scrolling changes nothing of a row.
    one.seen = this.seen;
    const [look, word] = lookOf(row.state);
    one.dataset.s = look;
    one.children[1].textContent = `: ${word}${row.started ? `, ${lasting(this.lasted(row))}` : ""}`;
    this.putName(one.firstChild, row, look);
    one.lastChild.replaceChildren(...this.bars(row, look));
  }

  empty() {
    const one = this.list.appendChild(made("div", "tl-row", { role: "option" }));
    const name = one.appendChild(made("span", "tl-name"));
    const glyph = name.appendChild(icon("st-waiting"));
    glyph.classList.add("s");
    name.append(made("span", "clip"));
    one.append(made("span", "vh"), svg("svg", { class: "tl-bars", "aria-hidden": "true" }));
    return one;
  }

  putName(place, row, look) {
    const use = place.firstChild.firstChild, href = `${shell.icons}#st-${look}`;
    if (use.getAttribute("href") !== href) use.setAttribute("href", href);
    place.lastChild.textContent = row.name;
    place.className = `tl-name d${Math.min(row.depth, 6)}`;
  }

  lasted(row) {
    return (row.ended ?? this.until) - row.started;
  }

  bars(row, look) {
    if (!row.started) return [];
    const parts = [];
    if (row.waited_from !== null && row.waited_from < row.started) parts.push(this.line(row.waited_from, row.started));
    const tries = row.attempts.length ? row.attempts : [{ ...row, outcome: "" }];
    for (const tried of tries) {
      const from = Math.max(-4, this.x(tried.started)), to = Math.min(this.wide + 4, this.x(tried.ended ?? this.until));
      if (to < -3 || from > this.wide + 3) continue;
      parts.push(svg("rect", { class: "b", "data-s": tried.outcome ? OUTCOMES[tried.outcome] ?? "cancelled" : look, x: from.toFixed(1), width: Math.max(2, to - from).toFixed(1) }));
    }
    parts.push(...this.words(row));
    return parts;
  }

  line(from, to) {
    return svg("line", { class: "wait", x1: Math.max(0, this.x(from)).toFixed(1), x2: Math.max(0, Math.min(this.wide, this.x(to))).toFixed(1), y1: ROW / 2, y2: ROW / 2 });
  }

  words(row) {
    const end = this.x(row.ended ?? this.until), tries = row.attempts.length;
    if (end < 0 || this.x(row.started) > this.wide) return [];
    const isIn = end > this.wide - (tries > 1 ? 130 : 70);
    const text = svg("text", { class: "in-t", x: (isIn ? Math.min(end, this.wide) - 6 : end + 6).toFixed(1), y: 17 });
    if (isIn) text.setAttribute("text-anchor", "end");
    text.textContent = lasting(this.lasted(row)) + (tries > 1 ? `, ${tries} attempts` : "");
    return [text];
  }

  // Zoom and movement.

  zoom(factor, share = 0.5) {
    const span = Math.max(SPAN_MIN, Math.min((this.to - this.from) / factor, this.until - this.begins));
    const at = this.from + (this.to - this.from) * share;
    this.look(at - span * share, span);
  }

  move(share) {
    this.look(this.from + (this.to - this.from) * share, this.to - this.from);
  }

  look(from, span) {
    this.from = Math.max(this.begins, Math.min(from, this.until - span));
    this.to = this.from + span;
    this.hideTip();
    this.draw();
  }

  fit() {
    this.look(this.begins, this.until - this.begins);
  }

  shareAt(clientX) {
    const box = this.body.getBoundingClientRect();
    return Math.max(0, Math.min(1, (clientX - box.left - this.label) / this.wide));
  }

  wheel(event) {
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      this.zoom(Math.exp(-event.deltaY / 300), this.shareAt(event.clientX));
    } else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      event.preventDefault();
      this.move((event.deltaX || event.deltaY) / this.wide);
    }
  }

  drag(event) {
    this.dragged = false;
    if (event.button !== 0 || event.pointerType === "touch") return;
    const [x, begin] = [event.clientX, this.from], span = this.to - this.from;
    const ended = new AbortController();
    const signal = AbortSignal.any([ended.signal, this.leaving.signal]);
    window.addEventListener("pointermove", ({ clientX }) => {
      if (!this.dragged && Math.abs(clientX - x) < 4) return;
      this.dragged = true;
      this.look(begin - ((clientX - x) / this.wide) * span, span);
    }, { signal });
    window.addEventListener("pointerup", () => ended.abort(), { signal });
    window.addEventListener("pointercancel", () => ended.abort(), { signal });
  }

  // Choosing: the row under the pointer, or the one that arrows lead to.

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.max(1, Math.floor(this.body.clientHeight / ROW) - 1);
    const act = {
      ArrowDown: () => this.choose(this.active + 1),
      ArrowUp: () => this.choose(this.active - 1),
      PageDown: () => this.choose(this.active + page),
      PageUp: () => this.choose(this.active - page),
      Home: () => this.choose(0),
      End: () => this.choose(this.rows.length - 1),
      ArrowLeft: () => this.move(-0.15),
      ArrowRight: () => this.move(0.15),
      "+": () => this.zoom(FACTOR),
      "=": () => this.zoom(FACTOR),
      "-": () => this.zoom(1 / FACTOR),
      0: () => this.fit(),
      Enter: () => this.enter(this.active),
      " ": () => this.enter(this.active),
      Escape: () => (this.tip.hidden ? null : this.hideTip()),
    }[event.key];
    if (!act || (event.key === "Escape" && this.tip.hidden)) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }

  choose(n) {
    const before = this.active;
    this.active = Math.max(0, Math.min(this.rows.length - 1, n));
    const top = this.active * ROW;
    if (top < this.body.scrollTop) this.body.scrollTop = top;
    if (top + ROW > this.body.scrollTop + this.body.clientHeight) this.body.scrollTop = top + ROW - this.body.clientHeight;
    this.shown.get(before)?.setAttribute("aria-selected", "false");
    this.paint();
    this.body.setAttribute("aria-activedescendant", `tl-${this.active}`);
    if (!this.body.matches(":focus-visible")) return;
    const box = this.shown.get(this.active).getBoundingClientRect();
    this.tell(this.active, box.left + this.label + 24, box.bottom);
    this.said.textContent = this.lines(this.rows[this.active]).join(", ");
  }

  hover(event) {
    const n = event.target.closest?.(".tl-row")?.dataset.n;
    if (n === undefined || event.buttons || event.pointerType === "touch") return this.hideTip();
    this.tell(Number(n), event.clientX + 14, event.clientY + 12);
  }

  click(event) {
    const n = event.target.closest?.(".tl-row")?.dataset.n;
    if (n === undefined || this.dragged) return;
    this.choose(Number(n));
    this.enter(Number(n));
  }

  enter(n) {
    const row = this.rows[n];
    if (!row) return;
    this.hideTip();
    const url = `/runs/${encodeURIComponent(this.run)}/steps/${row.step.split("/").map(encodeURIComponent).join("/")}`;
    if (!this.aside || !document.getElementById("drawer")) location.href = urlOf(url);
    else htmx.ajax("GET", url, { target: "#drawer", swap: "outerHTML" });
  }

  tell(n, x, y) {
    const row = this.rows[n];
    const [title, ...rest] = this.lines(row);
    const head = made("b");
    head.textContent = title;
    this.tip.replaceChildren(head, ...rest.map((line) => { const part = made("span"); part.textContent = line; return part; }));
    this.tip.hidden = false;
    const { width, height } = this.tip.getBoundingClientRect();
    const left = Math.max(4, Math.min(x, innerWidth - width - 8)), top = y + height + 8 > innerHeight ? y - height - 2 * ROW : y;
    this.tip.style.setProperty("inset", `${Math.max(4, top)}px auto auto ${left}px`);
  }

  lines(row) {
    const lines = [row.name, [lookOf(row.state)[1], row.agent].filter(Boolean).join(" · ")];
    if (!row.started) return lines;
    const clock = (at) => new Date(at * 1000).toISOString().slice(11, 23);
    lines.push(`${clock(row.started)} to ${row.ended ? clock(row.ended) : "now"} UTC`);
    const waited = row.waited_from === null ? 0 : row.started - row.waited_from;
    lines.push(`worked ${lasting(this.lasted(row))}${waited > 0.005 ? `, waited ${lasting(waited)}` : ""}`);
    if (row.attempts.length > 1) for (const tried of row.attempts.slice(-4)) lines.push(`attempt ${tried.number}: ${tried.outcome}, ${lasting((tried.ended ?? this.until) - tried.started)}`);
    return lines;
  }

  hideTip() {
    if (this.tip) this.tip.hidden = true;
  }

  leave() {
    this.leaving.abort();
    this.watcher?.disconnect();
    clearTimeout(this.waits);
    clearInterval(this.ticking);
    cancelAnimationFrame(this.frame);
  }
}

/** Return the moments that lines stand at: round ones, at most `most` of them. */
function ticksOf(from, to, begins, most) {
  const step = NICE.find((each) => (to - from) / each <= most) ?? NICE.at(-1);
  const found = [];
  for (let n = Math.ceil((from - begins) / step - 1e-9); begins + n * step <= to; n += 1) found.push(begins + n * step);
  return found;
}

/** A step by its title; of many alike, each with its place. */
function named({ step, title }) {
  const words = title.replaceAll("`", "");
  return words && step.endsWith("]") ? `${words} ${step.slice(step.lastIndexOf("["))}` : words || step;
}

function made(name, cls = "", attributes = {}) {
  const one = document.createElement(name);
  if (cls) one.className = cls;
  for (const [key, value] of Object.entries(attributes)) one.setAttribute(key, value);
  return one;
}

function svg(name, attributes) {
  const one = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) one.setAttribute(key, value);
  return one;
}
