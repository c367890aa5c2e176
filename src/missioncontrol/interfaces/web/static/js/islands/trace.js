// The trace as a graph: panned, zoomed, walked by keys; what is chosen stands out with all that leads to it and from it.
import { ask } from "../ask.js";
import { urlOf, icon, token } from "../places.js";
import { toast } from "../toasts.js";
import { GAP_X, layOut, NODE } from "../trace/layout.js";

const TONES = { gap: "--bad", failed: "--bad", blocked: "--held", waived: "--ask", succeeded: "--ok", running: "--live" };
const COLOURS = ["--bad", "--held", "--ask", "--ok", "--live", "--surface", "--raised", "--text", "--text-2", "--text-3", "--line-2", "--edge"];
const ZOOM = { least: 0.02, most: 2, step: 1.25 };
const WORDS_FROM = 0.42; // below this zoom, things are marks without words
const READABLE = 0.62;
const BEGUN_AT = 0.85;
const MARGIN = 24;
const WAYS_MAX = 60;
const SPOKEN = new Set(["goal", "sentence", "constraint", "background"]); // these are called by their words
const NEWS_MS = 1_500; // events come in bursts; one of them draws it anew
const DRAG_PX = 4; // a press that moves further is no click

export async function mount(element, data) {
  const view = new TraceView(element, data);
  await view.load();
  return () => view.leave();
}

class TraceView {
  constructor(element, data) {
    this.element = element;
    this.data = data;
    this.aside = document.getElementById("trace-aside");
    this.leaving = new AbortController();
    this.chosen = "";
    this.lit = null; // all that is connected with what is chosen; null where everything is
    this.zoom = 1;
    this.x = this.y = 0;
    this.words = new Map();
  }

  async load() {
    try {
      const { graph } = await ask(this.data.url, { signal: this.leaving.signal });
      this.take(graph);
      this.hearNews();
    } catch (error) {
      if (error.name !== "AbortError") toast("The trace did not load", { text: String(error.message), tone: "bad" });
    }
  }

  take(graph) {
    this.know(graph);
    this.build();
    this.listen();
    this.begin();
    if (this.data.chosen) this.choose(this.data.chosen, { look: true, tell: false });
    this.element.dataset.ready = "";
  }

  /** Follow what the mission comes to: what is looked at stays where it is, as far as it can. */
  hearNews() {
    for (const topic of this.data.live) {
      document.body.addEventListener(`live:${topic}`, () => { this.waiting ||= setTimeout(() => this.renew(), NEWS_MS); }, { signal: this.leaving.signal });
    }
  }

  async renew() {
    this.waiting = 0;
    try {
      const { graph } = await ask(this.data.url, { signal: this.leaving.signal });
      if (JSON.stringify(graph) !== this.said) this.retake(graph);
    } catch {
      // The last good picture stays; the next event asks again.
    }
  }

  retake(graph) {
    const before = this.nodes.size;
    this.know(graph);
    this.words.clear();
    if (before < 2) this.begin();
    this.choose(this.chosen, { tell: this.chosen !== "" });
    this.element.dataset.drawn = graph.nodes.length;
  }

  know(graph) {
    this.said = JSON.stringify(graph);
    this.nodes = new Map(graph.nodes.map((node) => [node.id, { ...node, title: plain(node.title), detail: plain(node.detail) }]));
    this.above = new Map();
    this.below = new Map();
    for (const edge of graph.edges.map((one) => ({ ...one, why: plain(one.why) }))) {
      push(this.below, edge.source, edge);
      push(this.above, edge.target, edge);
    }
    this.edges = graph.edges;
    Object.assign(this, layOut(graph, this.data.columns));
  }

  build() {
    this.element.querySelector("[data-waiting]")?.remove();
    this.canvas = made("canvas", { "aria-hidden": "true" });
    this.stage = made("div", { class: "trace-stage", tabindex: "0", role: "application", "aria-label": "Trace graph. Arrow keys follow the links, plus and minus zoom, zero fits the graph, Escape clears the selection." });
    this.stage.append(this.canvas);
    this.told = made("p", { class: "vh", role: "status" });
    this.element.append(this.stage, this.tools(), this.told);
  }

  tools() {
    const bar = made("div", { class: "trace-tools" });
    const button = (name, label, act) => {
      const one = made("button", { class: "btn sq", type: "button", "aria-label": label, title: label });
      one.append(name.length > 1 ? icon(name) : name);
      one.addEventListener("click", act);
      bar.append(one);
    };
    button("−", "Zoom out", () => this.zoomBy(1 / ZOOM.step));
    button("+", "Zoom in", () => this.zoomBy(ZOOM.step));
    button("▢", "Fit to window", () => this.fit());
    return bar;
  }

  listen() {
    const { signal } = this.leaving;
    this.stage.addEventListener("pointerdown", (event) => this.press(event), { signal });
    this.stage.addEventListener("wheel", (event) => this.wheel(event), { signal, passive: false });
    this.stage.addEventListener("keydown", (event) => this.key(event), { signal });
    this.aside?.addEventListener("click", (event) => this.follow(event), { signal });
    document.querySelector(".trace-list")?.addEventListener("click", (event) => this.follow(event), { signal });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw(), { signal });
    this.sized = new ResizeObserver(() => this.draw());
    this.sized.observe(this.stage);
    this.themed = new MutationObserver(() => this.draw());
    this.themed.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  }

  leave() {
    this.leaving.abort();
    clearTimeout(this.waiting);
    this.sized?.disconnect();
    this.themed?.disconnect();
  }

  // Looking around.

  /** Show everything where that can be read, else the goal and what is near it. */
  begin() {
    this.fit();
    if (this.zoom >= READABLE || !this.places.has("goal")) return;
    const { y } = this.places.get("goal");
    this.zoom = BEGUN_AT;
    this.x = -MARGIN / this.zoom;
    this.y = y + NODE.h / 2 - this.stage.clientHeight / 2 / this.zoom;
    this.draw();
  }

  fit() {
    const { clientWidth: wide, clientHeight: high } = this.stage;
    const zoom = Math.min((wide - 2 * MARGIN) / this.width, (high - 2 * MARGIN) / this.height, 1);
    this.zoom = within(zoom);
    this.x = (this.width - wide / this.zoom) / 2;
    this.y = (this.height - high / this.zoom) / 2;
    this.draw();
  }

  zoomBy(factor, px = this.stage.clientWidth / 2, py = this.stage.clientHeight / 2) {
    const zoom = within(this.zoom * factor);
    this.x += px / this.zoom - px / zoom;
    this.y += py / this.zoom - py / zoom;
    this.zoom = zoom;
    this.draw();
  }

  wheel(event) {
    event.preventDefault();
    if (event.ctrlKey || event.metaKey) {
      const box = this.stage.getBoundingClientRect();
      this.zoomBy(Math.exp(-event.deltaY / 300), event.clientX - box.left, event.clientY - box.top);
      return;
    }
    this.x += event.deltaX / this.zoom;
    this.y += event.deltaY / this.zoom;
    this.draw();
  }

  press(event) {
    if (event.button) return;
    const from = { px: event.clientX, py: event.clientY, x: this.x, y: this.y };
    let moved = false;
    this.stage.setPointerCapture(event.pointerId);
    const move = (now) => {
      const dx = now.clientX - from.px, dy = now.clientY - from.py;
      moved ||= Math.hypot(dx, dy) > DRAG_PX;
      if (!moved) return;
      this.stage.dataset.dragging = "";
      this.x = from.x - dx / this.zoom;
      this.y = from.y - dy / this.zoom;
      this.draw();
    };
    const end = (now) => {
      this.stage.removeEventListener("pointermove", move);
      delete this.stage.dataset.dragging;
      if (!moved && now.type === "pointerup") this.choose(this.under(now));
    };
    this.stage.addEventListener("pointermove", move);
    for (const type of ["pointerup", "pointercancel"]) this.stage.addEventListener(type, end, { once: true });
  }

  under(event) {
    const box = this.stage.getBoundingClientRect();
    const x = (event.clientX - box.left) / this.zoom + this.x;
    const y = (event.clientY - box.top) / this.zoom + this.y;
    const room = 3 / this.zoom;
    for (const [id, place] of this.places) {
      if (x >= place.x && x <= place.x + NODE.w && y >= place.y - room && y <= place.y + NODE.h + room) return id;
    }
    return "";
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const acts = {
      "+": () => this.zoomBy(ZOOM.step), "=": () => this.zoomBy(ZOOM.step), "-": () => this.zoomBy(1 / ZOOM.step), "0": () => this.fit(),
      Escape: () => this.choose(""),
      ArrowRight: () => this.walk(this.below, "target"), ArrowLeft: () => this.walk(this.above, "source"),
      ArrowDown: () => this.inColumn(1), ArrowUp: () => this.inColumn(-1), Home: () => this.choose("goal", { look: true }),
    };
    const act = acts[event.key];
    if (!act || (event.key === "Escape" && !this.chosen)) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }

  /** Go to the nearest thing on the other side of the chosen one's reasons. */
  walk(ways, end) {
    if (!this.chosen) return this.choose("goal", { look: true });
    const here = this.places.get(this.chosen);
    const others = (ways.get(this.chosen) ?? []).map((edge) => edge[end]);
    const near = (id) => Math.abs(this.places.get(id).y - here.y);
    others.sort((a, b) => near(a) - near(b));
    if (others.length) this.choose(others[0], { look: true });
  }

  /** Go to the thing above or below in the same column. */
  inColumn(step) {
    if (!this.chosen) return this.choose("goal", { look: true });
    const here = this.places.get(this.chosen);
    const column = [...this.places].filter(([, place]) => place.column === here.column).sort((a, b) => a[1].y - b[1].y);
    const next = column[column.findIndex(([id]) => id === this.chosen) + step];
    if (next) this.choose(next[0], { look: true });
  }

  follow(event) {
    const link = event.target.closest("[data-node]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    this.choose(link.dataset.node, { look: true });
    if (link.closest(".trace-list")) this.stage.scrollIntoView({ block: "nearest" });
  }

  // What is chosen.

  choose(id, { look = false, tell = true } = {}) {
    this.chosen = this.nodes.has(id) ? id : "";
    this.lit = this.chosen ? new Set([...reached(this.chosen, this.above, "source"), ...reached(this.chosen, this.below, "target")]) : null;
    if (look && this.chosen) this.show(this.chosen);
    if (tell) {
      this.tell();
      this.remember();
    }
    this.draw();
  }

  /** Bring a thing into the window, large enough to be read. */
  show(id) {
    const { x, y } = this.places.get(id);
    const { clientWidth: wide, clientHeight: high } = this.stage;
    if (this.zoom < 0.6) this.zoom = Math.min(0.8, within(this.zoom * 4));
    const left = (x - this.x) * this.zoom, top = (y - this.y) * this.zoom;
    if (left < MARGIN || left + NODE.w * this.zoom > wide - MARGIN) this.x = x + NODE.w / 2 - wide / 2 / this.zoom;
    if (top < MARGIN || top + NODE.h * this.zoom > high - MARGIN) this.y = y + NODE.h / 2 - high / 2 / this.zoom;
  }

  remember() {
    const url = new URL(location.href);
    if (this.chosen) url.searchParams.set("node", this.chosen);
    else url.searchParams.delete("node");
    history.replaceState(history.state, "", url);
  }

  tell() {
    const node = this.nodes.get(this.chosen);
    if (!node) {
      this.aside.replaceChildren(text("p", "Select a node in the graph or the list to see why it exists and what it covers.", "dim"));
      this.told.textContent = "Selection cleared.";
      return;
    }
    const kind = this.data.kinds[node.kind];
    const state = node.state ? ` · ${node.state.replaceAll("_", " ")}` : "";
    const parts = [text("p", `${kind}${state}`, "dim sm"), text("h3", node.title, "wrap-m")];
    if (node.detail) parts.push(text("p", node.detail, "sec wrap-m"));
    const href = this.href(node);
    if (href) {
      const line = made("p");
      line.append(Object.assign(text("a", "Open", "link"), { href }));
      parts.push(line);
    }
    parts.push(text("h4", "Why does this exist?"), ...this.ways(this.above, "source", node.kind === "goal" ? "The goal is the starting point." : "Nothing in the plan explains it."));
    parts.push(text("h4", "What does this cover?"), ...this.ways(this.below, "target", "Nothing."));
    this.aside.replaceChildren(...parts);
    this.aside.scrollTop = 0;
    this.told.textContent = `${this.label(node)}: ${node.title}`;
  }

  href(node) {
    if (this.data.hrefs[node.id]) return urlOf(this.data.hrefs[node.id]);
    const views = { task: ["plan", `task-${node.name}`], requirement: ["plan&show=requirements", `requirement-${node.name.toLowerCase()}`], decision: ["decisions", `decision-${node.name.toLowerCase()}`], risk: ["decisions", `risk-${node.name.toLowerCase()}`], artifact: ["documents&document=artifacts", ""] };
    const [view, anchor] = views[node.kind] ?? [];
    return view ? urlOf(`${this.data.base}&view=${view}${anchor ? `#${anchor}` : ""}`) : "";
  }

  label(node) {
    return SPOKEN.has(node.kind) ? `“${node.title}”` : `${this.data.kinds[node.kind]} ${node.name}`;
  }

  ways(ways, end, nothing) {
    const found = onceEach(along(this.chosen, ways, end), end);
    if (!found.length) return [text("p", nothing, "dim")];
    const list = made("ul", { class: "ways" });
    for (const edge of found.slice(0, WAYS_MAX)) {
      const there = this.nodes.get(edge[end]);
      const here = this.nodes.get(end === "source" ? edge.target : edge.source);
      const link = Object.assign(text("a", this.label(there)), { href: urlOf(`${this.data.base}&view=plan&show=trace&node=${encodeURIComponent(there.id)}`) });
      link.dataset.node = there.id;
      const item = made("li");
      item.append(link, text("small", here.id === this.chosen || SPOKEN.has(here.kind) ? edge.why : `${here.name}: ${edge.why}`, "block wrap-m"));
      list.append(item);
    }
    const more = found.length - WAYS_MAX;
    return more > 0 ? [list, text("p", `and ${more} more`, "dim sm")] : [list];
  }

  // Drawing.

  draw() {
    if (!this.places || this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.paint();
    });
  }

  paint() {
    const { clientWidth: wide, clientHeight: high } = this.stage;
    const sharp = devicePixelRatio;
    if (this.canvas.width !== Math.round(wide * sharp) || this.canvas.height !== Math.round(high * sharp)) {
      this.canvas.width = Math.round(wide * sharp);
      this.canvas.height = Math.round(high * sharp);
    }
    const pen = this.canvas.getContext("2d");
    const tones = this.colours();
    pen.setTransform(sharp, 0, 0, sharp, 0, 0);
    pen.clearRect(0, 0, wide, high);
    pen.setTransform(this.zoom * sharp, 0, 0, this.zoom * sharp, -this.x * this.zoom * sharp, -this.y * this.zoom * sharp);
    const window = { left: this.x - NODE.w, right: this.x + wide / this.zoom, top: this.y - NODE.h, bottom: this.y + high / this.zoom };
    this.paintEdges(pen, tones, window);
    this.paintNodes(pen, tones, window);
    this.paintHeads(pen, tones);
  }

  colours() {
    const theme = `${document.documentElement.dataset.theme}${matchMedia("(prefers-color-scheme: dark)").matches}`;
    if (this.theme !== theme) {
      this.theme = theme;
      this.tones = Object.fromEntries(COLOURS.map((name) => [name, token(name)]));
      this.font = getComputedStyle(document.body).fontFamily;
    }
    return this.tones;
  }

  paintEdges(pen, tones, window) {
    const dim = new Path2D(), lit = new Path2D();
    for (const { source, target } of this.edges) {
      const a = this.places.get(source), b = this.places.get(target);
      const top = Math.min(a.y, b.y), bottom = Math.max(a.y, b.y);
      if (bottom < window.top || top > window.bottom || Math.max(a.x, b.x) + NODE.w < window.left || Math.min(a.x, b.x) > window.right) continue;
      const onWay = this.lit && this.lit.has(source) && this.lit.has(target) && this.isOnWay(source, target);
      curve(onWay ? lit : dim, a, b);
    }
    pen.lineWidth = Math.max(1, 0.6 / this.zoom);
    pen.globalAlpha = this.lit ? 0.1 : 0.5;
    pen.strokeStyle = tones["--edge"];
    pen.stroke(dim);
    pen.globalAlpha = 1;
    pen.lineWidth = Math.max(1.5, 1 / this.zoom);
    pen.strokeStyle = tones["--text-2"];
    pen.stroke(lit);
  }

  /** Whether an edge lies on a way to the chosen thing, or from it. */
  isOnWay(source, target) {
    const { column: at } = this.places.get(this.chosen);
    const from = this.places.get(source).column, to = this.places.get(target).column;
    return (from <= at && to <= at) || (from >= at && to >= at);
  }

  paintNodes(pen, tones, window) {
    const hasWords = this.zoom >= WORDS_FROM;
    pen.textBaseline = "middle";
    for (const [id, place] of this.places) {
      if (place.x > window.right || place.x < window.left || place.y > window.bottom || place.y < window.top) continue;
      const node = this.nodes.get(id);
      const tone = TONES[node.state];
      const isLit = !this.lit || this.lit.has(id);
      pen.globalAlpha = isLit ? 1 : 0.14;
      pen.fillStyle = hasWords || !tone ? tones["--raised"] : tones[tone];
      pen.strokeStyle = tones[id === this.chosen ? "--text" : tone === "--bad" || tone === "--ask" ? tone : "--edge"];
      pen.lineWidth = (id === this.chosen ? 2 : 1) / Math.min(1, this.zoom);
      pen.setLineDash(node.state === "handed_over" || node.state === "waiting" ? [4, 3] : []);
      box(pen, place, node.kind);
      if (hasWords) this.paintWords(pen, tones, node, place, tone);
    }
    pen.setLineDash([]);
    pen.globalAlpha = 1;
  }

  paintWords(pen, tones, node, place, tone) {
    pen.setLineDash([]);
    let x = place.x + 10;
    if (tone) {
      pen.fillStyle = tones[tone];
      pen.beginPath();
      pen.arc(x + 3, place.y + NODE.h / 2, 3, 0, 7);
      pen.fill();
      x += 12;
    }
    const isShort = ["requirement", "decision", "risk"].includes(node.kind);
    const middle = place.y + NODE.h / 2 + 0.5;
    if (isShort) {
      pen.font = `600 11px ${this.font}`;
      pen.fillStyle = tones["--text-2"];
      pen.fillText(node.name, x, middle);
      x += pen.measureText(node.name).width + 6;
    }
    pen.font = `${node.kind === "goal" ? 600 : 400} 12px ${this.font}`;
    pen.fillStyle = tones["--text"];
    const words = node.kind === "file" || node.kind === "test" && node.id.startsWith("file:") ? node.name : node.title;
    pen.fillText(this.fitted(pen, words, place.x + NODE.w - 8 - x), x, middle);
  }

  /** Return as much of a text as there is room for, measured once. */
  fitted(pen, words, room) {
    const key = `${Math.round(room)} ${pen.font} ${words}`;
    let found = this.words.get(key);
    if (found === undefined) {
      found = words;
      if (pen.measureText(words).width > room) {
        let least = 0, most = words.length;
        while (least < most) {
          const half = Math.ceil((least + most) / 2);
          if (pen.measureText(`${words.slice(0, half)}…`).width <= room) least = half;
          else most = half - 1;
        }
        found = `${words.slice(0, least).trimEnd()}…`;
      }
      this.words.set(key, found);
    }
    return found;
  }

  /** The names of the columns stay at the top of the window. */
  paintHeads(pen, tones) {
    const sharp = devicePixelRatio;
    pen.setTransform(sharp, 0, 0, sharp, 0, 0);
    pen.fillStyle = tones["--surface"];
    pen.globalAlpha = 0.9;
    pen.fillRect(0, 0, this.stage.clientWidth, 24);
    pen.globalAlpha = 1;
    pen.font = `500 11px ${this.font}`;
    pen.fillStyle = tones["--text-3"];
    const room = (NODE.w + GAP_X - 12) * this.zoom;
    if (room < 30) return;
    this.columns.forEach((n, order) => {
      const x = (order * (NODE.w + GAP_X) - this.x) * this.zoom;
      pen.fillText(this.fitted(pen, this.data.headings[n], room), x, 13);
    });
  }
}

function box(pen, { x, y }, kind) {
  pen.beginPath();
  const round = { requirement: 3, goal: 3, task: 6, file: 1, test: 1, artifact: 1, diff: 1 }[kind] ?? NODE.h / 2;
  pen.roundRect(x, y, NODE.w, NODE.h, round);
  pen.fill();
  pen.stroke();
}

function curve(path, a, b) {
  const y0 = a.y + NODE.h / 2, y1 = b.y + NODE.h / 2;
  if (a.column === b.column) {
    path.moveTo(a.x + NODE.w, y0);
    path.bezierCurveTo(a.x + NODE.w + 30, y0, b.x + NODE.w + 30, y1, b.x + NODE.w, y1);
    return;
  }
  const [x0, x1] = a.x < b.x ? [a.x + NODE.w, b.x] : [a.x, b.x + NODE.w];
  const half = (x1 - x0) / 2;
  path.moveTo(x0, y0);
  path.bezierCurveTo(x0 + half, y0, x1 - half, y1, x1, y1);
}

/** Return `start` and all that is reached from it. */
function reached(start, ways, end) {
  return [start, ...along(start, ways, end).map((edge) => edge[end])];
}

/** Return the edges that lead on from `start`, the nearest first. */
function along(start, ways, end) {
  const found = [], seen = new Set([start]), todo = [start];
  for (const id of todo) {
    for (const edge of ways.get(id) ?? []) {
      found.push(edge);
      if (!seen.has(edge[end])) {
        seen.add(edge[end]);
        todo.push(edge[end]);
      }
    }
  }
  return found;
}

/** Keep the first edge to each thing: there may be many ways to it. */
function onceEach(edges, end) {
  const seen = new Set();
  return edges.filter((edge) => !seen.has(edge[end]) && seen.add(edge[end]));
}

/** Words that mark code by backticks, as they are drawn: without the marks. */
const plain = (words = "") => words.replaceAll("`", "");

const within = (zoom) => Math.min(ZOOM.most, Math.max(ZOOM.least, zoom));

function push(map, key, value) {
  if (!map.has(key)) map.set(key, []);
  map.get(key).push(value);
}

function made(tag, attributes = {}) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

function text(tag, words, cls = "") {
  const element = made(tag, cls ? { class: cls } : {});
  element.textContent = words;
  return element;
}
