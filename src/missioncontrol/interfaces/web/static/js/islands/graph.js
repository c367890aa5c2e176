// The graph of a run: drawn where it is looked at, live, by mouse and by keyboard.
import { ask } from "../ask.js";
import { urlOf, places as shell, token } from "../places.js";
import { toast } from "../toasts.js";
import { layOut, NODE } from "../graph/layout.js";
import { FarView } from "../graph/far.js";
import { edgeLook, lasting, lookOf } from "../graph/looks.js";

const SVG = "http://www.w3.org/2000/svg";
const AROUND = 240; // what is drawn beyond the edges of the window, so that scrolling shows no gaps
const FAR = 0.5; // below this zoom, steps are marks without words
const NARROW = 0.75; // a graph that fits when it is a little smaller is shown so
const ZOOMS = [0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1, 1.25, 1.5];
const OPEN_MAX = 24; // what became more steps than these is shown as one
const TITLE_MAX = 21;
const META_MAX = 25;
const AGAIN_MS = 600;
const ASIDE_MIN = 300; // more steps than these are laid out beside the page, so that it stays alive
const EDGES = ["idle", "cut", "done", "live"];

export async function mount(element, data) {
  const graph = new Graph(element, data);
  await graph.load();
  return () => graph.leave();
}

class Graph {
  constructor(element, data) {
    this.element = element;
    this.run = data.run;
    this.chosen = data.step || "";
    this.replays = data.at ?? null;
    this.zoom = 1;
    this.nodes = new Map();
    this.shown = new Map();
    this.cache = new Map(); // elements that were drawn before
    this.lineText = {};
    this.open = new Set();
    this.closed = new Set();
    this.active = "";
    this.leaving = new AbortController();
    this.frame = 0;
    this.build();
  }

  build() {
    this.svg = made("svg", { class: "dag", role: "presentation" });
    this.edges = Object.fromEntries(EDGES.map((look) => [look, this.svg.appendChild(made("path", { class: "edge", "data-s": look }))]));
    this.near = this.svg.appendChild(made("g"));
    this.far = new FarView(this.element, token);
    const { signal } = this.leaving;
    this.element.addEventListener("scroll", () => this.draw(), { signal, passive: true });
    this.element.addEventListener("click", (event) => this.click(event), { signal });
    this.element.addEventListener("keydown", (event) => this.key(event), { signal });
    this.element.addEventListener("wheel", (event) => this.wheel(event), { signal, passive: false });
    this.element.addEventListener("pointerdown", (event) => this.drag(event), { signal });
    this.element.addEventListener("focusin", (event) => this.focused(event), { signal });
    document.body.addEventListener(`live:run:${this.run}`, ({ detail }) => this.hear(detail), { signal });
    document.body.addEventListener("replay:moment", ({ detail }) => this.replay(detail), { signal });
    document.addEventListener("htmx:after:swap", () => this.choose(document.getElementById("drawer")?.dataset.step ?? "", false), { signal });
    this.watcher = new ResizeObserver(() => this.draw());
    this.watcher.observe(this.element);
  }

  async load() {
    try {
      await this.take(await ask(`/api/v1/runs/${encodeURIComponent(this.run)}/graph`, { signal: this.leaving.signal }));
    } catch (error) {
      if (error.name !== "AbortError") toast("The graph did not load", { text: String(error.message), tone: "bad" });
    }
  }

  async take(found) {
    const before = this.nodes;
    this.nodes = new Map(found.nodes.map((node) => [node.key, { title: "", agent: "", calls: "", needs: [], parent: "", attempt: 0, index: -1, ...node }]));
    this.position = found.position;
    this.children = new Map();
    this.after = new Map();
    for (const node of this.nodes.values()) {
      if (node.parent) push(this.children, node.parent, node.key);
      for (const need of node.needs) push(this.after, need, node.key);
    }
    for (const [key, list] of this.children) {
      if (list.length <= OPEN_MAX && this.nodes.size <= 400 && !this.closed.has(key)) this.open.add(key);
    }
    if (this.chosen) this.reveal(this.chosen);
    const isFirst = !before.size;
    await this.arrange();
    if (!isFirst || this.leaving.signal.aborted) return;
    this.element.querySelector("[data-waiting]")?.remove();
    this.element.append(this.svg, this.tools());
    this.paint();
    this.element.dataset.ready = "";
    this.active = this.chosen || [...this.nodes.keys()][0] || "";
    this.begin();
  }

  /** Open all that stands around a step. */
  reveal(key) {
    for (let up = this.nodes.get(key)?.parent; up; up = this.nodes.get(up)?.parent) this.open.add(up);
  }

  async arrange() {
    const { places, edges, width, height } = await this.laidOut();
    this.places = places;
    this.lines = edges;
    this.width = width;
    this.height = height;
    this.near.replaceChildren();
    this.shown.clear();
    this.cache.clear();
    this.rows = rowsOf(places);
    this.far.changed();
    this.size();
    this.paint();
  }

  /** Where everything stands; of very many steps, worked out by a worker. */
  laidOut() {
    const nodes = [...this.nodes.values()].map(({ key, needs, parent }) => ({ key, needs, parent }));
    if (nodes.length < ASIDE_MIN) return layOut(nodes, this.open);
    this.worker ??= new Worker(new URL("../graph/layout.js", import.meta.url), { type: "module" });
    return new Promise((resolve, reject) => {
      this.worker.onmessage = ({ data }) => resolve(data);
      this.worker.onerror = (event) => reject(new Error(event.message));
      this.worker.postMessage({ nodes, open: this.open });
    });
  }

  size() {
    this.svg.setAttribute("viewBox", `0 0 ${this.width} ${this.height}`);
    this.svg.setAttribute("width", Math.ceil(this.width * this.zoom));
    this.svg.setAttribute("height", Math.ceil(this.height * this.zoom));
  }

  begin() {
    const fits = Math.min(1, this.element.clientWidth / this.width);
    if (fits < 1 && fits >= NARROW) { this.zoom = fits; this.size(); }
    const spare = (this.element.clientWidth - this.width * this.zoom) / 2;
    if (this.chosen && this.places.has(this.chosen)) this.show(this.chosen);
    else if (spare < 0) this.element.scrollLeft = -spare;
    this.draw();
  }

  /** Draw what is in the window, once a frame. */
  draw() {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => { this.frame = 0; this.paint(); });
  }

  paint() {
    if (!this.places) return;
    const isFar = this.zoom < FAR;
    this.far.show(isFar);
    if (isFar) return this.paintFar();
    const { scrollLeft, scrollTop, clientWidth, clientHeight } = this.element;
    const [left, top] = [scrollLeft / this.zoom - AROUND, scrollTop / this.zoom - AROUND];
    const [right, bottom] = [left + clientWidth / this.zoom + 2 * AROUND, top + clientHeight / this.zoom + 2 * AROUND];
    this.paintEdges(left, top, right, bottom);
    for (const [key, one] of this.shown) {
      const { x, y, w, h } = this.places.get(key);
      if (key === this.active || (x <= right && x + w >= left && y <= bottom && y + h >= top)) continue;
      one.remove();
      this.shown.delete(key);
    }
    for (const [key, { x, y, w, h }] of this.places) {
      if (x === undefined || this.shown.has(key)) continue;
      if (key === this.active || (x <= right && x + w >= left && y <= bottom && y + h >= top)) this.put(key);
    }
  }

  /** From far away, steps are marks on a canvas. */
  paintFar() {
    if (this.shown.size) { this.near.replaceChildren(); this.shown.clear(); }
    for (const look of EDGES) this.setLines(look, "");
    this.far.paint(this.places, this.lines, this.nodes, this.zoom);
  }

  paintEdges(left, top, right, bottom) {
    const parts = { idle: [], cut: [], done: [], live: [] };
    for (const { from, to, d, box } of this.lines) {
      if (box[0] > right || box[2] < left || box[1] > bottom || box[3] < top) continue;
      parts[edgeLook(this.nodes.get(from).state, this.nodes.get(to).state)].push(d);
    }
    for (const look of EDGES) this.setLines(look, parts[look].join(""));
  }

  setLines(look, d) {
    if (this.lineText[look] === d) return;
    this.lineText[look] = d;
    this.edges[look].setAttribute("d", d);
  }

  put(key) {
    const node = this.nodes.get(key), place = this.places.get(key);
    const known = this.cache.get(key);
    if (known) this.dress(known, node);
    const element = known ?? this.drawn(node, place);
    if (place.open) this.near.prepend(element);
    else this.near.append(element);
    this.cache.set(key, element);
    this.shown.set(key, element);
    element.setAttribute("tabindex", key === this.active ? "0" : "-1");
  }

  drawn(node, place) {
    const key = node.key;
    const element = made("g", { class: place.open ? "node frame" : "node", role: "button", tabindex: "-1", transform: `translate(${place.x} ${place.y})` });
    element.dataset.key = key;
    element.append(made("title"));
    const inside = this.children.get(key);
    if (inside && !place.open) element.append(made("rect", { class: "box behind", x: 4, y: 4, width: place.w, height: place.h }));
    element.append(made("rect", { class: "box", width: place.w, height: place.h }));
    const glyph = element.appendChild(made("svg", { class: "g", x: 9, y: place.open ? 7 : 13, width: 16, height: 16, viewBox: "0 0 16 16", "aria-hidden": "true" }));
    glyph.append(made("use", {}));
    element.append(made("text", { class: "t", x: 31, y: place.open ? 20 : 18 }));
    if (!place.open) element.append(made("text", { class: "m", x: 31, y: 32 }));
    if (inside) element.append(this.toggle(place));
    this.dress(element, node);
    return element;
  }

  toggle(place) {
    const toggle = made("g", { class: "toggle", transform: `translate(${place.w - 24} ${place.open ? 3 : 9})` });
    toggle.append(made("rect", { width: 24, height: 24 }));
    const glyph = toggle.appendChild(made("svg", { x: 5, y: 5, width: 14, height: 14, viewBox: "0 0 16 16", "aria-hidden": "true" }));
    glyph.append(made("use", { href: `${shell.icons}#${place.open ? "up" : "down"}` }));
    return toggle;
  }

  /** Let an element say what its step is now. */
  dress(element, node) {
    const [look, word] = lookOf(node.state);
    element.dataset.s = look;
    element.querySelector("svg.g use").setAttribute("href", `${shell.icons}#st-${look}`);
    const name = nameOf(node);
    setText(element.querySelector(".t"), cut(name, this.children.has(node.key) ? TITLE_MAX - 3 : TITLE_MAX));
    const meta = this.meta(node, word);
    const small = element.querySelector(".m");
    if (small) setText(small, cut(meta, META_MAX));
    setText(element.firstChild, `${name}, ${node.gone ? "failed, run continues" : word}, ${meta}`);
    element.toggleAttribute("data-gone", Boolean(node.gone));
    if (node.key === this.chosen) element.setAttribute("aria-current", "true");
    else element.removeAttribute("aria-current");
  }

  meta(node, word) {
    const inside = this.children.get(node.key);
    if (inside) return `${inside.filter((key) => this.nodes.get(key).state === "succeeded").length} of ${inside.length} inside`;
    const who = node.agent || node.calls;
    const took = node.started && node.ended && this.replays === null ? lasting(node.ended - node.started) : "";
    const told = node.state === "succeeded" ? took : took && node.state === "failed" ? took : word.toLowerCase();
    return [who, node.attempt > 1 ? `${told} · ${node.attempt}×` : told].filter(Boolean).join(" · ");
  }

  /** Take a delta of the live feed in; new steps are asked for. */
  hear(delta) {
    if (this.replays !== null || !this.nodes.size) return;
    const now = Date.now() / 1000;
    let knows = !delta.added;
    for (const [key, [state, attempt]] of Object.entries(delta.s ?? {})) {
      const node = this.nodes.get(key);
      if (!node) { knows = false; continue; }
      if (node.state !== state) {
        if (state === "working" && !node.started) node.started = now;
        if (["succeeded", "failed", "skipped", "blocked", "cancelled"].includes(state)) node.ended = now;
      }
      Object.assign(node, { state, attempt });
    }
    this.redress(Object.keys(delta.s ?? {}));
    if (!knows && !this.asking) this.asking = setTimeout(() => { this.asking = 0; this.load(); }, AGAIN_MS);
  }

  /** Show the moment that the scrubber is at. */
  replay(moment) {
    this.replays = moment.at;
    if (!this.nodes.size) return;
    const changed = [];
    for (const node of this.nodes.values()) {
      const state = moment.states[node.key] ?? "absent", attempt = moment.attempts[node.key] ?? 1;
      if (node.state === state && node.attempt === attempt) continue;
      Object.assign(node, { state, attempt });
      changed.push(node.key);
    }
    this.redress(changed);
  }

  redress(keys) {
    const around = new Set();
    for (const key of keys) for (let one = key; one; one = this.nodes.get(one)?.parent) around.add(one);
    for (const key of around) if (this.shown.has(key)) this.dress(this.shown.get(key), this.nodes.get(key));
    this.far.changed();
    this.draw();
  }

  // Choosing and opening.

  click(event) {
    const node = event.target.closest?.(".node");
    if (!node || this.dragged) return;
    if (event.target.closest(".toggle")) return this.fold(node.dataset.key);
    this.enter(node.dataset.key);
  }

  async fold(key) {
    if (this.open.delete(key)) this.closed.add(key);
    else { this.open.add(key); this.closed.delete(key); }
    await this.arrange();
    this.moveTo(key);
  }

  enter(key) {
    const at = this.replays === null ? "" : `?at=${this.replays}`;
    const url = `/runs/${encodeURIComponent(this.run)}/steps/${key.split("/").map(encodeURIComponent).join("/")}${at}`;
    this.choose(key, false);
    this.active = key;
    htmx.ajax("GET", url, { target: "#drawer", swap: "outerHTML" });
    if (!at) history.replaceState(history.state, "", urlOf(url));
  }

  choose(key, moves) {
    if (key === this.chosen || this.leaving.signal.aborted) return;
    const before = this.chosen;
    this.chosen = key;
    for (const each of [before, key]) if (this.shown.has(each)) this.dress(this.shown.get(each), this.nodes.get(each));
    if (moves) this.show(key);
  }

  show(key) {
    const place = this.places.get(key);
    if (place?.x === undefined) return;
    this.element.scrollTo({
      left: (place.x + Math.min(place.w, NODE.w) / 2) * this.zoom - this.element.clientWidth / 2,
      top: (place.y + Math.min(place.h, NODE.h) / 2) * this.zoom - this.element.clientHeight / 2,
    });
  }

  // By keyboard: Tab enters once, arrows move.

  focused({ target }) {
    const key = target.dataset?.key;
    if (key && key !== this.active) this.activate(key);
  }

  activate(key) {
    this.shown.get(this.active)?.setAttribute("tabindex", "-1");
    this.active = key;
    this.shown.get(key)?.setAttribute("tabindex", "0");
  }

  moveTo(key) {
    if (!key || !this.places.has(key)) return;
    this.activate(key);
    const { x, y, w, h } = this.places.get(key);
    const e = this.element, z = this.zoom;
    if (x * z < e.scrollLeft || (x + w) * z > e.scrollLeft + e.clientWidth || y * z < e.scrollTop || (y + h) * z > e.scrollTop + e.clientHeight) this.show(key);
    this.paint();
    this.shown.get(key)?.focus({ preventScroll: true });
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const act = this.keys()[event.key];
    const isNode = event.target.closest?.(".node");
    if (!act || !(isNode || event.target === this.element)) return;
    if (!isNode && event.key.startsWith("Arrow") === false && !"+-0".includes(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.target === this.element && event.key.startsWith("Arrow")) return this.moveTo(this.active);
    act();
  }

  keys() {
    const here = this.active, beside = (step) => this.beside(here, step);
    return {
      ArrowDown: () => this.moveTo(this.places.get(here)?.open ? this.children.get(here)[0] : (this.visible(this.after.get(here))[0] ?? this.below(here, 1))),
      ArrowUp: () => this.moveTo(this.visible(this.nodes.get(here)?.needs)[0] ?? this.below(here, -1) ?? this.nodes.get(here)?.parent),
      ArrowLeft: () => this.moveTo(beside(-1)),
      ArrowRight: () => this.moveTo(beside(1)),
      Home: () => this.moveTo(this.rows[0]?.[0]),
      End: () => this.moveTo(this.rows.at(-1)?.at(-1)),
      Enter: () => this.enter(here),
      " ": () => (this.children.has(here) ? this.fold(here) : this.enter(here)),
      "+": () => this.zoomBy(1),
      "-": () => this.zoomBy(-1),
      0: () => this.zoomTo(1),
    };
  }

  visible(keys) {
    return (keys ?? []).filter((key) => this.places.has(key)).sort((a, b) => Math.abs(this.places.get(a).x - this.places.get(this.active).x) - Math.abs(this.places.get(b).x - this.places.get(this.active).x));
  }

  rowOf(key) {
    return this.rows.findIndex((row) => row.includes(key));
  }

  beside(key, step) {
    const row = this.rows[this.rowOf(key)] ?? [];
    return row[row.indexOf(key) + step];
  }

  below(key, step) {
    return this.visible(this.rows[this.rowOf(key) + step])[0];
  }

  // Zoom and drag; the buttons do the same.

  wheel(event) {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    this.turned = (this.turned ?? 0) + event.deltaY;
    if (this.turning) return;
    this.turning = requestAnimationFrame(() => {
      const box = this.element.getBoundingClientRect(), by = this.turned;
      this.turning = this.turned = 0;
      this.zoomTo(this.zoom * Math.exp(-by / 300), event.clientX - box.left, event.clientY - box.top);
    });
  }

  zoomBy(step) {
    const near = ZOOMS.reduce((best, one, n) => (Math.abs(one - this.zoom) < Math.abs(ZOOMS[best] - this.zoom) ? n : best), 0);
    this.zoomTo(ZOOMS[Math.max(0, Math.min(ZOOMS.length - 1, near + step))]);
  }

  fit() {
    const wide = this.element.clientWidth / this.width, high = this.element.clientHeight / this.height;
    this.zoomTo(Math.min(1, wide, high));
  }

  zoomTo(zoom, x = this.element.clientWidth / 2, y = this.element.clientHeight / 2) {
    const now = Math.max(0.02, Math.min(ZOOMS.at(-1), zoom));
    const [left, top] = [(this.element.scrollLeft + x) / this.zoom, (this.element.scrollTop + y) / this.zoom];
    this.zoom = now;
    this.size();
    this.element.scrollTo({ left: left * now - x, top: top * now - y });
    this.draw();
  }

  drag(event) {
    this.dragged = false;
    if (event.button !== 0 || event.pointerType === "touch" || event.target.closest(".tools")) return;
    const from = [event.clientX, event.clientY], begin = [this.element.scrollLeft, this.element.scrollTop];
    const ended = new AbortController();
    const signal = AbortSignal.any([ended.signal, this.leaving.signal]);
    window.addEventListener("pointermove", ({ clientX, clientY }) => {
      const [dx, dy] = [clientX - from[0], clientY - from[1]];
      if (!this.dragged && Math.hypot(dx, dy) < 4) return;
      this.dragged = true;
      this.element.scrollTo({ left: begin[0] - dx, top: begin[1] - dy });
    }, { signal });
    window.addEventListener("pointerup", () => ended.abort(), { signal });
    window.addEventListener("pointercancel", () => ended.abort(), { signal });
  }

  tools() {
    const box = document.createElement("div");
    box.className = "tools group";
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", "Zoom");
    for (const [text, label, act] of [["−", "Zoom out", () => this.zoomBy(-1)], ["Fit", "Fit to window", () => this.fit()], ["1:1", "1:1, actual size", () => this.zoomTo(1)], ["+", "Zoom in", () => this.zoomBy(1)]]) {
      const button = box.appendChild(document.createElement("button"));
      button.type = "button";
      button.className = "btn";
      button.textContent = text;
      button.setAttribute("aria-label", label);
      button.addEventListener("click", act);
    }
    this.bar = box;
    return box;
  }

  leave() {
    this.leaving.abort();
    this.watcher.disconnect();
    clearTimeout(this.asking);
    cancelAnimationFrame(this.frame);
    cancelAnimationFrame(this.turning);
    this.worker?.terminate();
  }
}

function rowsOf(places) {
  const rows = new Map();
  for (const [key, place] of places) if (place.x !== undefined) push(rows, place.y, key);
  return [...rows].sort((a, b) => a[0] - b[0]).map(([, row]) => row.sort((a, b) => places.get(a).x - places.get(b).x));
}

function made(name, attributes = {}) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

function push(map, key, value) {
  if (!map.has(key)) map.set(key, []);
  map.get(key).push(value);
}

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** An item has its place in the list behind its name. */
const nameOf = (node) => (node.title ? `${node.title}${node.index >= 0 ? ` [${node.index}]` : ""}` : node.key);

const cut = (text, most) => (text.length <= most ? text : `${text.slice(0, most - 1).trimEnd()}…`);
