"""Tests exactly one commit, and says what it breaks of what held at another one."""

from collections.abc import Sequence
from typing import Any

from missioncontrol.domain.work import CommandRan, Finding, Work
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.specialists.commits.borrowed_repository import Lent
from missioncontrol.specialists.commits.file_changes import changed_files, shown
from missioncontrol.specialists.commits.step_scope import found_repository, named_commit, outside
from missioncontrol.specialists.commits.test_settings import may_leave_tests_out
from missioncontrol.specialists.markdown import code, counted, listed
from missioncontrol.specialists.specialist import Brief, Desk, repository_of
from missioncontrol.specialists.tester import report
from missioncontrol.specialists.tester.base_tests import BaseTests, Gate, base_tests
from missioncontrol.specialists.tester.commit_checks import Examined, as_json, examined
from missioncontrol.specialists.tester.results import (
    OF_A_COMMIT,
    File,
    artifacts,
    evidence,
    level,
    output,
)
from missioncontrol.specialists.tester.test_comparison import (
    Broken,
    broken,
    describe_broken,
    gone,
    is_clean,
)
from missioncontrol.specialists.tester.test_comparison import (
    named as named_all,
)

UNCHANGED = "There is no commit to test: nothing was changed."
CHECK_LOG = "checks.txt"


def tested(brief: Brief, desk: Desk) -> Work:
    """Test the commit that the step names; with a base, hold it against that.

    Raises:
        AttemptFailed: `tester.bad_input`, `tester.no_commit`, or as `examined`.
    """
    what = brief.submitted
    root = repository_of(brief, "tester", "test").resolve()
    if brief.changes:
        raise AttemptFailed(
            "tester.bad_input",
            "Both `commit` and `changes` say what is to be tested.",
            hint="Give one of them.",
            retryable=False,
        )
    if not what.commit:
        return _unchanged(desk)
    theirs = found_repository(root, "tester")
    commit = named_commit(theirs, what.commit, "tester")
    base = named_commit(theirs, what.base, "tester") if what.base else ""
    lent = Lent(theirs, desk.scratch / "lent.git")
    if base and (strays := _strays(lent, base, commit, what.scope)):
        return _not_run(strays, desk)
    share = 0.6 if base and base != commit else 1.0
    now = examined(lent, commit, what.checks, desk, desk.scratch / "commit", share=share)
    was = None
    if base and base != commit and (not is_clean(now) or _may_leave_out(lent, base, commit)):
        was = examined(lent, base, what.checks, desk, desk.scratch / "base")
    over = BaseTests()
    if base and base != commit:
        gate = Gate(lent, base, commit, desk, desk.scratch / "over", what.checks)
        over = base_tests(gate)
    return _handed_in(now, was, over, base, desk)


def _strays(lent: Lent, base: str, commit: str, scope: Sequence[str]) -> list[str]:
    """Return what the change touches outside of its scope: nothing of such a change is run."""
    files = changed_files(lent, base, commit)
    return outside(scope, dict.fromkeys(path for each in files for path in (each.path, each.was)))


def _may_leave_out(lent: Lent, base: str, commit: str) -> bool:
    files = changed_files(lent, base, commit)
    return any(may_leave_tests_out(path) for each in files for path in (each.path, each.was))


def _handed_in(now: Examined, was: Examined | None, over: BaseTests, base: str, desk: Desk) -> Work:
    trial, known = now.trial, [file.path for file in now.tree.files]
    lost = tuple(dict.fromkeys((*broken(now, was), *over.broken)))
    left = gone(now, was) if was is not None else ()
    statement = f"At {now.commit[:12]}: {report.statement(trial)}"
    if now.checks:
        statement += f" {_checks_summary(now)}"
    if was is not None:
        statement += (
            f" {describe_broken(lost, base) or f'Nothing fails that did not at {base[:12]}.'}"
        )
    if over.altered:
        statement += (
            f" With the tests as they were at the base, {_lowered(named_all(over.altered))}"
        )
    is_old = was is not None and now.status == "failed" and not lost
    desk.log("error" if lost else "warning" if is_old else level(trial), statement)
    commands = now.bench.commands(now.trials, trial, now.declared, [])
    more = {
        "commit": now.commit,
        "base": base,
        "broken": [each.as_json() for each in lost],
        "altered": [each.as_json() for each in over.altered],
        "gone": list(left),
        "checks": [as_json(each) for each in now.checks],
    }
    passed = not lost and now.status in ("passed", "failed")
    text = report.markdown(trial, [e for e in now.trials if e is not trial], [], known, now.words)
    text += _section(lost, left, now)
    stored = artifacts(trial, text, commands, "", desk, more)
    if now.checks:
        name, content, media, title = check_log(now)
        how = "the checks that the repository asks for"
        stored = (*stored, desk.keep(name, content, media_type=media, title=title, obtained=how))
    return Work(
        summary=statement,
        output={**output(trial, commands, **more), "passed": passed},
        facts=report.facts(trial),
        findings=(*_findings(lost, left), *report.findings(trial, known)),
        artifacts=stored,
        evidence=evidence(trial, now.tree, check_evidence(now)),
    )


def check_evidence(now: Examined) -> tuple[CommandRan, ...]:
    """Return how the checks ended."""
    return tuple(
        CommandRan(each.command.shown, each.ran.exit_code, each.ran.seconds, CHECK_LOG)
        for each in now.checks
        if each.ran is not None
    )


def check_log(now: Examined) -> File:
    """Return the output of the checks, which their evidence refers to."""
    parts = [f"$ {' '.join(each.command.shown)}\n{each.output.rstrip()}\n" for each in now.checks]
    return CHECK_LOG, "\n".join(parts), "text/plain", "The output of the checks"


def _checks_summary(now: Examined) -> str:
    ended = [each for each in now.checks if each.verdict.status == "passed"]
    count = counted(len(now.checks), "check")
    return f"Of {count}, {len(ended)} ended well."


def _findings(lost: tuple[Broken, ...], left: tuple[str, ...]) -> tuple[Finding, ...]:
    new = [
        Finding(
            "tester.broken",
            "high",
            f"{each.test or 'The tests'} did not fail at the base"[:200],
            each.path,
            each.line,
            each.message,
        )
        for each in lost[:20]
    ]
    if left:
        count = counted(len(left), "test")
        title = f"{count} of the base that passed there run no more, or are skipped"
        new.append(Finding("tester.tests_gone", "high", title, detail=", ".join(left[:20])))
    return tuple(new)


def _section(lost: tuple[Broken, ...], left: tuple[str, ...], now: Examined) -> str:
    lines: list[str] = []
    if now.checks:
        lines += ["", "## Checks", ""]
        for each in now.checks:
            ended = each.ran.exit_code if each.ran else each.verdict.reason
            lines.append(f"- {code(' '.join(each.command.declared))}: exit status {ended}")
    if lost:
        lines += ["", "## What fails and did not before", ""]
        lines += [f"- {code(e.test) if e.test else 'The tests'}: {e.message}" for e in lost]
    if left:
        lines += ["", "## What passed before and is not run", "", *(f"- {code(e)}" for e in left)]
    return "\n".join([*lines, ""]) if lines else ""


def _lowered(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def _unchanged(desk: Desk) -> Work:
    return _nothing_run(UNCHANGED, "nothing was changed", desk)


def _not_run(strays: Sequence[str], desk: Desk) -> Work:
    count, names = counted(len(strays), "file"), listed([shown(each) for each in strays], limit=5)
    message = f"Nothing was run: the change touches {count} outside of its scope: {names}."
    return _nothing_run(message, "the change goes beyond its scope", desk)


def _nothing_run(message: str, reason: str, desk: Desk) -> Work:
    more: dict[str, Any] = dict(OF_A_COMMIT)
    text = f"# The project's own tests\n\n{message}\n"
    blind = {"status": "could_not_start", "reason": reason}
    desk.log("warning", message)
    return Work(
        summary=message,
        output={**output(None, (), **more), **blind, "passed": False},
        artifacts=artifacts(None, text, (), "", desk, {**more, **blind}),
    )
