// How the states of steps look in the graph: the same words and shapes as everywhere.

const LOOKS = {
  waiting: ["waiting", "Waiting"],
  due: ["ready", "Due"],
  held: ["approval", "Waiting for approval"],
  expanded: ["running", "Expanded"],
  ready: ["ready", "Ready"],
  working: ["running", "Running"],
  resting: ["ready", "Retrying"],
  succeeded: ["succeeded", "Succeeded"],
  skipped: ["skipped", "Skipped"],
  failed: ["failed", "Failed"],
  blocked: ["blocked", "Blocked"],
  cancelled: ["cancelled", "Cancelled"],
  absent: ["waiting", "Not started"],
};

/** Return [`data-s`, word] of a state. */
export const lookOf = (state) => LOOKS[state] ?? LOOKS.waiting;

/** Return how an edge looks: done, live, cut or idle. */
export function edgeLook(from, to) {
  if (to === "blocked" || to === "cancelled" || to === "skipped") return "cut";
  if (to === "working" || to === "expanded" || to === "resting") return "live";
  const ended = from === "succeeded" || from === "failed" || from === "skipped";
  return ended && to !== "waiting" && to !== "absent" ? "done" : "idle";
}

/** Return how long something took: `840 ms`, `12.4 s`, `18:24`, `2 h 05 min`, as the server writes it. */
export function lasting(seconds) {
  const two = (value) => String(Math.floor(value)).padStart(2, "0");
  if (seconds < 1) return `${Math.max(0, seconds * 1000).toFixed(0)} ms`;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  if (seconds < 3600) return `${two(seconds / 60)}:${two(seconds % 60)}`;
  return `${Math.floor(seconds / 3600)} h ${two((seconds % 3600) / 60)} min`;
}
