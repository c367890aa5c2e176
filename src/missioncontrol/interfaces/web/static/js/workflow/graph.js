// Steps drawn as a graph. It can be walked with the arrow keys; where it can be changed, steps are connected
// by dragging from one port to another.
import { BOX, layout } from "./layout.js";
import { glyph, svg } from "./dom.js";

const GLYPHS = { command: "bolt", agent: "agents", capability: "search", workflow: "workflows" };
const TITLE_MAX = 19;
const WHO_MAX = 21;
const PORT = 6;

export class StepGraph {
  // `doing` has `select(key)`, `open(key)`, `press(key)`, `connect(from, to)`, `remove(key)`, `unlink(link)`; without it nothing changes.
  constructor(host, label, doing = {}) {
    this.host = host;
    this.doing = doing;
    this.isEditable = Boolean(doing.connect);
    this.root = host.appendChild(svg("svg", { class: "dag steps", role: "group", "aria-label": label }));
    this.root.addEventListener("keydown", (event) => this.typed(event));
    this.root.addEventListener("pointerdown", (event) => this.grab(event));
    this.steps = [];
    this.nodes = new Map();
    this.current = "";
  }

  // `steps` have key, title, who, kind, needs, marks (texts), faults (a count).
  draw(steps, links) {
    this.steps = steps;
    this.links = links;
    this.drawn = layout(steps.map((step) => step.key), links);
    const { width, height, paths } = this.drawn;
    for (const [name, value] of Object.entries({ width, height, viewBox: `0 0 ${width} ${height}` })) this.root.setAttribute(name, value);
    const hadFocus = this.root.contains(document.activeElement);
    this.nodes.clear();
    if (!steps.some((step) => step.key === this.current)) this.current = "";
    this.root.replaceChildren(...links.flatMap((link, n) => this.edge(link, paths[n])), ...steps.map((step) => this.node(step)));
    this.settle();
    if (hadFocus) this.nodes.get(this.current || steps[0]?.key)?.focus();
  }

  edge(link, path) {
    const shown = svg("path", { class: "edge", d: path, "data-s": link.kind === "failure" ? "cut" : null });
    if (!this.doing.unlink) return [shown];
    const title = `${link.to} ${link.kind === "failure" ? "handles the failure of" : "waits for"} ${link.from}. Press to take it away.`;
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
    if (!key || event.ctrlKey || event.metaKey || event.altKey) return;
    const doing = { Enter: () => this.open(key), " ": () => this.choose(key), Delete: () => this.doing.remove?.(key), c: () => this.doing.link?.(key) }[event.key];
    const next = doing ? null : this.beside(key, event.key);
    if (!doing && !next) return;
    event.preventDefault();
    event.stopPropagation();
    if (doing) return doing();
    this.choose(next);
    this.focus(next);
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
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  // The step under a place of the drawing.
  at({ x, y }) {
    const slack = 10;
    for (const [key, spot] of this.drawn.spots) {
      if (x > spot.x - slack && x < spot.x + BOX.width + slack && y > spot.y - slack && y < spot.y + BOX.height + slack) return key;
    }
    return "";
  }

  grab(event) {
    const port = event.target.closest?.("[data-port]");
    if (!port || event.button) return;
    event.preventDefault();
    const from = port.closest("[data-key]").dataset.key;
    const spot = this.drawn.spots.get(from);
    const isOut = port.dataset.port === "out";
    const start = { x: spot.x + BOX.width / 2, y: spot.y + (isOut ? BOX.height : 0) };
    const line = this.root.appendChild(svg("path", { class: "edge drag" }));
    const listening = new AbortController();
    const move = (moved) => {
      const { x, y } = this.point(moved);
      line.setAttribute("d", `M${start.x} ${start.y}C${start.x} ${(start.y + y) / 2} ${x} ${(start.y + y) / 2} ${x} ${y}`);
      this.aim(this.at({ x, y }), from);
    };
    const end = (ended) => {
      listening.abort();
      line.remove();
      this.aim("", from);
      const to = ended.type === "pointerup" ? this.at(this.point(ended)) : "";
      if (to && to !== from) this.doing.connect(isOut ? from : to, isOut ? to : from);
    };
    window.addEventListener("pointermove", move, { signal: listening.signal });
    window.addEventListener("pointerup", end, { signal: listening.signal });
    window.addEventListener("pointercancel", end, { signal: listening.signal });
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
