"""The execution path: what to do from here, in order, each with the command that does it."""

from collections.abc import Iterator
from shlex import quote, split

import msgspec

from missioncontrol.documents.anchors import Places
from missioncontrol.documents.changes import Changes
from missioncontrol.documents.command_line import typed_words
from missioncontrol.documents.figures import counted
from missioncontrol.documents.next_steps import NextSteps
from missioncontrol.documents.outcome import Tally
from missioncontrol.documents.record import MissionRecord, TaskRecord
from missioncontrol.domain.building import proves
from missioncontrol.domain.work import CommandRan

COMMAND_MAX = 500
OUT = "out"
SIGNALLED = 128


class PathStep(msgspec.Struct, frozen=True):
    """One thing to do next."""

    text: str
    why: str = ""
    commands: tuple[str, ...] = ()
    place: str = ""  # its id in the report


def path(
    record: MissionRecord,
    count: Tally,
    following: NextSteps,
    changed: Changes | None,
    where: Places,
) -> tuple[PathStep, ...]:
    """Return the steps from here on; none where nothing is left to do."""
    return (
        *_unended(record, count),
        *_again(record, where),
        *_question_steps(record),
        *_prepared(record, where),
        *_handed_over(record, following, where),
        *_checkout_steps(record, changed, where),
    )


def _unended(record: MissionRecord, count: Tally) -> Iterator[PathStep]:
    if record.status in {"queued", "running"}:
        yield PathStep(
            "See how the run goes on.", commands=(f"mission watch {record.run}",), place="plan"
        )
    elif record.status == "succeeded" and count.waiting:
        text = f"Carry out the plan: {counted(count.waiting, 'task')} can be done here."
        yield PathStep(text, commands=(f"mission execute {record.run}",), place="plan")
    elif record.status == "cancelled" and count.local > count.succeeded:
        number = counted(count.local - count.succeeded, "task")
        yield PathStep(
            f"Take the run up again where it was cancelled: {number} did not end.",
            commands=(f"mission runs retry {record.run}",),
            place="plan",
        )


def _again(record: MissionRecord, where: Places) -> Iterator[PathStep]:
    for one in record.tasks:
        if one.state == "failed":
            # What a proof refused has to be changed first: the same code fails again.
            again = proves(one.task, record.plan) or one.task.key
            yield PathStep(
                f"Mend the cause, then do “{one.task.title}” again.",
                one.reason,
                (f"mission runs retry {record.run} {again}",),
                where.task(one.task.key),
            )


def _question_steps(record: MissionRecord) -> Iterator[PathStep]:
    for question in record.plan.questions:
        yield PathStep(f"Decide: {question}", place="requirements")


def _prepared(record: MissionRecord, where: Places) -> Iterator[PathStep]:
    """Tell of tests that do not run or pass as the code is: changes are built on them."""
    for one, ran in _ran(record) if record.plan.work == "change" else ():
        if ran.exit_code and one.task.role == "tester" and not proves(one.task, record.plan):
            # A shell says 128 and more of what a signal ended; a process itself says less than 0.
            stopped = ran.exit_code < 0 or ran.exit_code > SIGNALLED
            text = f"it ended with exit status {ran.exit_code}"
            request = "Make this command succeed"
            if stopped:
                request = "Make this command run to its end"
            elif _never_started(one):
                request, text = "Make this command run", "it reached no test here"
            yield PathStep(
                f"{request} before anything is changed: {text}.",
                one.work.summary,
                _in_repository(one, ran),
                where.task(one.task.key),
            )


def _never_started(one: TaskRecord) -> bool:
    """Whether a tester saw no test run: the status of the command is not that of the tests then."""
    output = one.work.output
    return isinstance(output, dict) and output.get("status") == "could_not_start"


def _handed_over(record: MissionRecord, following: NextSteps, where: Places) -> Iterator[PathStep]:
    if following.handed_over and following.pack is not None:
        pack = f"{OUT}/{following.pack_task}/{following.pack.name}"
        yield PathStep(
            f"Take out the execution pack for {_number(following)}: `{pack}`.",
            commands=(f"mission runs artifacts {record.run} --output {OUT}",),
            place=where.artifact(following.pack_task, following.pack_number),
        )
    for one in following.handed_over:
        done = one.task.acceptance[0] if one.task.acceptance else ""
        yield PathStep(
            f"{one.task.title}.",
            f"Done when: {done}" if done else "",
            place=where.task(one.task.key),
        )
    commands = _test_command(record)
    if following.handed_over and commands and record.plan.work == "change":
        text = "Prove the outcome: run the tests with the change, and compare with this run."
        yield PathStep(text, commands=commands, place="checks")


def _number(following: NextSteps) -> str:
    return counted(len(following.handed_over), "task")


def _test_command(record: MissionRecord) -> tuple[str, ...]:
    """Return the command of the tests as it was run here: it tells whether a change is right."""
    for one, ran in _ran(record):
        if one.task.role == "tester":
            return _in_repository(one, ran)
    return ()


def _checkout_steps(
    record: MissionRecord, changed: Changes | None, where: Places
) -> Iterator[PathStep]:
    if changed is None or changed.exhibit is None:
        return
    key = changed.last.task.key
    patch = f"{OUT}/{key}/{changed.exhibit.artifact.name}"
    proven = (
        "is proven" if changed.is_proven else "is not proven: look at it before you build on it"
    )
    yield PathStep(
        f"Take the change over into your checkout; it {proven}.",
        commands=(
            f"mission runs artifacts {record.run} --output {OUT}",
            f"git apply {quote(patch)}",
        ),
        place=where.task(key),
    )


def _ran(record: MissionRecord) -> Iterator[tuple[TaskRecord, CommandRan]]:
    """Yield the commands that tasks ran; of a tester the suite alone, which it tells of last."""
    for one in record.tasks:
        found = [each for each in one.work.evidence if isinstance(each, CommandRan)]
        for each in found[-1:] if one.task.role == "tester" else found:
            yield one, each


def _in_repository(one: TaskRecord, ran: CommandRan) -> tuple[str, ...]:
    """Return the command as a person types it, without options that only redirect results."""
    ours = ("--junitxml=", "--color=", "no:cacheprovider")
    words = [word for word in ran.argv if not word.startswith(ours)]
    while "-p" in words and words.index("-p") == len(words) - 1:
        words.pop()
    command = typed_words(_without_bare_p(words), one.work.output)
    return (command,) if command and len(command) <= COMMAND_MAX and split(command) else ()


def _without_bare_p(words: list[str]) -> list[str]:
    """Drop each `-p` whose plugin was dropped: the next word is an option, or there is none."""
    return [
        word
        for word, after in zip(words, [*words[1:], "-"], strict=True)
        if word != "-p" or not after.startswith("-")
    ]
