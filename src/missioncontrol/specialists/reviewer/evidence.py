"""Checks what the tasks handed in: states, evidence, artifacts, digests, facts and test counts."""

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from missioncontrol.domain.work import CommandRan, Fact, FilesRead, Finding, TestsRan
from missioncontrol.specialists.reviewer.case import JSON_BYTES_MAX, JSON_ENDINGS, Case
from missioncontrol.specialists.reviewer.check import Check, check
from missioncontrol.specialists.specialist import Delivered

# JSON pointers (RFC 6901): follow one into a document, and compare a value with what is there.

TOLERANCE = 0.005
"""Facts about shares and seconds are rounded to two places before they are shown."""


class NoSuchPlace(LookupError):
    """The pointer leads nowhere in this document."""


def resolve(document: Any, pointer: str) -> Any:
    """Return what `pointer` leads to.

    Raises:
        NoSuchPlace: a name or number on the way is not there.
    """
    here = document
    for token in pointer.split("/")[1:]:
        name = token.replace("~1", "/").replace("~0", "~")
        here = _step(here, name, pointer)
    return here


def _step(here: Any, name: str, pointer: str) -> Any:
    if isinstance(here, dict) and name in here:
        return here[name]
    is_number = name.isascii() and name.isdigit() and (name == "0" or name[0] != "0")
    if isinstance(here, list) and is_number and int(name) < len(here):
        return here[int(name)]
    raise NoSuchPlace(f"{pointer!r} stops at {name!r}")


def agrees(value: str | float, found: Any) -> bool:
    """Whether a fact's value is what the document holds.

    Where the pointer leads to a list or an object, the fact is about something in it: a number may
    count some of its members but not more than all, a text has to occur in it.
    """
    if not isinstance(found, list | dict):
        return _same(value, found)
    if isinstance(value, str):
        return any(value == text or value in text for text in _texts(found))
    is_count = not isinstance(value, bool) and 0 <= value <= len(found)
    return is_count or any(_same(value, each) for each in _leaves(found))


def _texts(found: Any) -> Iterator[str]:
    """Yield the texts inside, and lists of words as the command line they make."""
    for each in _inside(found):
        if isinstance(each, str):
            yield each
        if isinstance(each, list) and all(isinstance(word, str) for word in each):
            yield " ".join(each)


def _leaves(found: Any) -> Iterator[Any]:
    return (each for each in _inside(found) if not isinstance(each, list | dict))


def _inside(found: Any) -> Iterator[Any]:
    """Yield `found` and all that is in it; the stack is our own, as nesting may be deep."""
    todo = [found]
    while todo:
        here = todo.pop()
        yield here
        if isinstance(here, list | dict):
            todo.extend(here.values() if isinstance(here, dict) else here)


def _same(value: str | float, found: Any) -> bool:
    if isinstance(value, bool) or isinstance(found, bool):
        return value is found
    if isinstance(value, int | float) and isinstance(found, int | float):
        return value == found or abs(value - found) <= TOLERANCE
    return bool(value == found)


BLOCK_BYTES = 1024 * 1024
_COMMIT = re.compile(r"\b[0-9a-f]{40}\b")


def evidence_checks(case: Case) -> Iterator[Check]:
    """Yield the checks of what was handed in."""
    artifacts = list(case.artifacts())
    facts = [fact for _, delivered in case.succeeded() for fact in delivered.work.facts]
    pointed = sum(1 for fact in facts if fact.pointer.startswith("/"))
    yield check(
        "task-states", "planned tasks against how they ended", len(case.done_here), _ended(case)
    )
    yield check(
        "evidence",
        "tasks that succeeded against their evidence",
        len(list(case.succeeded())),
        _missing_evidence(case),
    )
    yield check(
        "expected-artifacts",
        "expected artifacts against those handed in",
        sum(len(task.artifacts) for task in case.done_here),
        _absent(case),
    )
    yield check("digests", "artifact digests against their bytes", len(artifacts), _altered(case))
    yield check(
        "artifact-forms", "artifacts against their format", len(artifacts), _malformed(case)
    )
    yield check("facts", "facts against the JSON they point into", pointed, _untrue(case))
    yield check(
        "commits", "the commits that the tasks read", len(_commits(case)), _two_commits(case)
    )


def _ended(case: Case) -> Iterator[Finding]:
    for task in case.done_here:
        delivered = case.upstream.get(task.key)
        if delivered is None:
            yield Finding(
                "review.task-unseen",
                "medium",
                f"The review was not shown what {task.key} left",
                detail="The task is planned, but the review does not need it.",
                remedy=f"Add {task.key} to the needs of the review.",
            )
        elif delivered.state != "succeeded":
            yield Finding(
                "review.task-failed",
                "high",
                f"{task.key} ended as {delivered.state}: {task.title}",
                detail=delivered.error,
                remedy=f"Remove the cause and run {task.key} again.",
            )
            yield from _written_without(case, task.key)


def _written_without(case: Case, failed: str) -> Iterator[Finding]:
    for key, _ in case.succeeded():
        task = case.tasks.get(key)
        if task is not None and failed in task.needs:
            yield Finding(
                "review.done-without",
                "medium",
                f"{key} was done without the results of {failed}",
                remedy=f"Run {key} again after {failed}.",
            )


def _missing_evidence(case: Case) -> Iterator[Finding]:
    for key, delivered in case.succeeded():
        if not delivered.work.evidence:
            yield Finding(
                "review.no-evidence",
                "high",
                f"{key} counts as done without any evidence",
                detail=f"It says: {delivered.work.summary}" if delivered.work.summary else "",
                remedy=f"Run {key} again and hand in how its result was obtained.",
            )
        for name in _named_in_evidence(delivered):
            if name not in delivered.files:
                yield Finding(
                    "review.evidence-missing",
                    "high",
                    f"The evidence of {key} names {name}, which was not handed in",
                    remedy=f"Run {key} again and keep {name}.",
                )


def _named_in_evidence(delivered: Delivered) -> Iterator[str]:
    for each in delivered.work.evidence:
        if isinstance(each, CommandRan) and each.log:
            yield each.log
        if isinstance(each, TestsRan) and each.report:
            yield each.report


def _absent(case: Case) -> Iterator[Finding]:
    for key, delivered in case.succeeded():
        task = case.tasks.get(key)
        handed_in = {ref.name for ref in delivered.work.artifacts}
        for expected in task.artifacts if task else ():
            if expected.name not in handed_in:
                yield Finding(
                    "review.artifact-missing",
                    "high",
                    f"{key} did not hand in {expected.name}",
                    remedy=f"Run {key} again.",
                )


def _altered(case: Case) -> Iterator[Finding]:
    for key, ref, path in case.artifacts():
        try:
            digest, size = _digest(path) if path else ("", 0)
        except OSError as error:
            digest, size = f"unreadable: {error.strerror}", 0
        if path is None or (digest, size) != (ref.digest, ref.size):
            found = f"{digest[:16]}, {size:,} bytes" if path else "no file"
            yield Finding(
                "review.digest-mismatch",
                "critical",
                f"{ref.name} of {key} is not what was handed in",
                detail=f"Recorded: {ref.digest[:16]}, {ref.size:,} bytes; found: {found}.",
                remedy=f"Trust nothing in {ref.name}; run {key} again.",
            )


def _digest(path: Path) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as stream:
        while block := stream.read(BLOCK_BYTES):
            digest.update(block)
            size += len(block)
    return digest.hexdigest(), size


def _malformed(case: Case) -> Iterator[Finding]:
    for key, ref, path in case.artifacts():
        if path is None or not path.is_file():
            continue
        fault = "is empty" if not path.stat().st_size else _json_fault(ref.name, path)
        if fault:
            yield Finding(
                "review.artifact-malformed",
                "high",
                f"{ref.name} of {key} {fault}",
                remedy=f"Run {key} again.",
            )


def _json_fault(name: str, path: Path) -> str:
    if not name.endswith(JSON_ENDINGS) or path.stat().st_size > JSON_BYTES_MAX:
        return ""
    try:
        json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        return f"is not valid JSON: {error}"
    return ""


def _untrue(case: Case) -> Iterator[Finding]:
    for key, delivered in case.succeeded():
        for fact in delivered.work.facts:
            if fact.artifact and fact.pointer.startswith("/"):
                yield from _compared(case, key, fact)


def _compared(case: Case, key: str, fact: Fact) -> Iterator[Finding]:
    document = case.json(key, fact.artifact)
    where = f"{fact.artifact} {fact.pointer}"
    if document is None:
        reason = f"{fact.artifact} is not there or cannot be read"
    else:
        try:
            found = resolve(document, fact.pointer)
        except NoSuchPlace as error:
            reason = str(error)
        else:
            if not agrees(fact.value, found):
                yield Finding(
                    "review.fact-contradiction",
                    "high",
                    f"{key} says {fact.label}: {fact.value}, but {where} says otherwise",
                    detail=f"There stands {json.dumps(found)[:200]}.",
                    remedy=f"Run {key} again; until then use the figure in {fact.artifact}.",
                )
            return
    yield Finding(
        "review.fact-without-source",
        "medium",
        f"{key} says {fact.label}: {fact.value}, and {where} does not hold it",
        detail=reason,
        remedy=f"Do not quote this figure before {key} has been run again.",
    )


def _commits(case: Case) -> dict[str, list[str]]:
    """Return which commits were read, and by whom."""
    found: dict[str, list[str]] = {}
    planned = _COMMIT.search(case.plan.obtained)
    if planned:
        found.setdefault(planned.group(), []).append("the planner")
    for key, delivered in case.succeeded():
        for each in delivered.work.evidence:
            if isinstance(each, FilesRead) and each.commit:
                found.setdefault(each.commit, []).append(key)
    return found


def _two_commits(case: Case) -> Iterator[Finding]:
    found = _commits(case)
    if len(found) > 1:
        words = [f"{commit[:12]} by {', '.join(keys)}" for commit, keys in sorted(found.items())]
        yield Finding(
            "review.commits-differ",
            "high",
            "The tasks did not read the same code",
            detail="; ".join(words),
            remedy="Leave the checkout unchanged and run the mission again.",
        )
