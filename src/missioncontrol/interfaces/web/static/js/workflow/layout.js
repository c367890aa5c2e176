// Where steps are drawn: a row for each length of the longest way to a step, in an order in which few
// connections cross, with a lane of its own wherever a connection passes a row.

export const BOX = { width: 164, height: 46 };
const GAP = { across: 28, down: 46, lane: 14 };
const EDGE = 20;
const SWEEPS = 6;
const CORNER = 6;

// Return the place of each step by key, a path for each link, and the size of it all.
export function layout(keys, links) {
  const rank = ranks(keys, links);
  const cells = new Map(keys.map((key) => [key, { key, rank: rank.get(key), width: BOX.width, up: [], down: [] }]));
  const ways = links.map((link) => way(link, cells));
  const rows = rowsOf(cells);
  for (let n = 0; n < SWEEPS; n += 1) sweep(rows, n % 2 === 0);
  place(rows);
  const right = Math.max(0, ...rows.flat().map((cell) => cell.x + cell.width));
  const spots = new Map(keys.map((key) => [key, { x: cells.get(key).x, y: top(cells.get(key).rank), row: cells.get(key).rank }]));
  return {
    spots,
    paths: ways.map(pathOf),
    width: right + EDGE,
    height: rows.length ? top(rows.length - 1) + BOX.height + EDGE : 2 * EDGE,
  };
}

function top(rank) {
  return EDGE + rank * (BOX.height + GAP.down);
}

// Connections that lead in a circle are faults of the text; the first one met is taken as pointing back.
function ranks(keys, links) {
  const above = new Map(keys.map((key) => [key, []]));
  for (const { from, to } of links) above.get(to).push(from);
  const found = new Map();
  const open = new Set();
  for (const key of keys) {
    const todo = [[key, false]];
    while (todo.length) {
      const [at, isDone] = todo.pop();
      if (isDone) {
        open.delete(at);
        found.set(at, Math.max(-1, ...above.get(at).map((each) => found.get(each) ?? -1)) + 1);
      } else if (!found.has(at) && !open.has(at)) {
        open.add(at);
        todo.push([at, true], ...above.get(at).filter((each) => !found.has(each) && !open.has(each)).map((each) => [each, false]));
      }
    }
  }
  return found;
}

// The cells through which a connection goes: its two steps, and a narrow one in each row between.
function way({ from, to }, cells) {
  const [start, end] = [cells.get(from), cells.get(to)];
  if (end.rank <= start.rank) return [start, end];
  const found = [start];
  for (let rank = start.rank + 1; rank < end.rank; rank += 1) {
    const lane = { key: "", rank, width: GAP.lane, up: [found.at(-1)], down: [] };
    found.at(-1).down.push(lane);
    cells.set(lane, lane);
    found.push(lane);
  }
  found.at(-1).down.push(end);
  end.up.push(found.at(-1));
  return [...found, end];
}

function rowsOf(cells) {
  const rows = [];
  for (const cell of cells.values()) (rows[cell.rank] ??= []).push(cell);
  rows.forEach((row) => row.forEach((cell, n) => { cell.at = n; }));
  return rows;
}

function sweep(rows, isDown) {
  for (const row of isDown ? rows : [...rows].reverse()) {
    const wanted = new Map(row.map((cell) => [cell, middle(isDown ? cell.up : cell.down, cell.at, (each) => each.at)]));
    row.sort((one, other) => wanted.get(one) - wanted.get(other));
    row.forEach((cell, n) => { cell.at = n; });
  }
}

function middle(cells, otherwise, of) {
  return cells.length ? cells.reduce((sum, cell) => sum + of(cell), 0) / cells.length : otherwise;
}

const centre = (cell) => cell.x + cell.width / 2;

function place(rows) {
  for (const row of rows) {
    let x = 0;
    for (const cell of row) {
      cell.x = x;
      x += cell.width + GAP.across;
    }
  }
  for (let n = 0; n < SWEEPS; n += 1) {
    for (const row of n % 2 ? [...rows].reverse() : rows) pull(row, n % 2 ? "down" : "up");
  }
  const left = Math.min(0, ...rows.flat().map((cell) => cell.x)) || Math.min(...rows.flat().map((cell) => cell.x));
  for (const cell of rows.flat()) cell.x = Math.round(cell.x - left + EDGE);
}

// Move the cells of a row towards the middle of those that they are connected with, and keep them apart.
function pull(row, side) {
  const wanted = row.map((cell) => middle(cell[side], centre(cell), centre) - cell.width / 2);
  const apart = (n) => row[n].width + GAP.across;
  const right = [...wanted];
  for (let n = 1; n < row.length; n += 1) right[n] = Math.max(right[n], right[n - 1] + apart(n - 1));
  const left = [...wanted];
  for (let n = row.length - 2; n >= 0; n -= 1) left[n] = Math.min(left[n], left[n + 1] - apart(n));
  row.forEach((cell, n) => { cell.x = (left[n] + right[n]) / 2; });
}

function pathOf(cells) {
  const [start, end] = [cells[0], cells.at(-1)];
  if (end.rank <= start.rank) return backwards(start, end);
  let path = `M${Math.round(centre(start))} ${top(start.rank) + BOX.height}`;
  for (let n = 1; n < cells.length; n += 1) path += turn(Math.round(centre(cells[n - 1])), Math.round(centre(cells[n])), cells[n].rank);
  return `${path}V${top(end.rank)}`;
}

function turn(from, to, rank) {
  const lane = top(rank) - GAP.down / 2;
  const bend = Math.min(CORNER, Math.abs(to - from) / 2);
  if (bend < 1) return "";
  const side = to > from ? 1 : -1;
  return `V${lane - bend}Q${from} ${lane} ${from + side * bend} ${lane}H${to - side * bend}Q${to} ${lane} ${to} ${lane + bend}`;
}

function backwards(start, end) {
  const x = Math.max(start.x + start.width, end.x + end.width) + GAP.across / 2;
  const [from, to] = [top(start.rank) + BOX.height / 2, top(end.rank) + BOX.height / 2];
  return `M${start.x + start.width} ${from}H${x}V${to}H${end.x + end.width}`;
}
