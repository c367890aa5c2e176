"""Turns the statements of a goal into tasks with checks of their own."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence

import msgspec

from missioncontrol.domain.product_design import Entity
from missioncontrol.specialists.greenfield.behaviours import Act
from missioncontrol.specialists.greenfield.catalogue import TaskEntry
from missioncontrol.specialists.greenfield.clause_checks import EXAMPLE, clause_checks
from missioncontrol.specialists.greenfield.clause_parts import CONDITIONS, Parts, lowered
from missioncontrol.specialists.greenfield.constraints import is_constraint
from missioncontrol.specialists.greenfield.lexicon import noun_base
from missioncontrol.specialists.greenfield.reading import Reading
from missioncontrol.specialists.greenfield.statements import Statement
from missioncontrol.specialists.greenfield.tables import snake
from missioncontrol.specialists.greenfield.titles import in_full, title_of

MOST, CHECKS = 15, 3
_WORD = re.compile(r"[a-z][a-z-]+")


def statement_tasks(
    reading: Reading, entities: Sequence[Entity], product: str, acts: Sequence[Act]
) -> Iterator[tuple[list[int], TaskEntry]]:
    """Yield the numbers of statements with their task; no two have a check in common.

    The first number is that of the statement that the task is named by; others add to it.

    `product` is the word for the product in a sentence; `acts` are the behaviours of the
    statements, whose checks stand beside those that the words of a clause ask for.
    """
    used: set[str] = set()
    made: dict[int, TaskEntry] = {}
    details: dict[int, list[int]] = {}
    statements = list(reading.statements)
    for number, statement in enumerate(statements):
        own = [each for each in acts if each.number == number]
        last = next(reversed(made), None)
        if last is not None and not own and _is_detail(statement, statements[last]):
            details.setdefault(last, []).append(number)
            continue
        title = (own[0].behaviour.title if own and statement.is_negated else "") or title_of(
            statement, statements[:number]
        )
        known = {each.title for each in made.values()}
        if is_constraint(statement) or title in known or len(made) == MOST:
            continue
        parts = in_full(statement, statements[:number])
        found = [*clause_checks(parts, product, reading.text, checks_of(own))]
        if last is not None and _is_aside(parts, found):
            details.setdefault(last, []).append(number)
            continue
        checks = unused(found, used)
        if checks:
            made[number] = _entry(statement, title, checks, reading, entities, own)
    for number, entry in made.items():
        more = details.get(number, [])
        texts = "; ".join(lowered(" ".join(statements[each].text.split())) for each in more)
        check = (f"A test tries each of these: {texts}.",) if more else ()
        whole = msgspec.structs.replace(entry, acceptance=(*entry.acceptance, *check))
        yield [number, *more], whole


def _is_detail(statement: Statement, before: Statement) -> bool:
    """Whether words without a verb only add to the clause before them: “…, candles on Sundays”."""
    if statement.place >= 0 or statement.sentence != before.sentence or statement.is_negated:
        return False
    says_more = any(each.tag == "#" or each.lower in CONDITIONS for each in statement.tokens)
    return len(statement.tokens) <= SHORT and not says_more and not is_constraint(statement)


SHORT = 3
"""Words of a thing that is named only beside others."""


def _is_aside(parts: Parts, checks: Sequence[str]) -> bool:
    """Whether a clause only tells how things are, and asks for nothing that a check could be."""
    is_plain = all(each.startswith((EXAMPLE, "A test enters")) for each in checks)
    is_fact = bool(parts.subject) and not (parts.is_person or parts.is_must or parts.is_can)
    return is_plain and not parts.is_negated and (not parts.verb or is_fact)


def _entry(
    statement: Statement,
    title: str,
    checks: tuple[str, ...],
    reading: Reading,
    entities: Sequence[Entity],
    acts: Sequence[Act],
) -> TaskEntry:
    records = [each.record for each in acts if each.record]
    what = records[0] if records else _about(statement, reading)
    named = next((act.behaviour.title for act in acts if act.behaviour.title), "")
    verb = named.split()[0] if named else statement.verb or what
    stem = f"{snake(what)}/{snake(verb)}"
    files = (f"{stem}: {title}", f"{stem}_test: the cases of its checks")
    detail = f"The goal says: “{statement.text}”."
    tables = [e.table for e in entities if e.name in records or _speaks_of(statement, e)]
    if tables:
        detail += f" It works on {_listed(tables)}."
    return TaskEntry(title, detail, checks, files)


def follow_tasks(acts: Sequence[Act], titles: Collection[str]) -> Iterator[tuple[Act, TaskEntry]]:
    """Yield a task for what belongs to a behaviour and the goal does not state."""
    used: set[str] = set()
    known = set(titles)
    for act in acts:
        if act.is_assumed:
            title = act.fill(act.behaviour.title) or f"Add {act.name}"
            checks = unused(checks_of([act]), used)
            stem = f"{snake(act.record or act.behaviour.key)}/{snake(title.split()[0])}"
            files = (f"{stem}: {title}", f"{stem}_test: the cases of its checks")
            detail = "The goal does not state it; products of this kind mostly have it."
            yield act, TaskEntry(title, detail, checks, files)
            continue
        for each in act.behaviour.then:
            title = act.fill(each.title)
            checks = unused(act.filled(each.checks), used)
            if not title or not checks or title in known:
                continue
            known.add(title)
            stem = f"{snake(act.record or act.values['thing'])}/{snake(each.act or title)[:24]}"
            files = (f"{stem}: {title}", f"{stem}_test: the cases of its checks")
            detail = f"It belongs to “{act.words}”; the goal does not state it."
            yield act, TaskEntry(title, detail, checks, files)


def checks_of(acts: Sequence[Act]) -> list[str]:
    """Return the checks of the behaviours of a clause, those of the surest first."""
    return [check for act in acts for check in act.filled(act.behaviour.checks)]


def unused(found: Iterable[str], used: set[str]) -> tuple[str, ...]:
    """Return the first checks that no task before has, and note them."""
    chosen = [each for each in dict.fromkeys(found) if each not in used][:CHECKS]
    used.update(chosen)
    return tuple(chosen)


def wanted_statements(reading: Reading) -> list[Statement]:
    """Return the statements that ask for more than technologies: “Go and SQLite, but no Kafka”."""
    return [each for each in reading.statements if not is_constraint(each)]


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
