// Where the things of a trace stand: in columns from the goal to the tests, each near what explains it. Pure.
import { apart } from "../graph/layout.js";

export const NODE = { w: 164, h: 30 };
export const GAP_X = 64;
const HEAD = 34;
const SWEEPS = 6;

/** Return places by id, the columns that are filled, and the size, of `graph` ({nodes, edges}). */
export function layOut(graph, columns) {
  const column = new Map(columns.flatMap((kinds, n) => kinds.map((kind) => [kind, n])));
  const cells = new Map(graph.nodes.map((node) => [node.id, { id: node.id, at: column.get(node.kind), w: NODE.h, up: [], down: [] }]));
  for (const { source, target } of graph.edges) {
    const from = cells.get(source), to = cells.get(target);
    if (from.at === to.at) continue;
    const [left, right] = from.at < to.at ? [from, to] : [to, from];
    left.down.push(right);
    right.up.push(left);
  }
  const rows = columns.map((_, n) => [...cells.values()].filter((cell) => cell.at === n));
  const filled = rows.map((row, n) => n).filter((n) => rows[n].length);
  order(filled.map((n) => rows[n]));
  spread(filled.map((n) => rows[n]));
  return placed(rows, filled, cells);
}

/** Let each column follow the middle of its neighbours, there and back. */
function order(rows) {
  for (const row of rows) row.forEach((cell, n) => { cell.part = n / row.length; });
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const there = sweep % 2 === 0;
    for (const row of there ? rows : [...rows].reverse()) {
      row.forEach((cell, n) => { cell.mid = middle(there ? cell.up : cell.down, "part", cell.part); cell.was = n; });
      row.sort((a, b) => a.mid - b.mid || a.was - b.was);
      row.forEach((cell, n) => { cell.part = n / row.length; });
    }
  }
}

function spread(rows) {
  for (const row of rows) row.forEach((cell, n) => { cell.c = n * (NODE.h + 14); });
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const there = sweep % 2 === 0;
    for (const row of there ? rows : [...rows].reverse()) {
      apart(row, row.map((cell) => middle(there ? cell.up : cell.down, "c", cell.c)));
    }
  }
}

function middle(cells, field, otherwise) {
  return cells.length ? cells.reduce((sum, cell) => sum + cell[field], 0) / cells.length : otherwise;
}

function placed(rows, filled, cells) {
  const all = [...cells.values()];
  const top = Math.min(...all.map((cell) => cell.c));
  const low = Math.max(...all.map((cell) => cell.c));
  const places = new Map();
  filled.forEach((n, order) => {
    for (const cell of rows[n]) places.set(cell.id, { x: order * (NODE.w + GAP_X), y: cell.c - top + HEAD, column: order });
  });
  return { places, columns: filled, width: filled.length * (NODE.w + GAP_X) - GAP_X, height: low - top + NODE.h + HEAD };
}
