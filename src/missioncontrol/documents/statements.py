"""How each statement of a report was obtained: facts with their sources, parts with methods."""

from collections.abc import Iterator, Mapping

import msgspec

from missioncontrol.documents.anchors import Part, Places, Sentence, sentence
from missioncontrol.documents.figures import counted, grouped
from missioncontrol.documents.record import MissionRecord, TaskRecord
from missioncontrol.domain.work import CommandRan, Evidence, Fact, FilesRead, TestsRan

SENTENCE_MAX = 1_000
"""Characters of a summary or of a command line that the report repeats."""


FACTS_MAX = 40
"""Facts of one task that a page shows; the rest stands in the JSON form."""


ESTIMATED = (
    "files and lines from the habits of this repository, its past changes most like what is asked, "
    "and the words of the goal; time, tokens and cost from earlier runs; how often such ranges "
    "held, by foreseeing each of the newest changes or runs in the same way from those before it; "
    "a range whose most is over ten times its least, that fewer than 20 cases were judged by, or "
    "that held in fewer than 70 % of them is left out; hours of people are not estimated, as a "
    "commit says when it was made and not how long it took"
)


class Stated(msgspec.Struct, frozen=True):
    """A fact with the place that proves it."""

    fact: Fact
    task: str
    number: int  # within its task, from 1
    source: str  # the id that it links to
    source_name: str  # the artifact with its pointer, or the event


class Method(msgspec.Struct, frozen=True):
    """How a part of the report came to be."""

    part: str
    place: str
    how: str


def stated(record: MissionRecord, where: Places) -> tuple[Stated, ...]:
    """Return the facts of every task with their sources."""
    return tuple(
        _stated(fact, one, number, where)
        for one in record.tasks
        for number, fact in enumerate(one.work.facts[:FACTS_MAX], start=1)
    )


def unstated(record: MissionRecord) -> int:
    """Return how many facts `stated` leaves out."""
    return sum(max(len(one.work.facts) - FACTS_MAX, 0) for one in record.tasks)


def result_place(one: TaskRecord, where: Places) -> str:
    """Return the id of the event that brought a task's result, or of the task itself."""
    for attempt in reversed(one.attempts):
        if attempt.settled_position in where.events:
            return where.event(attempt.settled_position)
    return where.task(one.task.key)


def result_name(one: TaskRecord, where: Places) -> str:
    """Return what `result_place` is, in words."""
    place = result_place(one, where)
    if place.startswith("event-"):
        return f"event {place.removeprefix('event-')}"
    return f"reused from run {one.kept_from}" if one.kept_from else "its task"


def evidence_sentence(evidence: Evidence, one: TaskRecord, where: Places) -> Sentence:
    """Return what a piece of evidence says, its numbers linked to what holds them."""
    source = _artifact_places(one, where)
    result = result_place(one, where)
    match evidence:
        case CommandRan():
            log = source.get(evidence.log, result)
            command = " ".join(evidence.argv)[:SENTENCE_MAX]
            return sentence(
                f"{command} ended with exit status ",
                Part(str(evidence.exit_code), log),
                " after ",
                Part(f"{evidence.seconds:.2f} s", log),
            )
        case TestsRan():
            if not evidence.report:
                return sentence("tests ran; only the exit status tells how they ended")
            return _tests(evidence, source.get(evidence.report, result))
        case FilesRead():
            read = Part(counted(evidence.read, "file"), result)
            left = Part(grouped(evidence.left_out), result)
            commit = f", at commit {evidence.commit[:12]}" if evidence.commit else ""
            return sentence(read, " read, ", left, f" left out{commit}")


def methods(record: MissionRecord) -> tuple[Method, ...]:
    """Return how each part of the report came to be, part by part."""
    return tuple(_methods(record))


def _methods(record: MissionRecord) -> Iterator[Method]:
    yield Method(
        "Verdict and counts",
        "verdict",
        "computed from the state of each task, as the run's events tell it",
    )
    planner = record.plan.obtained or "the record does not say which planner"
    yield Method("Plan, requirements, risks, decisions", "plan", planner)
    yield Method(
        "That a task is done",
        "checks",
        "the engine looked at the evidence itself: files by SHA-256, exit status, counts in test "
        "reports; an agent's word alone is never enough",
    )
    yield Method(
        "Timeline",
        "timeline",
        "from the times of the events that started and settled each attempt, in UTC",
    )
    yield Method("Tokens and cost", "cost", "added up from what each attempt reported")
    if record.plan.estimates or record.plan.unestimated:
        yield Method("Estimates", "estimates", ESTIMATED)
    for one in record.tasks:
        yield from _task_methods(one)


def _task_methods(one: TaskRecord) -> Iterator[Method]:
    if one.kept_from:
        yield Method(one.task.title, "", f"reused from run {one.kept_from}")


def _stated(fact: Fact, one: TaskRecord, number: int, where: Places) -> Stated:
    place = _artifact_places(one, where).get(fact.artifact)
    if place is None:
        return Stated(fact, one.task.key, number, result_place(one, where), result_name(one, where))
    return Stated(fact, one.task.key, number, place, f"{fact.artifact} {fact.pointer}".strip())


def _artifact_places(one: TaskRecord, where: Places) -> Mapping[str, str]:
    return {
        artifact.name: where.artifact(one.task.key, number)
        for number, artifact in enumerate(one.work.artifacts, start=1)
    }


def _tests(ran: TestsRan, place: str) -> Sentence:
    counts = (
        (ran.passed, "passed"),
        (ran.failed, "failed"),
        (ran.errors, "with errors"),
        (ran.skipped, "skipped"),
    )
    parts: list[Part] = [Part("tests: ")]
    for index, (number, word) in enumerate(counts):
        parts += [Part(", ")] if index else []
        parts += [Part(grouped(number), place), Part(f" {word}")]
    return tuple(parts)
