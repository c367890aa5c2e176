"""Tells what a plan showed when it was tried: in one line, as Markdown, as findings and as data."""

from collections.abc import Iterator
from typing import Any

import msgspec

from missioncontrol.domain.work import ArtifactRef, Finding
from missioncontrol.specialists.markdown import code, counted, listed
from missioncontrol.specialists.specialist import Desk
from missioncontrol.specialists.tester import report
from missioncontrol.specialists.tester.lines import BlockRun
from missioncontrol.specialists.tester.plan_trial import PlanTrial

FILES_SHOWN = 3
SPOTS_SHOWN = 12
NONE_NEAR = "No test file is near where the change will be, so no test was run."
OUTPUT = "goal-output.txt"


def headline(tried: PlanTrial) -> str:
    """Say in one line which tests are near, how they ended, and whether the goal is red."""
    text = _tests(tried)
    one = tried.criterion
    if one is not None and one.kind != "nearest tests":
        if one.state == "red":
            text += f" Red before the change: `{one.line}` ({one.said})."
        elif one.state == "green":
            text = f"Already there: {one.said} (`{one.line}`). {text}"
    return text


def _tests(tried: PlanTrial) -> str:
    trial = tried.trial
    if not tried.near.files or trial is None:
        return NONE_NEAR if trial is None else report.statement(trial)
    files = listed(list(tried.near.files), limit=FILES_SHOWN)
    if trial.verdict.status == "could_not_start":
        why = tried.environment.words or f"{trial.verdict.reason}."
        return f"Nearest tests ({files}) could not start: {why}"
    took = f"in {trial.ran.seconds:.1f} s" if trial.ran else ""
    if trial.verdict.status == "timed_out":
        return f"Nearest tests were {trial.verdict.reason}; {_reached(tried)} ({files})."
    inside = [each for each in tried.lines.spots if each.block.in_functions]
    first = next(iter([*inside, *tried.lines.spots]), None)
    lines = f"; {_spot(first, tried)}" if first is not None else ""
    lacks = f" {tried.environment.words}" if tried.environment.words else ""
    return f"Nearest tests: {_counts(tried)} {took} ({files}){lines}.{lacks}"


def _reached(tried: PlanTrial) -> str:
    """Say how far a run came that was stopped, by its files where it has no report."""
    trial = tried.trial
    assert trial is not None
    ran, failed = sum(each[1] for each in tried.counts), sum(each[2] for each in tried.counts)
    if trial.report is None and ran:
        return f"by then it had run {counted(ran, 'test')}, of which {failed:,} failed"
    return report.reached(trial)


def _counts(tried: PlanTrial) -> str:
    trial = tried.trial
    if trial is None:
        return "none"
    if trial.report is None and not trial.seen.any:
        ended = trial.ran.exit_code if trial.ran else ""
        return f"exit status {ended} and no counts"
    counts = trial.report or trial.seen
    named = [(counts.passed, "passed"), (counts.failed, "failed")]
    if trial.report is not None:
        named += [(trial.report.errors, "in error"), (trial.report.skipped, "skipped")]
    return ", ".join(f"{n:,} {word}" for n, word in named if n or word == "passed")


def _spot(one: BlockRun, tried: PlanTrial) -> str:
    """Say how many of the tests ran a block, for the middle of a sentence."""
    if not one.block.in_functions and not one.tests:
        return f"{one.block.label} run on import"
    if not one.tests:
        return f"no test runs {one.block.label} itself"
    counts, watched = tried.trial.report if tried.trial else None, tried.lines.tests
    if counts is None:
        return f"{one.block.label} run by {one.tests:,} of {counted(watched, tried.lines.unit)}"
    is_whole = watched >= counts.passed + counts.failed
    whole = "them" if is_whole else f"the {watched:,} that were watched"
    return f"{one.block.label} run by {one.tests:,} of {whole}"


def markdown(tried: PlanTrial) -> str:
    """Return the first part of tests.md."""
    return "\n".join([*_criterion(tried), *_near(tried), *_lines(tried)])


def _criterion(tried: PlanTrial) -> Iterator[str]:
    one = tried.criterion
    if one is None:
        return
    yield from ("## What the change has to turn", "", f"- {one.sentence}")
    if one.source:
        yield from ("", f"`{one.file}`, handed in beside this:", "", "```python")
        yield from (one.source.rstrip("\n"), "```")
    yield ""


def _near(tried: PlanTrial) -> Iterator[str]:
    made = tried.environment
    if tried.near.files:
        yield from ("## The tests nearest to the change", "")
        yield from ("| file | tests run | failed or in error |", "| --- | ---: | ---: |")
        counts = {path: (ran, failed) for path, ran, failed in tried.counts}
        for path in tried.near.files:
            ran, failed = counts.get(path, ("", ""))
            yield f"| `{path}` | {ran} | {failed} |"
        yield ""
    if made.state in {"made", "kept"}:
        how = f"made in {made.seconds:.0f} s" if made.state == "made" else "reused from before"
        lock = ", with the versions of the lock file" if made.is_locked else ""
        if made.requirements == ("npm install",):
            lock = ", with versions that package.json allows: only npm's own lock is read"
        without = (
            f"; without {', '.join(made.without)}, for want of a wheel" if made.without else ""
        )
        yield f"- Environment: {how}{lock}, because the first run ended with {made.lacked}{without}"
        yield f"- It holds {listed([code(each) for each in made.requirements], limit=12)}"
        yield ""
    elif made.words:
        yield from (f"- {made.words}", "")


def _lines(tried: PlanTrial) -> Iterator[str]:
    spots = tried.lines.spots
    if not spots:
        if tried.lines.missing:
            yield from (f"- {tried.lines.missing}", "")
        return
    yield from (f"## Which lines ran in {counted(tried.lines.tests, tried.lines.unit)}", "")
    for one in spots[:SPOTS_SHOWN]:
        name = f" `{one.block.name}`" if one.block.name else ""
        place = f"- `{one.block.path}:{one.block.lines}`{name}"
        if one.tests:
            yield f"{place}: run by {one.tests:,}; most telling is `{one.test}`"
        elif not one.block.in_functions:
            yield f"{place}: holds no function, and runs on import"
        else:
            yield f"{place}: no test runs these lines in its own process"
    if tried.lines.missing:
        yield f"- {tried.lines.missing}"
    if tried.sharpened:
        yield f"- {tried.sharpened}."
    yield ""


def findings(tried: PlanTrial) -> tuple[Finding, ...]:
    """Return what stands above all others: the goal is met already, or its place is another."""
    found: list[Finding] = []
    one = tried.criterion
    how = f"`{one.line}` in a copy of the checkout" if one else ""
    if one is not None and one.state == "green" and one.kind != "nearest tests":
        title = f"It seems to be there already: {one.said}"[:160]
        remedy = "Look whether the goal asks for more than that."
        found.append(Finding("tester.already-there", "medium", title, remedy=remedy, obtained=how))
    if tried.sharpened:
        first = tried.lines.spots[0].block
        title = f"No nearest test runs {first.label}, where the plan begins"
        found.append(
            Finding("tester.not-run", "low", title, first.path, first.line, f"{tried.sharpened}.")
        )
    return tuple(found)


def as_json(tried: PlanTrial) -> dict[str, Any]:
    """Return the keys of tests.json that only a mission has."""
    one = tried.criterion
    counts = {path: (ran, failed) for path, ran, failed in tried.counts}
    return {
        "headline": headline(tried),
        "nearest": [
            {
                "path": path,
                "ran": counts.get(path, (0, 0))[0],
                "failed": counts.get(path, (0, 0))[1],
            }
            for path in tried.near.files
        ],
        "environment": msgspec.to_builtins(tried.environment),
        "criterion": None
        if one is None
        else {
            "kind": one.kind,
            "state": one.state,
            "command": list(one.command),
            "said": one.said,
            "sentence": one.sentence,
            "file": one.file,
        },
        "lines": [
            {
                "path": each.block.path,
                "name": each.block.name,
                "line": each.block.line,
                "last": each.block.last,
                "tests": each.tests,
                "of": tried.lines.tests,
                "test": each.test,
                "unit": tried.lines.unit,
                "on_import": not each.block.in_functions,
            }
            for each in tried.lines.spots
        ],
        "lines_missing": tried.lines.missing,
        "sharpened": tried.sharpened,
    }


def artifacts(tried: PlanTrial, desk: Desk) -> tuple[ArtifactRef, ...]:
    """Keep the test or the reproducer that the goal allows, and what it printed."""
    one = tried.criterion
    if one is None or not one.source:
        return ()
    how = f"`{one.line}` in a copy of the checkout"
    title = "A test of what the goal asks for" if one.kind == "existence" else "The goal's example"
    stored = desk.keep(one.file, one.source, media_type="text/x-python", title=title, obtained=how)
    text = one.output.strip() + "\n" if one.output.strip() else "(It wrote nothing.)\n"
    shown = desk.keep(OUTPUT, text, media_type="text/plain", title="What it printed", obtained=how)
    return (stored, shown)
