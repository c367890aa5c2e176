// How values are written in YAML, as people write workflow files: short things on a line, texts plain where
// they stay texts.

import { isScalar, parse } from "../../vendor/yaml.js";

const LINE_MAX = 88;
const FOLD_AT = 98;
const UNFIT = /^$|^[\s]|[\s]$|[\n\r\t]|: |:$| #|^[-?:] |^[-?:,[\]{}#&*!|>'"%@`=]|\$\{\{|[^\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe]/;

// A key or a single value on one line; `isFlow` is whether it stands between brackets.
export function scalarText(value, isFlow = false) {
  if (typeof value !== "string") return value === undefined ? "null" : JSON.stringify(value);
  if (UNFIT.test(value) || (isFlow && /[,[\]{}]/.test(value)) || !staysText(value)) return quoted(value);
  return value;
}

function staysText(value) {
  try {
    return parse(value, { logLevel: "silent" }) === value && !/^(?:y|n|yes|no|on|off|true|false|null|~)$/i.test(value);
  } catch {
    return false;
  }
}

function quoted(text) {
  return JSON.stringify(text).replace(/[\u007f-\u009f\u2028\u2029\ufeff\ud800-\udfff]/g, (sign, at, all) => {
    const isPart = /[\ud800-\udfff]/.test(sign) && isPaired(all, at);
    return isPart ? sign : `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

function isPaired(text, at) {
  const isHigh = (n) => /[\ud800-\udbff]/.test(text[n] ?? "");
  const isLow = (n) => /[\udc00-\udfff]/.test(text[n] ?? "");
  return (isHigh(at) && isLow(at + 1)) || (isLow(at) && isHigh(at - 1));
}

// A value between brackets; `old` is the node that it takes the place of.
export function flowText(value, old = null) {
  if (Array.isArray(value)) return `[${value.map((each) => flowText(each)).join(", ")}]`;
  if (value !== null && typeof value === "object") {
    return `{${Object.entries(value).map(([key, each]) => `${scalarText(key, true)}: ${flowText(each)}`).join(", ")}}`;
  }
  return likeBefore(value, old) ?? scalarText(value, true);
}

function likeBefore(value, old) {
  if (typeof value !== "string" || !isScalar(old)) return null;
  if (old.type === "QUOTE_DOUBLE") return quoted(value);
  const isPrintable = !/[^\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe]/.test(value);
  return old.type === "QUOTE_SINGLE" && isPrintable ? `'${value.replaceAll("'", "''")}'` : null;
}

export function isShort(value) {
  if (value === null || typeof value !== "object") return true;
  const entries = Object.values(value);
  if (entries.some((each) => each !== null && typeof each === "object" && Object.keys(each).length)) return false;
  return flowText(value).length < LINE_MAX / 2 && !entries.some((each) => typeof each === "string" && each.includes("\n"));
}

// A value behind a key whose line begins with `indent`.
export function inline(value, indent, old = null) {
  if (value !== null && typeof value === "object") return flowText(value);
  if (typeof value !== "string") return scalarText(value);
  if (isScalar(old) && old.type === "BLOCK_FOLDED" && isFoldable(value)) return folded(value, `${indent}  `);
  if (value.includes("\n") && isLiteral(value)) return literal(value, `${indent}  `);
  return likeBefore(value, old) ?? scalarText(value);
}

function isFoldable(text) {
  return text.length > 0 && !/[\n\r\t]|^ | $| {2}/.test(text);
}

function isLiteral(text) {
  return !/[\r\t]|[^\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe]| \n|^\s|\n\n$|^\n*$/.test(text);
}

function folded(text, indent) {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1);
    if (line && indent.length + line.length + 1 + word.length > FOLD_AT) lines.push(word);
    else lines[lines.length - 1] = line ? `${line} ${word}` : word;
  }
  return `>-\n${lines.map((line) => indent + line).join("\n")}`;
}

function literal(text, indent) {
  const lines = text.replace(/\n$/, "").split("\n");
  return `|${text.endsWith("\n") ? "" : "-"}\n${lines.map((line) => (line ? indent + line : "")).join("\n")}`;
}

// The lines of an object or a list whose entries begin with `indent`.
export function block(value, indent) {
  if (Array.isArray(value)) return value.flatMap((each) => entry(`${indent}-`, each, indent));
  return Object.entries(value).flatMap(([key, each]) => entry(`${indent}${scalarText(key)}:`, each, indent));
}

function entry(head, value, indent) {
  if (isShort(value)) return `${head} ${inline(value, indent)}`.split("\n");
  const lines = block(value, `${indent}  `);
  if (head.endsWith("-")) return [`${head} ${lines[0].trimStart()}`, ...lines.slice(1)];
  return [head, ...lines];
}
