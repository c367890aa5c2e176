// Finds what somebody means by a few letters of it, and says how well it fits; what fits badly is left out.

const WORD = /[\p{L}\p{N}]/u;
const EXACT = 1000;
const BEGINS = 600;
const WORD_BEGINS = 400;
const INSIDE = 200;
const LETTERS = 100;
const INSIDE_MIN = 3; // Two letters in the middle of a word mean nothing.
const GAP_MAX = 2;

/** Return `{ score, places }` of `query` in `text`, or null where it is not what is meant. */
export function match(query, text) {
  const wanted = query.trim().toLowerCase();
  const said = text.toLowerCase();
  if (!wanted || said.length !== text.length) return null;
  return together(wanted, said) ?? apart(wanted, said) ?? letters(wanted, said);
}

/** As it is typed, in one piece. */
function together(wanted, said) {
  const less = said.length / 10;
  if (said === wanted) return { score: EXACT, places: range(0, wanted.length) };
  if (said.startsWith(wanted)) return { score: BEGINS - less, places: range(0, wanted.length) };
  const at = wordStarting(wanted, said);
  if (at >= 0) return { score: WORD_BEGINS - at / 10 - less, places: range(at, wanted.length) };
  const inside = wanted.length < INSIDE_MIN ? -1 : said.indexOf(wanted);
  return inside < 0 ? null : { score: INSIDE - less, places: range(inside, wanted.length) };
}

/** Word by word, in any order; each has to be there. */
function apart(wanted, said) {
  const words = wanted.split(/\s+/);
  if (words.length < 2) return null;
  const found = words.map((word) => together(word, said) ?? letters(word, said));
  if (found.includes(null)) return null;
  const least = Math.min(...found.map((one) => one.score));
  return { score: Math.min(least, WORD_BEGINS) - said.length / 10, places: found.flatMap((one) => one.places) };
}

/** Letter by letter: a piece begins where a word does, and skips few letters inside one. */
function letters(wanted, said) {
  const asked = wanted.replace(/\s+/g, "");
  if (asked.length < 2) return null;
  const known = new Map();
  const places = follow(0, -1);
  if (!places) return null;
  const gaps = places.slice(1).reduce((sum, place, at) => sum + (place === places[at] + 1 ? 0 : 1), 0);
  return { score: LETTERS - 60 * (gaps / asked.length) - said.length / 10, places };

  function follow(letter, before) {
    if (letter === asked.length) return [];
    const key = letter * 1000 + before;
    if (!known.has(key)) known.set(key, search(letter, before));
    return known.get(key);
  }

  function search(letter, before) {
    for (const place of nearFirst(asked[letter], before)) {
      const rest = follow(letter + 1, place);
      if (rest) return [place, ...rest];
    }
    return null;
  }

  function nearFirst(letter, before) {
    const found = [];
    for (let at = said.indexOf(letter, before + 1); at >= 0; at = said.indexOf(letter, at + 1)) {
      const isNear = before >= 0 && at - before <= GAP_MAX + 1 && !/\s/.test(said.slice(before, at));
      if (isNear || isWordStart(said, at)) found.push(at);
    }
    return found;
  }
}

function wordStarting(wanted, said) {
  for (let at = said.indexOf(wanted); at >= 0; at = said.indexOf(wanted, at + 1)) if (isWordStart(said, at)) return at;
  return -1;
}

const isWordStart = (said, at) => at === 0 || !WORD.test(said[at - 1]);
const range = (from, length) => Array.from({ length }, (_, each) => from + each);

/** Put `text` into `element` with the found letters marked. */
export function marked(element, text, places) {
  const found = new Set(places);
  let run = "";
  let isMarked = false;
  const put = () => {
    if (!run) return;
    if (isMarked) element.appendChild(document.createElement("mark")).textContent = run;
    else element.append(run);
    run = "";
  };
  // By units of UTF-16, as places count.
  for (let at = 0; at < text.length; at += 1) {
    if (found.has(at) !== isMarked) {
      put();
      isMarked = !isMarked;
    }
    run += text[at];
  }
  put();
  return element;
}
