// Two texts that began as the same one, brought together line by line.

const CELLS_MAX = 4_000_000;

// Return the text that holds the changes of both, or null where both changed the same lines.
export function merged(base, mine, theirs) {
  const lines = base.split("\n");
  const one = hunks(lines, mine.split("\n"));
  const other = hunks(lines, theirs.split("\n"));
  if (!one || !other) return null;
  const all = [...one, ...other].sort((a, b) => a.from - b.from || a.to - b.to);
  const found = [];
  let at = 0;
  let last = null;
  for (const hunk of all) {
    if (last && isSameHunk(last, hunk)) continue;
    if (last && (hunk.from < last.to || (hunk.from === last.from && hunk.to === last.to) || hunk.from === last.to)) return null;
    found.push(...lines.slice(at, hunk.from), ...hunk.lines);
    at = hunk.to;
    last = hunk;
  }
  return [...found, ...lines.slice(at)].join("\n");
}

function isSameHunk(one, other) {
  return one.from === other.from && one.to === other.to && one.lines.join("\n") === other.lines.join("\n");
}

// The parts of `before`, `from` to `to`, that are other `lines` in `after`; null where that takes too long.
function hunks(before, after) {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start += 1;
  let end = 0;
  while (end < before.length - start && end < after.length - start && before.at(-1 - end) === after.at(-1 - end)) end += 1;
  const one = before.slice(start, before.length - end);
  const other = after.slice(start, after.length - end);
  if (one.length * other.length > CELLS_MAX) return null;
  return walked(one, other, common(one, other)).map((hunk) => ({ ...hunk, from: hunk.from + start, to: hunk.to + start }));
}

// The length of the longest common part of what is left from each place on.
function common(one, other) {
  const width = other.length + 1;
  const table = new Uint32Array((one.length + 1) * width);
  for (let i = one.length - 1; i >= 0; i -= 1) {
    for (let j = other.length - 1; j >= 0; j -= 1) {
      table[i * width + j] = one[i] === other[j] ? table[(i + 1) * width + j + 1] + 1 : Math.max(table[(i + 1) * width + j], table[i * width + j + 1]);
    }
  }
  return (i, j) => table[i * width + j];
}

function walked(one, other, left) {
  const found = [];
  let [i, j] = [0, 0];
  let open = null;
  const hunk = () => (open ??= found[found.push({ from: i, to: i, lines: [] }) - 1]);
  while (i < one.length || j < other.length) {
    if (i < one.length && j < other.length && one[i] === other[j]) {
      open = null;
      i += 1;
      j += 1;
    } else if (j >= other.length || (i < one.length && left(i + 1, j) >= left(i, j + 1))) {
      hunk().to = i + 1;
      i += 1;
    } else {
      hunk().lines.push(other[j]);
      j += 1;
    }
  }
  return found;
}
