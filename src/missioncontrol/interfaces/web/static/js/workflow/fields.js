// Form fields made from the JSON Schema of workflow files. Each says at which path of the document it stands.
import { parse } from "../../vendor/yaml.js";
import { button, html } from "./dom.js";
import { flowText } from "./writing.js";

const SHORT_FOR = { retry: "attempts", timeout: "run" };
const LONG = 60;

// `change(path, value)` is told what somebody entered; undefined takes the entry away.
export class Fields {
  constructor(schema, change, { offers = {} } = {}) {
    this.schema = schema;
    this.change = change;
    this.offers = offers; // by key: values to choose from or to be completed
  }

  resolved(schema) {
    if (!schema?.$ref) return schema ?? {};
    const found = schema.$ref.split("/").slice(1).reduce((place, part) => place[part], this.schema);
    const { $ref, ...own } = schema;
    return { ...this.resolved(found), ...own };
  }

  // A field, or a group of fields, for the value at `path`.
  field(path, given, value) {
    const schema = this.resolved(given);
    const key = String(path.at(-1));
    const choices = (schema.anyOf ?? []).map((each) => this.resolved(each));
    const list = schema.type === "array" ? schema : choices.find((each) => each.type === "array");
    const object = schema.properties ? schema : choices.find((each) => each.properties);
    if (schema.additionalProperties && typeof schema.additionalProperties === "object") return this.named(path, schema, value);
    if (object) return this.group(path, schema, object, choices, value);
    if (list?.items) return this.list(path, schema, this.resolved(list.items), value);
    if (schema.enum?.every((each) => typeof each === "string")) return this.choice(path, schema, schema.enum, value);
    if (schema.type === "boolean") return this.choice(path, schema, ["true", "false"], value === undefined ? value : String(value), (text) => text === "true");
    if (schema.type === "string" || (choices.length && choices.every((each) => each.type === "string" || each.enum))) return this.text(path, schema, value, key);
    return this.any(path, schema, value);
  }

  id(path) {
    return `field-${path.join("-").replace(/[^\w-]/g, "_")}`;
  }

  labelled(path, schema, input, label = path.at(-1)) {
    const id = this.id(path);
    input.id = id;
    const hint = schema.description ? html("small", { id: `${id}-h` }, schema.description) : null;
    if (hint) input.setAttribute("aria-describedby", hint.id);
    return html("div", { class: "field" }, html("label", { for: id }, String(label)), input, hint);
  }

  text(path, schema, value, key = String(path.at(-1))) {
    const shown = value === undefined || value === null ? "" : typeof value === "string" ? value : flowText(value);
    const commit = (event) => this.change(path, event.target.value === "" ? undefined : event.target.value);
    const offered = this.offers[key];
    const input = shown.includes("\n") || shown.length > LONG
      ? html("textarea", { class: "in", rows: 3, value: shown, onchange: commit })
      : html("input", { class: "in", value: shown, onchange: commit, autocomplete: "off", spellcheck: "false", list: offered ? `${this.id(path)}-l` : null });
    const found = this.labelled(path, schema, input);
    if (offered) found.append(html("datalist", { id: `${this.id(path)}-l` }, offered.map((each) => html("option", { value: each }))));
    return found;
  }

  // A value of any kind: a text as it stands, everything else as YAML in a line.
  any(path, schema, value, label = path.at(-1)) {
    const shown = value === undefined ? "" : isOpenText(value) ? value : flowText(value);
    const commit = (event) => this.change(path, read(event.target.value));
    const examples = (schema.examples ?? []).join(", ");
    const input = shown.length > LONG || shown.includes("\n")
      ? html("textarea", { class: "in mono", rows: 3, value: shown, onchange: commit, spellcheck: "false" })
      : html("input", { class: "in mono", value: shown, placeholder: examples, onchange: commit, autocomplete: "off", spellcheck: "false" });
    return this.labelled(path, schema, input, label);
  }

  choice(path, schema, options, value, meant = (text) => text) {
    const said = value === undefined ? "" : String(value);
    const all = options.includes(said) || !said ? options : [said, ...options];
    const none = schema.default === undefined ? "not set" : `not set: ${schema.default}`;
    const input = html("select", { class: "in", onchange: (event) => this.change(path, event.target.value ? meant(event.target.value) : undefined) },
      html("option", { value: "" }, none), all.map((each) => html("option", { value: each, selected: each === said }, each)));
    return this.labelled(path, schema, input);
  }

  // Values that can be added and taken away one by one.
  list(path, schema, items, value) {
    const values = value === undefined || value === null ? [] : Array.isArray(value) ? value : [value];
    const key = String(path.at(-1));
    const known = this.offers[key] ?? (items.anyOf ?? []).map((each) => this.resolved(each).const).filter(Boolean);
    const isClosed = known.length > 0 && !items.type;
    const set = (next) => this.change(path, next.length === 0 ? undefined : next.length === 1 && !Array.isArray(value) && typeof next[0] === "string" && !next[0].includes(",") && key === "needs" ? next[0] : next);
    const chips = values.map((each, n) => html("li", { class: "chip" }, html("b", {}, String(each)),
      html("button", { type: "button", "aria-label": `Remove ${each} from ${key}`, onclick: () => set(values.filter((_, at) => at !== n)) }, "×")));
    const left = known.filter((each) => !values.includes(each));
    const entry = isClosed || this.offers[key]
      ? html("select", { class: "in" }, html("option", { value: "" }, left.length ? "Add…" : "no more options"), left.map((each) => html("option", { value: each }, each)))
      : html("input", { class: "in", placeholder: "Add…", autocomplete: "off", spellcheck: "false" });
    const add = () => taken(entry, (said) => set([...values, said]));
    entry.addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); add(); } });
    const id = this.id(path);
    entry.id = id;
    return html("div", { class: "field" }, html("label", { for: id }, key), chips.length ? html("ul", { class: "chips", "aria-label": key }, chips) : null,
      html("div", { class: "row" }, entry, button("Add", { onclick: add, "aria-label": `Add to ${key}` })), schema.description ? html("small", {}, schema.description) : null);
  }

  // Fields that stand under one key; where a single value stands for them, it is taken over into them.
  group(path, schema, object, choices, value, isOpen = value !== undefined) {
    const key = String(path.at(-1));
    const isObject = value !== null && typeof value === "object" && !Array.isArray(value);
    const inner = new Fields(this.schema, (at, entered) => {
      if (isObject || entered === undefined || at.length > path.length + 1) return this.change(at, entered);
      const kept = SHORT_FOR[key] && value !== undefined ? { [SHORT_FOR[key]]: value } : {};
      this.change(path, { ...kept, [at.at(-1)]: entered });
    }, { offers: this.offers });
    const short = choices.filter((each) => !each.properties);
    const parts = [];
    if (short.some((each) => each.const === true)) parts.push(this.tick(path, value));
    else if (short.length && !isObject) parts.push(this.any(path, { examples: short.flatMap((each) => each.examples ?? []) }, value, "short form"));
    for (const [name, each] of Object.entries(object.properties)) {
      parts.push(inner.field([...path, name], each, isObject ? value[name] : value !== undefined && SHORT_FOR[key] === name ? value : undefined));
    }
    return html("details", { class: "field-group", open: isOpen, "data-group": path.join(".") },
      html("summary", {}, html("span", {}, key), value === undefined ? null : html("span", { class: "dim clip" }, flowText(value))),
      schema.description ? html("small", { class: "dim" }, schema.description) : null, ...parts);
  }

  tick(path, value) {
    const box = html("input", { type: "checkbox", id: this.id(path), onchange: (event) => this.change(path, event.target.checked ? true : undefined) });
    box.checked = Boolean(value);
    return html("label", { class: "opt", for: box.id }, box, html("span", {}, "Requires approval"));
  }

  // Entries to which the file gives names.
  named(path, schema, value) {
    const key = String(path.at(-1));
    const entries = value !== null && typeof value === "object" ? Object.entries(value) : [];
    const one = this.resolved(schema.additionalProperties);
    const made = one.properties ? { type: "string" } : "";
    const entry = html("input", { class: "in", placeholder: "Name", id: this.id(path), autocomplete: "off", spellcheck: "false" });
    const add = () => taken(entry, (said) => this.change([...path, said], made));
    entry.addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); add(); } });
    const shown = entries.map(([name, each]) => html("div", { class: "named" },
      one.properties ? this.group([...path, name], { description: "" }, one, [], each, false) : this.any([...path, name], {}, each),
      button("", { glyph: "close", cls: "quiet sq", "aria-label": `Remove ${name} from ${key}`, onclick: () => this.change([...path, name], undefined) })));
    return html("fieldset", { class: "field" }, html("legend", { class: "label" }, key), ...shown,
      html("div", { class: "row" }, entry, button("Add", { onclick: add, "aria-label": `Add to ${key}` })),
      schema.description ? html("small", {}, schema.description) : null);
  }
}

// Take what an entry says; what can't be done leaves it there.
export function taken(entry, doing) {
  const said = entry.value;
  if (!said) return;
  entry.value = "";
  if (doing(said) === false) entry.value = said;
}

// Whether a text is read as itself, so that it can be shown without quotes.
function isOpenText(value) {
  return typeof value === "string" && (value.includes("\n") || read(value) === value);
}

function read(text) {
  if (text === "") return undefined;
  if (text.includes("\n")) return text;
  try {
    const value = parse(text, { logLevel: "silent" });
    return value === null && !/^(?:null|~)$/.test(text) ? text : value;
  } catch {
    return text;
  }
}
