"""Harvests memory items from a run that has ended, each with the event it comes from."""

import shlex
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec

from missioncontrol.domain.memory import (
    CAME_TRUE_BEFORE,
    KINDS,
    NAMES_MAX,
    PLANNED,
    TEXT_MAX,
    TITLE_MAX,
    Item,
    Kind,
    Source,
    item_id,
    without_quotations,
)
from missioncontrol.domain.plan import Decision, Plan, Risk
from missioncontrol.domain.work import CommandRan
from missioncontrol.knowledge.ended_run import EndedRun, EndedStep
from missioncontrol.knowledge.text import without_markup

COMMANDS_MAX = 20
"""Commands of one run that are remembered."""

LORE_MAX = 100
OWN_FAULTS = ("specialist.", "attempt.", "engine.")
"""Codes of failures that say nothing about the repository begin so."""

NAMED_MAX = 5
"""Failing tests, and tasks, that one text names."""


def harvested(run: EndedRun) -> list[Item]:
    """Return what a run teaches; the same run gives the same items, with the same ids."""
    found: dict[str, Item] = {}
    for item in (
        *_commands(run),
        *_decisions(run),
        *_risks(run),
        *_lessons(run),
        *_estimates(run),
        *_documents(run),
    ):
        found.setdefault(item.id, item)
    return list(found.values())


def _new(
    run: EndedRun,
    kind: Kind,
    key: str,
    title: str,
    text: str,
    *,
    step: EndedStep | None = None,
    files: tuple[str, ...] = (),
    tags: tuple[str, ...] = (),
    source: Source | None = None,
) -> Item:
    position = step.position if step else run.position
    source = source or Source(
        run.mission, run.run, step.key if step else "", position, commit=run.commit
    )
    return Item(
        item_id(kind, run.repository, key),
        kind,
        _line(title)[:TITLE_MAX],
        text.strip()[:TEXT_MAX],
        run.repository,
        tuple(dict.fromkeys(files))[:NAMES_MAX],
        tags,
        source,
        created=run.at,
        confirmed=run.at,
    )


def _line(text: str) -> str:
    return " ".join(text.split())


# Commands: those whose exit code the engine has seen.


def _commands(run: EndedRun) -> Iterator[Item]:
    for step in run.steps:
        output = step.work.output
        if step.state == "succeeded" and isinstance(output, dict) and "exit_code" in output:
            yield from _tested(run, step, output)
        elif step.state == "succeeded":
            yield from _ran(run, step)


def _tested(run: EndedRun, step: EndedStep, output: dict[str, Any]) -> Iterator[Item]:
    """The command with which a tester ran the tests: it works, fails, or does not start."""
    argv = output.get("command")
    if not isinstance(argv, list) or not argv:
        return
    command, status = shlex.join(map(str, argv)), str(output.get("status", ""))
    at = f" at commit {run.commit[:12]}" if run.commit else ""
    place = f" It stands in {output['source']}." if output.get("source") else ""
    status, reason = _shown_status(output, status)
    result = {
        "passed": f"`{command}` passes{at}: {_counts(output)} in {_seconds(output)}.",
        "failed": f"`{command}` runs, and {_fail(output)}{at}: {_counts(output)}."
        f"{_failing(output)}",
        "could_not_start": f"`{command}` could not start{at}: {reason}.",
        "timed_out": f"`{command}` was not done{at} when its time was over: {_seconds(output)}.",
    }.get(status)
    if result is None:
        return
    remedies = " ".join(
        f"{each.detail} {each.remedy}".strip() for each in step.work.findings if each.remedy
    )
    text = f"{result}{place} {remedies if status != 'passed' else ''}"
    titles = {
        "passed": f"`{command}` passes all tests" if _counted(output) else f"`{command}` ends well",
        "failed": f"`{command}` runs, and {_fail(output)} before any change",
        "could_not_start": f"`{command}` could not start",
        "timed_out": f"`{command}` takes longer than it was given",
    }
    tag = "works" if status in ("passed", "failed") else "does-not-work"
    files = tuple(_files_of_failures(output))
    yield _new(
        run, "command", command, titles[status], text, step=step, files=files, tags=("tests", tag)
    )


def _shown_status(output: dict[str, Any], status: str) -> tuple[str, str]:
    """Return what a run showed and why: one that counts no test has shown no failing one.

    Testers of other releases took any exit status for the tests' own.
    """
    if status == "failed" and not _counted(output) and not _failures(output):
        code = output.get("exit_code")
        return "could_not_start", f"exit status {code}, and nothing shows that a test ran"
    return status, str(output.get("reason", ""))


def _fail(output: dict[str, Any]) -> str:
    """Return the verb for tests that do not pass: an error is no failure of the tested code."""
    found = output.get("counts")
    counts = found if isinstance(found, dict) else {}
    only_errors = counts.get("errors") and not counts.get("failed")
    if not only_errors:
        return "tests fail"
    return "some tests cannot be run" if counts.get("passed") else "tests cannot be run"


def _counted(output: dict[str, Any]) -> bool:
    counts = output.get("counts")
    return isinstance(counts, dict) and any(counts.values())


def _counts(output: dict[str, Any]) -> str:
    counts = output.get("counts")
    counts = counts if isinstance(counts, dict) else {}
    parts = [f"{number} {name}" for name, number in counts.items() if number]
    return ", ".join(parts) or f"exit code {output.get('exit_code')}"


def _seconds(output: dict[str, Any]) -> str:
    seconds = output.get("seconds")
    return f"{seconds:.1f} s" if isinstance(seconds, int | float) else "an unknown time"


def _failing(output: dict[str, Any]) -> str:
    names = [name for name in map(_test_name, _failures(output)) if name]
    if not names:
        return ""
    more = f" and {len(names) - NAMED_MAX} more" if len(names) > NAMED_MAX else ""
    return f" Failing: {', '.join(names[:NAMED_MAX])}{more}."


def _failures(output: dict[str, Any]) -> list[Any]:
    found = output.get("failures")
    return found if isinstance(found, list) else []


def _test_name(failure: Any) -> str:
    if isinstance(failure, dict):
        return str(failure.get("name") or failure.get("test") or failure.get("id") or "")
    return str(failure)


def _files_of_failures(output: dict[str, Any]) -> Iterator[str]:
    for failure in _failures(output):
        path = failure.get("path") or failure.get("file") if isinstance(failure, dict) else ""
        if path:
            yield str(path)


def _ran(run: EndedRun, step: EndedStep) -> Iterator[Item]:
    """Commands that an agent ran, by the evidence of its work."""
    ran = [each for each in step.work.evidence if isinstance(each, CommandRan)]
    for each in ran[:COMMANDS_MAX]:
        if each.exit_code == 0 and each.argv:
            command = shlex.join(each.argv)
            text = f"`{command}` ended with exit code 0 after {each.seconds:.1f} s."
            title = f"`{command}` works"
            yield _new(run, "command", command, title, text, step=step, tags=("works",))


# Decisions of the plan, after a run of it.


def _decisions(run: EndedRun) -> Iterator[Item]:
    if run.plan is None or run.outcome != "succeeded" or not _was_carried_out(run):
        return
    step = next((each for each in run.steps if each.key == "plan"), None)
    for decision in run.plan.decisions:
        files = decision.files or _places(run.plan)
        item = _new(
            run,
            "decision",
            "",
            decision.title,
            _decision_text(decision),
            step=step,
            files=files,
            tags=(PLANNED,),
        )
        # The log of decisions uses this id, whatever status people give it there.
        known = item_id("decision", "", f"{run.mission}/{decision.id}")
        yield msgspec.structs.replace(item, id=known)


def _was_carried_out(run: EndedRun) -> bool:
    return any(each.key != "plan" and each.state == "succeeded" for each in run.steps)


def _decision_text(decision: Decision) -> str:
    others = "".join(f" Instead of: {each.title}." for each in decision.alternatives)
    reason = without_quotations(decision.reason)
    return f"{decision.choice} Because: {reason} Gives up: {decision.tradeoff}{others}"


def _places(plan: Plan) -> tuple[str, ...]:
    """Return the files that the plan as a whole expects to change."""
    parts = plan.architecture.components
    changed = [each.path for each in parts if each.path and each.change == "changed"]
    return tuple(dict.fromkeys([*(p for task in plan.tasks() for p in task.scope), *changed]))


# Risks: they came true where a task that was to look out for them failed.


def _risks(run: EndedRun) -> Iterator[Item]:
    if run.plan is None:
        return
    by_id = {risk.id: risk for risk in run.plan.risks if not _is_repeated(risk, run)}
    for step in run.steps:
        task = run.task(step.key)
        if step.state != "failed" or task is None:
            continue
        for risk in (by_id[name] for name in task.risks if name in by_id):
            files = task.scope or _places(run.plan)
            text = _came_true(risk, step, run)
            yield _new(
                run,
                "risk",
                risk.title,
                risk.title,
                text,
                step=step,
                files=files,
                tags=("came-true",),
            )


def _is_repeated(risk: Risk, run: EndedRun) -> bool:
    """Whether a plan took a risk from an item that has another id: its words stay there alone."""
    if not risk.because.startswith(CAME_TRUE_BEFORE):
        return False
    known = item_id("risk", run.repository, risk.title)
    remembered = run.plan.remembered if run.plan else ()
    return any(risk.id in each.used_for and each.item != known for each in remembered)


def _came_true(risk: Risk, step: EndedStep, run: EndedRun) -> str:
    return (
        f"It came true in “{run.title}”: task `{step.key}` failed. {step.reason} "
        f"What had been planned against it: {risk.mitigation}"
    )


# Lessons: what failed, what took several tries, and what a change really touched.


def _lessons(run: EndedRun) -> Iterator[Item]:
    for step in run.steps:
        task = run.task(step.key)
        title = task.title if task else step.key
        files = (task.scope if task else ()) or _changed(step)
        if step.state == "failed" and step.reason and not step.code.startswith(OWN_FAULTS):
            text = f"In “{run.title}”, `{step.key}` failed: {step.reason} {step.hint}"
            key = f"{step.key} {step.reason}"
            summary = f"“{title}” failed: {step.reason.partition('. ')[0]}"
            yield _new(run, "lesson", key, summary, text, step=step, files=files, tags=("failed",))
        elif step.state == "succeeded" and step.troubles:
            tries = len(step.troubles) + 1
            text = f"In “{run.title}”, `{step.key}` took {tries} tries. First: {step.troubles[0]}"
            key = f"{step.key} {step.troubles[0]}"
            summary = f"“{title}” took {tries} tries"
            yield _new(run, "lesson", key, summary, text, step=step, files=files, tags=("retried",))
        if step.state == "succeeded" and task is not None and task.is_change and _changed(step):
            yield _change(run, step, title)


def _change(run: EndedRun, step: EndedStep, title: str) -> Item:
    files = _changed(step)
    listed = ", ".join(f"`{path}`" for path in files[: 2 * NAMED_MAX])
    text = f"The change for “{run.goal[:300]}” touched {listed}. {step.work.summary}"
    summary = f"“{title}” changed {len(files)} file{'s' if len(files) > 1 else ''}"
    return _new(run, "lesson", f"{run.goal} {step.key}", summary, text, step=step, files=files)


def _changed(step: EndedStep) -> tuple[str, ...]:
    output = step.work.output
    files = output.get("files") if isinstance(output, dict) else None
    listed = files if isinstance(files, list) else []
    return tuple(str(each["path"]) for each in listed if isinstance(each, dict) and "path" in each)


# Actual durations.


def _estimates(run: EndedRun) -> Iterator[Item]:
    if run.plan is None or run.outcome != "succeeded":
        return
    lines = [
        f"`{step.key}` took {step.seconds:.1f} s"
        for step in run.steps
        if step.state == "succeeded" and run.task(step.key) is not None
    ]
    if lines:
        day = f"{datetime.fromtimestamp(run.at, UTC):%Y-%m-%d %H:%M} UTC"
        title = f"What “{run.title}” took until {day}"  # Each run of it has one of its own.
        yield _new(run, "estimate", run.run, title, f"{'; '.join(lines)}.")


# Statements of the repository's own documents, as the planner read them.


def _documents(run: EndedRun) -> Iterator[Item]:
    for each in run.lore[:LORE_MAX]:
        try:
            entry = msgspec.convert(each, LoreEntry)
        except msgspec.ValidationError:
            continue  # Written by another release or another program.
        if entry.kind in KINDS and entry.title.strip() and entry.text.strip():
            source = Source(path=entry.path, line=entry.line, commit=run.commit)
            key = f"{entry.path} {entry.title}"
            yield _new(
                run,
                entry.kind,
                key,
                without_markup(entry.title),
                entry.text,
                files=entry.files,
                tags=entry.tags,
                source=source,
            )


class LoreEntry(msgspec.Struct, frozen=True):
    """A statement of a document of the repository, as in `lore.json`."""

    kind: Kind
    title: str
    text: str
    path: str
    line: int
    files: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
