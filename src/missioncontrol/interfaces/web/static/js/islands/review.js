// A review: keys for changes, files and lines, and a form below the line that is commented on.
import { kept } from "../places.js";

export function mount(page) {
  const gone = new AbortController();
  const { signal } = gone;
  const review = new Review(page);
  // Before the keys of all lists: the rows of a diff are none.
  document.addEventListener("keydown", (event) => review.hear(event), { signal, capture: true });
  page.addEventListener("click", (event) => review.click(event), { signal });
  return () => gone.abort();
}

class Review {
  constructor(page) {
    this.page = page;
  }

  hear(event) {
    if (event.key === "Escape" && this.form()) return take(event, () => this.cancel());
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.form) return take(event, () => event.target.form.requestSubmit());
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || !kept("keys", true)) return;
    if (document.querySelector("dialog[open]")) return;
    const step = { j: ["hunk", 1], k: ["hunk", -1], J: ["file", 1], K: ["file", -1] }[event.key];
    if (step) return take(event, () => this.step(...step));
    const row = this.row();
    if (!row) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") return take(event, () => this.line(row, event.key === "ArrowDown" ? 1 : -1));
    if (event.key === "c" && row.dataset.line) take(event, () => this.open(row));
  }

  click(event) {
    if (event.target.closest("[data-cancel]")) return this.cancel();
    const row = event.target.closest("tr[data-line]");
    if (!row || String(getSelection())) return;
    row.focus({ preventScroll: true });
    if (event.target.closest(".g, .sg") || matchMedia("(pointer: coarse)").matches) this.open(row);
  }

  row() {
    return document.activeElement?.closest?.("tr[data-line], tr[data-hunk]");
  }

  /** Go to the first line of the next or the previous change, or of a file. */
  step(what, by) {
    const rows = [...this.page.querySelectorAll("tr[data-line], tr[data-hunk]")];
    const firsts = rows.filter((row) => (what === "file" ? isFirstOfFile(row) : isFirstOfChange(row)));
    const at = rows.indexOf(this.row());
    const places = firsts.map((row) => rows.indexOf(row));
    const place = by > 0 ? places.find((each) => each > at) : places.findLast((each) => each < at);
    if (place !== undefined) show(rows[place]);
  }

  line(row, by) {
    const rows = [...this.page.querySelectorAll("tr[data-line]")];
    const at = rows.indexOf(row);
    const next = at < 0 ? rows.find((each) => row.compareDocumentPosition(each) & Node.DOCUMENT_POSITION_FOLLOWING) : rows[at + by];
    if (next) show(next);
  }

  form() {
    return this.page.querySelector("tr.saying");
  }

  cancel() {
    const form = this.form();
    const row = form?.previousElementSibling;
    form?.remove();
    (row?.matches("[data-line]") ? row : null)?.focus();
  }

  open(row) {
    this.form()?.remove();
    const template = document.getElementById("line-form");
    if (!template) return;
    const place = document.createElement("tr");
    place.className = "said saying";
    const cell = place.appendChild(document.createElement("td"));
    cell.colSpan = 4;
    cell.append(template.content.cloneNode(true));
    const form = cell.querySelector("form");
    form.elements.path.value = row.closest("[data-path]").dataset.path;
    form.elements.line.value = row.dataset.line;
    form.elements.side.value = row.dataset.side;
    row.after(place);
    window.htmx?.process(form);
    form.elements.text.focus();
  }
}

function show(row) {
  row.focus({ preventScroll: true });
  row.scrollIntoView({ block: "center" });
}

const isChange = (row) => row?.matches?.(".add, .del");

function isFirstOfChange(row) {
  let before = row.previousElementSibling;
  while (before?.matches(".said")) before = before.previousElementSibling;
  return isChange(row) && !isChange(before);
}

const isFirstOfFile = (row) => row.parentElement.querySelector("tr[data-line]") === row;

const isTyping = (element) => element instanceof Element && element.matches("input:not([type=checkbox],[type=radio],[type=button]), textarea, select");

function take(event, act) {
  event.preventDefault();
  event.stopImmediatePropagation();
  act();
}
