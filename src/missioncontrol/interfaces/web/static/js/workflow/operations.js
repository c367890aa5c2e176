// What a workflow file says, as steps and connections, and what can be done to it. A document is its text:
// each operation takes a text and returns a text, and leaves alone what it is not about.

import { isMap, isScalar, isSeq, visit } from "../../vendor/yaml.js";
import { Unforeseen, assigned, contentEnd, cut, isAlias, isSame, lineAdded, pairOf, parsed, valueAt } from "./splice.js";
import { block, scalarText } from "./writing.js";

const WORKFLOW_KEYS = ["name", "version", "description", "inputs", "budget", "concurrency", "timeout", "outputs", "steps"];
const STEP_KEYS = [
  "title", "agent", "capability", "workflow", "needs", "if", "for_each", "risk", "effects", "approval", "concurrency",
  "with", "artifacts", "repeat", "retry", "timeout", "budget", "model", "on_failure",
];
const NAME = /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/;
const RESERVED = ["stop", "continue"];
const HANDLERS = new Set(RESERVED);

// What a text says: its steps in order, its connections, or why it can't be read.
export function read(text) {
  const doc = parsed(text);
  const error = doc.errors[0];
  if (error) return { problem: { at: error.pos[0], message: error.message }, name: "", steps: [], links: [] };
  let value;
  try {
    value = doc.toJS({ maxAliasCount: 1000 });
  } catch (fault) {
    return { problem: { at: 0, message: fault.message }, name: "", steps: [], links: [] };
  }
  const root = isPlain(value) ? value : {};
  const said = isPlain(root.steps) ? root.steps : {};
  const steps = Object.entries(said).map(([key, step]) => stepOf(key, isPlain(step) ? step : {}));
  return { problem: null, name: typeof root.name === "string" ? root.name : "", value: root, steps, links: linksOf(steps) };
}

function isPlain(value) {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

function stepOf(key, said) {
  const kind = said.workflow !== undefined ? "workflow" : said.capability !== undefined ? "capability"
    : said.agent === "command" ? "command" : "agent";
  const handler = typeof said.on_failure === "string" && !HANDLERS.has(said.on_failure) ? said.on_failure : "";
  return {
    key,
    said,
    kind,
    title: typeof said.title === "string" ? said.title : "",
    who: String(said.workflow ?? said.capability ?? said.agent ?? ""),
    needs: needsOf(said),
    handler,
    condition: said.if === undefined || said.if === null ? "" : String(said.if),
    isForEach: said.for_each !== undefined && said.for_each !== null,
    isRepeated: isPlain(said.repeat),
    isApproved: Boolean(said.approval),
  };
}

function needsOf(said) {
  const needs = said.needs ?? [];
  return (Array.isArray(needs) ? needs : [needs]).filter((each) => typeof each === "string");
}

function linksOf(steps) {
  const known = new Set(steps.map((step) => step.key));
  const found = [];
  for (const step of steps) {
    for (const need of new Set(step.needs)) if (known.has(need) && need !== step.key) found.push({ from: need, to: step.key, kind: "needs" });
    if (known.has(step.handler) && step.handler !== step.key) found.push({ from: step.key, to: step.handler, kind: "failure" });
  }
  return found;
}

// Where the key of a step stands in a text.
export function placeOf(text, key) {
  const steps = parsed(text).get("steps", true);
  const pair = isMap(steps) ? pairOf(steps, key) : null;
  return pair ? { from: pair.key.range[0], to: contentEnd(pair.value, pair.key) } : null;
}

// The step in which a place of a text lies.
export function stepAt(text, at) {
  const steps = parsed(text).get("steps", true);
  if (!isMap(steps)) return "";
  const pair = steps.items.findLast((each) => each.key.range[0] <= at);
  return pair && at <= contentEnd(pair.value, pair.key) ? String(pair.key.value) : "";
}

// Let a field of a step have a value; undefined takes it away.
export function setField(text, key, path, value) {
  if (value === undefined) return withoutField(text, ["steps", key, ...path]);
  return assigned(text, ["steps", key, ...path], value, path.length === 1 ? STEP_KEYS : []);
}

// What is empty once a part of it is gone, goes with it, up to the step itself.
function withoutField(text, path) {
  const after = assigned(text, path, undefined);
  const above = path.slice(0, -1);
  const left = valueAt(after, above);
  const isEmpty = left !== null && typeof left === "object" && !Object.keys(left).length;
  return isEmpty && above.length > 2 ? withoutField(after, above) : after;
}

export function setTop(text, path, value) {
  return assigned(text, path, value, path.length === 1 ? WORKFLOW_KEYS : []);
}

export function freeKey(text, wanted) {
  const known = new Set(read(text).steps.map((step) => step.key));
  const stem = NAME.test(wanted) && !HANDLERS.has(wanted) ? wanted.slice(0, 58) : "step";
  if (!known.has(stem)) return stem;
  for (let n = 2; ; n += 1) if (!known.has(`${stem}_${n}`)) return `${stem}_${n}`;
}

// Add a step after another one, or at the end.
export function addStep(text, key, given, after = "") {
  const said = Object.fromEntries(Object.entries(given).sort(([one], [other]) => STEP_KEYS.indexOf(one) - STEP_KEYS.indexOf(other)));
  const doc = parsed(text);
  if (doc.errors.length) throw new Unforeseen("The text is not valid YAML.");
  const steps = doc.get("steps", true);
  if (!isMap(steps) || !steps.items.length) return assigned(text, ["steps"], { [key]: said }, WORKFLOW_KEYS);
  if (steps.flow) return assigned(text, ["steps", key], said, []);
  const before = steps.items.find((pair) => String(pair.key.value) === after) ?? steps.items.at(-1);
  const column = steps.items[0].key.range[0] - (text.lastIndexOf("\n", steps.items[0].key.range[0] - 1) + 1);
  const lines = block({ [key]: said }, " ".repeat(column));
  if (!/^ *$/.test(text.slice(text.lastIndexOf("\n", steps.items[0].key.range[0] - 1) + 1, steps.items[0].key.range[0]))) {
    return assigned(text, ["steps", key], said, []);
  }
  const opened = isAiry(text, steps) ? ["", ...lines] : lines;
  const added = lineAdded(text, withRemarks(text, contentEnd(before.value, before.key), column), opened.join("\n"));
  const found = parsed(added);
  const isMeant = !found.errors.length && isSame(found.toJS({ maxAliasCount: 1000 })?.steps?.[key], said);
  return isMeant ? added : assigned(text, ["steps", key], said, []);
}

// Where a step ends with the comments below it that are indented like its own lines.
function withRemarks(text, end, column) {
  let at = text[end - 1] === "\n" ? end : text.indexOf("\n", end) + 1;
  if (!at) return end;
  for (;;) {
    const line = text.slice(at).match(/^( *)#[^\n]*(?:\n|$)/);
    if (!line || line[1].length <= column) return at;
    at += line[0].length;
  }
}

// Let a step stand right before or after another one in the file, with the remarks right above and in it. What parts
// the steps, empty lines and headings, stays where it is.
export function moveStep(text, key, other, isBefore) {
  const whole = text.endsWith("\n") ? text : `${text}\n`;
  const steps = parsed(whole).get("steps", true);
  const keys = isMap(steps) && !steps.flow ? steps.items.map((pair) => String(pair.key.value)) : [];
  const order = keys.filter((each) => each !== key);
  if (key === other || order.length !== keys.length - 1 || !order.includes(other)) throw new Unforeseen("These steps must be reordered in the text.");
  order.splice(order.indexOf(other) + (isBefore ? 0 : 1), 0, key);
  const places = steps.items.map((pair) => blockOf(whole, pair));
  const ends = places.map(([, end]) => end);
  const gaps = places.map(([start], n) => whole.slice(n ? ends[n - 1] : 0, start));
  const moved = order.map((each, n) => gaps[n] + whole.slice(...places[keys.indexOf(each)])).join("") + whole.slice(ends.at(-1));
  const after = parsed(moved);
  const isMeant = !after.errors.length && isSame(after.toJS({ maxAliasCount: 1000 }), parsed(whole).toJS({ maxAliasCount: 1000 }));
  if (!isMeant) throw new Unforeseen("Another part of the file must precede it.");
  return text.endsWith("\n") ? moved : moved.replace(/\n$/, "");
}

// From the remarks right above a step to the end of what is said in it.
function blockOf(text, pair) {
  const at = pair.key.range[0];
  let start = text.lastIndexOf("\n", at - 1) + 1;
  const column = at - start;
  if (text.slice(start, at).trim()) throw new Unforeseen("Other text precedes it on the line.");
  const remark = new RegExp(`(?:^|\\n) {${column}}#[^\\n]*\\n$`);
  for (let found = remark.exec(text.slice(0, start)); found; found = remark.exec(text.slice(0, start))) start = found.index + (found[0].startsWith("\n") ? 1 : 0);
  return [start, withRemarks(text, contentEnd(pair.value, pair.key), column)];
}

// Whether empty lines part the steps.
function isAiry(text, steps) {
  if (steps.items.length < 2) return false;
  const end = contentEnd(steps.items[0].value, steps.items[0].key);
  return /\n[ \t]*\n/.test(text.slice(text[end - 1] === "\n" ? end - 1 : end, steps.items[1].key.range[0]));
}

// Take a step away, and the connections that lead to it.
export function removeStep(text, key) {
  let now = text;
  for (const step of read(text).steps) {
    if (step.key === key) continue;
    if (step.needs.includes(key)) now = disconnect(now, key, step.key);
    if (step.handler === key) now = setField(now, step.key, ["on_failure"], undefined);
  }
  return assigned(now, ["steps", key], undefined);
}

// Let a step wait for another one.
export function connect(text, from, to) {
  const step = read(text).steps.find((each) => each.key === to);
  if (!step || from === to || step.needs.includes(from)) return text;
  const needs = [...step.needs, from];
  return setField(text, to, ["needs"], needs.length === 1 ? from : needs);
}

export function disconnect(text, from, to) {
  const step = read(text).steps.find((each) => each.key === to);
  const needs = step ? step.needs.filter((each) => each !== from) : [];
  if (!step || needs.length === step.needs.length) return text;
  return setField(text, to, ["needs"], needs.length ? needs : undefined);
}

// Let a step handle the failure of another one.
export function handle(text, from, to) {
  return setField(text, from, ["on_failure"], to || undefined);
}

// Why a connection can't be made, or an empty text.
export function linkProblem(steps, from, to) {
  if (from === to) return "A step cannot depend on itself.";
  const needs = new Map(steps.map((step) => [step.key, step.needs]));
  if (needs.get(to)?.includes(from)) return `${to} already depends on ${from}.`;
  const todo = [from];
  const seen = new Set();
  while (todo.length) {
    const key = todo.pop();
    if (key === to) return `Steps form a cycle: ${from} depends on ${to}.`;
    if (!seen.has(key)) todo.push(...(needs.get(key) ?? []));
    seen.add(key);
  }
  return "";
}

export function nameProblem(text, key, wanted) {
  if (!NAME.test(wanted)) return "A step name starts with a letter and has at most 64 letters, digits, _ and -.";
  if (HANDLERS.has(wanted)) return `A step cannot be named ${wanted}: on_failure reserves it.`;
  const isTaken = wanted !== key && read(text).steps.some((step) => step.key === wanted);
  return isTaken ? `The name ${wanted} is already in use.` : "";
}

// Give a step another name, wherever the file names it: in needs, handlers and expressions.
export function renameStep(text, key, wanted) {
  const doc = parsed(text);
  const steps = doc.get("steps", true);
  if (!isMap(steps) || key === wanted) return text;
  const cuts = [];
  const own = pairOf(steps, key);
  cuts.push([own.key.range[0], own.key.range[1], scalarText(wanted, true)]);
  for (const pair of steps.items) if (isMap(pair.value)) renameIn(text, pair.value, key, wanted, cuts);
  const outputs = doc.get("outputs", true);
  if (outputs) renameInExpressions(text, outputs, key, wanted, cuts, false);
  return cuts.sort((one, other) => other[0] - one[0]).reduce((now, [from, to, insert]) => cut(now, from, to, insert), text);
}

function renameIn(text, step, key, wanted, cuts) {
  for (const name of ["needs", "on_failure"]) {
    const node = step.get(name, true);
    const named = isSeq(node) ? node.items : [node];
    for (const each of named) {
      if (isScalar(each) && each.value === key) cuts.push([each.range[0], each.range[1], scalarText(wanted, true)]);
    }
  }
  for (const [path, isBare] of [[["with"], false], [["if"], true], [["for_each"], true], [["concurrency", "key"], false], [["repeat", "until"], true]]) {
    const node = step.getIn(path, true);
    if (node && !isAlias(node)) renameInExpressions(text, node, key, wanted, cuts, isBare && isScalar(node));
  }
}

function renameInExpressions(text, node, key, wanted, cuts, isBare) {
  const look = (each) => {
    if (typeof each.value !== "string" || !each.value.includes("steps")) return;
    const raw = text.slice(each.range[0], each.range[1]);
    const quote = raw[0] === '"' ? "'" : raw[0] === "'" ? '"' : "'";
    const renamed = renamedIn(raw, key, wanted, quote, isBare);
    if (renamed !== raw) cuts.push([each.range[0], each.range[1], renamed]);
  };
  if (isScalar(node)) look(node);
  else visit(node, { Scalar: (part, each) => (part === "key" ? undefined : look(each)) });
}

// `steps.a` and `steps['a']` within expressions; texts within expressions stay as they are.
export function renamedIn(source, key, wanted, quote, isBare) {
  if (isBare && !source.includes("${{")) return inExpression(source, key, wanted, quote);
  return source.replace(/(?<!\$)\$\{\{([\s\S]*?)\}\}/g, (all, inner) => `\${{${inExpression(inner, key, wanted, quote)}}}`);
}

function inExpression(source, key, wanted, quote) {
  const name = key.replace(/[.*+?^${}()|[\]\\-]/g, "\\$&");
  const reference = new RegExp(`(?<![\\w.'"])steps(?:\\.${name}(?![\\w-])|\\[\\s*(['"]{1,2}|\\\\")${name}\\1\\s*\\])`, "y");
  const literal = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/y;
  const shown = /^\w+$/.test(wanted) ? `steps.${wanted}` : `steps[${quote}${wanted}${quote}]`;
  let found = "";
  for (let at = 0; at < source.length; ) {
    reference.lastIndex = at;
    literal.lastIndex = at;
    const named = reference.exec(source);
    // The first sign of a quoted YAML text is no CEL literal: it is taken as it stands.
    const said = !named && at > 0 ? literal.exec(source) : null;
    found += named ? shown : said ? said[0] : source[at];
    at += named ? named[0].length : said ? said[0].length : 1;
  }
  return found;
}
