// The cockpit's own moves: refresh, numbers kept on a failed one, panels as pictures, the bar that asks by itself.
import { toast } from "../toasts.js";
import { picture } from "../picture.js";

/** Fields that say nothing without the one beside them. */
const UNFINISHED = ["who", "in", "times", "exclude_after", "exclude_before", "of"];

/** Tend the page in `element`; return how to end it. */
export function mount(element) {
  const ended = new AbortController();
  const { signal } = ended;
  element.addEventListener("click", (event) => pressed(event, element), { signal });
  element.addEventListener("change", chosen, { signal });
  element.querySelectorAll("form[data-bar] select").forEach(overtook);
  document.addEventListener("htmx:before:swap", keepGood, { signal });
  document.addEventListener("htmx:after:swap", () => fresh(element), { signal });
  document.addEventListener("htmx:error", ({ detail }) => stale(detail.ctx?.sourceElement), { signal });
  if (document.readyState === "complete") late(element);
  else addEventListener("load", () => late(element), { once: true, signal });
  fresh(element);
  return () => ended.abort();
}

/** What came before anybody listened and was no panel: say so. */
function late(page) {
  for (const panel of page.querySelectorAll("[data-panel]:not(.htmx-request)")) {
    if (!panel.querySelector("[data-loaded], [data-broken]")) stale(panel);
  }
}

function pressed(event, page) {
  if (event.target.closest("[data-refresh]")) {
    document.body.dispatchEvent(new CustomEvent("cockpit:refresh"));
    return;
  }
  const asked = event.target.closest("[data-png]");
  if (asked) save(asked);
}

async function save(button) {
  const panel = button.closest("[data-panel], .panel") ?? document.querySelector("[data-answer]");
  try {
    const url = await picture(panel, document.querySelector(".head :is(.sub, .verdict)")?.textContent.replaceAll(/\s+/g, " ").trim());
    const link = document.createElement("a");
    link.href = url;
    link.download = `${button.dataset.png.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-")}.png`;
    link.click();
  } catch (error) {
    toast("The image export failed", { text: String(error), tone: "bad" });
  }
}

/** A choice in the bar, and any in the question, asks at once; days of one's own wait for both. */
function chosen({ target }) {
  if (target.closest("form[data-apply]") && !UNFINISHED.includes(target.name)) target.form.requestSubmit();
  const form = target.closest("form[data-bar]");
  if (!form || target.name === "where" || target.closest(".deed")) return;
  const dates = form.querySelector(".dates");
  if (target.matches("[data-days]")) {
    dates.hidden = target.value !== "";
    if (target.value === "") return dates.querySelector("input").focus();
    dates.querySelectorAll("input").forEach((input) => { input.value = ""; });
  }
  const [since, until] = dates.querySelectorAll("input");
  if (target === since || target === until) {
    if (!since.value || !until.value) return;
  }
  form.requestSubmit();
}

/** A choice that was made before anybody listened is taken now. */
function overtook(select) {
  const said = [...select.options].find((option) => option.defaultSelected);
  if (said && !said.selected) chosen({ target: select });
}

function keepGood(event) {
  const { ctx } = event.detail;
  const panel = ctx.sourceElement?.closest?.("[data-panel]");
  if (!panel) return;
  const isRefused = (ctx.response?.raw?.status ?? 200) >= 400;
  const isBroken = ctx.text?.includes("data-broken");
  if (!isRefused && !isBroken) return panel.classList.remove("stale");
  if (!isRefused && !panel.querySelector("[data-loaded]")) return;
  event.preventDefault();
  stale(panel);
}

/** Keep the last good numbers, dimmed and with a word; without any, say what did not load. */
function stale(source) {
  const panel = source?.closest?.("[data-panel]");
  if (!panel) return;
  if (panel.querySelector("[data-loaded]")) {
    panel.classList.add("stale");
    const { asOf } = panel.querySelector("[data-as-of]")?.dataset ?? {};
    panel.dataset.stale = asOf ? `Not refreshed since ${asOf.slice(11, 19)} UTC` : "Not refreshed";
    return;
  }
  const broken = document.getElementById("panel-broken");
  panel.replaceChildren(broken.content.cloneNode(true));
  const name = panel.querySelector("[data-name]");
  if (panel.ariaLabel) name.textContent = panel.ariaLabel;
}

/** Tell when the oldest of the figures on the page were read. */
function fresh(page) {
  const panels = [...page.querySelectorAll("[data-panel]")];
  for (const panel of panels) panel.setAttribute("aria-busy", String(!panel.querySelector("[data-loaded], [data-broken]")));
  const [time, now] = [page.querySelector("[data-updated]"), moment(page)];
  if (!time || !now) return;
  time.dateTime = now;
  time.textContent = now.slice(11, 19);
}

/** Return when the panel that was read longest ago was read. */
function moment(page) {
  const all = [...page.querySelectorAll("[data-as-of]")];
  return all.map((each) => each.dataset.asOf).filter(Boolean).sort()[0] ?? "";
}
