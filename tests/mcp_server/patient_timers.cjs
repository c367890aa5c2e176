// Loaded into the suite of conformance by `node --require`. Some of its scenarios give up after one
// to five seconds without an answer; a busy machine takes longer. Pauses are shorter and stay.
const GIVE_UP_MIN = 1_000;
const FACTOR = 8;

const setTimeoutBefore = globalThis.setTimeout;
globalThis.setTimeout = (act, delay, ...rest) =>
  setTimeoutBefore(act, delay >= GIVE_UP_MIN ? delay * FACTOR : delay, ...rest);
