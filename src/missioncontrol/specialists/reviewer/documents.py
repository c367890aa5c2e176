"""Checks the mission's documents: whether they were written, and what they had to leave out."""

from collections.abc import Iterator

from missioncontrol.domain.work import Finding
from missioncontrol.specialists.reviewer.case import Case
from missioncontrol.specialists.reviewer.check import Check, check

PACK = "execution-pack.json"


def document_checks(case: Case) -> Iterator[Check]:
    """Yield the checks of the documents as such."""
    expected = [
        name
        for task in case.done_here
        if task.role == "writer"
        for name in [each.name for each in task.artifacts if each.name.endswith(".md")]
    ]
    yield check(
        "documents",
        "documents that the plan expects against those written",
        len(expected),
        [_unwritten(name) for name in expected if name not in case.documents],
    )
    yield check(
        "handed-over-tasks",
        "handed-over tasks against the execution pack",
        len(case.handed_over) if _packs(case) else 0,
        _unpacked(case),
    )


def _unwritten(name: str) -> Finding:
    return Finding(
        "review.document-missing",
        "high",
        f"{name} was not written",
        remedy=f"Run the task that writes {name} again.",
    )


def _packs(case: Case) -> list[set[str]]:
    """Return the task keys that each execution pack carries."""
    found = []
    for key, delivered in case.succeeded():
        pack = case.json(key, PACK) if PACK in delivered.files else None
        tasks = pack.get("tasks") if isinstance(pack, dict) else None
        if isinstance(tasks, list):
            found.append({each.get("key", "") for each in tasks if isinstance(each, dict)})
    return found


def _unpacked(case: Case) -> Iterator[Finding]:
    for packed in _packs(case):
        for task in case.handed_over:
            if task.key not in packed:
                yield Finding(
                    "review.task-not-packed",
                    "high",
                    f"{PACK} does not carry {task.key}: {task.title}",
                    remedy=f"Run the writer's task again, so that {task.key} can be handed over.",
                )
