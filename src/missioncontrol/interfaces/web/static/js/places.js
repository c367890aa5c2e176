// Where things are, as the page says: icons, islands, the event stream, where `g` and a letter lead.
export const places = JSON.parse(document.getElementById("places").textContent);

/** Return where a path of this workspace is: below `/w/NAME` where one console serves several. */
export const urlOf = (path) => (!path.startsWith("/") || /^\/(static|w)\//.test(path) ? path : places.base + path);

/** Return a glyph of the sprite, to be put beside a word. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "i");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${places.icons}#${name}`);
  svg.append(use);
  return svg;
}

const EVERYWHERE = ["theme", "nav", "keys"]; // Choices of the reader, the same in each workspace.
const own = (name) => (EVERYWHERE.includes(name) ? name : places.base + name);

/** Return what the browser keeps under `name`, or `otherwise`. */
export function kept(name, otherwise) {
  try {
    return JSON.parse(localStorage.getItem(own(name))) ?? otherwise;
  } catch {
    return otherwise;
  }
}

/** Keep a value under `name`; a browser that keeps nothing goes without. */
export function keep(name, value) {
  try {
    localStorage.setItem(own(name), typeof value === "string" ? value : JSON.stringify(value));
  } catch {
    // Private windows and full disks; nothing depends on it.
  }
}

/** Resolve a token such as `--c1` for a canvas: light-dark() is only settled on a real property. */
export function token(name) {
  const probe = document.body.appendChild(document.createElement("i"));
  probe.style.color = `var(${name})`;
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
}

/** Return what stands on a button, without its key. */
export function wordsOf(button) {
  const copy = button.cloneNode(true);
  copy.querySelectorAll("kbd, svg").forEach((one) => one.remove());
  return copy.textContent.trim();
}
