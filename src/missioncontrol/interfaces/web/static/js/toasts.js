// Short notes at the edge, read out politely. What went well says nothing here; the page shows it.
import { icon } from "./places.js";

const SHOWN_MAX = 4;
const SECONDS = 8;

/** Show a note; `tone` bad stays until it is dismissed. */
export function toast(title, { text = "", tone = "live", request = "" } = {}) {
  const place = document.getElementById("toasts");
  const made = document.getElementById("toast").content.firstElementChild.cloneNode(true);
  made.dataset.tone = tone;
  made.querySelector(".i").replaceWith(icon(tone === "bad" ? "warn" : tone === "ok" ? "check" : "info"));
  made.querySelector("b").textContent = title;
  made.querySelector("p").textContent = request ? `${text} Request ${request}` : text;
  made.querySelector("button").onclick = () => made.remove();
  place.append(made);
  while (place.children.length > SHOWN_MAX) place.firstElementChild.remove();
  if (tone !== "bad") setTimeout(() => made.remove(), SECONDS * 1000);
  return made;
}

/** Show a refusal as the server tells it (RFC 9457): in the dialog that asked, or at the edge. */
export function tellProblem(problem, dialog = null) {
  const faults = problem.faults?.length ? ` ${problem.faults.join(" ")}` : "";
  const text = [problem.hint, faults].filter(Boolean).join(" ");
  const title = problem.detail || problem.title;
  if (dialog?.open) return tellInside(dialog, title, text, problem.instance);
  return toast(title, { text, tone: "bad", request: problem.instance });
}

/** What lies behind a dialog is out of reach, so its own refusals are told in it. */
function tellInside(dialog, title, text, request) {
  clearInside(dialog);
  const banner = document.createElement("div");
  banner.className = "banner refusal";
  banner.dataset.tone = "bad";
  banner.setAttribute("role", "alert");
  const words = document.createElement("span");
  const head = words.appendChild(document.createElement("b"));
  head.textContent = title;
  words.append(` ${text}${request ? ` Request ${request}` : ""}`);
  banner.append(icon("warn"), words);
  (dialog.querySelector(".body") ?? dialog).prepend(banner);
}

/** Take the refusal of an earlier try away. */
export function clearInside(dialog) {
  dialog?.querySelectorAll(".banner.refusal").forEach((one) => one.remove());
}
