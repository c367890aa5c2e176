// Finds what somebody means by a few letters of it.

const WORD_START = /[\s\-_/.:]/;

/** Return `{ score, places }` of the letters of `query` in `text`, in order, or null where they are not all there. */
export function match(query, text) {
  const wanted = query.toLowerCase().replace(/\s+/g, "");
  const said = text.toLowerCase();
  const whole = said.indexOf(query.toLowerCase().trim());
  if (whole >= 0) return { score: 100 + bonus(text, whole) - text.length / 100, places: range(whole, query.trim().length) };
  const places = [];
  let score = 0;
  let at = -1;
  for (const letter of wanted) {
    const next = said.indexOf(letter, at + 1);
    if (next < 0) return null;
    score += next === at + 1 ? 4 : bonus(text, next) - Math.min(3, (next - at) / 8);
    places.push((at = next));
  }
  return { score: score / wanted.length - text.length / 100, places };
}

const bonus = (text, at) => (at === 0 ? 10 : WORD_START.test(text[at - 1]) ? 6 : 0);
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
  [...text].forEach((letter, at) => {
    if (found.has(at) !== isMarked) {
      put();
      isMarked = !isMarked;
    }
    run += letter;
  });
  put();
  return element;
}
