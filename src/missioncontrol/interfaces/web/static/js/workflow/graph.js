// Steps drawn as a graph. It can be walked with the arrow keys; where it can be changed, steps are connected
// by dragging from one port to another.
import { BOX, layout } from "./layout.js";
import { glyph, svg } from "./dom.js";

const GLYPHS = { command: "bolt", agent: "agents", capability: "search", workflow: "workflows" };
const TITLE_MAX = 19;
const WHO_MAX = 21;
const PORT = 6;
const DRAG_AT = 5;
const [ZOOM_MIN, ZOOM_MAX] = [0.02, 1.5];
export const READABLE = 0.7;
export const ZOOM_STEP = 1.3;

export class StepGraph {
  // `doing` has `select(key)`, `open(key)`, `press(key)`, `connect(from, to)`, `remove(key)`, `unlink(link)`; without it nothing changes.
  constructor(host, label, doing = {}) {
    this.host = host;
    this.allow(doing);
    this.root = host.appendChild(svg("svg", { class: "dag steps", role: "group", "aria-label": label }));
    this.root.addEventListener("keydown", (event) => this.typed(event));
    this.root.addEventListener("pointerdown", (event) => this.grab(event));
    this.root.addEventListener("pointerdown", () => this.hold());
    host.closest(".canvas")?.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    this.steps = [];
    this.nodes = new Map();
    this.current = "";
    this.scale = 1;
  }

  allow(doing) {
    this.doing = doing;
    this.isEditable = Boolean(doing.connect);
  }

  // `steps` have key, title, who, kind, needs, marks (texts), faults (a count).
  draw(steps, links) {
    const shown = JSON.stringify([this.isEditable, steps.map((step) => ({ ...step, said: null })), links]);
    if (this.isHeld || shown === this.shown) {
      this.next = this.isHeld ? [steps, links] : null;
      return this.settle();
    }
    this.shown = shown;
    this.steps = steps;
    this.links = links;
    this.drawn = layout(steps.map((step) => step.key), links);
    const { paths } = this.drawn;
    this.zoom(this.scale);
    const hadFocus = this.root.contains(document.activeElement);
    this.nodes.clear();
    if (!steps.some((step) => step.key === this.current)) this.current = "";
    this.root.replaceChildren(...links.flatMap((link, n) => this.edge(link, paths[n])), ...steps.map((step) => this.node(step)));
    this.settle();
    if (hadFocus) this.nodes.get(this.current || steps[0]?.key)?.focus();
  }

  // What is pressed stays until it is let go: a press on what is gone by then is lost.
  hold() {
    this.isHeld = true;
    const release = () => setTimeout(() => {
      this.isHeld = false;
      const waiting = this.next;
      this.next = null;
      if (waiting) this.draw(...waiting);
    });
    for (const name of ["pointerup", "pointercancel"]) window.addEventListener(name, release, { once: true });
  }

  zoom(scale) {
    this.scale = scale;
    const { width, height } = this.drawn;
    for (const [name, value] of Object.entries({ width: width * scale, height: height * scale, viewBox: `0 0 ${width} ${height}` })) this.root.setAttribute(name, value);
  }

  // As much as can be seen at once, but no smaller than `least`.
  fit(least = ZOOM_MIN) {
    const view = this.host.closest(".canvas");
    if (!view || !this.drawn.width) return;
    const wanted = Math.min(view.clientWidth / this.drawn.width, view.clientHeight / this.drawn.height);
    this.zoom(Math.min(1, Math.max(least, wanted)));
    this.centre();
  }

  zoomBy(factor) {
    this.zoom(Math.min(ZOOM_MAX, Math.max(ZOOM_MIN, this.scale * factor)));
    this.centre();
  }

  wheel(event) {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    this.zoomBy(Math.exp(-event.deltaY / 300));
  }

  // The step that is chosen, or the first one, into the middle of the window.
  centre(behavior = "instant") {
    const spot = this.drawn.spots.get(this.current || this.steps[0]?.key);
    const view = this.host.closest(".canvas");
    if (!spot || !view) return;
    const inner = this.root.getBoundingClientRect().left - view.getBoundingClientRect().left + view.scrollLeft;
    view.scrollTo({ left: inner + (spot.x + BOX.width / 2) * this.scale - view.clientWidth / 2, top: Math.max(0, spot.y * this.scale - view.clientHeight / 3), behavior });
  }

  edge(link, path) {
    const shown = svg("path", { class: "edge", d: path, "data-s": link.kind === "failure" ? "cut" : null });
    if (!this.doing.unlink) return [shown];
    const title = `${link.to} ${link.kind === "failure" ? "handles the failure of" : "depends on"} ${link.from}. Press to remove the connection.`;
    const hit = svg("path", { class: "edge-hit", d: path, onclick: () => this.doing.unlink(link) }, svg("title", {}, title));
    return [shown, hit];
  }

  node(step) {
    const { x, y } = this.drawn.spots.get(step.key);
    const parts = [
      svg("rect", { class: "box", width: BOX.width, height: BOX.height }),
      glyph(GLYPHS[step.kind] ?? "agents", 10, 15),
      svg("text", { class: "t", x: 34, y: 20 }, short(step.key, TITLE_MAX)),
      svg("text", { class: "m", x: 34, y: 35 }, shownWho(step)),
      ...step.marks.map((mark, n) => svg("g", { class: "mark" }, glyph(mark.glyph, BOX.width - 22 - 17 * n, 24, 13), svg("title", {}, mark.text))),
    ];
    if (step.faults) parts.push(svg("g", { class: "fault" }, glyph("warn", BOX.width - 22, 6, 14)));
    if (this.isEditable) parts.push(this.port("in", 0), this.port("out", BOX.height));
    const found = svg("g", {
      class: "node", role: "button", tabindex: -1, "data-key": step.key, transform: `translate(${x} ${y})`, "aria-label": told(step),
      "data-s": step.faults ? "failed" : null, "aria-current": step.key === this.current ? "true" : null,
      onclick: () => this.clicked(step.key), ondblclick: () => this.doing.open?.(step.key),
    }, parts.flatMap((part) => [part, " "]));
    this.nodes.set(step.key, found);
    return found;
  }

  port(side, y) {
    return svg("circle", { class: `port ${side}`, "data-port": side, cx: BOX.width / 2, cy: y, r: PORT });
  }

  settle() {
    const key = this.current || this.steps[0]?.key;
    for (const [name, node] of this.nodes) {
      node.setAttribute("tabindex", name === key ? 0 : -1);
      if (name === this.current) node.setAttribute("aria-current", "true");
      else node.removeAttribute("aria-current");
    }
  }

  choose(key, isTold = true) {
    this.current = key;
    this.settle();
    if (isTold) this.doing.select?.(key);
  }

  clicked(key) {
    this.choose(key);
    this.doing.press?.(key);
  }

  focus(key = this.current) {
    const node = this.nodes.get(key) ?? this.nodes.get(this.steps[0]?.key);
    node?.focus();
    node?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  typed(event) {
    const key = event.target.closest?.("[data-key]")?.dataset.key;
    if (!key || event.ctrlKey || event.metaKey) return;
    if (event.altKey) return this.shift(key, event);
    const doing = { Enter: () => this.open(key), " ": () => this.choose(key), Delete: () => this.doing.remove?.(key), c: () => this.doing.link?.(key),
      "+": () => this.zoomBy(ZOOM_STEP), "-": () => this.zoomBy(1 / ZOOM_STEP), 0: () => this.fit() }[event.key];
    const next = doing ? null : this.beside(key, event.key);
    if (!doing && !next) return;
    event.preventDefault();
    event.stopPropagation();
    if (doing) return doing();
    this.choose(next);
    this.focus(next);
  }

  // Alt and an arrow: a step comes earlier or later in the file.
  shift(key, event) {
    const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!by || !this.doing.move) return;
    event.preventDefault();
    event.stopPropagation();
    const other = this.steps[this.steps.findIndex((step) => step.key === key) + by];
    if (other) this.doing.move(key, other.key, by < 0);
  }

  open(key) {
    this.choose(key);
    this.doing.open?.(key);
  }

  // The step that an arrow key leads to: up and down along connections, else to the nearest of the next row.
  beside(key, arrow) {
    const here = this.drawn.spots.get(key);
    const [dx, dy] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[arrow] ?? [0, 0];
    if (arrow === "Home" || arrow === "End") return this.steps.at(arrow === "Home" ? 0 : -1).key;
    if (!dx && !dy) return "";
    const isConnected = (other) => this.links.some((link) => (dy < 0 ? link.to === key && link.from === other : link.from === key && link.to === other));
    const places = [...this.drawn.spots].filter(([, spot]) => (dx ? spot.row === here.row && (spot.x - here.x) * dx > 0 : (spot.row - here.row) * dy > 0));
    const far = ([other, spot]) => Math.abs(spot.row - here.row) * 10_000 + Math.abs(spot.x - here.x) - (dy && isConnected(other) ? 100_000 : 0);
    return places.sort((one, other) => far(one) - far(other))[0]?.[0] ?? "";
  }

  point(event) {
    const box = this.root.getBoundingClientRect();
    return { x: (event.clientX - box.left) / this.scale, y: (event.clientY - box.top) / this.scale };
  }

  // The step under a place of the drawing.
  at({ x, y }, except = "") {
    const slack = 10;
    for (const [key, spot] of this.drawn.spots) {
      if (key !== except && x > spot.x - slack && x < spot.x + BOX.width + slack && y > spot.y - slack && y < spot.y + BOX.height + slack) return key;
    }
    return "";
  }

  grab(event) {
    const port = event.target.closest?.("[data-port]");
    if (event.button) return;
    if (port) this.link(event, port);
    else if (this.doing.move && event.pointerType !== "touch") this.carry(event);
  }

  // A step is carried before or after another one.
  carry(event) {
    const key = event.target.closest?.("[data-key]")?.dataset.key;
    if (!key) return;
    const start = this.point(event);
    const { x, y } = this.drawn.spots.get(key);
    let isMoved = false;
    const move = (moved) => {
      const at = this.point(moved);
      isMoved ||= Math.hypot(at.x - start.x, at.y - start.y) * this.scale > DRAG_AT;
      if (!isMoved) return;
      this.root.append(this.nodes.get(key));
      this.nodes.get(key).classList.add("carried");
      this.nodes.get(key).setAttribute("transform", `translate(${x + at.x - start.x} ${y + at.y - start.y})`);
      this.aim(this.at(at, key), key);
    };
    const end = (ended) => {
      this.nodes.get(key)?.classList.remove("carried");
      this.nodes.get(key)?.setAttribute("transform", `translate(${x} ${y})`);
      this.aim("", key);
      const at = this.point(ended);
      const to = isMoved && ended.type === "pointerup" ? this.at(at, key) : "";
      if (to) this.doing.move(key, to, at.x < this.drawn.spots.get(to).x + BOX.width / 2);
    };
    this.follow(move, end);
  }

  link(event, port) {
    event.preventDefault();
    const from = port.closest("[data-key]").dataset.key;
    const spot = this.drawn.spots.get(from);
    const isOut = port.dataset.port === "out";
    const start = { x: spot.x + BOX.width / 2, y: spot.y + (isOut ? BOX.height : 0) };
    const line = this.root.appendChild(svg("path", { class: "edge drag" }));
    const move = (moved) => {
      const { x, y } = this.point(moved);
      line.setAttribute("d", `M${start.x} ${start.y}C${start.x} ${(start.y + y) / 2} ${x} ${(start.y + y) / 2} ${x} ${y}`);
      this.aim(this.at({ x, y }), from);
    };
    const end = (ended) => {
      line.remove();
      this.aim("", from);
      const to = ended.type === "pointerup" ? this.at(this.point(ended)) : "";
      if (to && to !== from) this.doing.connect(isOut ? from : to, isOut ? to : from);
    };
    this.follow(move, end);
  }

  follow(move, end) {
    const listening = new AbortController();
    const ended = (event) => { listening.abort(); end(event); };
    for (const [name, hear] of [["pointermove", move], ["pointerup", ended], ["pointercancel", ended]]) window.addEventListener(name, hear, { signal: listening.signal });
  }

  aim(key, from) {
    for (const [name, node] of this.nodes) node.classList.toggle("aim", name === key && key !== from);
  }
}

function short(text, most) {
  return text.length > most ? `${text.slice(0, Math.max(1, most - 1))}…` : text;
}

// What a node says begins with what it shows, so that whoever speaks to it can name it by that.
function told(step) {
  const shown = [short(step.key, TITLE_MAX), shownWho(step), ...step.marks.map((mark) => mark.text)].join(" ");
  const after = step.needs.length ? `after ${step.needs.join(", ")}` : "at the start";
  const faults = step.faults ? `${step.faults} ${step.faults === 1 ? "fault" : "faults"}` : "";
  const whole = step.key.length > TITLE_MAX ? step.key : "";
  return [shown, whole, step.title, after, faults].filter(Boolean).join(", ");
}

function shownWho(step) {
  return short(step.who, WHO_MAX - 2 * step.marks.length);
}

// What a node shows of a step beside its name.
export function marksOf(step) {
  const found = [];
  if (step.isApproved) found.push({ glyph: "approvals", text: "needs approval" });
  if (step.condition) found.push({ glyph: "branch", text: `if ${step.condition}` });
  if (step.isForEach) found.push({ glyph: "menu", text: "for each item" });
  if (step.isRepeated) found.push({ glyph: "retry", text: "repeated" });
  return found;
}
