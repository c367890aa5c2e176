// The editor of a workflow: its text beside its steps as a graph, both views of one document. It is loaded when
// somebody is there who may use it: the editor of text alone is larger than the rest of a page.
import { ask } from "../ask.js";
import { keep, kept } from "../places.js";
import { toast } from "../toasts.js";
import { Code } from "./code.js";
import { button, html } from "./dom.js";
import { ZOOM_STEP, marksOf } from "./graph.js";
import { Keeping } from "./keeping.js";
import * as edit from "./operations.js";
import { PaletteBar } from "./palette.js";
import { Panel, isOf } from "./panel.js";
import { changeBetween } from "./splice.js";

const CHECK_MS = 350;
const KEEP_MS = 500;
const FELT_MS = 12; // a drawing that takes longer waits until nobody types
const API = "/api/v1";

export async function begin(element, data, first) {
  const [palette, schema] = await Promise.all([ask(`${API}/workflow-palette`), ask(`${API}/workflow-schema`)]);
  return first.handOver((shown) => new Editor(element, data, shown, palette, schema));
}

class Editor {
  // `first` is what was shown until now: its graph and its text are taken over, with what was typed meanwhile.
  constructor(element, data, first, palette, schema) {
    this.element = element;
    this.keeping = new Keeping(this, data);
    this.faults = [];
    this.chosen = "";
    this.linking = "";
    this.took = 0; // milliseconds that drawing took the last time
    this.part = (name) => element.querySelector(`[data-part="${name}"]`);
    this.graph = first.graph;
    this.open(palette, schema);
    this.listen();
    if (first.text !== this.keeping.baseText) this.code.change(changeBetween(this.text, first.text));
    else this.keeping.takeUp();
    this.redraw();
    this.check();
  }

  open(palette, schema) {
    const doing = {
      select: (key) => this.choose(key), open: (key) => this.opened(key), connect: (from, to) => this.connect(from, to), remove: (key) => this.remove(key),
      unlink: (link) => this.unlink(link), move: (key, other, isBefore) => this.move(key, other, isBefore), link: (key) => this.startLink(key), rename: (key, name) => this.rename(key, name), close: () => this.choose(""),
      set: (key, path, value) => this.do(`${key}: ${path.join(".")} changed.`, (text) => edit.setField(text, key, path, value)),
      top: (path, value) => this.do(`${path.join(".")} changed.`, (text) => edit.setTop(text, path, value)),
      reveal: (key) => this.reveal(key),
    };
    this.code = new Code(this.part("code"), this.keeping.baseText, { tell: (change) => this.changed(change), move: (at) => this.follow(at) });
    this.graph.allow(doing);
    this.panel = new Panel(this.part("panel"), schema, palette, doing);
    new PaletteBar(this.part("palette"), palette, { add: (kind, at) => this.add(kind, at), say: (term, at) => this.say(term, at) });
  }

  listen() {
    const on = (name, doing) => this.part(name)?.addEventListener("click", doing);
    on("undo", () => this.undo());
    on("redo", () => this.redo());
    on("save", () => this.keeping.save());
    this.part("save").disabled = false;
    for (const [name, doing] of [["out", () => this.graph.zoomBy(1 / ZOOM_STEP)], ["fit", () => this.graph.fit()], ["in", () => this.graph.zoomBy(ZOOM_STEP)]]) on(`zoom-${name}`, doing);
    on("faults", () => (this.faults.length ? this.goToFault(this.faults[0]) : this.code.view.focus()));
    for (const each of this.element.querySelectorAll("[data-view]")) each.addEventListener("click", () => this.view(each.dataset.view));
    this.element.addEventListener("keydown", (event) => this.press(event));
    this.leaving = (event) => { this.panel.settle(); if (this.keeping.isChanged) event.preventDefault(); };
    window.addEventListener("beforeunload", this.leaving);
    this.hiding = () => { this.panel.settle(); this.keeping.keepDraft(); };
    window.addEventListener("pagehide", this.hiding);
    this.view(kept("workflow-view", "both"));
  }

  press(event) {
    const key = event.key.toLowerCase();
    const isMod = event.ctrlKey || event.metaKey;
    const isInText = event.composedPath().some((each) => each.matches?.(".cm-editor, input, textarea, select"));
    const doing = isMod && key === "s" ? () => { this.panel.settle(); this.keeping.save(); }
      : isMod && key === "z" && !isInText ? () => (event.shiftKey ? this.redo() : this.undo())
      : isMod && key === "y" && !isInText ? () => this.redo()
      : key === "escape" && this.linking ? () => this.endLink("Connection cancelled.")
      : event.key === "F2" && this.chosen && !isInText ? () => this.panel.enter()
      : null;
    if (!doing) return;
    event.preventDefault();
    event.stopPropagation();
    doing();
  }

  close() {
    clearTimeout(this.checking);
    clearTimeout(this.waiting);
    clearTimeout(this.drawing);
    clearTimeout(this.following);
    this.keeping.keepDraft();
    window.removeEventListener("beforeunload", this.leaving);
    window.removeEventListener("pagehide", this.hiding);
    this.code.close();
  }

  get text() {
    return this.code.text;
  }

  // One document

  // Let an operation change the text; what it says is announced.
  do(said, operation) {
    if (edit.read(this.text).problem) return this.announce("Fix the errors in the text first.", true);
    const before = this.text;
    let after;
    try {
      after = operation(before);
    } catch (error) {
      return this.announce(`Not possible here: ${error.message}`, true);
    }
    if (after === before) return false;
    this.code.change(changeBetween(before, after));
    this.announce(said);
    return true;
  }

  changed({ isOurs }) {
    clearTimeout(this.drawing);
    if (!isOurs && this.took > FELT_MS) this.drawing = setTimeout(() => this.redraw(), Math.min(KEEP_MS, CHECK_MS / 3 + this.took));
    else this.redraw();
    clearTimeout(this.checking);
    clearTimeout(this.waiting);
    this.state("checking");
    this.checking = setTimeout(() => this.check(), CHECK_MS);
    this.waiting = setTimeout(() => this.keeping.keepDraft(), KEEP_MS);
  }

  undo() {
    this.announce(this.code.undo() ? "Undone." : "Nothing to undo.");
  }

  redo() {
    this.announce(this.code.redo() ? "Redone." : "Nothing to redo.");
  }

  redraw() {
    const begun = performance.now();
    this.reread();
    this.took = performance.now() - begun;
  }

  reread() {
    const model = edit.read(this.text);
    this.element.classList.toggle("unread", Boolean(model.problem));
    this.part("undo").disabled = !this.code.undos;
    this.part("redo").disabled = !this.code.redos;
    this.part("changed").hidden = !this.keeping.isChanged;
    if (model.problem) {
      this.code.fault([{ at: model.problem.at, message: model.problem.message }]);
      return;
    }
    this.model = model;
    if (!model.steps.some((step) => step.key === this.chosen)) this.chosen = "";
    this.draw();
  }

  draw() {
    const count = (key) => this.faults.filter((fault) => isOf(fault.thing, key)).length;
    const steps = this.model.steps.map((step) => ({ ...step, marks: marksOf(step), faults: count(step.key) }));
    this.graph.current = this.chosen;
    this.graph.draw(steps, this.model.links);
    this.part("empty").hidden = steps.length > 0;
    this.panel.show(this.model, this.chosen, this.faults);
    this.listSteps(steps);
  }

  listSteps(steps) {
    const item = (step) => html("li", {}, button(step.key, { cls: "quiet", onclick: () => this.reveal(step.key) }),
      html("span", { class: "dim sm" }, [step.who, step.needs.length ? `after ${step.needs.join(", ")}` : "", step.faults ? `${step.faults} errors` : ""].filter(Boolean).join(" · ")));
    this.part("list").replaceChildren(...steps.map(item));
  }

  // Choosing

  choose(key) {
    this.chosen = key;
    this.graph.choose(key, false);
    if (this.model) this.panel.show(this.model, key, this.faults);
    const place = key ? edit.placeOf(this.text, key) : null;
    if (place) this.code.show(place.from);
  }

  opened(key) {
    if (this.linking) return this.connect(this.linking, key);
    this.choose(key);
    this.panel.enter();
  }

  follow(at) {
    if (this.took > FELT_MS) return this.later(at);
    this.followed(at);
  }

  later(at) {
    clearTimeout(this.following);
    this.following = setTimeout(() => this.followed(at), CHECK_MS / 3);
  }

  followed(at) {
    const key = edit.stepAt(this.text, at);
    if (!key || key === this.chosen || !this.model?.steps.some((step) => step.key === key)) return;
    this.chosen = key;
    this.graph.choose(key, false);
    this.panel.show(this.model, key, this.faults);
  }

  reveal(key) {
    const place = edit.placeOf(this.text, key);
    if (this.element.dataset.view === "builder") this.view("both");
    if (place) this.code.goTo(place.from);
  }

  // Changing

  target(at) {
    if (!at) return { key: this.chosen, isInside: true };
    const host = this.part("canvas").getBoundingClientRect();
    const isInside = at.x >= host.left && at.x <= host.right && at.y >= host.top && at.y <= host.bottom;
    return { key: isInside && this.model?.steps.length ? this.graph.at(this.graph.point({ clientX: at.x, clientY: at.y })) : "", isInside };
  }

  add(kind, at, more = {}) {
    const { key: before, isInside } = this.target(at);
    if (!isInside) return;
    const said = { ...kind.said(), ...more };
    const who = said.agent === "command" ? kind.id : said.agent ?? said.capability ?? said.workflow ?? kind.id;
    const key = edit.freeKey(this.text, who.replace(/\W+/g, "_"));
    const isDone = this.do(before ? `${key} added after ${before}.` : `${key} added.`, (text) => {
      const added = edit.addStep(text, key, said, before);
      return before ? edit.connect(added, before, key) : added;
    });
    if (isDone) {
      this.choose(key);
      this.graph.nodes.get(key)?.scrollIntoView({ block: "nearest", inline: "nearest" });
    }
  }

  say(term, at) {
    const { key, isInside } = this.target(at);
    if (!isInside) return;
    const step = this.model?.steps.find((each) => each.key === key);
    if (!step) {
      const said = () => ({ agent: "command", effects: ["writes_files"], with: { argv: ["echo", "hello"] } });
      const blank = { needs: [], kind: "command" };
      return this.add({ id: term.id, said }, at, { [term.field]: term.value(blank) });
    }
    this.do(`${key}: ${term.text.toLowerCase()} added.`, (text) => edit.setField(text, key, [term.field], term.value(step)));
    this.choose(key);
  }

  connect(from, to) {
    this.endLink("");
    const problem = edit.linkProblem(this.model.steps, from, to);
    if (problem) return this.announce(problem, true);
    this.do(`${to} depends on ${from}.`, (text) => edit.connect(text, from, to));
  }

  unlink(link) {
    if (link.kind === "failure") this.do(`${link.to} no longer handles the failure of ${link.from}.`, (text) => edit.handle(text, link.from, ""));
    else this.do(`${link.to} no longer depends on ${link.from}.`, (text) => edit.disconnect(text, link.from, link.to));
  }

  startLink(key) {
    this.linking = key;
    this.part("canvas").classList.add("linking");
    this.announce(`Select the step that depends on ${key} with the arrow keys and press Enter. Escape cancels.`, true);
  }

  endLink(said) {
    this.linking = "";
    this.part("canvas").classList.remove("linking");
    if (said) this.announce(said);
  }

  remove(key) {
    const at = this.model.steps.findIndex((step) => step.key === key);
    const next = this.model.steps[at + 1]?.key ?? this.model.steps[at - 1]?.key ?? "";
    if (!this.do(`${key} deleted. Undo restores it.`, (text) => edit.removeStep(text, key))) return;
    this.choose(next);
    if (next) this.graph.focus(next);
  }

  move(key, other, isBefore) {
    this.do(`${key} moved ${isBefore ? "before" : "after"} ${other}.`, (text) => edit.moveStep(text, key, other, isBefore));
  }

  rename(key, name) {
    const problem = edit.nameProblem(this.text, key, name);
    if (problem) return this.announce(problem, true);
    this.chosen = name;
    return this.do(`${key} renamed to ${name}.`, (text) => edit.renameStep(text, key, name));
  }

  // Checking

  async check() {
    this.asked?.abort();
    this.asked = new AbortController();
    const text = this.text;
    try {
      const found = await ask(`${API}/workflow-check`, { method: "POST", body: { text }, signal: this.asked.signal });
      if (text === this.text) this.checked(found);
    } catch (error) {
      if (error.name !== "AbortError") this.state("unchecked", error.message);
    }
  }

  checked({ faults, count }) {
    this.faults = faults;
    this.code.fault(faults);
    this.state(count ? "faulty" : "sound", count);
    const item = (fault) => html("li", {}, html("button", { type: "button", onclick: () => this.goToFault(fault) },
      html("span", { class: "id" }, `line ${fault.line}`), html("span", {}, html("b", {}, fault.thing), ` ${fault.message} `, html("span", { class: "dim" }, fault.hint))));
    this.part("fault-list").replaceChildren(...faults.map(item));
    this.part("fault-panel").hidden = !count;
    if (this.model && !this.element.classList.contains("unread")) this.draw();
  }

  goToFault(fault) {
    if (this.element.dataset.view === "builder") this.view("both");
    this.code.goToLine(fault.line);
  }

  state(name, detail = "") {
    const words = { checking: "Checking…", sound: "No errors", faulty: `${detail} ${detail === 1 ? "error" : "errors"}`, unchecked: `Not checked: ${detail}` };
    const shown = this.part("faults");
    shown.dataset.tone = { sound: "ok", faulty: "bad", unchecked: "held" }[name] ?? "";
    shown.querySelector("span").textContent = words[name];
    if (name === "faulty" && this.counted !== detail) this.announce(words[name]);
    this.counted = detail;
  }

  // Telling

  notice(tone, text, ...doing) {
    const shown = html("div", { class: "banner", "data-tone": tone, role: tone === "bad" || tone === "held" ? "alert" : "status", tabindex: -1 }, html("span", {}, text), ...doing);
    this.part("notice").replaceChildren(shown);
  }

  announce(text, isSeen = false) {
    if (text) this.part("said").textContent = text;
    if (isSeen) toast(text, { tone: "ask" });
    return false;
  }

  view(name) {
    this.element.dataset.view = name;
    keep("workflow-view", JSON.stringify(name));
    for (const each of this.element.querySelectorAll("[data-view]")) each.setAttribute("aria-pressed", String(each.dataset.view === name));
  }
}
