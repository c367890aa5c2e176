// Elements of HTML and SVG in a line each. Text is always text.
import { icon } from "../places.js";

const SVG = "http://www.w3.org/2000/svg";

export function html(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

export function svg(name, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value" && "value" in element) begunWith(element, value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((each) => each !== null && each !== undefined && each !== false));
  return element;
}

// A field knows the value that it began with, so that one can tell whether somebody is writing in it.
function begunWith(element, value) {
  element.value = value;
  if ("defaultValue" in element) element.defaultValue = value;
}

// A glyph of the sprite at a place of a drawing.
export function glyph(name, x, y, size = 16) {
  const found = icon(name);
  for (const [key, value] of Object.entries({ x, y, width: size, height: size })) found.setAttribute(key, value);
  return found;
}

export function button(text, { glyph: name, cls = "", ...attributes } = {}) {
  return html("button", { type: "button", class: `btn ${cls}`.trim(), ...attributes }, name ? icon(name) : null, text);
}
