// The keys of a row that has the focus: mark, range, edit, copy link, preview.
import { copy } from "./dialogs.js";
import { toast } from "./toasts.js";

const ROWS = "tbody tr, [data-row]";
const LINK = "th a, .t a, a";
const SHOWN = ".facts, .verdict, .sub, .rack, .panel";
let last = null;

/** Return the rows beside one, or those of the page's first list. */
export function rowsOf(row) {
  if (row) return [...row.parentElement.children].filter((one) => one.matches(ROWS));
  const first = document.querySelector("main :is(tbody tr, [data-row]) a");
  return first ? rowsOf(first.closest(ROWS)) : [];
}

/** Do what a key means for the row with the focus; return whether it means anything there. */
export function ofRow(event) {
  const row = document.activeElement?.closest?.(ROWS);
  if (!row || row.closest("[data-select-rows]")) return false;
  const act = actOf(event, row);
  if (!act) return false;
  event.preventDefault();
  act();
  return true;
}

function actOf(event, row) {
  const link = row.querySelector(LINK);
  const edit = row.dataset.edit;
  switch (event.key) {
    case "x": return () => mark([row]);
    case "X": return () => mark(range(row));
    case "e": return edit && (() => { location.href = edit; });
    case "l": return link && (() => copyLinks(row));
    case " ": return link && document.activeElement.matches("a") && (() => preview(link));
    default: return null;
  }
}

/** A row with a checkbox is ticked; others are marked, so that their links are copied together. */
function mark(rows) {
  for (const row of rows) {
    const box = row.querySelector("input[type=checkbox]");
    if (box) box.click();
    else row.toggleAttribute("data-marked", rows.length > 1 || !("marked" in row.dataset));
  }
  last = rows.at(-1);
  const count = marked(last).length;
  if (count) toast(`${count} marked`, { text: "L copies their links." });
}

function range(row) {
  const rows = rowsOf(row);
  const [from, to] = [rows.indexOf(last), rows.indexOf(row)];
  return from < 0 ? [row] : rows.slice(Math.min(from, to) + (from < to), Math.max(from, to) + (from < to));
}

const marked = (row) => rowsOf(row).filter((one) => "marked" in one.dataset);

function copyLinks(row) {
  const all = marked(row);
  const links = (all.length ? all : [row]).map((one) => one.querySelector(LINK)?.href).filter(Boolean);
  copy(links.join("\n"), links.length > 1 ? `${links.length} links copied` : "Link copied");
}

/** Show the beginning of the page behind a link: its name, its verdict and its first panel. */
async function preview(link) {
  const dialog = document.getElementById("preview");
  const body = document.getElementById("preview-body");
  document.getElementById("preview-h").textContent = link.textContent.trim();
  document.getElementById("preview-open").href = link.href;
  body.replaceChildren();
  dialog.showModal();
  try {
    const answer = await fetch(link.href, { headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    body.replaceChildren(...beginning(page));
  } catch {
    body.textContent = "The page did not load. Open it to try again.";
  }
}

function beginning(page) {
  const main = page.querySelector("main");
  const parts = [...(main?.querySelectorAll(SHOWN) ?? [])].filter((one) => !one.parentElement.closest(SHOWN)).slice(0, 3);
  for (const one of parts.flatMap((part) => [part, ...part.querySelectorAll("*")])) {
    if (one.matches("form, dialog, script, button, [data-island]")) one.remove();
    for (const { name } of [...one.attributes]) if (name === "id" || name.startsWith("hx-") || name === "data-live") one.removeAttribute(name);
  }
  return parts.map((part) => document.importNode(part, true));
}
