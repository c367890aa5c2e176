// Paints a part of the page as a PNG: boxes, letters, drawings and canvases as they stand.
const SCALE = 2;

const CAPTION = 28;

/** Return `element` as the address of a PNG, with a line below that says what it shows. */
export async function picture(element, caption = "") {
  const frame = element.getBoundingClientRect();
  const canvas = document.createElement("canvas");
  canvas.width = Math.ceil(frame.width * SCALE);
  canvas.height = Math.ceil((frame.height + (caption ? CAPTION : 0)) * SCALE);
  const pen = canvas.getContext("2d");
  pen.scale(SCALE, SCALE);
  pen.translate(-frame.left, -frame.top);
  pen.fillStyle = ground(element);
  pen.fillRect(frame.left, frame.top, frame.width, frame.height + CAPTION);
  paint(element, pen);
  if (caption) below(frame, caption, pen);
  return canvas.toDataURL("image/png");
}

/** Return the colour on which an element stands. */
function ground(element) {
  for (let each = element; each; each = each.parentElement) {
    const { backgroundColor } = getComputedStyle(each);
    if (!/^(transparent|rgba\(.*, 0\))$/.test(backgroundColor)) return backgroundColor;
  }
  return "white";
}

function below(frame, caption, pen) {
  const style = getComputedStyle(document.querySelector(".head :is(.sub, .verdict)") ?? document.body);
  pen.font = `${style.fontWeight} 12px ${style.fontFamily}`;
  pen.fillStyle = style.color;
  pen.textBaseline = "middle";
  pen.textAlign = "start";
  pen.fillText(caption, frame.left + 12, frame.top + frame.height + CAPTION / 2, frame.width - 24);
}

function paint(element, pen) {
  const style = getComputedStyle(element);
  if (style.visibility === "hidden" || style.display === "none" || element.matches(".vh, .tools, summary, details:not([open]) > :not(summary)")) return;
  if (element instanceof HTMLCanvasElement) return image(element, pen);
  if (element instanceof SVGElement) return shape(element, style, pen);
  box(element, style, pen);
  for (const child of element.childNodes) {
    if (child.nodeType === Node.TEXT_NODE) letters(child, style, pen);
    else if (child.nodeType === Node.ELEMENT_NODE) paint(child, pen);
  }
}

function image(element, pen) {
  const { left, top, width, height } = element.getBoundingClientRect();
  if (width && height) pen.drawImage(element, left, top, width, height);
}

function box(element, style, pen) {
  const { left, top, width, height } = element.getBoundingClientRect();
  if (!width || !height) return;
  pen.fillStyle = style.backgroundColor;
  pen.fillRect(left, top, width, height);
  const edge = parseFloat(style.borderTopWidth);
  if (edge > 0 && style.borderTopStyle !== "none") {
    pen.fillStyle = style.borderTopColor;
    pen.fillRect(left, top, width, edge);
  }
}

function letters(node, style, pen) {
  if (!node.data.trim()) return;
  pen.font = `${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
  pen.fillStyle = style.color;
  pen.textBaseline = "middle";
  const isTabular = style.fontVariantNumeric.includes("tabular-nums");
  pen.textAlign = isTabular ? "center" : "start";
  for (const [text, { left, top, width, height }] of lines(node, isTabular)) pen.fillText(text, left + (isTabular ? width / 2 : 0), top + height / 2);
}

/** Cut a text into what stands on each line; letter by letter where figures are as wide as each other. */
function lines(node, isTabular) {
  const range = document.createRange();
  const found = [];
  for (let at = 0; at < node.length; at += 1) {
    range.setStart(node, at);
    range.setEnd(node, at + 1);
    const place = range.getClientRects()[0];
    if (!place) continue;
    const last = found.at(-1);
    if (!isTabular && last && Math.abs(last[1].top - place.top) < 2) last[0] += node.data[at];
    else found.push([node.data[at], place]);
  }
  return found;
}

function shape(element, style, pen) {
  if (element.matches("defs, pattern, title, use")) return;
  const matrix = element.getScreenCTM?.();
  if (element instanceof SVGGeometryElement && matrix) {
    pen.save();
    pen.transform(matrix.a, matrix.b, matrix.c, matrix.d, matrix.e, matrix.f);
    const path = outline(element);
    pen.globalAlpha = parseFloat(style.opacity);
    if (style.fill !== "none") {
      pen.fillStyle = style.fill.startsWith("url") ? hatch(pen, style.color) : style.fill;
      pen.fill(path);
    }
    if (style.stroke !== "none") {
      pen.strokeStyle = style.stroke;
      pen.lineWidth = parseFloat(style.strokeWidth);
      pen.stroke(path);
    }
    pen.restore();
  }
  for (const child of element.children) paint(child, pen);
}

function outline(element) {
  const path = new Path2D();
  if (element instanceof SVGPathElement) return new Path2D(element.getAttribute("d"));
  const { x, y, width, height } = element.getBBox();
  if (element instanceof SVGCircleElement) path.arc(x + width / 2, y + height / 2, width / 2, 0, 7);
  else path.rect(x, y, width, height);
  return path;
}

function hatch(pen, colour) {
  const tile = document.createElement("canvas");
  tile.width = tile.height = 5;
  const point = tile.getContext("2d");
  point.strokeStyle = colour;
  point.lineWidth = 1.5;
  point.moveTo(-1, 6);
  point.lineTo(6, -1);
  point.stroke();
  return pen.createPattern(tile, "repeat");
}
