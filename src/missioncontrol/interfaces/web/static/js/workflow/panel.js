// The panel beside the graph: the fields of the step that is chosen, or those of the workflow itself.
import { button, html } from "./dom.js";
import { Fields, taken } from "./fields.js";

const DONE_BY = ["agent", "capability", "workflow"];
const FIRST = ["needs", "if", "for_each", "effects", "approval", "on_failure"];
const LATER = ["risk", "repeat", "retry", "timeout", "concurrency", "budget", "artifacts", "model"];

export class Panel {
  // `doing`: rename(key, name), set(key, path, value), top(path, value), remove(key), close(), reveal(key).
  constructor(host, schema, palette, doing) {
    this.host = host;
    this.schema = schema;
    this.palette = palette;
    this.doing = doing;
    this.pending = 0;
    this.isPressed = false;
    host.addEventListener("change", ({ target }) => { if ("defaultValue" in target) target.defaultValue = target.value; }, true);
    host.addEventListener("focusout", () => this.later());
    host.addEventListener("pointerdown", () => this.press());
  }

  // Show what is chosen. The focus stays where it is, also where fields come and go.
  show(model, key, faults) {
    this.next = [model, key, faults];
    this.later();
  }

  // What is shown stays while somebody writes in a field, or holds a button down: a press on what is gone by then is lost.
  later() {
    cancelAnimationFrame(this.pending);
    this.pending = requestAnimationFrame(() => this.now());
  }

  now() {
    if (this.next && !this.isPressed && !this.isWriting) this.draw(...this.next);
  }

  // Let somebody go on in the panel, with what is chosen now.
  enter() {
    this.now();
    document.getElementById("field-key")?.select();
  }

  press() {
    this.isPressed = true;
    const release = () => setTimeout(() => { this.isPressed = false; this.later(); });
    for (const name of ["pointerup", "pointercancel"]) window.addEventListener(name, release, { once: true });
  }

  get isWriting() {
    const active = document.activeElement;
    return this.host.contains(active) && this.next?.[1] === this.shown && "defaultValue" in active && active.type !== "checkbox" && active.value !== active.defaultValue;
  }

  // Take over what was written in a field that is still being written in.
  settle() {
    const active = document.activeElement;
    this.next ??= this.last;
    if (this.isWriting) active.dispatchEvent(new Event("change", { bubbles: true }));
  }

  draw(model, key, faults) {
    this.last = this.next;
    this.next = null;
    const shown = JSON.stringify([key, model.value, faults]);
    if (shown === this.drawn) return;
    this.drawn = shown;
    const active = this.host.contains(document.activeElement) ? document.activeElement : null;
    const [id, start, end] = [active?.id, active?.selectionStart, active?.selectionEnd];
    const open = new Set([...this.host.querySelectorAll("details[open]")].map((each) => each.dataset.group));
    const scrolled = this.host.scrollTop;
    const step = model.steps.find((each) => each.key === key);
    this.host.replaceChildren(...(step ? this.step(model, step, faults) : this.workflow(model, faults)).filter(Boolean));
    for (const group of this.host.querySelectorAll("details")) if (open.has(group.dataset.group) && this.shown === key) group.open = true;
    this.shown = key;
    this.host.scrollTop = scrolled;
    const again = id ? document.getElementById(id) : null;
    if (active) (again ?? this.host.querySelector("input, select, button"))?.focus();
    if (again && typeof start === "number") try { again.setSelectionRange(start, end); } catch { /* not a text */ }
  }

  heading(title, sub, ...buttons) {
    return html("header", { class: "panel-head" }, html("div", { class: "fill clip" }, html("h2", { class: "h-lg clip" }, title), html("p", { class: "dim sm clip" }, sub)), ...buttons);
  }

  faults(faults) {
    if (!faults.length) return null;
    const item = (fault) => html("li", {}, `Line ${fault.line}: ${fault.message} ${fault.hint}`.trim());
    return html("div", { class: "banner", "data-tone": "bad" }, html("ul", {}, faults.slice(0, 5).map(item)));
  }

  workflow(model, faults) {
    const properties = this.schema.properties;
    const fields = new Fields(this.schema, (path, value) => this.doing.top(path, value));
    const own = faults.filter((fault) => !fault.thing.startsWith("steps."));
    const parts = ["name", "description", "inputs", "outputs", "budget", "timeout", "concurrency"].map((name) => fields.field([name], properties[name], model.value?.[name]));
    return [this.heading(model.name || "New workflow", "Workflow settings; select a step to edit it"), this.faults(own), html("div", { class: "panel-body" }, ...parts)];
  }

  step(model, step, faults) {
    const properties = new Fields(this.schema).resolved(this.schema.properties.steps.additionalProperties).properties;
    const others = model.steps.map((each) => each.key).filter((each) => each !== step.key);
    const offers = { needs: others, on_failure: ["stop", "continue", ...others] };
    const fields = new Fields(this.schema, (path, value) => this.doing.set(step.key, path, value), { offers });
    const field = (name) => fields.field([name], properties[name], step.said[name]);
    const own = faults.filter((fault) => isOf(fault.thing, step.key));
    const followers = model.links.filter((link) => link.from === step.key && link.kind === "needs").map((link) => link.to);
    return [
      this.heading(step.key, step.title || step.who,
        button("", { glyph: "doc", cls: "quiet sq", "aria-label": `Show ${step.key} in the text`, onclick: () => this.doing.reveal(step.key) }),
        button("", { glyph: "close", cls: "quiet sq", "aria-label": "Close step", onclick: () => this.doing.close() })),
      this.faults(own),
      html("div", { class: "panel-body" }, this.name(step), field("title"), this.doneBy(fields, properties, step), this.given(fields, properties, step),
        ...FIRST.map(field), this.before(step, others, followers), html("h3", { class: "label" }, "Limits"), ...LATER.map(field)),
      html("footer", {}, button("Delete step", { cls: "danger", glyph: "close", onclick: () => this.doing.remove(step.key) })),
    ];
  }

  name(step) {
    const rename = (event) => { if (!this.doing.rename(step.key, event.target.value)) event.target.value = step.key; };
    const input = html("input", { class: "in mono", id: "field-key", value: step.key, onchange: rename, autocomplete: "off", spellcheck: "false", maxlength: 64 });
    return html("div", { class: "field" }, html("label", { for: "field-key" }, "name"), input, html("small", {}, "Also renamed in all references."));
  }

  doneBy(fields, properties, step) {
    const by = DONE_BY.find((each) => step.said[each] !== undefined) ?? "agent";
    const known = { agent: this.palette.agents.map((each) => each.name), capability: this.palette.capabilities, workflow: this.palette.workflows };
    fields.offers = { ...fields.offers, agent: known.agent, capability: known.capability, workflow: known.workflow };
    return fields.text([by], properties[by], step.said[by], by);
  }

  // What the agent takes, as its card says it, and whatever else the file gives it.
  given(fields, properties, step) {
    const card = this.palette.agents.find((each) => each.name === step.said.agent);
    const said = step.said.with !== null && typeof step.said.with === "object" ? step.said.with : {};
    const names = [...new Set([...Object.keys(card?.inputs ?? {}), ...Object.keys(said)])];
    const one = (name) => fields.any(["with", name], { description: card?.inputs[name] ?? "" }, said[name], name);
    const rest = names.filter((name) => said[name] === undefined && !card?.required.includes(name) && name !== "argv");
    const first = names.filter((name) => !rest.includes(name));
    const entry = html("input", { class: "in mono", id: "field-with-new", placeholder: "Another input", autocomplete: "off", spellcheck: "false" });
    const add = () => taken(entry, (said) => this.doing.set(step.key, ["with", said], ""));
    entry.addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); add(); } });
    return html("fieldset", { class: "field" }, html("legend", { class: "label" }, "with"), ...first.map(one),
      rest.length ? html("details", { class: "field-group", "data-group": "with-more" }, html("summary", {}, html("span", {}, "more inputs")), ...rest.map(one)) : null,
      html("div", { class: "row" }, entry, button("Add", { onclick: add, "aria-label": "Add an input" })), html("small", {}, properties.with.description));
  }

  before(step, others, followers) {
    const left = others.filter((each) => !followers.includes(each));
    const chips = followers.map((each) => html("li", { class: "chip" }, html("b", {}, each),
      html("button", { type: "button", "aria-label": `${each} no longer depends on ${step.key}`, onclick: () => this.doing.unlink({ from: step.key, to: each, kind: "needs" }) }, "×")));
    const entry = html("select", { class: "in", id: "field-followers" }, html("option", { value: "" }, left.length ? "Select a step…" : "no other step"), left.map((each) => html("option", { value: each }, each)));
    return html("div", { class: "field" }, html("label", { for: "field-followers" }, "dependents"), chips.length ? html("ul", { class: "chips", "aria-label": "dependents" }, chips) : null,
      html("div", { class: "row" }, entry, button("Connect", { onclick: () => entry.value && this.doing.connect(step.key, entry.value) })));
  }
}

export function isOf(thing, key) {
  return thing === `steps.${key}` || thing.startsWith(`steps.${key}.`) || thing.startsWith(`steps.${key}[`);
}
