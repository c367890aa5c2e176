"""Checks the places that the documents name: whether each is there, and says what is quoted."""

import re
from collections.abc import Iterator
from typing import Any

from missioncontrol.domain.plan import Decision
from missioncontrol.domain.work import Finding
from missioncontrol.specialists.likelier import likelier_place
from missioncontrol.specialists.reviewer.case import Case
from missioncontrol.specialists.reviewer.check import Check, check
from missioncontrol.specialists.symbols import deprecated_at

FINDINGS_MAX = 20
LINE_LENGTH_COMPARED = 150
"""Longer lines are shortened in excerpts, so only their beginnings are compared."""
_FENCED = re.compile(r"(?ms)^(`{3,})[^\n]*\n.*?^\1\s*$")
"""Quoted code may name files of its own; it is compared with its source by another check."""
_PLACE = re.compile(r"`((?:[\w.@+~-]+/)*[\w.@+~-]+\.\w{1,12})(?::(\d+)(?:-(\d+))?)?`")


def source_checks(case: Case) -> Iterator[Check]:
    """Yield the checks of what the documents point at."""
    named = sorted(set(_named(case)))
    yield check(
        "named-places",
        "files and lines that the documents name against the repository",
        len(named) if case.tree else 0,
        list(_stale(case, named))[:FINDINGS_MAX],
    )
    changed = _changed_code(case)
    yield check(
        "changed-places",
        "code that the plan changes against what the goal's words point to",
        len(changed),
        _doubtful(case, changed),
    )
    chosen = list(_chosen(case))
    yield check(
        "decision-ground",
        "definitions that decisions choose against what the code says of them",
        len(chosen) if case.tree else 0,
        list(_deprecated(case, chosen)),
    )
    excerpts = list(_excerpts(case))
    yield check(
        "excerpts",
        "excerpts of the execution pack against the files",
        len(excerpts) if case.tree else 0,
        list(_changed(case, excerpts))[:FINDINGS_MAX],
    )


def _named(case: Case) -> Iterator[tuple[str, int, str]]:
    """Yield path, line and document for everything that can only be a place in a repository."""
    for name, text in case.documents.items():
        for path, start, end in _PLACE.findall(_FENCED.sub("", text)):
            if start or "/" in path:
                yield path, int(end or start or 0), name


def _stale(case: Case, named: list[tuple[str, int, str]]) -> Iterator[Finding]:
    if case.tree is None:
        return
    known = _other_names(case)
    for path, line, document in named:
        file = case.tree.file(path)
        if file is None and path not in known and not _stands(case, path):
            yield _finding(path, 0, document, "there is no such file in the repository")
        elif file is not None and line > max(1, file.lines):
            yield _finding(path, line, document, f"the file has only {file.lines} lines")


def _other_names(case: Case) -> set[str]:
    """Return artifacts, and files that the plan is going to make."""
    new = {each.path for each in case.plan.architecture.components if each.change == "new"}
    return new | {ref.name for _, ref, _ in case.artifacts()}


def _stands(case: Case, path: str) -> bool:
    """Whether a path that was left out of the reading is there all the same."""
    assert case.tree is not None
    is_inside = ".." not in path.split("/")
    return is_inside and (case.tree.root / path).is_file()


def _finding(path: str, line: int, document: str, reason: str) -> Finding:
    place = f"{path}:{line}" if line else path
    return Finding(
        "review.stale-source",
        "medium",
        f"{document} names {place}, but {reason}",
        path,
        line,
        remedy=f"Correct {document}, or run its task again on the present code.",
    )


def _changed_code(case: Case) -> list[str]:
    """Return the code files that the plan changes."""
    return [
        each.path
        for each in case.plan.architecture.components
        if case.tree
        and each.change == "changed"
        and (file := case.tree.file(each.path))
        and file.kind == "code"
    ]


def _doubtful(case: Case, changed: list[str]) -> Iterator[Finding]:
    near = likelier_place(case.plan, changed, case.tree) if case.tree else None
    if near is not None:
        yield Finding(
            "review.place-doubtful",
            "medium",
            f"The plan changes {', '.join(changed)}, but the goal's words point to {near.path}",
            near.path,
            detail=f"{near.path}: {'; '.join(near.reasons)}.",
            remedy=f"Decide whether the change belongs into {near.path} before anybody begins.",
        )


def _chosen(case: Case) -> Iterator[tuple[Decision, str, int]]:
    """Yield the places that decisions choose to build on."""
    for decision in case.plan.decisions:
        for path, start, _ in _PLACE.findall(decision.choice):
            if start:
                yield decision, path, int(start)


def _deprecated(case: Case, chosen: list[tuple[Decision, str, int]]) -> Iterator[Finding]:
    for decision, path, line in chosen if case.tree else ():
        assert case.tree is not None
        lines = (case.tree.text(path) or "").split("\n")
        at = deprecated_at(lines, line) if 0 < line <= len(lines) else 0
        if at:
            yield Finding(
                "review.decision-on-deprecated",
                "medium",
                f"{decision.id} builds on {path}:{line}, which says that it is deprecated",
                path,
                at,
                lines[at - 1].strip(),
                f"Decide {decision.id} again, or say why it may build on this.",
            )


def _excerpts(case: Case) -> Iterator[dict[str, Any]]:
    for key, delivered in case.succeeded():
        if "execution-pack.json" in delivered.files:
            pack = case.json(key, "execution-pack.json")
            code = pack.get("code") if isinstance(pack, dict) else None
            yield from (each for each in code or () if isinstance(each, dict))


def _changed(case: Case, excerpts: list[dict[str, Any]]) -> Iterator[Finding]:
    for each in excerpts if case.tree else ():
        path, start, text = each.get("path"), each.get("start"), each.get("text")
        if not (isinstance(path, str) and isinstance(start, int) and isinstance(text, str)):
            continue
        assert case.tree is not None
        lines = (case.tree.text(path) or "").split("\n")
        quoted = text.split("\n")
        there = lines[start - 1 : start - 1 + len(quoted)]
        if _beginnings(there) != _beginnings(quoted):
            yield Finding(
                "review.excerpt-stale",
                "high",
                f"execution-pack.json quotes {path}:{start} otherwise than it stands",
                path,
                start,
                remedy="Run the writer's task again on the present code.",
            )


def _beginnings(lines: list[str]) -> list[str]:
    return [line.rstrip()[:LINE_LENGTH_COMPARED] for line in lines]
