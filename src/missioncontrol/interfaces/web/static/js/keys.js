// The keyboard. Single keys work where nothing is being typed, can be turned off, and are listed on `?`.
import { keep, kept, places, wordsOf } from "./places.js";
import { openDialog } from "./dialogs.js";
import { ofRow, rowsOf } from "./rows.js";

const GO_MS = 1500;
/** The keys of lists, the inbox and the board; `?` lists them on every page. */
const OTHERS = [
  ["Lists", ["j k|Select", "Enter|Open", "x|Mark", "Shift x|Mark a range", "e|Edit", "l|Copy link", "Space|Preview"]],
  ["Inbox", ["a|Approve, answer, start", "c|Request changes", "r|Reject", "s|Snooze", "d|Delegate", "m|Comment", "u|Undo"]],
  ["Board", ["j k h l|Select", "m|Move", "i|Assign", "p|Priority", "b|Blocked by", "v|Next view"]],
].map(([title, keys]) => [title, keys.map((each) => [each.split("|")[0].split(" "), each.split("|")[1]])]);
let going = 0;

export function listenToKeys() {
  document.addEventListener("keydown", hear);
  const on = document.getElementById("keys-on");
  if (on) {
    on.checked = kept("keys", true);
    on.addEventListener("change", () => keep("keys", on.checked));
  }
  document.getElementById("keys")?.addEventListener("opened", listKeys);
  if (/Mac|iPhone|iPad/.test(navigator.platform)) {
    document.querySelectorAll('[data-key="mod"]').forEach((kbd) => { kbd.textContent = "⌘ K"; });
  }
}

function hear(event) {
  if (event.isComposing) return;
  if ((event.ctrlKey || event.metaKey) && !event.altKey) return withControl(event);
  if (event.altKey || isTyping(event.composedPath()[0]) || !kept("keys", true)) return;
  if (document.querySelector("dialog[open]")) return;
  if (going) return goTo(event);
  // What is typed before the field that a key opened is there decides nothing.
  if (document.querySelector("[data-key-press].htmx-request, a[data-row].htmx-request, form.htmx-request [data-key-press]")) return;
  single(event);
}

function withControl(event) {
  const key = event.key.toLowerCase();
  if (key === "k" && !event.shiftKey) take(event, () => openDialog("palette"));
  if (event.shiftKey && (key === "." || event.code === "Period")) take(event, () => openDialog("stop-all"));
}

function single(event) {
  if (event.key === "?") return take(event, () => openDialog("keys"));
  if (event.key === "g") {
    going = setTimeout(() => { going = 0; }, GO_MS);
    return;
  }
  const field = document.querySelector(`[data-focus-key="${CSS.escape(event.key)}"]`);
  if (field) return take(event, () => field.focus());
  if (event.key === "/") return take(event, () => openDialog("palette"));
  if (event.key === "j" || event.key === "k") return step(event);
  if (ofRow(event)) return;
  // A key that is held down presses once: what comes after a decision is another one.
  const button = event.repeat ? null : pressed(event.key);
  if (button) return take(event, () => button.click());
  if (event.key === "n") take(event, makeNew);
}

/** `n` makes what the page lists; where it lists nothing that can be made, the palette has all of it. */
function makeNew() {
  const buttons = [...document.querySelectorAll("main .acts :is(a, button)")];
  const found = buttons.find((one) => one.offsetParent !== null && one.querySelector('use[href$="#plus"]'));
  if (found) return found.click();
  document.getElementById("palette").dataset.query = "new";
  openDialog("palette");
}

function goTo(event) {
  clearTimeout(going);
  going = 0;
  const place = places.go[event.key];
  if (place) take(event, () => { location.href = place[1]; });
}

/** A key presses a button of the part of the page where the focus is, or of the page where it is nowhere. */
function pressed(key) {
  const active = document.activeElement;
  const part = active?.closest?.("[data-keys]") ?? (isNowhere(active) ? document : null);
  const found = part?.querySelectorAll(`[data-key-press="${CSS.escape(key)}"]:not(:disabled)`) ?? [];
  return [...found].find((button) => button.offsetParent !== null);
}

/**
 * `j` and `k` step through the rows of the list that has the focus, or of the page's first list. In a
 * list of which the page shows one entry, they show the next and the one before.
 */
function step(event) {
  const selecting = document.querySelector("main [data-select-rows]");
  const other = document.activeElement?.closest?.("[data-row], tbody tr");
  if (selecting && (!other || selecting.contains(other))) return select(event, selecting);
  const active = document.activeElement;
  const row = active?.closest?.("tbody tr, [data-row]");
  const rows = rowsOf(row);
  if (!rows.length) return;
  const at = row ? rows.indexOf(row) + (event.key === "j" ? 1 : -1) : 0;
  const next = rows[Math.max(0, Math.min(at, rows.length - 1))];
  take(event, () => (next.querySelector("th a, a, button, input") ?? next).focus());
}

function select(event, list) {
  const rows = [...list.querySelectorAll("[data-row]")];
  const current = rows.findIndex((row) => row.getAttribute("aria-current") === "true");
  const next = rows[current + (event.key === "j" ? 1 : -1)] ?? (current < 0 ? rows[0] : null);
  take(event, () => (next?.matches("a") ? next : next?.querySelector("a"))?.click());
}

function take(event, act) {
  event.preventDefault();
  act();
}

const isNowhere = (element) => !element || element === document.body || element.id === "main";

/** Whether keys are text there: the editor of workflows is in a shadow tree, so ask its innermost target. */
function isTyping(element) {
  return element instanceof Element && (element.matches("input:not([type=checkbox],[type=radio],[type=range],[type=button]), textarea, select") || element.isContentEditable || element.closest(".cm-editor"));
}

/** List what works on this page now. */
function listKeys() {
  const mod = /Mac/.test(navigator.platform) ? "⌘" : "Ctrl";
  const everywhere = [[[mod, "K"], "Search or run a command"], [["?"], "Keyboard shortcuts"], [["n"], "New"], [["/"], "Filter"], [["Esc"], "Close"]];
  if (document.getElementById("stop-all")) everywhere.push([[mod, "Shift", "."], "Emergency stop"]);
  const go = Object.entries(places.go).map(([key, [title]]) => [["g", key], title]);
  const here = [...document.querySelectorAll("main [data-key-press]")].map((button) => [[button.dataset.keyPress], button.dataset.keyName ?? wordsOf(button)]);
  for (const field of document.querySelectorAll("main [data-focus-key]")) here.push([[field.dataset.focusKey], field.getAttribute("aria-label")]);
  for (const part of document.querySelectorAll("main [data-key-help]")) here.push(...JSON.parse(part.dataset.keyHelp));
  const body = document.getElementById("keys-body");
  body.replaceChildren(...[["Everywhere", everywhere], ["On this page", here], ["Go to", go], ...OTHERS].filter(([, list]) => list.length).map(group));
}

function group([title, list]) {
  const section = document.createElement("section");
  section.append(made("h3", title));
  const pairs = section.appendChild(made("dl", ""));
  pairs.className = "keys";
  for (const [keys, text] of list) {
    const term = pairs.appendChild(made("dt", ""));
    keys.forEach((key) => term.append(made("kbd", key), " "));
    pairs.append(made("dd", text));
  }
  return section;
}

function made(name, text) {
  const element = document.createElement(name);
  element.textContent = text;
  return element;
}
