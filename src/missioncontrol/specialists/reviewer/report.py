"""Writes the review for a person: the verdict and its rule, what is missing, what to do next."""

from collections.abc import Iterator, Sequence

from missioncontrol.domain.work import CommandRan, Evidence, FilesRead, Finding, TestsRan
from missioncontrol.specialists.relevance import foreseen
from missioncontrol.specialists.reviewer.case import Case
from missioncontrol.specialists.reviewer.check import (
    RULE,
    SEVERITIES,
    Check,
    missing,
    next_steps,
    verdict,
)

KNOWN_FILES_MAX = 6


def markdown(case: Case, checks: Sequence[Check]) -> str:
    """Return review.md."""
    parts = [
        _head(case, checks),
        _missing(missing(checks)),
        _checks(checks),
        _done(case),
        _handed_over(case),
        _knowers(case),
        _steps(next_steps(case, checks)),
    ]
    return "\n".join(line for part in parts for line in part).rstrip() + "\n"


def summary(checks: Sequence[Check]) -> str:
    """Say the verdict in one sentence, with its reason."""
    passed = sum(check.passed for check in checks)
    counts = _counts(missing(checks))
    return (
        f"{verdict(checks).capitalize()}: {passed} of {len(checks)} checks found nothing wrong"
        f"{f'; found {counts}' if counts else ''}."
    )


def _counts(found: Sequence[Finding]) -> str:
    numbers = {name: sum(each.severity == name for each in found) for name in SEVERITIES}
    return ", ".join(f"{number} {name}" for name, number in numbers.items() if number)


def _head(case: Case, checks: Sequence[Check]) -> Iterator[str]:
    yield f"# Review: {case.plan.title}"
    yield ""
    yield f"**{summary(checks)}**"
    yield ""
    yield f"The verdict is computed: {RULE}."
    yield ""


def _missing(found: Sequence[Finding]) -> Iterator[str]:
    if not found:
        return
    yield "## What is missing or contradicts itself"
    yield ""
    for severity in SEVERITIES:
        those = [each for each in found if each.severity == severity]
        if those:
            yield f"### {severity.capitalize()}"
            yield ""
        for each in those:
            yield f"- {each.title} (`{each.rule}`)"
            if each.detail:
                yield f"  - {each.detail}"
            if each.remedy:
                yield f"  - Next: {each.remedy}"
        if those:
            yield ""


def _checks(checks: Sequence[Check]) -> Iterator[str]:
    yield "## Checks"
    yield ""
    yield "| check | compared | looked at | wrong |"
    yield "| --- | --- | ---: | ---: |"
    for each in checks:
        yield f"| {each.name} | {each.asked} | {each.looked_at} | {len(each.missing)} |"
    yield ""


def _done(case: Case) -> Iterator[str]:
    if not case.done_here:
        return
    yield "## Done here"
    yield ""
    yield "| task | state | what it says | evidence | artifacts |"
    yield "| --- | --- | --- | --- | ---: |"
    for task in case.done_here:
        delivered = case.upstream.get(task.key)
        if delivered is None:
            yield f"| {task.key} | not shown to the review | | | 0 |"
            continue
        outcome = _cell(delivered.work.summary or delivered.error)
        proof = "; ".join(_in_words(each) for each in delivered.work.evidence) or "none"
        count = len(delivered.work.artifacts)
        yield f"| {task.key} | {delivered.state} | {outcome} | {_cell(proof)} | {count} |"
    yield ""


def _knowers(case: Case) -> Iterator[str]:
    """Name whom to ask to review the change, where the history names people."""
    known = [file for file in foreseen(case.plan) if file.knowers][:KNOWN_FILES_MAX]
    if not known:
        return
    yield "## Who knows this code"
    yield ""
    for file in known:
        names = ", ".join(f"{each.name} ({each.commits:,})" for each in file.knowers)
        yield f"- `{file.path}`: {names}"
    yield ""
    yield "The figures are commits that changed the file; ask one of them to review the change."
    yield ""


def _in_words(evidence: Evidence) -> str:
    match evidence:
        case CommandRan():
            return f"`{' '.join(evidence.argv)}` ended with status {evidence.exit_code}"
        case TestsRan():
            return (
                f"{evidence.passed} passed, {evidence.failed} failed, {evidence.errors} in error, "
                f"{evidence.skipped} skipped"
            )
        case FilesRead():
            commit = f" at {evidence.commit[:12]}" if evidence.commit else ""
            return f"{evidence.read} files read, {evidence.left_out} left out{commit}"


def _handed_over(case: Case) -> Iterator[str]:
    if not case.handed_over:
        return
    agent = case.handed_over[0].agent
    yield f"## To be built by `{agent}`" if agent else "## Handed over and not done"
    yield ""
    for task in case.handed_over:
        handed = [need for need in task.needs if case.tasks[need].is_change]
        after = f", after {', '.join(f'`{need}`' for need in handed)}" if handed else ""
        serves = ", ".join([*task.requirements, *task.decisions, *task.risks])
        yield f"- `{task.key}` {task.title}{after} (serves {serves})"
    yield ""


def _steps(steps: Sequence[str]) -> Iterator[str]:
    if not steps:
        return
    yield "## Next steps"
    yield ""
    for number, step in enumerate(steps, 1):
        yield f"{number}. {step}"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
