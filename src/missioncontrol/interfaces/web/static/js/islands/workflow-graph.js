// The steps of a saved workflow as a graph; pressing one leads to its row in the list.
import { READABLE, StepGraph } from "../workflow/graph.js";

export function mount(element, { steps, links }) {
  const go = (key) => {
    const row = document.getElementById(`step-${key}`);
    row?.scrollIntoView({ block: "center" });
    row?.querySelector("th").focus({ preventScroll: true });
  };
  const graph = new StepGraph(element, "Steps of the workflow", { press: go, open: go });
  graph.draw(steps.map((step) => ({ ...step, faults: 0 })), links);
  graph.fit(READABLE);
}
