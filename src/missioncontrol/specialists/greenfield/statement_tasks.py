"""Turns the statements of a goal into tasks with checks of their own."""

import re
from collections.abc import Iterator, Sequence
from hashlib import sha256

from missioncontrol.domain.product_design import Entity
from missioncontrol.specialists.greenfield.catalogue import TaskEntry
from missioncontrol.specialists.greenfield.lexicon import noun_base, plural
from missioncontrol.specialists.greenfield.limits import class_of_verb, wordings
from missioncontrol.specialists.greenfield.reading import Reading
from missioncontrol.specialists.greenfield.selection import filled, named_technologies
from missioncontrol.specialists.greenfield.statements import Statement, title_of
from missioncontrol.specialists.greenfield.tables import snake

MOST = 11
CHECKS = 2
STACK_WORDS = 5
"""Words of a statement that only names a technology."""
_WORD = re.compile(r"[a-z][a-z-]+")


def statement_tasks(
    reading: Reading, entities: Sequence[Entity]
) -> Iterator[tuple[Statement, TaskEntry]]:
    """Yield a task for each statement; no two have a check in common."""
    used: set[str] = set()
    titles: set[str] = set()
    before: Statement | None = None
    for statement in wanted_statements(reading)[:MOST]:
        same = before is not None and before.sentence == statement.sentence
        title = title_of(statement, before if same else None)
        before = statement
        if title in titles:
            continue
        titles.add(title)
        what, who = _about(statement, reading), _who(statement, reading)
        checks = tuple(_checks(statement, what, who, reading.text, used))
        stem = f"{snake(what)}/{snake(statement.verb or what)}"
        files = (
            f"{stem}: {title[:60]}",
            f"{stem}_test: the cases of its checks",
        )
        detail = f"The goal says: “{reading.sentences[statement.sentence]}”"
        tables = [each.table for each in entities if _speaks_of(statement, each)]
        if tables:
            detail += f" It works on {_listed(tables)}."
        yield statement, TaskEntry(title, detail, checks, files)


def wanted_statements(reading: Reading) -> list[Statement]:
    """Return the statements that ask for more than technologies: “Go and SQLite, but no Kafka”."""
    return [each for each in reading.statements if not _names_stack(each.text)]


def _names_stack(text: str) -> bool:
    named = named_technologies(text)
    return len(named) >= 2 or (bool(named) and len(text.split()) <= STACK_WORDS)


def _speaks_of(statement: Statement, entity: Entity) -> bool:
    bases = {noun_base(word) for word in _WORD.findall(statement.text.lower())}
    return entity.name.split()[-1] in bases


def _listed(items: Sequence[str]) -> str:
    names = [f"`{each}`" for each in items]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _about(statement: Statement, reading: Reading) -> str:
    """Return the noun of a statement that matters most; else what the product is about."""
    bases = [noun_base(word) for word in _WORD.findall(statement.text.lower())]
    known = [each for each in reading.things if each.head in bases]
    best = max(known, key=lambda each: reading.stored.get(each.head, -9.0), default=None)
    return best.name if best else reading.main_thing.name


def _who(statement: Statement, reading: Reading) -> str:
    named = next((each for each in reading.actors if each.head == statement.subject), None)
    return (named or reading.main_actor).name


def _checks(statement: Statement, what: str, who: str, goal: str, used: set[str]) -> Iterator[str]:
    """Yield checks of the class of the verb, another choice for each statement of each goal."""
    name = "rule" if statement.is_rule else class_of_verb(statement.verb)
    choices = [each for each in wordings(name) if each not in used] or wordings(name)
    seed = f"{goal}\0{statement.text}".encode()
    ordered = sorted(choices, key=lambda each: sha256(seed + each.encode()).digest())
    for each in ordered[:CHECKS]:
        used.add(each)
        yield filled(each.replace("{whats}", plural(what)), what, who, what=what, who=who)
