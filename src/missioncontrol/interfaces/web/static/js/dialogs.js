// Opening and closing: dialogs by `data-open` and `data-close`, what copies by `data-copy`.
import { toast } from "./toasts.js";

export function tendDialogs() {
  document.addEventListener("click", ({ target }) => {
    const opener = target.closest?.("[data-open]");
    if (opener) openDialog(opener.dataset.open);
    if (target.closest?.("[data-close]")) target.closest("dialog")?.close();
    const copier = target.closest?.("[data-copy]");
    if (copier) copy(copier.dataset.copy);
  });
  // A click beside a dialog closes it, but not one that began inside, such as marking text.
  let began = null;
  document.addEventListener("pointerdown", ({ target }) => { began = target; });
  document.addEventListener("click", (event) => {
    if (event.target instanceof HTMLDialogElement && began === event.target && isBeside(event)) event.target.close();
  });
}

/** Open a dialog of this page; a menu that holds the button closes. */
export function openDialog(id) {
  const dialog = document.getElementById(id);
  if (!dialog || dialog.open) return;
  document.querySelectorAll("[popover]:popover-open").forEach((one) => one.hidePopover());
  document.querySelectorAll("dialog[open]").forEach((one) => one.close());
  dialog.showModal();
  dialog.dispatchEvent(new CustomEvent("opened"));
}

function isBeside({ target, clientX: x, clientY: y }) {
  const box = target.getBoundingClientRect();
  return x < box.left || x > box.right || y < box.top || y > box.bottom;
}

export async function copy(text, words = "Copied") {
  try {
    await navigator.clipboard.writeText(text);
    toast(words, { tone: "ok", text: words === "Copied" ? "" : text });
  } catch {
    toast("Copying was blocked by the browser", { text: "Select the text and copy it manually.", tone: "bad" });
  }
}
