"""Which definitions are to be changed, and which tests are theirs: by name, call and import."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from missioncontrol.specialists.writer.parts import Part

TARGETS_MAX = 4
CALLED_MAX = 3
NAME_LENGTH_MIN = 3
"""Shorter names stand in others by chance."""
TEST_SCORE_MIN = 3.0
CONSTRUCTORS = frozenset({"__init__", "__new__", "constructor"})
SIGNATURE_LINES_MAX = 15
CALLS, NAMES, OWNS, MENTIONS = 3.0, 4.0, 1.5, 1.0
_NOT_TESTS = re.compile(r"^(?:set_?up|tear_?down|__)", re.IGNORECASE)


def targets(parts: Iterable[Part], quoted: Sequence[str], at: Iterable[int]) -> list[Part]:
    """Return the definitions among `parts` that `quoted` names, else those at the lines `at`.

    `quoted` is what the goal says in backticks; `Owner.name` means that member alone.
    """
    listed = list(parts)
    found: list[Part] = []
    for name in quoted:
        titled = [part for part in listed if part.owner and part.title == _ending(name, 2)]
        named = [part for part in listed if part.name == _ending(name, 1)]
        at_top = [part for part in named if not part.owner]
        found += titled or at_top or named
    lines = set(at)
    found = found or [part for part in listed if part.start in lines]
    return _once(found)[:TARGETS_MAX]


def _once(parts: Iterable[Part]) -> list[Part]:
    """Keep the longest of several with one title: overloads are stubs, and setters come after."""
    longest: dict[str, Part] = {}
    for part in parts:
        held = longest.get(part.title)
        if held is None or part.end - part.start > held.end - held.start:
            longest[part.title] = part
    return list(longest.values())


def _ending(name: str, count: int) -> str:
    """Return the last `count` names of a dotted one, without the brackets of a call."""
    plain = re.split(r"[(\s]", name, maxsplit=1)[0]
    return ".".join(re.split(r"\.|::|#", plain)[-count:])


def called_by(target: Part, parts: Iterable[Part], lines: Sequence[str]) -> list[Part]:
    """Return the definitions of the same file that a function calls: its own class's, or at top."""
    body = "\n".join(lines[target.start : target.end])
    found = []
    for part in parts:
        if part.is_type or part == target or part.owner not in {"", target.owner}:
            continue
        before = r"\b(?:self|cls|this)\." if part.owner else r"(?<![\w.])"
        called = re.search(rf"{before}{re.escape(part.name)}\s*\(", body)
        if called:
            found.append(((not part.owner, called.start()), part))
    return [part for _, part in sorted(found, key=lambda each: each[0])][:CALLED_MAX]


def constructors(parts: Iterable[Part], text: str, lines: Sequence[str]) -> list[Part]:
    """Return the constructors of classes that `text` names with a parameter of theirs."""
    words = set(re.findall(r"\w+", text))
    return [
        part
        for part in parts
        if part.name in CONSTRUCTORS and part.owner in words and words & _parameters(part, lines)
    ]


def _parameters(part: Part, lines: Sequence[str]) -> set[str]:
    text = "\n".join(lines[part.start - 1 : min(part.end, part.start + SIGNATURE_LINES_MAX)])
    signature = text.partition("(")[2].partition("):")[0].partition(") ->")[0]
    names = re.findall(r"(?:^|,)\s*\**([A-Za-z_]\w*)", signature)
    return {name for name in names if len(name) >= NAME_LENGTH_MIN} - {"self", "cls"}


def own_tests(
    wanted: Sequence[Part],
    parts: Sequence[Part],
    lines: Sequence[str],
    extra: Mapping[Part, float],
    types: Collection[str],
) -> list[tuple[float, Part]]:
    """Return the tests among `parts` that are about a wanted definition, the closest first.

    `extra` holds what else speaks for a test: its share of the goal's words, from 0 to 1. `types`
    are those of the same file, as `flat` has them: tests of `Route` are none of `Bottle.route`.
    """
    text = "\n".join(lines)
    found = []
    for part in parts:
        if part.is_type or _NOT_TESTS.match(part.name):
            continue
        if part.path.endswith(".py") and not part.name.lower().startswith("test"):
            continue  # A helper; other languages name their tests as they like.
        body = "\n".join(lines[part.start - 1 : part.end])
        scores = (_score(target, part, body, text, types) for target in wanted)
        best = max(scores, default=0.0)
        if best >= TEST_SCORE_MIN:
            found.append((best + extra.get(part, 0.0), part))
    return sorted(found, key=lambda each: (-each[0], each[1].start))


def _score(target: Part, test: Part, body: str, text: str, types: Collection[str]) -> float:
    """Say how much a test is about a definition; what it only resembles by name counts little."""
    name, owner = re.escape(target.name), target.owner
    if len(target.name) < NAME_LENGTH_MIN:
        return 0.0
    is_called = re.search(
        rf"\b{name}\b" if target.is_type else rf"(?:\.|(?<![\w.])){name}\s*\(", body
    )
    is_other = not target.is_type and flat(target.name) in types
    is_named = _has_words(test.name, target.name) or (
        not is_other and _has_words(test.owner, target.name)
    )
    if not (is_called or is_named):
        return 0.0
    score = (CALLS if is_called else 0.0) + (NAMES if is_named else 0.0)
    if not owner:
        return score
    # Many classes have a method of that name: the test has to know whose it is.
    if _has_words(test.owner, owner) or re.search(rf"\b{re.escape(owner)}\b", body):
        return score + OWNS
    return score if re.search(rf"\b{re.escape(owner)}\b", text) else score - MENTIONS


def _has_words(name: str, wanted: str) -> bool:
    """Whether the words of a name hold those of another one: `TestRouter` says no `route`."""
    have, words = _words(name), _words(wanted)
    width = len(words)
    return bool(words) and any(
        have[at : at + width] == words for at in range(len(have) - width + 1)
    )


def _words(name: str) -> list[str]:
    found = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)
    return [word.lower().removesuffix("s") for word in found]


def flat(name: str) -> str:
    """Return a name as all ways to write it have it: `TestMaxSize` and `test_max_size` agree."""
    return name.replace("_", "").lower()
