"""Choices that a mission has to make because its repository does one thing in two ways already.

A choice is listed only where the manifests declare both libraries, a requirement of a task that
changes code speaks of what they do, and neither the goal nor a decision of the plan names one of
them. The list does not judge which of them is right.
"""

import re
import tomllib
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from missioncontrol.documents.studio import parts
from missioncontrol.documents.studio.material import Material, code, ended, named
from missioncontrol.documents.studio.model import Listing, Section, Source
from missioncontrol.domain.plan import Requirement

_FILE = Path(__file__).with_name("choices.toml")


class Kind(msgspec.Struct, frozen=True):
    """Something that one library does; see `choices.toml`."""

    key: str
    question: str
    words: tuple[str, ...]
    ways: tuple[tuple[str, ...], ...]
    groups: tuple[str, ...] = ("runtime",)


class Way(NamedTuple):
    """A library that the repository declares."""

    name: str
    place: str  # manifest and line
    source: Source


class Choice(NamedTuple):
    """What is to be chosen, between what, and what asks for it."""

    kind: Kind
    ways: tuple[Way, ...]
    word: str
    requirement: Requirement
    tasks: tuple[str, ...]  # that have to know it


def open_choices(of: Material) -> tuple[Choice, ...]:
    """Return the open choices, in the order of the requirements."""
    found = (
        _choice(of, kind, wanted, word, tasks)
        for wanted in of.plan.requirements
        if (tasks := tuple(one.task.key for one in of.serving(wanted) if one in of.changes))
        for kind in _kinds()
        if (word := _word(kind, wanted.text))
    )
    by_kind: dict[str, Choice] = {}
    for each in found:
        if each is not None:
            by_kind.setdefault(each.kind.key, each)
    return tuple(by_kind.values())


def undecided_sections(of: Material, choices: Sequence[Choice]) -> Iterator[Section]:
    """Yield a section for each choice, with what it is between and how it is written down."""
    for each in choices:
        yield from parts.section(
            f"open-{each.kind.key}",
            f"To be decided · {each.kind.question}",
            parts.paragraph(
                of.say(
                    f"{each.requirement.id} speaks of “{each.word}”: "
                    f"{ended(each.requirement.text)}",
                    of.requirement(each.requirement),
                ),
                of.say(
                    f"The manifests declare {named(way.name for way in each.ways)} for that, and "
                    "neither the goal nor a decision of the plan names one of them.",
                    *(way.source for way in each.ways),
                    of.whole_plan,
                ),
            ),
            Listing(
                tuple(
                    of.say(f"{code(way.name)}, declared in {code(way.place)}.", way.source)
                    for way in each.ways
                )
            ),
            parts.paragraph(
                of.say(
                    f"The builder of {named(each.tasks, most=4)} chooses. "
                    f'`mission decision record "{each.kind.question}" --option {each.ways[0].name} '
                    f"--option {each.ways[1].name} --choice …` writes it down.",
                    of.whole_plan,
                )
            ),
        )


def _choice(
    of: Material, kind: Kind, wanted: Requirement, word: str, tasks: tuple[str, ...]
) -> Choice | None:
    for names in kind.ways:
        ways = tuple(_declared(of, names, kind.groups))
        if len(ways) > 1 and not any(_is_settled(of, way.name) for way in ways):
            return Choice(kind, ways, word, wanted, tasks)
    return None


def _declared(of: Material, names: Sequence[str], groups: Sequence[str]) -> Iterator[Way]:
    """Yield which of `names` are dependencies of these groups, each where it is declared first."""
    seen: set[str] = set()
    for number, row in enumerate(of.rows("survey.json", "stack", "dependencies")):
        name = str(row.get("name", "")).lower().replace("_", "-")
        known = name if name in names else name.replace("-", "_")
        if known not in names or known in seen or row.get("group") not in groups:
            continue
        seen.add(known)
        source = of.held("survey.json", "stack", "dependencies", number)
        yield Way(str(row["name"]), f"{row.get('manifest', '')}:{row.get('line', 1)}", source)


def _is_settled(of: Material, name: str) -> bool:
    """Whether the goal, what it must hold to, or a decision of the plan names a library."""
    texts: list[Any] = [of.record.goal, of.record.context, *of.record.constraints]
    texts += [text for each in of.plan.decisions for text in (each.title, each.choice)]
    pattern = re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])", re.IGNORECASE)
    return any(pattern.search(str(text)) for text in texts)


def _word(kind: Kind, text: str) -> str:
    return found[0] if (found := _pattern(kind.words).search(text)) else ""


@cache
def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    # Not within code: `json.py` or `--log` names a thing and asks for none.
    each = "|".join(map(re.escape, sorted(words, key=len, reverse=True)))
    return re.compile(rf"(?<![\w.`/-])(?:{each})(?![\w`/-]|\.\w)", re.IGNORECASE)


@cache
def _kinds() -> tuple[Kind, ...]:
    rows = tomllib.loads(_FILE.read_text("utf-8"))["choice"]
    return msgspec.convert(rows, tuple[Kind, ...])
