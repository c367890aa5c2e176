// The command palette: everything somebody may do, found by a few letters, by keyboard alone.
import { ask } from "../ask.js";
import { copy, openDialog } from "../dialogs.js";
import { switchTheme } from "../frame.js";
import { marked, match } from "../fuzzy.js";
import { icon, keep, kept, places, urlOf, wordsOf } from "../places.js";
import { toast } from "../toasts.js";

const API = "/api/v1";
const RECENT = "palette.recent";
const RECENT_MAX = 8;
const RECENT_MORE = 150; // What was done lately goes before what fits as well.
const ASIDE_MIN = 190; // Beside its title a thing is found by whole pieces only.
const WEAK = 0.25; // What fits so much worse than the best is not what was meant.
const SHOWN_MAX = 60;
const HERE_MAX = 6;
/** What can be gone to right away, without choosing the action first. */
const DIRECT = { mission: "/missions/", run: "/runs/", workflow: "/workflows/", agent: "/agents/", schedule: "/schedules/" };

export function mount(dialog) {
  const palette = new Palette(dialog);
  dialog.addEventListener("opened", () => palette.begin());
  if (dialog.open) palette.begin(); // Somebody was faster than this script.
}

class Palette {
  constructor(dialog) {
    this.dialog = dialog;
    this.offered = { actions: [], choices: {}, looks: {}, needed: [] };
    this.isKnown = false;
    this.build();
  }

  build() {
    const query = made("div", "q");
    this.step = made("span", "step");
    this.input = made("input");
    Object.entries({ type: "text", role: "combobox", autocomplete: "off", spellcheck: "false", maxlength: "500", "aria-expanded": "true", "aria-autocomplete": "list", "aria-controls": "palette-list" }).forEach(([name, value]) => this.input.setAttribute(name, value));
    query.append(icon("search"), this.step, this.input);
    this.list = made("div", "res");
    this.list.id = "palette-list";
    this.list.setAttribute("role", "listbox");
    this.list.setAttribute("aria-label", "Commands");
    this.alert = made("p", "palette-alert");
    this.alert.setAttribute("role", "alert");
    this.alert.hidden = true;
    const foot = made("div", "foot hide-s");
    for (const [keys, word] of [["↑ ↓", "select"], ["Enter", "run"], ["⌫", "back"], ["Esc", "close"]]) {
      const hint = foot.appendChild(made("span"));
      const key = hint.appendChild(made("kbd"));
      key.textContent = keys;
      hint.append(` ${word}`);
    }
    this.dialog.replaceChildren(query, this.alert, this.list, foot);
    this.input.addEventListener("input", () => this.show());
    this.dialog.addEventListener("keydown", (event) => this.hear(event));
    this.list.addEventListener("click", ({ target }) => {
      const option = target.closest('[role="option"]');
      if (option) this.take(this.options[Number(option.dataset.at)]);
    });
  }

  async begin() {
    this.isEntered = false;
    this.back();
    this.input.value = this.dialog.dataset.query ?? "";
    delete this.dialog.dataset.query;
    if (this.input.value) this.show();
    try {
      this.offered = await ask("/palette");
      if (this.dialog.open && !this.action) this.show();
    } catch (error) {
      this.tell(error.message);
    }
    this.isKnown = true; // Places can be gone to also where the actions did not come.
    if (this.isEntered && this.dialog.open) this.take(this.options[this.at]);
  }

  /** Back to the list of all actions. */
  back() {
    this.action = null;
    this.isSure = false;
    this.given = {};
    this.fields = {};
    this.chosen = "";
    this.tell("");
    this.prompt("", "Search or run a command");
  }

  prompt(step, label) {
    this.step.textContent = step;
    this.step.hidden = !step;
    this.input.value = "";
    this.input.placeholder = label;
    this.input.setAttribute("aria-label", label);
    this.show();
    this.input.focus();
  }

  tell(text) {
    this.alert.textContent = text;
    this.alert.hidden = !text;
  }

  hear(event) {
    const moves = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 };
    if (event.isComposing) return;
    if (event.key in moves) {
      event.preventDefault();
      this.select(this.at + moves[event.key], Math.abs(moves[event.key]) === 1);
    } else if (event.key === "Enter") {
      event.preventDefault();
      // Whoever types faster than the actions arrive means one of them.
      if (this.isKnown) this.take(this.options[this.at]);
      else this.isEntered = true;
    } else if (event.key === "Backspace" && !this.input.value && this.action) {
      event.preventDefault();
      this.back();
    } else if (event.key === "Escape" && this.action) {
      event.preventDefault();
      this.back();
    } else if (event.key === "Tab") {
      event.preventDefault();
    }
  }

  // What is offered.

  show() {
    const query = this.input.value.trim();
    const groups = this.argument ? this.asked(query) : this.everything(query);
    this.options = groups.flatMap(([, found]) => found);
    this.list.classList.toggle("sure", this.isSure);
    this.list.replaceChildren(...this.drawn(groups));
    if (!this.options.length) this.list.append(this.nothing(query));
    this.select(0);
  }

  get argument() {
    return this.action?.arguments?.find((one) => !(one.name in this.given));
  }

  asked(query) {
    const { choices, label, optional } = this.argument;
    if (!choices) {
      const word = query || (optional ? "Skip" : "");
      return [[label, word ? [{ title: word, icon: "chevron", give: query }] : []]];
    }
    const found = (this.offered.choices[choices] ?? []).map((choice) => ({ ...choice, give: choice.value, choice }));
    return [[label, this.sorted(found, query)]];
  }

  everything(query) {
    if (this.isSure) return [[this.question(), [{ title: this.action.title, icon: this.action.icon, yes: true }, { title: "Cancel", icon: "close", no: true }]]];
    const actions = [...this.now(), ...this.pages(), ...this.offered.actions.map((action) => ({ ...action, action })), ...this.own()];
    if (!query) return this.grouped(actions);
    const found = this.sorted([...actions, ...(query.length > 1 ? this.direct() : [])], query, { weak: false });
    const search = { id: "search", title: `Search everywhere for “${query}”`, icon: "search", href: `/search?q=${encodeURIComponent(query)}` };
    return [["", found], ["", [search]]];
  }

  grouped(actions) {
    const all = [...actions, ...this.direct()];
    const recent = kept(RECENT, []).map((id) => all.find((one) => one.id === id)).filter(Boolean);
    const groups = new Map();
    for (const one of this.now()) groups.set(one.group, [...(groups.get(one.group) ?? []), one]);
    if (recent.length) groups.set("Recent", recent);
    for (const one of actions) {
      if (one.isNow) continue;
      if (recent.includes(one)) continue;
      if (!groups.has(one.group)) groups.set(one.group, []);
      groups.get(one.group).push(one);
    }
    return [...groups];
  }

  /** What can be done now: the buttons of this page, and what needs the person. */
  now() {
    const buttons = [...document.querySelectorAll("main .acts :is(a.btn, button:not(:disabled))")].filter((one) => one.offsetParent !== null).slice(0, HERE_MAX);
    const here = buttons.map((button) => {
      const title = button.getAttribute("aria-label") ?? wordsOf(button);
      const icon = button.querySelector("use")?.getAttribute("href").split("#")[1] ?? "chevron";
      return { id: `here.${title}`, title, group: "On this page", icon, isNow: true, run: () => button.click() };
    });
    return [...here.filter((one) => one.title), ...this.offered.needed.map((one) => ({ ...one, isNow: true }))];
  }

  pages() {
    const found = Object.entries(places.go).map(([key, [title, href, glyph]]) => ({ id: `go.${title}`, title, group: "Places", icon: glyph, href, keys: `g ${key}` }));
    return [...found, ...places.tabs.map(([title, href, glyph, place]) => ({ id: `go.${place}.${title}`, title, group: "Lists", icon: glyph, href, detail: place }))];
  }

  own() {
    const own = [{ id: "theme", title: "Switch theme", group: "This browser", icon: "theme", run: switchTheme, words: "dark light" }];
    const form = document.querySelector('form[action$="/sign-out"]');
    if (form) own.push({ id: "sign-out", title: "Sign out", group: "This browser", icon: "user", run: () => form.submit(), words: "log out leave" });
    return own;
  }

  direct() {
    return Object.entries(DIRECT).flatMap(([kind, path]) => (this.offered.choices[kind] ?? []).map((choice) => ({ ...choice, id: `${kind}:${choice.value}`, href: path + encodeURIComponent(choice.value), kind })));
  }

  sorted(found, query, { weak = true } = {}) {
    if (!query) return found.slice(0, SHOWN_MAX);
    const recent = kept(RECENT, []);
    const scored = [];
    for (const one of found) {
      const fit = this.fit(one, query);
      if (!fit) continue;
      const more = recent.includes(one.id) ? RECENT_MORE - recent.indexOf(one.id) : 0;
      scored.push({ one, ...fit, total: fit.score + more });
    }
    scored.sort((a, b) => b.total - a.total);
    const least = weak || !scored.length ? 0 : Math.max(...scored.map((each) => each.score)) * WEAK;
    return scored.filter((each) => each.score >= least).slice(0, SHOWN_MAX).map((each) => ({ ...each.one, found: each.places }));
  }

  /** How well something fits: by its title, or by other words for it. */
  fit(one, query) {
    const titled = match(query, one.title);
    if (titled) return titled;
    const beside = match(query, `${one.words ?? ""} ${one.detail ?? ""} ${one.kind ?? ""} ${one.title}`.trim());
    return beside && beside.score >= ASIDE_MIN ? { score: beside.score / 2, places: [] } : null;
  }

  // How it is drawn.

  drawn(groups) {
    let at = 0;
    return groups.filter(([, found]) => found.length).map(([title, found], number) => {
      const group = made("div");
      group.setAttribute("role", "group");
      if (title) {
        const head = group.appendChild(made("h3"));
        head.setAttribute("role", "presentation");
        head.id = `palette-g${number}`;
        head.textContent = title;
        group.setAttribute("aria-labelledby", head.id);
      } else {
        group.setAttribute("aria-label", "Found");
      }
      group.append(...found.map((one) => this.option(one, at++)));
      return group;
    });
  }

  option(one, at) {
    const option = made("div");
    option.id = `palette-o${at}`;
    option.dataset.at = at;
    option.setAttribute("role", "option");
    const look = this.offered.looks[one.state];
    const glyph = icon(look ? look[1] : one.icon ?? "chevron");
    if (look) option.dataset.s = look[0];
    option.append(glyph, marked(made("span", "t"), one.title, one.found ?? []));
    const beside = [one.kind, look?.[2], one.detail].filter(Boolean).join(" · ");
    if (beside) option.appendChild(made("span", "m")).textContent = beside;
    if (one.command) option.appendChild(made("span", "m")).textContent = "in a terminal";
    if (one.arguments?.length) option.appendChild(made("span", "m")).textContent = "…";
    if (one.keys) option.append(...one.keys.split(" ").map((key) => Object.assign(made("kbd"), { textContent: key })));
    return option;
  }

  nothing(query) {
    const line = made("p", "palette-none");
    line.textContent = query ? `No matches for “${query}”.` : this.argument ? `Enter: ${this.argument.label.toLowerCase()}.` : "No options.";
    return line;
  }

  select(at, wraps = false) {
    const count = this.options.length;
    if (!count) {
      this.at = 0;
      this.input.removeAttribute("aria-activedescendant");
      return;
    }
    this.at = wraps ? (at + count) % count : Math.max(0, Math.min(at, count - 1));
    this.list.querySelectorAll('[role="option"]').forEach((option, number) => {
      const isIt = number === this.at;
      option.setAttribute("aria-selected", String(isIt));
      if (isIt) {
        option.scrollIntoView({ block: "nearest" });
        this.input.setAttribute("aria-activedescendant", option.id);
      }
    });
  }

  // What is done.

  take(one) {
    if (!one) return;
    this.tell("");
    if (one.no) return this.back();
    if (one.yes) return this.act();
    if ("give" in one) return this.give(one);
    if (one.id && !one.isNow) this.remember(one.id);
    if (one.action) return this.start(one.action);
    if (one.run) {
      this.dialog.close();
      return one.run();
    }
    this.leave(one.href);
  }

  start(action) {
    this.action = action;
    this.next();
  }

  give(one) {
    const { name, is_number: isNumber } = this.argument;
    if (isNumber && !(one.give.trim() && Number.isFinite(Number(one.give)))) return this.tell(`“${one.give}” is not a number.`);
    this.given[name] = isNumber ? Number(one.give) : one.give;
    if (one.choice) {
      this.chosen = this.chosen || one.choice.title;
      Object.assign(this.fields, one.choice.fields ?? {});
    }
    this.next();
  }

  next() {
    const argument = this.argument;
    if (argument) return this.prompt(this.action.title, argument.label + (argument.optional ? " (Enter for none)" : ""));
    if (this.action.sure) {
      this.isSure = true;
      this.prompt(this.action.title, "Are you sure?");
      return this.select(1);
    }
    this.act();
  }

  question() {
    return this.action.sure.replace("{title}", this.chosen);
  }

  async act() {
    const { href, post, opens, command, title, then, method = "POST" } = this.action;
    if (opens) return openDialog(opens);
    if (command) return this.copyCommand(command);
    const left = { ...this.given };
    const fill = (text) => text.replace(/\{(\w+)\}/g, (_, name) => {
      delete left[name];
      return encodeURIComponent(this.given[name]);
    });
    if (href) return this.leave(fill(href));
    const url = API + fill(post);
    const next = then && fill(then);
    const body = { ...this.fields, ...Object.fromEntries(Object.entries(left).filter(([, value]) => value !== "")) };
    try {
      const answer = await this.ask(url, method, body);
      if (answer?.run && /retry|schedules/.test(url) && !next) return this.leave(`/runs/${encodeURIComponent(answer.run)}`);
      if (next) return this.leave(next);
      this.dialog.close();
      toast(`${title}: done`, { text: this.chosen, tone: "ok" });
    } catch (error) {
      this.back();
      this.tell(error.message + (error.problem?.hint ? ` ${error.problem.hint}` : ""));
    }
  }

  copyCommand(command) {
    this.dialog.close();
    copy(command, "Command copied: run it in a terminal");
  }

  ask(url, method, body) {
    if (method !== "DELETE") return ask(url, { method, body: Object.keys(body).length ? body : undefined });
    const query = new URLSearchParams(body).toString();
    return ask(query ? `${url}?${query}` : url, { method });
  }

  leave(href) {
    this.dialog.close();
    location.href = urlOf(href);
  }

  remember(id) {
    keep(RECENT, [id, ...kept(RECENT, []).filter((one) => one !== id)].slice(0, RECENT_MAX));
  }
}

function made(name, cls = "") {
  const element = document.createElement(name);
  if (cls) element.className = cls;
  return element;
}
