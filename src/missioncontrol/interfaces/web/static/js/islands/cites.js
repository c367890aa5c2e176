// Shows the source of a statement beside its number, while the pointer or the keyboard is on it.

/** Follow the numbers in a document; without this, they lead to the list of sources. */
export function mount(element) {
  const tip = document.createElement("div");
  tip.className = "cite-tip";
  tip.setAttribute("role", "tooltip");
  tip.hidden = true;
  element.append(tip);
  const cite = (event) => event.target.closest?.("a[data-source]");
  const show = (event) => {
    const link = cite(event);
    const source = link && element.querySelector(`#source-${link.dataset.source} > span`);
    if (!source) return;
    tip.textContent = source.textContent;
    tip.hidden = false;
    const at = link.getBoundingClientRect();
    const size = tip.getBoundingClientRect();
    const left = Math.min(Math.max(at.left - 12, 8), window.innerWidth - size.width - 8);
    const above = at.top - size.height - 6;
    tip.style.left = `${left}px`;
    tip.style.top = `${above > 8 ? above : at.bottom + 6}px`;
  };
  const hide = (event) => {
    if (cite(event)) tip.hidden = true;
  };
  const leave = (event) => {
    if (event.key === "Escape") tip.hidden = true;
  };
  element.addEventListener("pointerover", show);
  element.addEventListener("focusin", show);
  element.addEventListener("pointerout", hide);
  element.addEventListener("focusout", hide);
  element.addEventListener("keydown", leave);
  return () => tip.remove();
}
