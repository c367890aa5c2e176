// Mounts islands: an element `data-island="graph"` gets what `islands/graph.js` exports as `mount`.
import { places } from "./places.js";
import { toast } from "./toasts.js";

const mounted = new Map();
let mounting = 0;

/** Mount every island of `root` that is not yet, and let those go whose element has left the page. */
export function mountIn(root) {
  for (const [element, leave] of mounted) {
    if (element.isConnected) continue;
    mounted.delete(element);
    leave?.();
  }
  for (const element of root.querySelectorAll("[data-island]")) {
    if (!mounted.has(element)) mount(element);
  }
}

async function mount(element) {
  const name = element.dataset.island;
  mounted.set(element, null);
  note(1);
  try {
    const island = await import(places.islands[name]);
    const leave = await island.mount(element, dataOf(element));
    if (element.isConnected) mounted.set(element, typeof leave === "function" ? leave : null);
    else leave?.();
  } catch (error) {
    console.error(`island ${name}:`, error);
    toast(`Part of this page failed to load: ${name}`, { text: String(error), tone: "bad" });
  } finally {
    note(-1);
  }
}

/** State at the page whether all its islands answer to keys: programs that drive it wait for that. */
function note(by) {
  mounting += by;
  document.documentElement.dataset.islands = mounting ? "mounting" : "mounted";
}

function dataOf(element) {
  const script = element.querySelector(':scope > script[type="application/json"]');
  return script ? JSON.parse(script.textContent) : null;
}
