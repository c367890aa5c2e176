// The inbox beyond its forms: count in the title and the icon, focus, Esc, Undo for ten seconds, the reader's zone.
import { urlOf } from "../places.js";

const UNDO_MS = 10_000;
const NAME = "Inbox · Mission Control";

export function mount(page) {
  const link = document.querySelector('link[rel="icon"]');
  let going = 0;

  const settle = () => {
    count(page, link);
    mark(page);
    const zone = -new Date().getTimezoneOffset();
    for (const form of page.querySelectorAll('form[action$="/snooze"]')) setZone(form, zone);
    const field = page.querySelector("[data-ask] :is(textarea, input:not([type=hidden]))");
    if (field && !page.querySelector("[data-ask]").contains(document.activeElement)) field.focus();
    page.querySelector('.item[aria-current="true"]')?.scrollIntoView({ block: "nearest" });
    const done = page.querySelector("[data-done]");
    clearTimeout(going);
    if (done) going = setTimeout(() => done.remove(), UNDO_MS);
  };

  const hear = (event) => {
    if (event.key === "Escape") page.querySelector("[data-cancel]")?.click();
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) event.target.form?.requestSubmit();
  };
  document.addEventListener("htmx:after:swap", settle);
  page.addEventListener("keydown", hear);
  settle();
  return () => {
    document.removeEventListener("htmx:after:swap", settle);
    clearTimeout(going);
  };
}

function count(page, link) {
  const needed = Number(page.querySelector(".inbox-state")?.dataset.needed ?? 0);
  document.title = needed ? `(${needed}) ${NAME}` : NAME;
  const wanted = needed ? page.dataset.iconAsk : page.dataset.icon;
  if (link && !link.href.endsWith(wanted)) link.href = wanted;
}

/** A list that was asked for before another item was opened marks the older one. */
function mark(page) {
  const open = page.querySelector(".itempane")?.id.slice("item-".length);
  for (const row of page.querySelectorAll(".item")) {
    if (open && decodeURIComponent(new URL(row.href).pathname) === urlOf(`/inbox/${open}`)) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
  }
}

function setZone(form, zone) {
  const field = form.querySelector("[name=zone]") ?? form.appendChild(Object.assign(document.createElement("input"), { type: "hidden", name: "zone" }));
  field.value = zone;
}
