// Keeps relative times true while a page is open, and the clock of the strip.

const UNITS = [[86_400, "d"], [3_600, "h"], [60, "min"]];
const SHORT_OF = 0.05; // of a unit: so little less than a whole one counts as that

/** Return a span roughly, in one unit: `14 min`, as the server writes it. */
export function span(seconds) {
  for (const [length, unit] of UNITS) if (seconds >= length) return `${Math.floor(seconds / length)} ${unit}`;
  return `${Math.floor(seconds)} s`;
}

/** Return how long something is to come, roughly, as the server writes it. */
export function ahead(seconds) {
  for (const [length] of UNITS) if (seconds >= length * (1 - SHORT_OF)) return span(seconds + length * SHORT_OF);
  return span(seconds);
}

/** Return how long ago a moment was, or how soon it is; `at` in milliseconds. */
export function ago(at) {
  const passed = (Date.now() - at) / 1000;
  return passed >= 0 ? span(passed) : `in ${ahead(-passed)}`;
}

/** Return a number grouped by thin spaces, as the server writes it. */
export const grouped = (value) => String(Math.round(value)).replace(/\B(?=(\d{3})+(?!\d))/g, "\u202f");

export function keepTimes() {
  setInterval(() => {
    if (document.hidden) return;
    const clock = document.getElementById("strip-clock");
    if (clock) clock.textContent = new Date().toISOString().slice(11, 19);
  }, 1000);
  setInterval(() => document.hidden || refresh(), 5000);
  document.addEventListener("visibilitychange", () => document.hidden || refresh());
}

function refresh() {
  for (const time of document.querySelectorAll('time[data-time="ago"]')) {
    const text = ago(Date.parse(time.dateTime));
    if (time.textContent !== text) time.textContent = text;
  }
}
