"""Checks that what a requirement names may be changed by a task: its files and its definitions."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from missioncontrol.domain.plan import Requirement
from missioncontrol.domain.work import Finding
from missioncontrol.specialists.reviewer.case import Case
from missioncontrol.specialists.reviewer.check import Check, check
from missioncontrol.specialists.symbols import symbols

NAMES_MAX = 12
FILES_MAX = 4_000
_NAME = re.compile(r"`([^`\s]{2,80})`")
_IDENTIFIER = re.compile(r"[A-Za-z_][\w.]*$")
_BESIDE = re.compile(
    r"(?i)(?:please )?(?:test|cover|fuzz|document|explain|describe|mention|say|tell|note"
    r"|(?:add|write|extend|improve|update)\s+(?:[\w-]+\s+){0,3}?"
    r"(?:tests?|coverage|docs|documentation|docstrings?|guide|tutorial|readme|changelog))\b"
)
"""How an ask begins whose work stands beside the code that it names."""
_PAPERS = (
    ("README", re.compile(r"(?i)\breadme\b"), re.compile(r"(?i)^readme(?:\.\w+)?$")),
    (
        "change log",
        re.compile(r"(?i)\bchange ?log\b|\brelease notes\b"),
        re.compile(r"(?i)^(?:docs?/(?:source/)?)?(?:changes|changelog|history|news)(?:\.\w+)?$"),
    ),
)


def reach_checks(case: Case) -> Iterator[Check]:
    """Yield the check of what requirements name against the scopes of the tasks that change it."""
    asked = [each for each in case.plan.requirements if each.kind != "constraint"]
    scoped = any(task.scope for task in case.handed_over) and case.tree is not None
    yield check(
        "requirement-scopes",
        "files and definitions that requirements name against the scopes of tasks",
        len(asked) if scoped else 0,
        (finding for each in asked for finding in _beyond(case, each)) if scoped else (),
    )


def _beyond(case: Case, requirement: Requirement) -> Iterator[Finding]:
    """Find what is named and stands in the repository, and that no task may touch."""
    reached = {path for task in case.handed_over for path in task.scope}
    serving = [task.key for task in case.handed_over if requirement.id in task.requirements]
    if not serving:
        return  # A missing builder is the finding of another check.
    for number, (name, homes) in enumerate(_named(case, requirement.text)):
        if not reached & set(homes):
            yield Finding(
                "review.requirement-out-of-reach",
                "low" if number else "medium",  # What is named first is what it is about.
                f"{requirement.id} names {name}, and no task may change {_listed(homes)}",
                detail=f"{requirement.text} Its tasks are {', '.join(serving)}.",
                path=homes[0],
                remedy=f"Add {homes[0]} to the scope of {serving[0]}, or say why it stays.",
            )


def _named(case: Case, text: str) -> Iterator[tuple[str, list[str]]]:
    assert case.tree is not None
    paths = [file.path for file in case.tree.files]
    is_beside = _BESIDE.match(text) is not None
    for name in list(dict.fromkeys(_NAME.findall(text)))[:NAMES_MAX] if not is_beside else ():
        plain = name.removesuffix("()")
        if plain in paths:
            yield f"`{name}`", [plain]
        elif _IDENTIFIER.match(plain) and (homes := _defining(case, plain)):
            yield f"`{name}`", homes
    for paper, asks, named in _PAPERS:
        homes = [path for path in paths if named.match(path)]
        if asks.search(text) and homes:
            yield f"the {paper}", homes


def _defining(case: Case, name: str) -> list[str]:
    """Return the files of code that define the last part of a name; none where many do."""
    assert case.tree is not None
    last = name.rpartition(".")[2]
    found = []
    for file in [file for file in case.tree.files if file.kind == "code"][:FILES_MAX]:
        text = case.tree.text(file.path) or ""
        if (last in text and any(each.name == last for each in symbols(text))) or PurePosixPath(
            file.path
        ).stem == name:
            found.append(file.path)
    return found


def _listed(homes: list[str]) -> str:
    first = " or ".join(homes[:3])
    return first if len(homes) <= 3 else f"{first} or {len(homes) - 3} more"
