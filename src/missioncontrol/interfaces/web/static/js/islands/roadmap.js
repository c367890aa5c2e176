// The roadmap: a flag or a dot that is dragged asks for a preview; E in a row does the same, Esc discards.
const DAY = 86400;
const SNAP = { week: 900, month: DAY, quarter: DAY }; // Seconds that a drag moves by.
const FAR = 4; // Pixels before a press is a drag.

export function mount(road) {
  const gone = new AbortController();
  const { signal } = gone;
  road.addEventListener("pointerdown", (event) => begin(road, event), { signal });
  document.addEventListener("keydown", (event) => hear(road, event), { signal });
  road.querySelector("[data-moving]")?.focus();
  return () => gone.abort();
}

function begin(road, event) {
  const mark = event.target.closest("[data-due], [data-move]");
  if (!mark || event.button || !road.querySelector("[data-edit]")) return;
  event.preventDefault();
  const lane = mark.closest(".lane");
  const perPixel = (road.dataset.until - road.dataset.since) / lane.getBoundingClientRect().width;
  const snap = mark.dataset.due ? DAY : SNAP[road.dataset.zoom];
  const from = event.clientX;
  const by = (at) => Math.round(((at.clientX - from) * perPixel) / snap) * snap;
  const drag = new AbortController();
  const on = (type, act) => window.addEventListener(type, act, { signal: drag.signal });
  on("pointermove", (at) => mark.setAttribute("transform", `translate(${by(at) / perPixel} 0)`));
  on("pointercancel", () => end(mark, drag));
  on("keydown", (at) => at.key === "Escape" && end(mark, drag));
  on("pointerup", (at) => {
    end(mark, drag);
    if (Math.abs(at.clientX - from) >= FAR && by(at)) location.assign(addressOf(road, mark, by(at)));
  });
}

function end(mark, drag) {
  drag.abort();
  mark.removeAttribute("transform");
}

/** The address that previews a move by so many seconds; local times are those of the schedule's zone. */
function addressOf(road, mark, by) {
  const url = new URL(road.dataset.address, location.href);
  const at = Number(mark.dataset.at) + by;
  if (mark.dataset.due) {
    url.searchParams.set("due", mark.dataset.due);
    url.searchParams.set("day", iso(at).slice(0, 10));
  } else {
    url.searchParams.set("move", mark.dataset.move);
    url.searchParams.set("slot", mark.dataset.slot);
    url.searchParams.set("to", iso(at + Number(mark.dataset.zoneOffset)).slice(0, 16));
  }
  return url;
}

function iso(seconds) {
  return new Date(seconds * 1000).toISOString();
}

function hear(road, event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) {
    if (event.key !== "Escape") return;
  }
  const discard = road.querySelector("[data-discard]");
  if (event.key === "Escape" && discard) return location.assign(discard.href);
  const row = event.key === "e" && event.target.closest?.("[data-edit]");
  if (row) {
    event.preventDefault();
    location.assign(row.dataset.edit);
  }
}
