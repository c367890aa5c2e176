// The board: keys, dragging, the panel of an item, and columns of which only what is near is in the page.
import { csrf } from "../ask.js";
import { urlOf, keep, kept } from "../places.js";
import { tellProblem, toast } from "../toasts.js";

const AT_ONCE = 40;
const IN_PAGE_MAX = 120; // Cards of a column; the others give way to their height.
const OWN_VIEWS_MAX = 12;
const KEYS = "board.views";

export function mount(board) {
  const found = new Board(board);
  found.listen();
  return () => found.leave();
}

class Board {
  constructor(element) {
    this.board = element;
    this.page = element.closest(".boardpage");
    this.panel = document.getElementById("item-panel");
    this.gone = new AbortController();
    this.columns = new Map();
  }

  listen() {
    const { signal } = this.gone;
    const on = (target, type, act, options = {}) => target.addEventListener(type, act, { signal, ...options });
    on(document, "keydown", (event) => this.hear(event));
    on(this.page, "click", (event) => this.click(event));
    on(document.body, "item-changed", () => this.renew());
    on(this.board, "htmx:after:swap", () => this.settle());
    for (const type of ["dragstart", "dragover", "dragleave", "drop", "dragend"]) on(this.board, type, (event) => this[type](event));
    this.settle();
    this.ownViews();
  }

  leave() {
    this.gone.abort();
    for (const column of this.columns.values()) column.stop();
  }

  /** Watch the columns of what was put into the page, and mark the item that is open. */
  settle() {
    for (const column of this.columns.values()) column.stop();
    this.columns.clear();
    for (const list of this.board.querySelectorAll(".board.tallcols > .col > ul")) {
      const column = new Column(list, this.board.dataset.query);
      if (column.more) this.columns.set(list, column);
    }
    this.mark(this.panel.querySelector("#item")?.dataset.item ?? "");
  }

  // ---------- the panel of an item ----------

  click(event) {
    if (event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const opens = event.target.closest("[data-open-item]");
    if (opens) return take(event, () => this.open(opens.dataset.openItem, opens));
    if (event.target.closest("[data-close-item]")) take(event, () => this.close());
  }

  async open(key, link) {
    const query = new URLSearchParams(this.board.dataset.query);
    query.set("beside", "1");
    const found = await part(`/board/items/${encodeURIComponent(key)}?${query}`);
    if (found === null) return;
    this.show(found);
    this.mark(key);
    const url = new URL(location.href);
    url.searchParams.set("item", key);
    history.replaceState(history.state, "", url);
    if (link) this.from = key;
    this.panel.querySelector("#item")?.focus();
  }

  show(html) {
    this.panel.replaceChildren(...new DOMParser().parseFromString(html, "text/html").body.childNodes);
    window.htmx?.process(this.panel);
  }

  close() {
    this.panel.replaceChildren();
    const url = new URL(location.href);
    url.searchParams.delete("item");
    history.replaceState(history.state, "", url);
    const key = this.from;
    this.mark("");
    this.link(key)?.focus();
  }

  mark(key) {
    for (const link of this.board.querySelectorAll('[data-open-item][aria-current="true"]')) link.removeAttribute("aria-current");
    if (key) this.link(key)?.setAttribute("aria-current", "true");
  }

  link(key) {
    return key ? this.board.querySelector(`[data-key="${CSS.escape(key)}"] [data-open-item]`) : null;
  }

  /** Show what changed: the board, and the item that is open. */
  renew() {
    const open = this.panel.querySelector("#item")?.dataset.item;
    window.htmx?.trigger(this.board, "changed");
    if (open) this.open(open);
  }

  // ---------- keys ----------

  hear(event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || !kept("keys", true)) return;
    if (document.querySelector("dialog[open]")) return;
    const inside = this.page.contains(event.target) || event.target === document.body || event.target.id === "main";
    if (!inside) return;
    const act = this.actOf(event.key);
    if (act) take(event, act);
  }

  actOf(key) {
    const open = this.panel.querySelector("#item");
    if (key === "Escape") return open && (() => this.close());
    if (key === "v") return () => this.nextLayout();
    if (["i", "p", "b", "e"].includes(key)) return this.current() || open ? () => this.aim(key) : null;
    if (key === "m") return this.current() || open ? () => this.aim("m") : null;
    if (this.board.dataset.view === "list") return null; // Rows have the keys of all lists.
    const step = { j: [0, 1], k: [0, -1], h: [-1, 0], l: [1, 0] }[key];
    return step ? () => this.step(...step) : null;
  }

  current() {
    return document.activeElement?.closest?.("[data-key]") ?? this.board.querySelector('[aria-current="true"]')?.closest("[data-key]");
  }

  step(aside, down) {
    const card = this.current();
    const columns = [...this.board.querySelectorAll(".col > ul")].filter((list) => list.querySelector("[data-key]"));
    if (!columns.length) return;
    const column = card ? columns.indexOf(card.parentElement) : -1;
    if (column < 0) return this.select(columns[0].querySelector("[data-key]"));
    if (aside) {
      const next = columns[Math.max(0, Math.min(columns.length - 1, column + aside))];
      const cards = [...next.querySelectorAll("[data-key]")];
      return this.select(nearest(cards, card.getBoundingClientRect().top));
    }
    const beside = down > 0 ? card.nextElementSibling : card.previousElementSibling;
    if (beside?.matches("[data-key]")) this.select(beside);
  }

  select(card) {
    const link = card?.querySelector("[data-open-item]");
    if (!link) return;
    link.focus();
    card.scrollIntoView({ block: "nearest", inline: "nearest" });
    if (this.panel.querySelector("#item")) this.open(link.dataset.openItem).then(() => link.focus());
  }

  /** Open the item that is selected, and go to the field or the button of a key. */
  async aim(key) {
    const card = this.current();
    const open = this.panel.querySelector("#item")?.dataset.item;
    if (card && card.dataset.key !== open) await this.open(card.dataset.key, card);
    const target = this.panel.querySelector(key === "m" ? ".moves :is(button:not(:disabled))" : `[data-key-target="${key}"]`);
    (target ?? this.panel.querySelector(".moves"))?.focus();
    target?.scrollIntoView({ block: "center" });
    if (!target && key === "m") toast("This item can't be moved now", { text: this.panel.querySelector(".moves small")?.textContent ?? "", tone: "ask" });
  }

  nextLayout() {
    const all = [...this.page.querySelectorAll("[data-layout]")];
    const at = all.findIndex((each) => each.dataset.layout === this.board.dataset.view);
    location.href = all[(at + 1) % all.length].href;
  }

  // ---------- dragging: a drag is a command, and a refused one returns the card ----------

  dragstart(event) {
    const card = event.target.closest?.(".card[data-key]");
    if (!card) return;
    this.dragged = card;
    card.classList.add("dragged");
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", card.dataset.key);
  }

  dragover(event) {
    const column = event.target.closest?.("[data-column]");
    if (!this.dragged || !column) return;
    event.preventDefault();
    for (const each of this.board.querySelectorAll(".col.over")) each.classList.toggle("over", each === column);
    column.classList.add("over");
  }

  dragleave(event) {
    if (!this.board.contains(event.relatedTarget)) this.unmark();
  }

  dragend() {
    this.dragged?.classList.remove("dragged");
    this.dragged = null;
    this.unmark();
  }

  unmark() {
    for (const each of this.board.querySelectorAll(".col.over")) each.classList.remove("over");
  }

  async drop(event) {
    const column = event.target.closest?.("[data-column]");
    const card = this.dragged;
    if (!card || !column) return;
    event.preventDefault();
    this.unmark();
    if (column.dataset.column === card.dataset.stage) return;
    const home = { parent: card.parentElement, next: card.nextSibling };
    column.querySelector("ul").prepend(card);
    card.setAttribute("aria-busy", "true");
    const refused = await send(`/board/items/${encodeURIComponent(card.dataset.key)}/move`, { to: column.dataset.column });
    card.removeAttribute("aria-busy");
    if (!refused) return this.renew();
    home.parent.insertBefore(card, home.next?.parentElement === home.parent ? home.next : null);
    tellProblem(refused);
  }

  // ---------- views of one's own: a name for an address, kept in this browser ----------

  ownViews() {
    const place = this.page.querySelector("[data-own-views]");
    if (!place) return;
    const views = kept(KEYS, []);
    const list = views.map(([title, href]) => Object.assign(document.createElement("a"), { href, textContent: title }));
    const save = Object.assign(document.createElement("button"), { type: "button", textContent: "Save as new view" });
    save.addEventListener("click", () => {
      const title = prompt("Name of the view")?.trim().slice(0, 60);
      if (!title) return;
      const url = new URL(location.href);
      url.searchParams.delete("item");
      keep(KEYS, [...views.filter(([name]) => name !== title), [title, url.pathname + url.search]].slice(-OWN_VIEWS_MAX));
      this.ownViews();
    });
    place.parentElement.querySelectorAll("[data-own]").forEach((each) => each.remove());
    const line = document.createElement("hr");
    for (const each of [line, ...list, save]) {
      each.dataset.own = "";
      place.parentElement.append(each);
    }
  }
}

/** A column that brings its cards as it is scrolled, and lets those go that are far above. */
class Column {
  constructor(list, query) {
    this.list = list;
    this.query = query;
    this.stage = list.closest("[data-column]").dataset.column;
    this.total = Number(list.closest("[data-column]").dataset.total);
    this.more = list.querySelector(".more");
    this.begin = 0;
    this.end = Number(this.more?.dataset.more ?? 0);
    if (!this.more) return;
    this.pad = document.createElement("li");
    this.pad.className = "pad";
    this.pad.setAttribute("aria-hidden", "true");
    this.heights = [];
    list.prepend(this.pad);
    this.scroll = () => this.look();
    list.addEventListener("scroll", this.scroll, { passive: true });
  }

  stop() {
    this.list.removeEventListener("scroll", this.scroll);
  }

  look() {
    const { scrollTop, clientHeight, scrollHeight } = this.list;
    if (this.end < this.total && scrollTop + 2 * clientHeight > scrollHeight) this.bring(this.end, AT_ONCE, true);
    else if (this.begin > 0 && scrollTop < this.padded() + clientHeight) this.bring(Math.max(0, this.begin - AT_ONCE), Math.min(AT_ONCE, this.begin), false);
  }

  padded() {
    return this.heights.slice(0, this.begin).reduce((sum, each) => sum + each, 0);
  }

  async bring(after, limit, below) {
    if (this.busy) return;
    this.busy = true;
    const query = new URLSearchParams(this.query);
    for (const [name, value] of Object.entries({ stage: this.stage, after, limit })) query.set(name, value);
    const html = await part(`/board/cards?${query}`);
    this.busy = false;
    if (!html || !this.list.isConnected) return;
    const cards = new DOMParser().parseFromString(`<ul>${html}</ul>`, "text/html").querySelectorAll("li.card");
    if (below) {
      this.more.before(...cards);
      this.end += cards.length;
      this.dropAbove();
    } else {
      this.pad.after(...cards);
      this.begin -= cards.length;
      this.dropBelow();
    }
    this.settle();
  }

  cards() {
    return [...this.list.querySelectorAll(":scope > .card")];
  }

  dropAbove() {
    const cards = this.cards();
    for (const card of cards.slice(0, Math.max(0, cards.length - IN_PAGE_MAX))) {
      if (card.contains(document.activeElement)) break;
      this.heights[this.begin] = card.offsetHeight + 6;
      this.begin += 1;
      card.remove();
    }
  }

  dropBelow() {
    const cards = this.cards();
    for (const card of cards.slice(IN_PAGE_MAX).reverse()) {
      if (card.contains(document.activeElement)) break;
      this.end -= 1;
      card.remove();
    }
  }

  settle() {
    this.pad.style.minBlockSize = `${this.padded()}px`;
    const left = this.total - this.end;
    this.more.hidden = left <= 0;
    this.more.querySelector("a").textContent = `${left.toLocaleString("en").replaceAll(",", "\u2009")} more`;
    requestAnimationFrame(() => this.list.isConnected && this.look()); // A long jump needs several portions.
  }
}

const isTyping = (element) => element instanceof Element && (element.matches("input:not([type=checkbox],[type=radio],[type=button]), textarea, select") || element.isContentEditable);

function take(event, act) {
  event.preventDefault();
  act();
}

function nearest(cards, top) {
  const away = (card) => Math.abs(card.getBoundingClientRect().top - top);
  return cards.reduce((best, card) => (away(card) < away(best) ? card : best), cards[0]);
}

/** Return a part of a page as the server sends it; null where it did not, which is told. */
async function part(url) {
  try {
    const response = await fetch(urlOf(url), { credentials: "same-origin", headers: { "HX-Request": "true", Accept: "text/html" } });
    if (response.ok) return await response.text();
    tellProblem(await response.json());
  } catch {
    tellProblem({ title: "The console does not respond", hint: "The board shows what it was." });
  }
  return null;
}

/** Send a form; return the refusal, or null where it was accepted. */
async function send(url, fields) {
  const headers = { "HX-Request": "true", "X-CSRF-Token": csrf(), Accept: "application/json" };
  try {
    const response = await fetch(urlOf(url), { method: "POST", credentials: "same-origin", headers, body: new URLSearchParams(fields) });
    return response.ok ? null : await response.json();
  } catch {
    return { title: "The console does not respond", hint: "Nothing was moved." };
  }
}
