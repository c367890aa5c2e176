// The frame: theme, navigation, the strip that shows the record, and where a page was scrolled to.
import { icon, keep } from "./places.js";
import { grouped } from "./times.js";

const root = document.documentElement;
const WORDS = { live: ["live", "live"], connecting: ["held", "connecting"], closed: ["bad", "not connected"] };

export function tendFrame() {
  document.addEventListener("click", ({ target }) => {
    const act = target.closest?.("[data-act]")?.dataset.act;
    if (act === "theme") switchTheme();
    if (act === "nav") switchNavigation();
  });
  showNavigation();
  document.body.addEventListener("live:strip", ({ detail }) => showRecord(detail));
  document.body.addEventListener("stream", ({ detail }) => showStream(detail));
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
  name.textContent = type;
  last.replaceChildren(clock, " ", name, ` ${stream}`);
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
