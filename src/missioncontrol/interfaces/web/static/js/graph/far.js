// The graph from far away: steps as marks on a canvas of the size of the window, thousands of them in a frame.
import { edgeLook, lookOf } from "./looks.js";

const TONES = {
  running: "--live", succeeded: "--ok", approval: "--ask", failed: "--bad", blocked: "--held",
  ready: "--text-2", waiting: "--edge", skipped: "--edge", cancelled: "--edge",
};
const HOLLOW = new Set(["waiting", "skipped", "cancelled", "ready"]); // told apart by their outline too
const LINES = { idle: "--line-2", cut: "--held", done: "--ok", live: "--live" };

export class FarView {
  constructor(element, token) {
    this.element = element;
    this.token = token;
    this.canvas = document.createElement("canvas");
    this.canvas.className = "far";
    this.canvas.setAttribute("aria-hidden", "true");
    this.canvas.hidden = true;
    this.tones = null;
  }

  show(is) {
    if (is && !this.canvas.isConnected) this.element.prepend(this.canvas);
    if (this.canvas.hidden === is) this.canvas.hidden = !is;
  }

  /** Take note that states or places are others now. */
  changed() {
    this.paths = null;
  }

  paint(places, lines, nodes, zoom) {
    const { scrollLeft, scrollTop, clientWidth, clientHeight } = this.element;
    const sharp = devicePixelRatio;
    this.size(clientWidth, clientHeight, sharp);
    this.paths ??= gathered(places, lines, nodes);
    const tones = this.colors();
    const pen = this.canvas.getContext("2d");
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, this.canvas.width, this.canvas.height);
    const spare = Math.max(0, clientWidth - this.paths.right * zoom) / 2;
    pen.setTransform(zoom * sharp, 0, 0, zoom * sharp, (spare - scrollLeft) * sharp, -scrollTop * sharp);
    this.paintLines(pen, tones, zoom);
    this.paintMarks(pen, tones, zoom);
  }

  size(wide, high, sharp) {
    const [w, h] = [Math.round(wide * sharp), Math.round(high * sharp)];
    if (this.canvas.width === w && this.canvas.height === h) return;
    this.canvas.width = w;
    this.canvas.height = h;
    this.canvas.style.setProperty("inline-size", `${wide}px`);
    this.canvas.style.setProperty("block-size", `${high}px`);
    this.canvas.style.setProperty("margin-block-end", `${-high}px`);
  }

  /** The colours of the theme that is on now. */
  colors() {
    const theme = `${document.documentElement.dataset.theme}${matchMedia("(prefers-color-scheme: dark)").matches}`;
    if (this.theme !== theme) {
      this.theme = theme;
      this.tones = Object.fromEntries([...new Set([...Object.values(TONES), ...Object.values(LINES)])].map((name) => [name, this.token(name)]));
    }
    return this.tones;
  }

  paintLines(pen, tones, zoom) {
    pen.lineWidth = Math.max(1, 0.7 / zoom);
    pen.globalAlpha = 0.35;
    for (const [look, path] of this.paths.lines) {
      pen.strokeStyle = tones[LINES[look]];
      pen.stroke(path);
    }
    pen.globalAlpha = 1;
  }

  paintMarks(pen, tones, zoom) {
    pen.lineWidth = Math.max(2, 1 / zoom);
    for (const [look, path] of this.paths.marks) {
      pen.fillStyle = pen.strokeStyle = tones[TONES[look]];
      if (!HOLLOW.has(look)) pen.fill(path);
      pen.setLineDash(look === "skipped" || look === "cancelled" ? [8, 8] : []);
      pen.stroke(path);
    }
    pen.setLineDash([]);
  }
}

function gathered(places, lines, nodes) {
  const marks = new Map(), drawn = new Map();
  let right = 0;
  for (const [key, { x, y, w, h, open }] of places) {
    if (x === undefined) continue;
    right = Math.max(right, x + w + 12);
    if (!open) path(marks, lookOf(nodes.get(key).state)[0]).rect(x, y, w, h);
  }
  // Straight from step to step: bends are not seen from here.
  for (const { from, to } of lines) {
    const a = places.get(from), b = places.get(to);
    const line = path(drawn, edgeLook(nodes.get(from).state, nodes.get(to).state));
    line.moveTo(a.x + a.w / 2, a.y + a.h);
    line.lineTo(b.x + b.w / 2, b.y);
  }
  return { marks, lines: drawn, right };
}

function path(map, key) {
  if (!map.has(key)) map.set(key, new Path2D());
  return map.get(key);
}
