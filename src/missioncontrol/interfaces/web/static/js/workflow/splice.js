// Changes of a YAML text that leave everything beside them as it was: comments, order, quotes, blank lines.
//
// Each function takes a text and returns a text. It changes only the characters of what it is about, found
// by the places that the parser tells. What comes out is read again and compared with what was meant; where
// the two differ, because the text is of a kind that nobody foresaw, the parser writes the document anew,
// which keeps comments and loses some of their layout.

import { isMap, isPair, isScalar, isSeq, parseDocument, visit } from "../../vendor/yaml.js";
import { block, flowText, inline, isShort, scalarText } from "./writing.js";

export const INDENT = 2;
const READING = { keepSourceTokens: true, prettyErrors: false, uniqueKeys: true, strict: true, logLevel: "silent" };

export const isCollection = (node) => isMap(node) || isSeq(node);
export const isAlias = (node) => typeof node?.resolve === "function";

export class Unforeseen extends Error {}

const KNOWN_MAX = 4;
const known = []; // the texts that were read last, each with its document; nobody changes these documents

export function parsed(text) {
  const found = known.find((each) => each.text === text);
  if (found) return found.doc;
  known.splice(KNOWN_MAX - 1);
  const doc = parseDocument(text, READING);
  known.unshift({ text, doc });
  return doc;
}

export function isSame(one, other) {
  if (one === other) return true;
  if (typeof one !== "object" || typeof other !== "object" || !one || !other) return Object.is(one, other);
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const keys = Object.keys(one);
  return keys.length === Object.keys(other).length && keys.every((key) => key in other && isSame(one[key], other[key]));
}

// The value at a path of a text, or undefined.
export function valueAt(text, path) {
  let value = parsed(text).toJS({ maxAliasCount: 1000 });
  for (const part of path) value = value === null || typeof value !== "object" ? undefined : value[part];
  return value;
}

// Let `path` have `value`; undefined takes it away. `order` lists keys in the order in which they are written.
export function assigned(text, path, value, order = []) {
  const before = parsed(text);
  if (before.errors.length) throw new Unforeseen("The text is not valid YAML.");
  refuseStrange(before, path);
  const wanted = withValue(before.toJS({ maxAliasCount: 1000 }), path, value);
  // A step that goes takes along what was remarked in it; what is said otherwise keeps its remarks.
  const isStep = value === undefined && path.length === 2 && path[0] === "steps";
  const kept = (after) => (isStep ? after : withComments(text, before, after, wanted));
  for (const way of [() => assign(text, path, value, order), () => assign(spelledOut(text, path), path, value, order), () => rewritten(parseDocument(text, READING), path, value)]) {
    const after = foreseen(way, wanted);
    if (after !== null) return kept(after);
  }
  throw new Unforeseen("This text must be edited directly.");
}

// What a way of changing a text leads to where it says what was wanted, else null.
function foreseen(way, wanted) {
  try {
    const after = way();
    return says(after, wanted) ? after : null;
  } catch (error) {
    if (error instanceof Unforeseen || error instanceof ReferenceError) return null;
    throw error;
  }
}

// A list or a text where an object has to be is for a person to mend.
function refuseStrange(doc, path) {
  const isWrong = (node) => node && !isMap(node) && !isAlias(node) && !(isScalar(node) && node.value === null);
  if (isWrong(doc.contents)) throw new Unforeseen("A workflow is an object with a name and steps; the text is not.");
  if (path[0] === "steps" && isWrong(doc.get("steps", true))) throw new Unforeseen("`steps` is not an object.");
}

// Write out what is said elsewhere by reference to a part of `path`, so that it can go or become another thing.
function spelledOut(text, path) {
  const doc = parsed(text);
  const anchors = new Map();
  for (let n = 1; n <= path.length; n += 1) {
    const node = doc.getIn(path.slice(0, n), true);
    if (node?.anchor) anchors.set(node.anchor, node);
    if (n === path.length && isCollection(node)) visit(node, { Node: (_, each) => { if (each.anchor) anchors.set(each.anchor, each); } });
  }
  const cuts = [];
  visit(doc, { Alias: (_, alias) => { if (anchors.has(alias.source)) cuts.push([alias.range, flowText(alias.toJS(doc))]); } });
  return cuts.sort(([one], [other]) => other[0] - one[0]).reduce((now, [[from, to], shown]) => cut(now, from, to, shown), text);
}

function says(text, wanted) {
  const doc = parsed(text);
  return !doc.errors.length && isSame(doc.toJS({ maxAliasCount: 1000 }) ?? null, wanted);
}

// Put comments that a change has taken away onto lines of their own, where the change is.
function withComments(text, before, after, wanted) {
  const { from, to, insert } = changeBetween(text, after);
  const left = commentsIn(parsed(after));
  const there = left.filter(({ at }) => at >= from && at < from + insert.length).map(({ source }) => source);
  const isThere = ({ source }) => there.includes(source) && there.splice(there.indexOf(source), 1);
  const lost = commentsIn(before).filter((each) => each.at >= from && each.at < to && !isThere(each));
  if (!lost.length) return after;
  const start = lineStart(after, from);
  const own = text.slice(lineStart(text, lost[0].at)).match(/^ */)[0];
  const next = after.slice(start).match(/^ */)[0];
  for (const [at, indent] of [[start, own], [start, next], [start, ""], [lineEnd(after, from), own], [lineEnd(after, from), ""]]) {
    const lines = lost.map(({ source }) => `${indent}${source}\n`).join("");
    const found = cut(after, at, at, at && after[at - 1] !== "\n" ? `\n${lines.trimEnd()}` : lines);
    if (says(found, wanted) && commentsIn(parsed(found)).length === left.length + lost.length) return found;
  }
  return after;
}

// The comments within what a document says, in the order in which they stand.
function commentsIn(doc) {
  const found = [];
  const look = (token) => {
    if (token?.type === "comment") found.push({ at: token.offset, source: token.source });
    else if (token !== null && typeof token === "object") Object.values(token).forEach(look);
  };
  look(doc.contents?.srcToken);
  return found.sort((one, other) => one.at - other.at);
}

function rewritten(doc, path, value) {
  const at = path.slice(0, -1);
  for (let n = 1; n <= at.length; n += 1) {
    const node = doc.getIn(path.slice(0, n), true);
    if (isAlias(node)) doc.setIn(path.slice(0, n), doc.createNode(node.resolve(doc).toJS(doc)));
    else if (!isCollection(node)) doc.setIn(path.slice(0, n), doc.createNode({}));
  }
  if (value === undefined) doc.deleteIn(path);
  else doc.setIn(path, doc.createNode(value));
  return doc.toString({ lineWidth: 0, flowCollectionPadding: false });
}

export function withValue(root, path, value) {
  const top = unshared(root ?? {});
  if (!path.length) return value;
  let place = top;
  for (const [n, part] of path.slice(0, -1).entries()) {
    if (place[part] === null || typeof place[part] !== "object") {
      if (value === undefined) return top;
      place[part] = typeof path[n + 1] === "number" ? [] : {};
    }
    place = place[part];
  }
  const last = path.at(-1);
  if (value !== undefined) place[last] = value;
  else if (Array.isArray(place)) place.splice(last, 1);
  else delete place[last];
  return top;
}

// A copy in which nothing is the same thing as another: what an alias stands for is changed alone.
function unshared(value) {
  if (Array.isArray(value)) return value.map(unshared);
  return isObject(value) ? Object.fromEntries(Object.entries(value).map(([key, each]) => [key, unshared(each)])) : value;
}

function assign(text, path, value, order) {
  const doc = parsed(text);
  if (!doc.contents || (isScalar(doc.contents) && doc.contents.value === null)) return onNothing(text, path, value);
  let node = doc.contents;
  for (const [n, part] of path.entries()) {
    if (isAlias(node)) return assign(text, path.slice(0, n), withValue(node.resolve(doc).toJS(doc), path.slice(n), value), order);
    if (!isCollection(node)) {
      if (value === undefined) return text;
      return replaced(text, doc, path.slice(0, n), nested(path.slice(n), value));
    }
    const child = isMap(node) ? pairOf(node, part) : node.items[part];
    if (!child) return value === undefined ? text : added(text, node, part, nested(path.slice(n + 1), value), order);
    if (n === path.length - 1) return value === undefined ? removed(text, node, part) : settled(text, doc, path, value, order);
    node = isPair(child) ? child.value : child;
    if (!node) return value === undefined ? text : replaced(text, doc, path.slice(0, n + 1), nested(path.slice(n + 1), value));
  }
  return replaced(text, doc, path, value);
}

function onNothing(text, path, value) {
  if (value === undefined) return text;
  const head = text && !text.endsWith("\n") ? `${text}\n` : text;
  return head + block(nested(path, value), "").join("\n") + "\n";
}

function nested(path, value) {
  return path.reduceRight((inner, part) => (typeof part === "number" ? [inner] : { [part]: inner }), value);
}

// Go into objects and lists that stay what they are, so that only what differs in them is touched.
function settled(text, doc, path, value, order) {
  const node = doc.getIn(path, true);
  const old = node?.toJS ? node.toJS(doc) : node;
  if (isSame(old ?? null, value)) return text;
  if (isMap(node) && isObject(value) && Object.keys(value).length && node.items.length) {
    const keys = new Set([...Object.keys(old), ...Object.keys(value)]);
    return [...keys].reduce((now, key) => assign(now, [...path, key], value[key], order), text);
  }
  if (isSeq(node) && Array.isArray(value) && value.length && node.items.length) return listed(text, path, old, value);
  return replaced(text, doc, path, value);
}

function isObject(value) {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

function listed(text, path, old, wanted) {
  let first = 0;
  while (first < old.length && first < wanted.length && isSame(old[first], wanted[first])) first += 1;
  let last = 0;
  while (last < old.length - first && last < wanted.length - first && isSame(old.at(-1 - last), wanted.at(-1 - last))) last += 1;
  let now = text;
  const [ends, wantedEnds] = [old.length - last, wanted.length - last];
  for (let n = ends - 1; n >= Math.max(first, wantedEnds); n -= 1) {
    const doc = parsed(now);
    now = removed(now, doc.getIn(path, true), n);
  }
  for (let n = first; n < Math.min(ends, wantedEnds); n += 1) now = assign(now, [...path, n], wanted[n], []);
  for (let n = Math.max(first, Math.min(ends, wantedEnds)); n < wantedEnds; n += 1) {
    now = itemAdded(now, parsed(now).getIn(path, true), n, wanted[n]);
  }
  return now;
}

export function pairOf(map, key) {
  return map.items.find((pair) => (isScalar(pair.key) ? String(pair.key.value) : String(pair.key)) === String(key));
}

// Where what a node says ends; comments behind it do not count.
export function contentEnd(node, key = null) {
  if (!node || !node.range) return key.range[1];
  if (isCollection(node) && !node.flow && node.items.length) {
    const last = node.items.at(-1);
    return isPair(last) ? contentEnd(last.value, last.key) : contentEnd(last, node);
  }
  return Math.max(node.range[1], key ? key.range[1] : 0);
}

export function lineStart(text, at) {
  return text.lastIndexOf("\n", at - 1) + 1;
}

function lineEnd(text, at) {
  if (at > 0 && text[at - 1] === "\n") return at;
  const found = text.indexOf("\n", at);
  return found < 0 ? text.length : found + 1;
}

export function cut(text, from, to, insert = "") {
  return text.slice(0, from) + insert + text.slice(to);
}

function indentOf(text, collection) {
  const first = collection.items[0];
  const at = isPair(first) ? first.key.range[0] : first.range[0];
  const start = lineStart(text, at);
  const lead = text.slice(start, at);
  return isSeq(collection) ? lead.match(/^ */)[0] : " ".repeat(at - start);
}

function added(text, node, key, value, order) {
  if (isSeq(node)) return itemAdded(text, node, key, value);
  if (node.flow) return flowAdded(text, node, `${scalarText(String(key), true)}: ${flowText(value)}`);
  if (!node.items.length) throw new Unforeseen("An empty object without brackets.");
  const after = predecessor(node, key, order);
  const indent = indentOf(text, node);
  const lines = block({ [key]: value }, indent).join("\n");
  if (after < 0) return cut(text, node.items[0].key.range[0], node.items[0].key.range[0], `${lines.trimStart()}\n${indent}`);
  const pair = node.items[after];
  return lineAdded(text, contentEnd(pair.value, pair.key), lines);
}

// The entry after which a key is written: the last one, or the last that comes before it in `order`.
function predecessor(node, key, order) {
  const place = order.indexOf(key);
  if (place < 0) return node.items.length - 1;
  const places = node.items.map((pair) => order.indexOf(String(pair.key.value)));
  for (let n = places.length - 1; n >= 0; n -= 1) if (places[n] >= 0 && places[n] < place) return n;
  return places.some((each) => each > place) ? -1 : node.items.length - 1;
}

export function lineAdded(text, at, lines) {
  const end = lineEnd(text, at);
  return cut(text, end, end, text[end - 1] === "\n" ? `${lines}\n` : `\n${lines}`);
}

function itemAdded(text, node, index, value) {
  if (node.flow) return flowAdded(text, node, flowText(value), index);
  if (!node.items.length) throw new Unforeseen("An empty list without brackets.");
  const indent = indentOf(text, node);
  const lines = block([value], indent).join("\n");
  if (index === 0) {
    const start = lineStart(text, node.items[0].range[0]);
    return cut(text, start, start, `${lines}\n`);
  }
  const before = node.items[Math.min(index, node.items.length) - 1];
  return lineAdded(text, contentEnd(before, before), lines);
}

function flowEnds(entry) {
  return isPair(entry) ? contentEnd(entry.value, entry.key) : entry.range[1];
}

function flowStart(entry) {
  return isPair(entry) ? entry.key.range[0] : entry.range[0];
}

function flowAdded(text, node, entry, index = node.items.length) {
  const open = node.range[0] + 1;
  if (!node.items.length) return cut(text, open, open, entry);
  const first = flowStart(node.items[0]);
  const gap = text.slice(open, first);
  const between = /^[ \t]*\n[ ]*$/.test(gap) ? gap : " ";
  if (index === 0) return cut(text, first, first, `${entry},${between}`);
  const end = flowEnds(node.items[Math.min(index, node.items.length) - 1]);
  return cut(text, end, end, `,${between}${entry}`);
}

function removed(text, node, part) {
  const at = isMap(node) ? node.items.indexOf(pairOf(node, part)) : part;
  const entry = node.items[at];
  if (node.flow) return flowRemoved(text, node, at);
  if (node.items.length === 1) return emptied(text, node);
  const begins = isPair(entry) ? entry.key.range[0] : entry.range[0];
  let start = lineStart(text, begins);
  if (!(isPair(entry) ? /^ *$/ : /^ *- *(&\S+ +)?$/).test(text.slice(start, begins))) throw new Unforeseen("Other text precedes it on the line.");
  let end = lineEnd(text, isPair(entry) ? contentEnd(entry.value, entry.key) : contentEnd(entry, entry));
  const isAlone = start === 0 || /\n[ \t]*\n$/.test(text.slice(0, start));
  const below = isAlone ? text.slice(end).match(/^(?:[ \t]*\n)?/)[0].length : 0;
  // An empty line that parted it from its neighbours goes with it.
  if (isAlone && !below && at === node.items.length - 1) start = lineStart(text, start - 1);
  end += below;
  return cut(text, start, end);
}

// What is left without entries says that it is empty.
function emptied(text, node) {
  const first = isPair(node.items[0]) ? node.items[0].key.range[0] : lineStart(text, node.items[0].range[0]);
  const start = isPair(node.items[0]) ? lineStart(text, first) : first;
  const end = contentEnd(node);
  const last = text[end - 1] === "\n" ? end - 1 : end;
  const indent = " ".repeat(Math.max(0, text.slice(start).match(/^ */)[0].length));
  return cut(text, start, last, `${indent}${isMap(node) ? "{}" : "[]"}`);
}

function flowRemoved(text, node, at) {
  const entries = node.items;
  if (entries.length === 1) {
    const start = flowStart(entries[0]);
    const end = flowEnds(entries[0]);
    const comma = text.slice(end).match(/^\s*,/);
    return cut(text, start, end + (comma ? comma[0].length : 0));
  }
  if (at === 0) return cut(text, flowStart(entries[0]), flowStart(entries[1]));
  return cut(text, flowEnds(entries[at - 1]), flowEnds(entries[at]));
}

function replaced(text, doc, path, value) {
  if (!path.length) throw new Unforeseen("The complete document would change.");
  const parent = path.length > 1 ? doc.getIn(path.slice(0, -1), true) : doc.contents;
  const entry = isMap(parent) ? pairOf(parent, path.at(-1)) : parent.items[path.at(-1)];
  const node = isPair(entry) ? entry.value : entry;
  if (isWithinFlow(doc, path)) return cut(text, node.range[0], node.range[1], flowText(value, node));
  const indent = isMap(parent) ? indentOf(text, parent) : `${indentOf(text, parent)}${" ".repeat(INDENT)}`;
  if (isCollection(node) && !node.flow && node.items.length) return blockReplaced(text, entry, node, value, indent);
  const from = node.range[0] === node.range[1] ? afterColon(entry) : node.range[0];
  const lead = node.range[0] === node.range[1] ? " " : "";
  const isBlockScalar = isScalar(node) && /^BLOCK/.test(node.type);
  const to = isBlockScalar && text[node.range[1] - 1] === "\n" ? node.range[1] - 1 : node.range[1];
  if (typeof value !== "object" || value === null || isShort(value)) {
    return cut(text, from, Math.max(from, to), lead + inline(value, indent, node));
  }
  if (!isPair(entry)) throw new Unforeseen("The list contains nested values.");
  const start = lead ? from : afterColon(entry);
  return cut(text, start, Math.max(start, to), `\n${block(value, indent + " ".repeat(INDENT)).join("\n")}`);
}

function blockReplaced(text, entry, node, value, indent) {
  if (!isPair(entry)) throw new Unforeseen("The list contains nested values.");
  const start = afterColon(entry);
  const begins = lineStart(text, isPair(node.items[0]) ? node.items[0].key.range[0] : node.items[0].range[0]);
  const said = text.slice(start, begins);
  const end = contentEnd(node);
  const last = text[end - 1] === "\n" ? end - 1 : end;
  const comments = said.split("\n").filter((line) => line.trim().startsWith("#"));
  const shown = typeof value === "object" && value !== null && !isShort(value)
    ? `\n${block(value, indent + " ".repeat(INDENT)).join("\n")}`
    : ` ${inline(value, indent)}${comments.length ? `  ${comments.shift().trim()}` : ""}`;
  return cut(text, start, last, shown + comments.map((line) => `\n${line}`).join(""));
}

function afterColon(pair) {
  const colon = pair.srcToken?.sep?.find((token) => token.type === "map-value-ind");
  if (!colon) throw new Unforeseen("A key without a colon.");
  const anchor = pair.srcToken.sep.findLast((token) => token.type === "anchor" || token.type === "tag");
  return anchor ? anchor.offset + anchor.source.length : colon.offset + 1;
}

function isWithinFlow(doc, path) {
  for (let n = 0; n < path.length; n += 1) {
    const node = n ? doc.getIn(path.slice(0, n), true) : doc.contents;
    if (node?.flow) return true;
  }
  return false;
}

// The one place at which two texts differ, as an editor wants to be told.
export function changeBetween(before, after) {
  let from = 0;
  const most = Math.min(before.length, after.length);
  while (from < most && before[from] === after[from]) from += 1;
  let end = 0;
  while (end < most - from && before[before.length - 1 - end] === after[after.length - 1 - end]) end += 1;
  return { from, to: before.length - end, insert: after.slice(from, after.length - end) };
}
