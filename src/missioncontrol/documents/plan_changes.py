"""What makes one plan differ from another: texts of tasks, risks and decisions, side by side."""

from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Literal

import msgspec

from missioncontrol.domain.plan import Plan

Mark = Literal["same", "added", "gone"]
TEXT_MAX = 20_000
"""Longer texts are not compared word by word."""


class Piece(msgspec.Struct, frozen=True):
    """A part of a text: in both plans, only in the later one, or only in the one before."""

    mark: Mark
    text: str


class Change(msgspec.Struct, frozen=True):
    """A text that is not the same in both plans."""

    kind: Literal["task", "risk", "decision"]
    key: str
    title: str
    part: str  # detail, acceptance, risk checks, because, reason …
    pieces: tuple[Piece, ...]


def changes(before: Plan, after: Plan) -> tuple[Change, ...]:
    """Return what `after` says otherwise than `before`, task by task, then risks and decisions."""
    return (*_of("task", _tasks(before), _tasks(after)), *_rest(before, after))


Texts = dict[str, tuple[str, dict[str, str]]]
"""By key: the title, and the texts by their names."""


def _tasks(plan: Plan) -> Texts:
    return {
        task.key: (
            task.title,
            {
                "detail": task.detail,
                "done when": "\n".join(task.acceptance),
                "checks": "\n".join(task.risk_checks),
                "risks": ", ".join(task.risks),
            },
        )
        for task in plan.tasks()
    }


def _rest(before: Plan, after: Plan) -> Iterator[Change]:
    def risks(plan: Plan) -> Texts:
        return {
            each.id: (
                each.title,
                {
                    "likelihood": each.likelihood,
                    "mitigation": each.mitigation,
                    "because": each.because,
                },
            )
            for each in plan.risks
        }

    def decisions(plan: Plan) -> Texts:
        return {
            each.id: (each.title, {"choice": each.choice, "reason": each.reason})
            for each in plan.decisions
        }

    yield from _of("risk", risks(before), risks(after))
    yield from _of("decision", decisions(before), decisions(after))


def _of(kind: Literal["task", "risk", "decision"], before: Texts, after: Texts) -> Iterator[Change]:
    for key in dict.fromkeys([*after, *before]):
        title, texts = after.get(key) or before[key]
        old = before[key][1] if key in before else {}
        new = after[key][1] if key in after else {}
        for part in texts:
            was, is_ = old.get(part, ""), new.get(part, "")
            if was != is_:
                yield Change(kind, key, title, part, pieces(was, is_))


def pieces(before: str, after: str) -> tuple[Piece, ...]:
    """Return `after` in parts, with what is gone of `before` in its places, word by word."""
    if max(len(before), len(after)) > TEXT_MAX:
        return tuple(each for each in (Piece("gone", before), Piece("added", after)) if each.text)
    old, new = before.split(" "), after.split(" ")
    found: list[Piece] = []
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            found.append(Piece("same", " ".join(new[c:d])))
            continue
        found += [Piece("gone", " ".join(old[a:b]))] if any(old[a:b]) else []
        found += [Piece("added", " ".join(new[c:d]))] if any(new[c:d]) else []
    return tuple(found)
