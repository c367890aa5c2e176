"""Learns to read goals: parts of speech, and where statements begin.

`sentences.txt` has sentences of goals, a line each: `GOAL.SENTENCE`, a tab, and `word/TAG` with `|`
before words with which a statement begins. Goals and labels were written for this purpose. Prints
what both do on goals that they were not learned from (five folds), then writes `reading.tsv.gz`.

    python -m bench.greenfield.train_reading [--write]
"""

import argparse
import gzip
import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import msgspec

from bench.greenfield.made_sentences import sentences as made_sentences
from missioncontrol.specialists.greenfield import weights as learned
from missioncontrol.specialists.greenfield.cutting import cut_features, places
from missioncontrol.specialists.greenfield.lexicon import noun_base, verb_base
from missioncontrol.specialists.greenfield.tagging import Token, fixed_tag, tag_features

HERE = Path(__file__).parent
TARGET = Path(learned.__file__).with_name("reading.tsv.gz")
FOLDS, TAG_ROUNDS, CUT_ROUNDS = 5, 8, 12
MARGIN = 2.0
MADE = 500
"""Sentences that a program makes beside the labelled ones."""
LEAST = 0.2
"""Weights below it are not stored."""


class Sentence(msgspec.Struct, frozen=True):
    """A labelled sentence."""

    goal: str
    words: tuple[str, ...]
    tags: tuple[str, ...]
    begins: frozenset[int]

    def tokens(self) -> list[Token]:
        """Return its words as tokens."""
        found = []
        for word, tag in zip(self.words, self.tags, strict=True):
            verb = verb_base(word.lower()) if tag in {"V", "G", "E"} else None
            base = verb[0] if verb else noun_base(word.lower()) if tag == "N" else word.lower()
            found.append(Token(word, 0, 0, tag, base))  # type: ignore[arg-type]
        return found


def labelled() -> list[Sentence]:
    """Return all labelled sentences."""
    found = []
    for line in (HERE / "sentences.txt").read_text("utf-8").splitlines():
        where, _, rest = line.partition("\t")
        items = rest.split(" ")
        pairs = [each.removeprefix("|").rpartition("/") for each in items]
        begins = frozenset(n for n, each in enumerate(items) if each.startswith("|"))
        words, tags = tuple(p[0] for p in pairs), tuple(p[2] for p in pairs)
        found.append(Sentence(where.partition(".")[0], words, tags, begins))
    return found


def made(number: int) -> list[Sentence]:
    """Return sentences that a program made."""
    return [
        Sentence("made", tuple(w for w, _ in words), tuple(t for _, t in words), frozenset(begins))
        for words, begins in made_sentences(number)
    ]


class Perceptron:
    """An averaged perceptron: weights by feature and outcome."""

    def __init__(self) -> None:
        """Begin without weights."""
        self.weights: dict[str, dict[str, float]] = defaultdict(dict)
        self._sums: dict[tuple[str, str], float] = defaultdict(float)
        self._since: dict[tuple[str, str], int] = defaultdict(int)
        self.steps = 0

    def scores(self, features: Iterable[str], outcomes: Sequence[str]) -> dict[str, float]:
        """Return the score of each outcome."""
        found = dict.fromkeys(outcomes, 0.0)
        for name in features:
            for outcome, weight in self.weights.get(name, {}).items():
                found[outcome] += weight
        return found

    def change(self, features: Iterable[str], outcome: str, by: float) -> None:
        """Add to the weights of some features for an outcome."""
        for name in features:
            key, own = (name, outcome), self.weights[name]
            now = own.get(outcome, 0.0)
            self._sums[key] += (self.steps - self._since[key]) * now
            self._since[key], own[outcome] = self.steps, now + by

    def average(self) -> None:
        """Replace the weights by their means over all steps."""
        for name, own in self.weights.items():
            for outcome in own:
                key = (name, outcome)
                total = self._sums[key] + (self.steps - self._since[key]) * own[outcome]
                own[outcome] = total / max(1, self.steps)


def taught_tags(sentences: Sequence[Sentence], outcomes: Sequence[str]) -> Perceptron:
    """Return weights for parts of speech."""
    model, order, chance = Perceptron(), list(sentences), random.Random(1)
    for each_round in range(TAG_ROUNDS):
        chance.shuffle(order)
        for sentence in order:
            found: list[str] = []
            for place, (word, right) in enumerate(zip(sentence.words, sentence.tags, strict=True)):
                fixed = fixed_tag(word)
                if fixed is not None:
                    found.append(fixed)
                    continue
                features = tag_features(sentence.words, place, found)
                guess = best(model.scores(features, outcomes))
                model.steps += 1
                if guess != right:
                    model.change(features, right, 1)
                    model.change(features, guess, -1)
                found.append(guess if each_round else right)
    model.average()
    return model


def taught_cuts(sentences: Sequence[Sentence]) -> Perceptron:
    """Return weights for where statements begin."""
    model, order, chance = Perceptron(), list(sentences), random.Random(1)
    for _ in range(CUT_ROUNDS):
        chance.shuffle(order)
        for sentence in order:
            tokens, found = sentence.tokens(), list[int]()
            for place, end in places(tokens):
                features = cut_features(tokens, place, end, found)
                sign = 1 if place in sentence.begins else -1
                model.steps += 1
                if sign * model.scores(features, ["begins"])["begins"] <= MARGIN:
                    model.change(features, "begins", sign)
                if sign > 0:
                    found.append(place)
    model.average()
    return model


def best(scores: dict[str, float]) -> str:
    """Return the outcome with the highest score."""
    return max(scores, key=lambda each: scores[each])


def tagged(model: Perceptron, words: Sequence[str], outcomes: Sequence[str]) -> list[str]:
    """Return the parts of speech of some words."""
    found: list[str] = []
    for place, word in enumerate(words):
        features = tag_features(words, place, found)
        found.append(fixed_tag(word) or best(model.scores(features, outcomes)))
    return found


def cut(model: Perceptron, tokens: Sequence[Token]) -> set[int]:
    """Return where statements begin."""
    found: list[int] = []
    for place, end in places(tokens):
        features = cut_features(tokens, place, end, found)
        if model.scores(features, ["begins"])["begins"] > 0:
            found.append(place)
    return set(found)


def tried(sentences: Sequence[Sentence], outcomes: Sequence[str]) -> str:
    """Return how both do on goals that they were not learned from."""
    goals = sorted({each.goal for each in sentences})
    random.Random(3).shuffle(goals)
    words = wrong = hits = extra = missed = 0
    for fold in range(FOLDS):
        held = set(goals[fold::FOLDS])
        rest = [each for each in sentences if each.goal not in held] + made(MADE)
        tags, begins = taught_tags(rest, outcomes), taught_cuts(rest)
        for each in (e for e in sentences if e.goal in held):
            guess = tagged(tags, each.words, outcomes)
            words += len(guess)
            wrong += sum(a != b for a, b in zip(guess, each.tags, strict=True))
            read = msgspec.structs.replace(each, tags=tuple(guess)).tokens()
            guessed = cut(begins, read)
            hits += len(guessed & each.begins)
            extra += len(guessed - each.begins)
            missed += len(each.begins - guessed)
    return (
        f"{words} words, {100 * wrong / words:.1f} % with another part of speech;"
        f" beginnings: precision {hits / (hits + extra):.3f}, recall {hits / (hits + missed):.3f}"
    )


def lines(step: str, model: Perceptron) -> Iterable[str]:
    """Yield the weights of a step as they are stored."""
    for name, own in sorted(model.weights.items()):
        kept = {outcome: weight for outcome, weight in own.items() if abs(weight) >= LEAST}
        if kept:
            pairs = " ".join(f"{outcome}={weight:.1f}" for outcome, weight in sorted(kept.items()))
            yield f"{step}\t{name}\t{pairs}"


def main(say: Callable[[str], None] = print) -> None:
    """Try, and write where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="store the weights")
    write = parser.parse_args().write
    sentences = labelled()
    outcomes = sorted({tag for each in sentences for tag in each.tags} - {"."})
    say(tried(sentences, outcomes))
    if write:
        every = [*sentences, *made(MADE)]
        stored = [*lines("tag", taught_tags(every, outcomes)), *lines("cut", taught_cuts(every))]
        TARGET.write_bytes(gzip.compress("\n".join(stored).encode(), mtime=0))
        say(f"{TARGET.name}: {len(stored)} features, {TARGET.stat().st_size // 1024} KB")


if __name__ == "__main__":
    main()
