// The editor of a workflow as it is at first: its text, and its steps drawn as they were saved. What changes them is
// loaded at the first sign of somebody, or soon after the page is there.
import { kept } from "../places.js";
import { html } from "../workflow/dom.js";
import { READABLE, StepGraph } from "../workflow/graph.js";

const SOON_MS = 1500;
const SIGNS = ["pointermove", "pointerdown", "keydown", "focusin", "wheel", "touchstart"];

export async function mount(element, data) {
  const first = new FirstLook(element, data);
  try {
    if (!kept(data.draft, null)) await somebody();
    const { begin } = await import("../workflow/editor.js");
    const editor = await begin(element, { ...data, text: first.asSaved }, first);
    return () => editor.close();
  } catch (error) {
    first.giveWay();
    throw error;
  }
}

function somebody() {
  const listening = new AbortController();
  const { signal } = listening;
  return new Promise((resolve) => {
    for (const sign of SIGNS) window.addEventListener(sign, resolve, { signal, passive: true });
    const wait = () => setTimeout(resolve, SOON_MS);
    if (document.readyState === "complete") wait();
    else window.addEventListener("load", wait, { signal });
  }).then(() => listening.abort());
}

class FirstLook {
  constructor(element, { steps, links, crlf }) {
    this.element = element;
    this.form = element.querySelector("[data-fallback]");
    this.written = this.form.elements.namedItem("text").defaultValue;
    this.crlf = crlf;
    const part = (name) => element.querySelector(`[data-part="${name}"]`);
    this.shell = part("editor");
    element.dataset.view = kept("workflow-view", "both");
    this.host = part("code");
    this.graph = new StepGraph(part("graph"), "Steps of the workflow");
    this.graph.draw(steps, links);
    this.show();
    this.form.hidden = true;
    this.shell.hidden = false;
    this.graph.fit(READABLE);
  }

  show() {
    const count = this.written.split("\n").length;
    const numbers = html("pre", { class: "numbers", "aria-hidden": "true" }, Array.from({ length: count }, (_, n) => n + 1).join("\n"));
    const follow = () => { numbers.scrollTop = this.area.scrollTop; };
    this.area = html("textarea", { class: "mono", value: this.written, wrap: "off", spellcheck: "false", autocomplete: "off", "aria-label": "Text of the workflow", onscroll: follow });
    this.plain = this.host.appendChild(html("div", { class: "editor-plain" }, numbers, this.area));
  }

  // The text as it was saved, with its line ends.
  get asSaved() {
    return this.crlf ? this.written.replaceAll("\n", "\r\n") : this.written;
  }

  // Let another take over what is shown; the cursor stays where it was.
  handOver(take) {
    const { value: text, selectionStart: from, selectionEnd: to } = this.area;
    const hasFocus = document.activeElement === this.area;
    this.plain.remove();
    const taken = take({ text, graph: this.graph });
    this.form.remove();
    if (hasFocus) taken.code.goTo(from, to);
    return taken;
  }

  // What could not be loaded is gone without: the form holds the text, and saves it.
  giveWay() {
    if (!this.form.isConnected) return;
    this.form.elements.namedItem("text").value = this.area.value;
    this.shell.hidden = true;
    this.form.hidden = false;
  }
}
