// The steps of a saved workflow as a graph; pressing one leads to its row in the list.
import { StepGraph } from "../workflow/graph.js";

export function mount(element, { steps, links }) {
  const go = (key) => {
    const row = document.getElementById(`step-${key}`);
    row?.scrollIntoView({ block: "center" });
    row?.querySelector("th").focus({ preventScroll: true });
  };
  new StepGraph(element, "Steps of the workflow", { press: go, open: go }).draw(steps.map((step) => ({ ...step, faults: 0 })), links);
}
