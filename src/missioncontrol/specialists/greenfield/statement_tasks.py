"""Turns the statements of a goal into tasks with checks of their own."""

import re
from collections.abc import Iterator, Sequence

from missioncontrol.domain.product_design import Entity
from missioncontrol.specialists.greenfield.catalogue import TaskEntry
from missioncontrol.specialists.greenfield.clause_checks import clause_checks
from missioncontrol.specialists.greenfield.clause_parts import Parts
from missioncontrol.specialists.greenfield.constraints import is_constraint
from missioncontrol.specialists.greenfield.lexicon import noun_base
from missioncontrol.specialists.greenfield.reading import Reading
from missioncontrol.specialists.greenfield.statements import Statement
from missioncontrol.specialists.greenfield.tables import snake
from missioncontrol.specialists.greenfield.titles import in_full, title_of

MOST, CHECKS = 12, 3
_WORD = re.compile(r"[a-z][a-z-]+")
_PRODUCTS = {
    "command-line": "tool", "library": "library", "browser-extension": "extension",
    "game": "game", "data-pipeline": "pipeline", "scheduled-jobs": "job", "json-api": "API",
    "static-site": "site", "dashboard": "dashboard", "desktop-app": "program",
    "integration": "integration", "mobile-backend": "service", "ml-service": "service",
    "device-backend": "service", "internal-tool": "tool", "web-product": "site",
}  # fmt: skip
"""The word for a product of each kind in a sentence."""


def statement_tasks(
    reading: Reading, entities: Sequence[Entity], kind: str
) -> Iterator[tuple[Statement, TaskEntry]]:
    """Yield a task for each statement; no two have a check in common."""
    used: set[str] = set()
    titles: set[str] = set()
    statements = list(reading.statements)
    for number, statement in enumerate(statements):
        title = title_of(statement, statements[:number])
        if is_constraint(statement) or title in titles or len(titles) == MOST:
            continue
        parts = in_full(statement, statements[:number])
        checks = _checks(parts, _PRODUCTS.get(kind, "product"), reading.text, used)
        if not checks:
            continue
        titles.add(title)
        what = _about(statement, reading)
        stem = f"{snake(what)}/{snake(statement.verb or what)}"
        files = (f"{stem}: {title}", f"{stem}_test: the cases of its checks")
        detail = f"The goal says: “{statement.text}”."
        tables = [each.table for each in entities if _speaks_of(statement, each)]
        if tables:
            detail += f" It works on {_listed(tables)}."
        yield statement, TaskEntry(title, detail, checks, files)


def wanted_statements(reading: Reading) -> list[Statement]:
    """Return the statements that ask for more than technologies: “Go and SQLite, but no Kafka”."""
    return [each for each in reading.statements if not is_constraint(each)]


def _checks(parts: Parts, product: str, goal: str, used: set[str]) -> tuple[str, ...]:
    found = dict.fromkeys(clause_checks(parts, product, goal))
    chosen = [each for each in found if each not in used][:CHECKS]
    used.update(chosen)
    return tuple(chosen)


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
