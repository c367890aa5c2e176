// The one event stream of this tab. Each part of a message becomes `live:<topic>` on the body.
import { urlOf, places } from "./places.js";

const HIDDEN_MS = 20_000; // A browser allows some six connections to one place; a tab nobody sees gives its own back.
const AGAIN_MS = [2_000, 5_000, 15_000, 60_000];

let source = null;
let address = "";
let last = Number(document.body.dataset.position) || 0;
let hiding = 0;
let refusals = 0;

/** Listen to all topics that the page names now; called again whenever its parts change. */
export function follow() {
  const wanted = addressNow();
  if (wanted === address && source && source.readyState !== EventSource.CLOSED) return;
  stop();
  address = wanted;
  if (!wanted || document.hidden) return;
  open();
}

function addressNow() {
  const topics = new Set();
  const filters = new URLSearchParams();
  for (const element of document.querySelectorAll("[data-live]")) {
    for (const topic of element.dataset.live.split(/[\s,]+/)) if (topic) topics.add(topic);
    for (const [name, value] of new URLSearchParams(element.dataset.liveFilter ?? "")) filters.set(name, value);
  }
  if (!topics.size) return "";
  filters.set("topics", [...topics].sort().join(","));
  return `${places.live}?${filters}`;
}

function open() {
  const after = last ? `&after=${last}` : "";
  source = new EventSource(address + after);
  source.onopen = () => {
    refusals = 0;
    tell("live");
  };
  source.onmessage = hear;
  source.onerror = () => {
    const isRefused = source.readyState === EventSource.CLOSED;
    tell(isRefused ? "closed" : "connecting");
    if (isRefused) findOut();
    // The browser comes back by itself, but for an answer that is a refusal.
    if (source.readyState === EventSource.CLOSED) setTimeout(reopen, AGAIN_MS[Math.min(refusals++, AGAIN_MS.length - 1)]);
  };
}

/** A refused stream says nothing of why; whoever is signed out has to know it. */
async function findOut() {
  try {
    const answer = await fetch(urlOf("/shell"), { credentials: "same-origin", headers: { "HX-Request": "true" } });
    if (answer.status === 401) tell("signed-out");
  } catch {
    // Nobody answers, which is told already.
  }
}

function hear(message) {
  const position = parseInt(message.lastEventId, 10);
  if (position > last) last = position;
  const parts = JSON.parse(message.data);
  for (const [topic, detail] of Object.entries(parts)) {
    document.body.dispatchEvent(new CustomEvent(`live:${topic}`, { detail }));
  }
}

function reopen() {
  if (source?.readyState === EventSource.CLOSED && !document.hidden) open();
}

function stop() {
  source?.close();
  source = null;
}

function tell(state) {
  document.body.dataset.stream = state;
  document.body.dispatchEvent(new CustomEvent("stream", { detail: state }));
}

document.addEventListener("visibilitychange", () => {
  clearTimeout(hiding);
  if (document.hidden) hiding = setTimeout(stop, HIDDEN_MS);
  else if (!source && address) open();
});
addEventListener("pagehide", stop);
addEventListener("pageshow", (event) => event.persisted && address && !source && open());
