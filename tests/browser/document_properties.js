// Changes workflow files at random, many times, and tells what did not hold. Run in a page by
// test_workflow_document.py; it returns sentences.
async ({ root, texts, rounds }) => {
  const edit = await import(`${root}operations.js`);
  const faults = [];
  const tell = (name, what, why) => { if (faults.length < 20) faults.push(`${name}: ${what}: ${why}`); };
  const chance = (seed) => () => { seed = (seed * 1664525 + 1013904223) >>> 0; return seed / 2 ** 32; };
  const commentsOf = (text) => text.split("\n").map((line) => (line.match(/(?:^|\s)(#[^"]*)$/) ?? [])[1]).filter(Boolean);
  const isWithin = (few, many) => { let at = 0; for (const each of many) if (each === few[at]) at += 1; return at === few.length; };
  const stepOf = (text, key) => edit.read(text).steps.find((step) => step.key === key);
  const isSame = (one, other) => JSON.stringify(one) === JSON.stringify(other);

  const said = { agent: "command", effects: ["reads_files"], with: { argv: ["echo", "a: b, #c", "${{ inputs.x }}"], files: { "a.txt": "x\ny\n" } } };
  const titles = ["A title", "with: colon", "#hash", "yes", "multi\nline", "${{ steps.a }}", "Ünïcode …", "-", "'quoted' \"twice\""];

  // Each returns [what, text, gone, holds]: how many lines may differ, and whether the text says what was meant.
  const operations = [
    (text, steps, pick, draw) => {
      const [key, after] = [edit.freeKey(text, "extra"), draw() < 0.5 ? pick(steps).key : ""];
      const added = edit.addStep(text, key, said, after);
      if (edit.removeStep(added, key) !== text) return ["add and remove", added, 0, false];
      return ["add", added, 0, isSame(stepOf(added, key).said, said)];
    },
    (text, steps, pick) => {
      const { key } = pick(steps);
      if (steps.length < 4) return null;
      const left = edit.removeStep(text, key);
      return ["remove", left, Infinity, !stepOf(left, key) && edit.read(left).steps.every((step) => !step.needs.includes(key) && step.handler !== key)];
    },
    (text, steps, pick) => {
      const [one, other] = [pick(steps).key, pick(steps).key];
      if (edit.linkProblem(steps, one, other)) return null;
      const linked = edit.connect(text, one, other);
      return ["connect", linked, 1, stepOf(linked, other).needs.includes(one)];
    },
    (text, steps, pick) => {
      const step = pick(steps);
      if (!step.needs.length) return null;
      const need = pick(step.needs);
      const cut = edit.disconnect(text, need, step.key);
      return ["disconnect", cut, Infinity, !stepOf(cut, step.key).needs.includes(need)];
    },
    (text, steps, pick) => {
      const [step, wanted] = [pick(steps), edit.freeKey(text, pick(["renamed", "re-named", "x"]))];
      const renamed = edit.renameStep(text, step.key, wanted);
      // Expressions may still name a step of that name that was removed: the way back takes them along.
      const isPlain = /^\w+$/.test(step.key) && ![`steps.${wanted}`, `'${wanted}'`, `"${wanted}"`, `['${step.key}']`].some((each) => text.includes(each));
      const isBack = !isPlain || edit.renameStep(renamed, wanted, step.key) === text;
      return ["rename", renamed, Infinity, isBack && !stepOf(renamed, step.key) && !new RegExp(`\\bsteps\\.${step.key}\\.`).test(renamed.replace(/#.*/g, ""))];
    },
    (text, steps, pick) => {
      const [step, title] = [pick(steps), pick(titles)];
      const titled = edit.setField(text, step.key, ["title"], title);
      return ["title", titled, 3, stepOf(titled, step.key).said.title === title];
    },
    (text, steps, pick) => {
      const [step, retry] = [pick(steps), pick([3, { attempts: 3, wait: "5s" }, undefined])];
      const tried = edit.setField(text, step.key, ["retry"], retry);
      return ["retry", tried, 4, isSame(stepOf(tried, step.key).said.retry, retry)];
    },
    (text, steps, pick) => {
      const [step, condition] = [pick(steps), pick(["a && b", "!x || y", "steps.a.output == 'x'", undefined])];
      const asked = edit.setField(text, step.key, ["if"], condition);
      return ["condition", asked, 4, stepOf(asked, step.key).said.if === condition];
    },
    (text, steps, pick) => {
      const [step, argv] = [pick(steps), pick([["a", "b c"], ["x", "${{ y }}", "z"], ["one"]])];
      const given = edit.setField(text, step.key, ["with", "argv"], argv);
      return ["argv", given, Infinity, isSame(stepOf(given, step.key).said.with.argv, argv)];
    },
    (text, steps, pick, draw) => {
      const [one, other] = [pick(steps).key, pick(steps).key];
      if (one === other) return null;
      const isBefore = draw() < 0.5;
      let moved;
      try {
        moved = edit.moveStep(text, one, other, isBefore);
      } catch (error) {
        // What an alias stands for can't come after it; nothing has happened then.
        return /[*&]/.test(text) && error.message ? null : ["move", text, 0, false];
      }
      const keys = edit.read(moved).steps.map((step) => step.key);
      const holds = keys.indexOf(one) - keys.indexOf(other) === (isBefore ? -1 : 1);
      return ["move", moved, 0, holds && steps.every((step) => isSame(stepOf(moved, step.key).said, step.said))];
    },
  ];

  let count = 0;
  for (const [name, first] of Object.entries(texts)) {
    const draw = chance(name.length * 7919 + first.length);
    const pick = (list) => list[Math.floor(draw() * list.length)];
    let text = first;
    for (let n = 0; n < rounds; n += 1) {
      const done = pick(operations)(text, edit.read(text).steps, pick, draw);
      if (!done) continue;
      const [what, after, most, holds] = done;
      count += 1;
      if (edit.read(after).problem) { tell(name, what, edit.read(after).problem.message); break; }
      if (!holds) tell(name, what, "the text does not say what was meant");
      const [before, now] = [commentsOf(text), commentsOf(after)];
      if (!["remove", "argv", "disconnect", "move"].includes(what) && !isWithin(before, now)) tell(name, what, "a comment is lost or moved");
      if (what !== "remove" && !isWithin([...before].sort(), [...now].sort())) tell(name, what, `a comment is lost: ${before.filter((each) => !now.includes(each))}`);
      const kept = new Map();
      for (const line of after.split("\n")) kept.set(line, (kept.get(line) ?? 0) + 1);
      const gone = text.split("\n").filter((line) => { const left = kept.get(line) ?? 0; kept.set(line, left - 1); return left < 1 && line.trim(); });
      if (gone.length > most) tell(name, what, `${gone.length} lines differ: ${gone.slice(0, 3).join(" / ")}`);
      text = after;
    }
  }
  return { count, faults };
}
