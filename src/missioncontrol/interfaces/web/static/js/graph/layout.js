// Where the steps of a run stand: in layers from top to bottom, each after all that it needs. Pure.

export const NODE = { w: 172, h: 42 };
const GAP_X = 14;
const GAP_Y = 38;
const PAD = 12;
const HEAD = 30;
const BEND = 10; // what an edge takes up in a layer that it passes
const PASSING_MAX = 8_000; // more bends than these, and long edges go straight
const SWEEPS = 6;

/** Return places of `nodes` ({key, needs, parent}); what stands in `open` shows the steps that it became. */
export function layOut(nodes, open) {
  const inside = new Map();
  for (const node of nodes) {
    if (!inside.has(node.parent)) inside.set(node.parent, []);
    inside.get(node.parent).push(node);
  }
  const places = new Map();
  const edges = [];
  const size = group(inside.get("") ?? [], inside, open, places, edges);
  settle(inside.get("") ?? [], inside, places, 0, 0);
  for (const edge of edges) shift(edge, places);
  return { places, edges, width: size.w + 2 * PAD, height: size.h + 2 * PAD };
}

/** Lay out the steps of one frame; a step that is open has a frame of its own inside. */
function group(nodes, inside, open, places, edges) {
  for (const node of nodes) {
    const children = inside.get(node.key);
    if (children && open.has(node.key)) {
      const inner = group(children, inside, open, places, edges);
      places.set(node.key, { w: Math.max(NODE.w, inner.w + 2 * PAD), h: inner.h + HEAD + PAD, open: true });
    } else places.set(node.key, { ...NODE, open: false });
  }
  const known = new Set(nodes.map((node) => node.key));
  const needs = new Map(nodes.map((node) => [node.key, node.needs.filter((key) => known.has(key))]));
  const linked = nodes.some((node) => needs.get(node.key).length);
  return linked || nodes.length < 2 ? layers(nodes, needs, places, edges) : grid(nodes, places);
}

/** Steps that don't need each other, such as the items of a list, stand in rows. */
function grid(nodes, places) {
  const columns = Math.min(nodes.length, Math.max(3, Math.ceil(Math.sqrt(nodes.length))));
  let x = 0, y = 0, right = 0, high = 0;
  nodes.forEach((node, n) => {
    const place = places.get(node.key);
    if (n && n % columns === 0) { x = 0; y += high + GAP_X; high = 0; }
    Object.assign(place, { x, y, row: Math.floor(n / columns) });
    x += place.w + GAP_X;
    high = Math.max(high, place.h);
    right = Math.max(right, x - GAP_X);
  });
  return { w: right, h: y + high };
}

function layers(nodes, needs, places, edges) {
  const rank = ranks(nodes, needs);
  const rows = [];
  const cells = new Map();
  const add = (cell) => { (rows[cell.rank] ??= []).push(cell); return cell; };
  for (const node of nodes) {
    const place = places.get(node.key);
    cells.set(node.key, add({ key: node.key, rank: rank.get(node.key), w: place.w, h: place.h, up: [], down: [] }));
  }
  const paths = link(nodes, needs, cells, add);
  order(rows);
  spread(rows);
  return place(rows, cells, places, paths, edges);
}

/** The longest way from a step that needs nothing. */
function ranks(nodes, needs) {
  const rank = new Map();
  const left = new Map(nodes.map((node) => [node.key, needs.get(node.key).length]));
  const after = new Map();
  for (const [key, all] of needs) for (const need of all) {
    if (!after.has(need)) after.set(need, []);
    after.get(need).push(key);
  }
  const todo = nodes.filter((node) => !left.get(node.key)).map((node) => node.key);
  for (const key of todo) rank.set(key, 0);
  for (let n = 0; n < todo.length; n += 1) {
    for (const next of after.get(todo[n]) ?? []) {
      rank.set(next, Math.max(rank.get(next) ?? 0, rank.get(todo[n]) + 1));
      left.set(next, left.get(next) - 1);
      if (!left.get(next)) todo.push(next);
    }
  }
  for (const node of nodes) if (!rank.has(node.key)) rank.set(node.key, 0);
  return rank;
}

/** Join steps; an edge over several layers bends in each of them, so that it keeps clear of steps. */
function link(nodes, needs, cells, add) {
  let passing = 0;
  for (const [key, all] of needs) for (const need of all) passing += Math.max(0, cells.get(key).rank - cells.get(need).rank - 1);
  const bends = passing <= PASSING_MAX;
  const paths = [];
  for (const [key, all] of needs) for (const need of all) {
    const to = cells.get(key);
    let from = cells.get(need);
    const way = [from];
    for (let rank = from.rank + 1; bends && rank < to.rank; rank += 1) {
      const bend = add({ key: "", rank, w: BEND, h: 0, up: [], down: [] });
      join(from, bend);
      way.push((from = bend));
    }
    join(from, to);
    way.push(to);
    paths.push({ from: need, to: key, way });
  }
  return paths;
}

function join(from, to) {
  from.down.push(to);
  to.up.push(from);
}

/** Let each layer follow the middle of its neighbours, down and up again. */
function order(rows) {
  rows.forEach((row) => row.forEach((cell, n) => { cell.at = n; }));
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const down = sweep % 2 === 0;
    for (let n = 1; n < rows.length; n += 1) {
      const row = rows[down ? n : rows.length - 1 - n];
      for (const cell of row) {
        const near = down ? cell.up : cell.down;
        cell.mid = near.length ? near.reduce((sum, one) => sum + one.at / rows[one.rank].length, 0) / near.length : cell.at / row.length;
      }
      row.sort((a, b) => a.mid - b.mid || a.at - b.at);
      row.forEach((cell, at) => { cell.at = at; });
    }
  }
}

/** Bring each cell as near to the middle of its neighbours as the order of its layer allows. */
function spread(rows) {
  for (const row of rows) {
    let x = 0;
    for (const cell of row) { cell.c = x + cell.w / 2; x += cell.w + GAP_X; }
    for (const cell of row) cell.c -= x / 2;
  }
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const down = sweep % 2 === 0;
    for (let n = 1; n < rows.length; n += 1) {
      const row = rows[down ? n : rows.length - 1 - n];
      const wanted = row.map((cell) => {
        const near = down ? cell.up : cell.down;
        return near.length ? near.reduce((sum, one) => sum + one.c, 0) / near.length : cell.c;
      });
      apart(row, wanted);
    }
  }
}

/** Least squares under an order: neighbours that would overlap are moved together (pool adjacent violators). */
export function apart(row, wanted) {
  const offset = [0];
  for (let n = 1; n < row.length; n += 1) offset[n] = offset[n - 1] + (row[n - 1].w + row[n].w) / 2 + GAP_X;
  const pools = [];
  row.forEach((_, n) => {
    pools.push({ sum: wanted[n] - offset[n], size: 1 });
    while (pools.length > 1 && mean(pools.at(-2)) > mean(pools.at(-1))) {
      const last = pools.pop();
      pools.at(-1).sum += last.sum;
      pools.at(-1).size += last.size;
    }
  });
  let n = 0;
  for (const pool of pools) for (let k = 0; k < pool.size; k += 1, n += 1) row[n].c = mean(pool) + offset[n];
}

const mean = (pool) => pool.sum / pool.size;

function place(rows, cells, places, paths, edges) {
  const left = Math.min(...rows.map((row) => Math.min(...row.map((cell) => cell.c - cell.w / 2))));
  let y = 0, right = 0;
  for (const row of rows) {
    const high = Math.max(...row.map((cell) => cell.h));
    for (const cell of row) {
      cell.x = Math.round(cell.c - left - cell.w / 2);
      cell.y = y;
      cell.high = high;
      right = Math.max(right, cell.x + cell.w);
    }
    y += high + GAP_Y;
  }
  for (const [key, cell] of cells) Object.assign(places.get(key), { x: cell.x, y: cell.y, row: cell.rank });
  const owner = paths.length ? paths[0].to : "";
  for (const { from, to, way } of paths) edges.push({ from, to, owner, points: way.map((cell) => [cell.x + cell.w / 2, cell.y, cell.h, cell.high]) });
  return { w: right, h: y - GAP_Y };
}

/** Make places absolute: what stands in a frame moves with it. */
function settle(nodes, inside, places, x, y, depth = 0) {
  for (const node of nodes) {
    const one = places.get(node.key);
    const [dx, dy] = depth ? [x, y] : [PAD, PAD];
    one.dx = dx; one.dy = dy;
    one.x += dx; one.y += dy;
    one.depth = depth;
    if (one.open) settle(inside.get(node.key), inside, places, one.x + PAD, one.y + HEAD, depth + 1);
  }
}

/** Turn an edge into a line with round corners: down, across in the gap between two layers, down. */
function shift(edge, places) {
  const { dx, dy } = places.get(edge.owner);
  const parts = [];
  let box = null;
  for (let n = 1; n < edge.points.length; n += 1) {
    const [x0, y0, h0, high] = edge.points[n - 1], [x1, y1] = edge.points[n];
    const ax = x0 + dx, ay = y0 + h0 + dy, bx = x1 + dx, by = y1 + dy;
    const mid = y0 + dy + high + GAP_Y / 2;
    const r = Math.min(6, Math.abs(bx - ax) / 2);
    const s = bx > ax ? r : -r;
    parts.push(n === 1 ? `M${ax} ${ay}` : `L${ax} ${ay}`);
    parts.push(Math.abs(bx - ax) < 1 ? `V${by}` : `V${mid - r}Q${ax} ${mid} ${ax + s} ${mid}H${bx - s}Q${bx} ${mid} ${bx} ${mid + r}V${by}`);
    box = box ? [Math.min(box[0], ax, bx), Math.min(box[1], ay), Math.max(box[2], ax, bx), Math.max(box[3], by)] : [Math.min(ax, bx), ay, Math.max(ax, bx), by];
  }
  edge.d = parts.join("");
  edge.box = box;
  delete edge.points;
}

// As a worker it lays out what it is sent.
if (typeof WorkerGlobalScope !== "undefined" && self instanceof WorkerGlobalScope) {
  self.onmessage = ({ data: { nodes, open } }) => self.postMessage(layOut(nodes, open));
}
