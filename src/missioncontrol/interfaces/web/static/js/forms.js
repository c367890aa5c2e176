// What htmx sends and gets: the token, refusals as notes, questions before what can't be undone.
import { csrf } from "./ask.js";
import { urlOf } from "./places.js";
import { clearInside, tellProblem } from "./toasts.js";

export function tendForms() {
  document.addEventListener("htmx:config:request", ({ detail: { ctx } }) => prepare(ctx));
  document.addEventListener("htmx:before:swap", keepPage);
  document.addEventListener("htmx:error", ({ detail }) => tellSilence(detail));
  document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => closeDialog(ctx));
  document.addEventListener("htmx:confirm", makeSure);
  document.addEventListener("formdata", ({ target, formData }) => "filters" in target.dataset && dropEmpty(formData));
  document.addEventListener("submit", (event) => "filters" in event.target.dataset || once(event), true);
}

function prepare(ctx) {
  const { request, sourceElement } = ctx;
  clearInside(sourceElement.closest?.("dialog"));
  request.action = urlOf(request.action);
  if (request.method !== "GET") request.headers["X-CSRF-Token"] = csrf();
  if (sourceElement.matches?.("form[data-filters]")) dropEmpty(request.body);
}

/** An address says only what was chosen. */
function dropEmpty(data) {
  for (const [name, value] of [...data.entries()]) if (value === "") data.delete(name);
}

/** A refusal is told beside the page, and what was typed stays. A form that answers by itself (422, HTML) is put in place. */
function keepPage(event) {
  const { ctx } = event.detail;
  const response = ctx.response?.raw;
  if (!response || response.status < 400) return;
  if (response.status === 401) {
    location.href = urlOf(`/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`);
    event.preventDefault();
    return;
  }
  if (!/json/.test(response.headers.get("content-type") ?? "")) return;
  event.preventDefault();
  tellProblem(JSON.parse(ctx.text), ctx.sourceElement?.closest?.("dialog"));
}

function tellSilence({ ctx, error }) {
  if (!ctx || error?.name === "AbortError") return;
  const problem = { title: "The console does not respond", hint: "Your input is preserved. Try again." };
  if (error instanceof TypeError) tellProblem(problem, ctx.sourceElement?.closest?.("dialog"));
}

function closeDialog(ctx) {
  unmark(ctx.sourceElement);
  if (ctx.request.method === "GET" || !ctx.response || ctx.response.status >= 400) return;
  const dialog = ctx.sourceElement?.closest?.("dialog");
  if (dialog && !("stay" in dialog.dataset)) dialog.close();
}

/** Ask in our own dialog; the words are the button's. */
function makeSure(event) {
  const { ctx, issueRequest, dropRequest } = event.detail;
  const dialog = document.getElementById("sure");
  if (!ctx.confirm || !dialog) return;
  event.preventDefault();
  const { why, yes, danger } = ctx.sourceElement.dataset;
  dialog.querySelector("h2").textContent = ctx.confirm;
  dialog.querySelector("p").textContent = why ?? "";
  const button = dialog.querySelector("#sure-yes");
  button.textContent = yes || ctx.sourceElement.textContent.trim();
  button.classList.toggle("danger", danger !== undefined);
  const answered = new AbortController();
  button.addEventListener("click", () => { answered.abort(); dialog.close(); issueRequest(); }, { signal: answered.signal });
  dialog.addEventListener("close", () => { if (!answered.signal.aborted) { answered.abort(); dropRequest(); unmark(ctx.sourceElement); } }, { signal: answered.signal });
  dialog.showModal();
}

/** Two clicks send a form once. */
function once(event) {
  const buttons = event.target.querySelectorAll("button:not([type=button])");
  if ([...buttons].some((button) => button.hasAttribute("aria-busy"))) {
    event.preventDefault();
    event.stopImmediatePropagation();
    return;
  }
  buttons.forEach((button) => button.setAttribute("aria-busy", "true"));
}

function unmark(element) {
  const form = element?.closest?.("form");
  form?.querySelectorAll("[aria-busy]").forEach((button) => button.removeAttribute("aria-busy"));
}
addEventListener("pageshow", () => document.querySelectorAll("form [aria-busy]").forEach((one) => one.removeAttribute("aria-busy")));
