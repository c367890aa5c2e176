// A link to a row that is folded away unfolds it; the tab of this page is in sight.
export function tendTargets() {
  unfold();
  addEventListener("hashchange", unfold);
  document.querySelector(".tabs > [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
}

function unfold() {
  const target = document.getElementById(named(location.hash.slice(1)));
  const folded = target?.querySelector(":scope > details:not([open])");
  if (!folded) return;
  folded.open = true;
  target.scrollIntoView({ block: "nearest" });
}

function named(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
