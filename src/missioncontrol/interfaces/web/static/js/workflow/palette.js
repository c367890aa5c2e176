// What can be added to a workflow: kinds of steps, and what can be said of a step. Each is a button, and can be
// dragged to where it belongs.
import { button, html } from "./dom.js";

const DRAG_AT = 5;

// The kinds of steps; `said` makes what the file says of a new one.
export function stepKinds(palette) {
  const agent = palette.agents.find((each) => each.name !== "command");
  return [
    { id: "command", text: "Command", glyph: "bolt", about: "Run a program", said: () => ({ agent: "command", effects: ["reads_files"], with: { argv: ["echo", "hello"] } }) },
    { id: "agent", text: "Agent", glyph: "agents", about: "Use a named agent", isThere: Boolean(agent), said: () => ({ agent: agent.name }) },
    { id: "capability", text: "Capability", glyph: "search", about: "Use any agent with a capability", isThere: palette.capabilities.length > 0, said: () => ({ capability: palette.capabilities[0] }) },
    { id: "workflow", text: "Workflow", glyph: "workflows", about: "Call a saved workflow", isThere: palette.workflows.length > 0, said: () => ({ workflow: palette.workflows[0] }) },
  ];
}

// What can be said of a step; `field` and `value` are what its file says then.
export const TERMS = [
  { id: "approval", text: "Approval", glyph: "approvals", about: "Require approval before the step", field: "approval", value: () => true },
  { id: "condition", text: "Condition", glyph: "branch", about: "Skip the step unless a condition is true", field: "if", value: (step) => (step.needs[0] ? `${named(step.needs[0])}.state == 'succeeded'` : "success()") },
  { id: "for-each", text: "For each", glyph: "menu", about: "Run the step for each item of a list", field: "for_each", value: () => ["one", "two"] },
  { id: "repeat", text: "Repeat", glyph: "retry", about: "Repeat the step until a condition is true", field: "repeat", value: (step) => ({ until: step.kind === "command" ? "output.exit_code == 0" : "true", times: 3 }) },
];

function named(key) {
  return /^\w+$/.test(key) ? `steps.${key}` : `steps['${key}']`;
}

export class PaletteBar {
  // `add(kind, at)` and `say(term, at)`; `at` is a place on the screen, or null where the button was pressed.
  constructor(host, palette, { add, say }) {
    const kinds = stepKinds(palette).map((kind) => this.item(kind, (at) => add(kind, at), kind.isThere === false));
    const terms = TERMS.map((term) => this.item(term, (at) => say(term, at)));
    host.replaceChildren(
      html("span", { class: "label" }, "Add"), html("div", { class: "palette-items", role: "group", "aria-label": "Add a step" }, kinds),
      html("span", { class: "label" }, "Modify"), html("div", { class: "palette-items", role: "group", "aria-label": "Modify the selected step" }, terms),
    );
  }

  item(each, doing, isOff = false) {
    const found = button(each.text, { glyph: each.glyph, title: each.about, "data-palette": each.id, disabled: isOff });
    found.addEventListener("click", () => { if (!found.dataset.dragged) doing(null); });
    found.addEventListener("pointerdown", (event) => { if (!event.button && event.pointerType !== "touch") this.drag(event, found, doing); });
    return found;
  }

  drag(event, source, doing) {
    const start = { x: event.clientX, y: event.clientY };
    const listening = new AbortController();
    let ghost = null;
    const move = ({ clientX, clientY }) => {
      if (!ghost && Math.hypot(clientX - start.x, clientY - start.y) < DRAG_AT) return;
      ghost ??= document.body.appendChild(html("div", { class: "drag-ghost", "aria-hidden": "true" }, source.textContent));
      ghost.style.transform = `translate(${clientX + 10}px, ${clientY + 8}px)`;
    };
    const end = (ended) => {
      listening.abort();
      ghost?.remove();
      if (!ghost || ended.type !== "pointerup") return;
      source.dataset.dragged = "true"; // The click that may follow is a part of the drag.
      setTimeout(() => delete source.dataset.dragged, 0);
      doing({ x: ended.clientX, y: ended.clientY });
    };
    for (const [name, hear] of [["pointermove", move], ["pointerup", end], ["pointercancel", end]]) window.addEventListener(name, hear, { signal: listening.signal });
  }
}
