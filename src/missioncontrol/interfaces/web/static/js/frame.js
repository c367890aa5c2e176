// The frame: theme, navigation, the strip that shows the record, and where a page was scrolled to.
import { urlOf, icon, keep } from "./places.js";
import { grouped } from "./times.js";

const root = document.documentElement;
const WORDS = { live: ["live", "live"], connecting: ["held", "connecting"], closed: ["bad", "not connected"], "signed-out": ["bad", "signed out"] };
const LOST_MS = 4_000; // A break that is shorter is not worth a word.
let losing = 0;

export function tendFrame() {
  document.addEventListener("click", ({ target }) => {
    const act = target.closest?.("[data-act]")?.dataset.act;
    if (act === "theme") switchTheme();
    if (act === "nav") switchNavigation();
  });
  showNavigation();
  document.body.addEventListener("live:strip", ({ detail }) => showRecord(detail));
  document.body.addEventListener("stream", ({ detail }) => {
    showStream(detail);
    showLost(detail);
  });
  keepScroll();
}

/** The other theme than the one that is seen now. */
export function switchTheme() {
  const chosen = root.dataset.theme;
  const isDark = chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = isDark ? "light" : "dark";
  keep("theme", root.dataset.theme);
  document.body.dispatchEvent(new CustomEvent("theme", { detail: root.dataset.theme }));
}

function switchNavigation() {
  const isSmall = root.dataset.nav === "min";
  if (isSmall) delete root.dataset.nav;
  else root.dataset.nav = "min";
  keep("nav", isSmall ? "" : "min");
  showNavigation();
}

function showNavigation() {
  document.querySelector('[data-act="nav"]')?.setAttribute("aria-expanded", String(root.dataset.nav !== "min"));
}

function showRecord({ position, time, type, stream }) {
  const place = document.getElementById("strip-seq");
  if (!place) return;
  place.textContent = grouped(position);
  const last = document.getElementById("strip-last");
  if (!type || !last) return;
  const clock = document.createElement("time");
  clock.dateTime = new Date(time * 1000).toISOString();
  clock.textContent = clock.dateTime.slice(11, 19);
  const name = document.createElement("b");
  name.textContent = eventName(type);
  last.replaceChildren(clock, " ", name, ` ${stream}`);
}

/** `step_succeeded` as people write it: "Step succeeded". */
function eventName(type) {
  const text = type.replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function showStream(state) {
  const place = document.getElementById("strip-live");
  if (!place) return;
  const [tone, word] = WORDS[state];
  place.dataset.tone = tone;
  const text = document.createElement("span");
  text.className = "t";
  text.textContent = word;
  const glyph = icon("events");
  glyph.classList.add("s");
  place.replaceChildren(glyph, text);
}

/** Say in the page itself that it is not up to date any more, and take that back when it is. */
function showLost(state) {
  const place = document.getElementById("lost");
  if (!place || (state !== "live" && state !== "signed-out" && losing)) return;
  clearTimeout(losing);
  losing = 0;
  if (state === "live") place.hidden = true;
  else if (state === "signed-out") tellLost(place, "You are signed out.", "Your input stays until you leave this page.", true);
  else {
    const since = new Date().toISOString().slice(11, 19);
    losing = setTimeout(() => tellLost(place, "The console does not respond.", `This page shows the state at ${since} UTC. It reconnects automatically.`), LOST_MS);
  }
}

function tellLost(place, title, text, isOut = false) {
  const said = document.createElement("span");
  said.append(Object.assign(document.createElement("b"), { textContent: title }), ` ${text}`);
  place.replaceChildren(icon("warn"), said);
  if (isOut) {
    const link = place.appendChild(Object.assign(document.createElement("a"), { className: "btn", textContent: "Sign in" }));
    link.href = urlOf(`/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`);
  }
  place.hidden = false;
}

/** `main` scrolls and not the window, so going back has to be helped. */
function keepScroll() {
  const main = document.getElementById("main");
  const name = `scroll:${location.pathname}${location.search}`;
  const [entry] = performance.getEntriesByType("navigation");
  try {
    if (entry?.type !== "navigate") main.scrollTop = Number(sessionStorage.getItem(name)) || 0;
    addEventListener("pagehide", () => sessionStorage.setItem(name, main.scrollTop));
  } catch {
    // Without storage a page begins at its top.
  }
}
