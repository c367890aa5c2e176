// A drawing that is larger than its window: shows first what the mission is about, and lets arrow
// keys go from box to box.
//
//   <div data-island="drawing"> the drawing, as the server makes it </div>
const MARKED = ".d-new, .d-changed, .d-goal";
const ASIDE = 3; // how much a step aside counts against a step ahead
const WAYS = {
  ArrowRight: (dx, dy) => [dx, dy],
  ArrowLeft: (dx, dy) => [-dx, dy],
  ArrowDown: (dx, dy) => [dy, dx],
  ArrowUp: (dx, dy) => [-dy, dx],
};

export function mount(element) {
  show(element);
  const step = (event) => move(element, event);
  element.addEventListener("keydown", step);
  return () => element.removeEventListener("keydown", step);
}

function show(element) {
  const aim = element.querySelector(MARKED) ?? element.querySelector(".d-node");
  if (!aim || element.scrollWidth <= element.clientWidth) return;
  const [box, frame] = [aim.getBoundingClientRect(), element.getBoundingClientRect()];
  element.scrollLeft += box.left + box.width / 2 - frame.left - frame.width / 2;
}

function move(element, event) {
  const way = WAYS[event.key];
  const from = event.target.closest?.("a.d-node");
  if (!way || !from || event.ctrlKey || event.metaKey || event.altKey) return;
  const [x, y] = middle(from);
  let [best, least] = [null, Infinity];
  for (const other of element.querySelectorAll("a.d-node")) {
    const [ahead, aside] = way(...middle(other).map((place, axis) => place - [x, y][axis]));
    const far = ahead + Math.abs(aside) * ASIDE;
    if (ahead > 1 && far < least) [best, least] = [other, far];
  }
  event.preventDefault();
  best?.focus();
}

function middle(element) {
  const box = element.getBoundingClientRect();
  return [box.left + box.width / 2, box.top + box.height / 2];
}
