// Keeps the place of who works by keyboard: what had the focus has it again after a part of the page is
// put in place anew; where it is gone, the part itself has it.

let kept = null;

export function keepFocus() {
  document.addEventListener("htmx:before:swap", remember);
  document.addEventListener("htmx:after:swap", () => setTimeout(giveBack));
}

function remember() {
  const one = document.activeElement;
  if (!one || one === document.body) return;
  const part = one.closest("[id]:not(input, select, textarea, button, a)");
  kept = {
    one,
    id: one.id,
    part: part?.id ?? "",
    name: one.tagName.toLowerCase(),
    label: one.getAttribute("aria-label") || one.textContent.trim(),
    field: one.getAttribute("name") ?? "",
  };
}

function giveBack() {
  const before = kept;
  kept = null;
  if (!before || (document.activeElement && document.activeElement !== document.body)) return;
  if (document.querySelector("dialog[open]")) return;
  const part = before.part ? document.getElementById(before.part) : null;
  if (!before.one.isConnected) (same(before, part ?? document) ?? reachable(part))?.focus({ preventScroll: true });
}

function same({ id, name, label, field }, root) {
  if (id) return document.getElementById(id);
  const alike = [...root.querySelectorAll(name)];
  return alike.find((one) => field && one.getAttribute("name") === field)
    ?? alike.find((one) => label && (one.getAttribute("aria-label") || one.textContent.trim()) === label);
}

/** A part of a page can be given the focus, though Tab does not lead to it. */
function reachable(part) {
  if (part && !part.hasAttribute("tabindex")) part.setAttribute("tabindex", "-1");
  return part;
}
