// The scrubber over the log of a run: any moment of it, by hand, by key, or played.
import { ask } from "../ask.js";
import { grouped } from "../times.js";
import { icon } from "../places.js";
import { toast } from "../toasts.js";

const SVG = "http://www.w3.org/2000/svg";
const BARS = 132;
const HIGH = 36;
const WAIT_MAX_MS = 1_500; // a long silence is passed over
const EACH_MS = 120;
const DRAWER_MS = 200;
const AROUND = 14; // events told beside the graph, before the moment
const MARKS = { step_failed: "bad", attempt_failed: "bad", step_held: "ask", run_halted: "held", run_settled: "ok", cancel_requested: "held" };

export function mount(element, data) {
  const scrubber = new Scrubber(element, data);
  return () => scrubber.leave();
}

class Scrubber {
  constructor(element, { run, index, first, words }) {
    this.element = element;
    this.run = run;
    this.index = index;
    this.words = words; // of statuses, as they are shown everywhere
    this.range = element.querySelector("input[type=range]");
    this.place = Number(this.range.value);
    this.kept = new Map([[first.position, first]]);
    this.leaving = new AbortController();
    this.timer = 0;
    this.paint();
    this.listen();
    this.say();
    this.trail();
    document.body.dispatchEvent(new CustomEvent("replay:moment", { detail: first }));
  }

  listen() {
    const { signal } = this.leaving;
    const on = (what, event, act) => this.element.querySelector(what).addEventListener(event, act, { signal });
    this.range.addEventListener("input", () => { this.pause(); this.go(Number(this.range.value)); }, { signal });
    on('[data-do="back"]', "click", () => { this.pause(); this.go(this.place - 1); });
    on('[data-do="on"]', "click", () => { this.pause(); this.go(this.place + 1); });
    on('[data-do="play"]', "click", () => (this.timer ? this.pause() : this.play()));
    on(".jump", "change", ({ target }) => { this.jump(target.value.split(" ")); target.value = ""; });
    this.range.addEventListener("keydown", (event) => this.key(event), { signal });
    document.getElementById("replay-trail")?.addEventListener("click", ({ target }) => {
      const at = target.closest("[data-place]")?.dataset.place;
      if (at !== undefined) { this.pause(); this.go(Number(at)); }
    }, { signal });
  }

  key(event) {
    if (event.key === " ") { event.preventDefault(); this.timer ? this.pause() : this.play(); }
    if (event.key === "PageDown" || event.key === "PageUp") {
      event.preventDefault();
      const step = Math.max(1, Math.round(this.last / 20));
      this.pause();
      this.go(this.place + (event.key === "PageDown" ? -step : step));
    }
  }

  get last() {
    return this.index.positions.length - 1;
  }

  type(place) {
    return this.index.names[this.index.types[place]];
  }

  /** The name of an event as people write it: "Step succeeded". */
  name(place) {
    const words = this.type(place).replaceAll("_", " ");
    return words[0].toUpperCase() + words.slice(1);
  }

  /** The step that an event is about, by its title; of many alike, with its place. */
  step(place) {
    const about = this.index.about[place], key = this.index.steps[about], title = this.index.titles[about];
    return title && key.endsWith("]") ? `${title} ${key.slice(key.lastIndexOf("["))}` : title || key;
  }

  /** Go to an event; while one moment is on its way, only the last one that was asked for follows it. */
  go(place) {
    this.place = Math.max(0, Math.min(this.last, place));
    this.range.value = this.place;
    this.say();
    this.color();
    if (!this.asking) this.fetch();
  }

  async fetch() {
    this.asking = true;
    try {
      for (let shown = -1; shown !== this.place; ) {
        shown = this.place;
        this.show(await this.moment(this.index.positions[shown]));
      }
    } catch (error) {
      if (error.name !== "AbortError") { this.pause(); toast("The replay did not load", { text: String(error.message), tone: "bad" }); }
    } finally {
      this.asking = false;
    }
  }

  async moment(position) {
    const known = this.kept.get(position);
    if (known) return known;
    const found = await ask(`/api/v1/runs/${encodeURIComponent(this.run)}/replay?at=${position}`, { signal: this.leaving.signal });
    this.kept.set(position, found);
    if (this.kept.size > 40) this.kept.delete(this.kept.keys().next().value);
    return found;
  }

  show(moment) {
    document.body.dispatchEvent(new CustomEvent("replay:moment", { detail: moment }));
    const states = Object.values(moment.states);
    const done = states.filter((state) => state === "succeeded").length;
    tell("replay-verdict", moment.verdict);
    tell("replay-state", this.words[moment.status] ?? moment.status);
    tell("replay-steps", `${grouped(done)} of ${grouped(states.length)}`);
    tell("replay-tokens", `${short(moment.usage.input_tokens)} in, ${short(moment.usage.output_tokens)} out`);
    tell("replay-cost", `$${(moment.usage.cost / 1e6).toFixed(2)}${moment.usage.is_priced ? "" : " + unknown"}`);
    this.trail();
    clearTimeout(this.settling);
    this.settling = setTimeout(() => this.settle(moment), DRAWER_MS);
  }

  /** Once it stands, the address and the open step are of this moment too. */
  settle(moment) {
    const url = new URL(location.href);
    url.searchParams.set("at", moment.position);
    history.replaceState(history.state, "", url);
    const step = document.getElementById("drawer")?.dataset.step;
    if (!step || !(step in moment.states)) return;
    const path = step.split("/").map(encodeURIComponent).join("/");
    htmx.ajax("GET", `/runs/${encodeURIComponent(this.run)}/steps/${path}?at=${moment.position}`, { target: "#drawer", swap: "outerMorph" });
  }

  say() {
    const { place } = this;
    const time = new Date(this.index.begins * 1000 + this.index.times[place]).toISOString().slice(11, 19);
    const words = `${this.name(place)} ${this.step(place)}`.trim();
    const out = this.element.querySelector("output");
    out.querySelector("b").textContent = `seq ${grouped(this.index.positions[place])}`;
    out.querySelector("span").textContent = `${time} ${words}`;
    this.range.setAttribute("aria-valuetext", `${time}, event ${place + 1 + this.index.left_out}, ${words}`);
    tell("replay-when", `Replay at ${time}`);
    tell("replay-seq", grouped(this.index.positions[place]));
    tell("replay-behind", `past state, ${grouped(this.last - place)} events behind`);
    tell("replay-last", `${time} ${words}`);
  }

  /** The last events up to here, the newest first; each leads back to its moment. */
  trail() {
    const list = document.getElementById("replay-trail");
    if (!list) return;
    const rows = [];
    for (let n = this.place; n >= Math.max(0, this.place - AROUND); n -= 1) {
      const item = document.createElement("li");
      const tone = MARKS[this.type(n)] ?? (this.type(n) === "step_succeeded" ? "ok" : "");
      if (tone) item.dataset.tone = tone;
      item.append(icon(this.type(n) === "step_succeeded" ? "st-succeeded" : tone === "bad" ? "st-failed" : "chevron"));
      const link = item.appendChild(document.createElement("button"));
      link.type = "button";
      link.dataset.place = n;
      const name = link.appendChild(document.createElement("b"));
      name.textContent = this.name(n);
      link.append(` ${this.step(n)}`);
      if (n === this.place) item.setAttribute("aria-current", "true");
      rows.push(item);
    }
    list.replaceChildren(...rows);
  }

  // Playing.

  play() {
    if (this.place === this.last) this.go(0);
    this.button("pause", "Pause");
    this.next();
  }

  next() {
    const speed = Number(this.element.querySelector(".speed").value);
    const gap = this.index.times[Math.min(this.last, this.place + 1)] - this.index.times[this.place];
    const wait = speed ? Math.min(WAIT_MAX_MS, gap / speed) : EACH_MS;
    this.timer = setTimeout(() => {
      if (this.place >= this.last) return this.pause();
      this.go(this.place + this.stride(speed));
      this.next();
    }, Math.max(16, wait));
  }

  /** How many events fall within one frame at this speed. */
  stride(speed) {
    if (!speed) return 1;
    const until = this.index.times[this.place] + 16 * speed;
    let to = this.place + 1;
    while (to < this.last && this.index.times[to + 1] <= until) to += 1;
    return to - this.place;
  }

  pause() {
    clearTimeout(this.timer);
    this.timer = 0;
    this.button("play", "Play");
  }

  button(glyph, label) {
    const button = this.element.querySelector('[data-do="play"]');
    button.setAttribute("aria-label", label);
    button.replaceChildren(icon(glyph));
  }

  jump(types) {
    this.pause();
    for (let n = this.place + 1; n <= this.last; n += 1) if (types.includes(this.type(n))) return this.go(n);
    toast("No further event of this kind", { tone: "past" });
  }

  // The track: how much happened when, and where something went wrong or waited.

  paint() {
    const svg = this.element.querySelector(".track svg");
    const count = this.index.positions.length;
    const bars = Math.min(BARS, count);
    const times = Array.from({ length: bars }, () => 0);
    const longest = this.index.times[count - 1] / bars || 1;
    for (let n = 1; n < count; n += 1) {
      const bar = Math.min(bars - 1, Math.floor((n / count) * bars));
      times[bar] = Math.max(times[bar], 1 - Math.min(1, (this.index.times[n] - this.index.times[n - 1]) / longest));
    }
    const parts = times.map((busy, n) => rect("ev", (100 * n) / bars, (70 / bars), HIGH - 4 - busy * (HIGH - 10), 4 + busy * (HIGH - 10)));
    const seen = new Set();
    for (let n = 0; n < count; n += 1) {
      const tone = MARKS[this.type(n)];
      const at = Math.round((400 * n) / count);
      if (!tone || seen.has(`${tone}${at}`)) continue;
      seen.add(`${tone}${at}`);
      const mark = rect("mk", (100 * n) / Math.max(1, count - 1), 0, HIGH + 1, 3);
      mark.setAttribute("width", 4);
      mark.dataset.tone = tone;
      parts.push(mark);
    }
    svg.replaceChildren(...parts);
    this.bars = parts.slice(0, bars);
    this.color();
  }

  color() {
    const share = this.last ? this.place / this.last : 1;
    this.bars.forEach((bar, n) => bar.classList.toggle("past", (n + 0.5) / this.bars.length <= share));
  }

  leave() {
    this.leaving.abort();
    clearTimeout(this.settling);
    clearTimeout(this.timer);
  }
}

function rect(name, x, width, y, height) {
  const one = document.createElementNS(SVG, "rect");
  one.setAttribute("class", name);
  one.setAttribute("x", `${x.toFixed(2)}%`);
  one.setAttribute("width", `${width.toFixed(2)}%`);
  one.setAttribute("y", y.toFixed(1));
  one.setAttribute("height", height.toFixed(1));
  return one;
}

function tell(id, text) {
  const element = document.getElementById(id);
  if (element && element.textContent !== text) element.textContent = text;
}

function short(count) {
  for (const [size, unit] of [[1e9, "G"], [1e6, "M"], [1e3, "k"]]) if (count >= size) return `${Number((count / size).toPrecision(3))} ${unit}`;
  return String(count);
}
