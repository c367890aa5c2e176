"""The decisions of a mission as records, and the choices that its repository leaves open."""

import re
import tomllib
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from missioncontrol.documents.markup import plain
from missioncontrol.documents.studio import parts
from missioncontrol.documents.studio.material import Material, code, ended, named, short
from missioncontrol.documents.studio.model import Listing, Section, Source, Statement, Table
from missioncontrol.domain.plan import Decision, Requirement
from missioncontrol.domain.planned_decision import as_logged, planned_decisions

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


def sections(of: Material) -> Iterator[Section]:
    """Yield a list of the decisions, and each of them."""
    choices = open_choices(of)
    if not of.plan.decisions and choices:
        yield from undecided_sections(of, choices)
        return
    if not of.plan.decisions:
        yield from parts.section(
            "none",
            "No decision",
            parts.paragraph(
                of.say(
                    f"The plan for “{short(of.record.title, 80)}” found no choice to make; "
                    "`mission decision record` writes one down.",
                    of.whole_plan,
                )
            ),
        )
        return
    rows = tuple(
        of.row([each.id, each.title, short(each.choice, 160)], of.decision(each))
        for each in of.plan.decisions
    )
    yield from parts.section("index", "Decisions", Table(("Id", "Question", "Decided"), rows))
    for each in of.plan.decisions:
        yield from _record(of, each)
    yield from undecided_sections(of, choices)


def _record(of: Material, each: Decision) -> Iterator[Section]:
    source = of.decision(each)
    yield from parts.section(
        f"adr-{each.id}",
        f"{each.id} · {plain(each.title)}",
        parts.paragraph(_status(of, each)),
    )
    yield from parts.section(
        f"adr-{each.id}-context",
        f"Context of {each.id}",
        parts.paragraph(*_context(of, each)),
        level=3,
    )
    yield from parts.section(
        f"adr-{each.id}-decided",
        f"Decided in {each.id}",
        parts.paragraph(
            of.say(ended(each.choice), source), of.say(f"Because: {ended(each.reason)}", source)
        ),
        Listing(tuple(_consequences(of, each))),
        level=3,
    )
    others = tuple(
        of.say(f"{ended(one.title)} {ended(one.tradeoff)}", source) for one in each.alternatives
    )
    yield from parts.section(
        f"adr-{each.id}-others", f"Rejected in {each.id}", Listing(others), level=3
    )


def _status(of: Material, each: Decision) -> Statement:
    """Say how far it is: as the log of decisions has it, or as the plan proposed it."""
    name = f"{of.record.mission}/{each.id}"
    planned = planned_decisions(of.record.mission, of.plan)
    in_log = next(as_logged(one, of.logged).id for one in planned if one.id == name)
    logged = of.logged.get(in_log)
    if logged is None:
        return of.say("Status: proposed with the plan.", of.whole_plan)
    source = Source(f"log:{each.id}", "decision", f"The log of decisions: {each.id}, {logged.date}")
    instead = f" by {logged.superseded_by}" if logged.superseded_by else ""
    return of.say(f"Status: {logged.status}{instead} since {logged.date}.", source)


def _context(of: Material, each: Decision) -> Iterator[Statement]:
    shaped = [one for one in of.changes if each.id in one.task.decisions]
    wanted = dict.fromkeys(name for one in shaped for name in one.task.requirements)
    found = [one for one in of.plan.requirements if one.id in wanted]
    for one in found[:3]:
        yield of.say(f"{one.id} asks: {ended(one.text)}", of.requirement(one))
    if not found:
        yield of.say(f"Asked: “{short(of.asked, 300)}”", of.goal)
    if each.files:
        yield of.say(f"It is about {named(each.files)}.", of.decision(each))


def _consequences(of: Material, each: Decision) -> Iterator[Statement]:
    source = of.decision(each)
    yield of.say(f"Gives up: {ended(each.tradeoff)}", source)
    for one in of.changes:
        if each.id in one.task.decisions:
            yield of.say(
                f"{code(one.task.key)} ({one.task.title}) has to keep to it.", of.task(one.task)
            )


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
