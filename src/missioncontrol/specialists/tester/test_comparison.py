"""What a commit breaks: tests and checks that fail there and did not fail at another one."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import msgspec

from missioncontrol.specialists.markdown import counted
from missioncontrol.specialists.tester import report
from missioncontrol.specialists.tester.commit_checks import Examined
from missioncontrol.specialists.tester.junit import Failure, Report
from missioncontrol.specialists.tester.shown import failing_names
from missioncontrol.specialists.tester.trial import Trial
from missioncontrol.specialists.tester.verdict import last_line

BROKEN_MAX = 100
GONE_MAX = 100
RAN = ("passed", "failed")


class Broken(msgspec.Struct, frozen=True):
    """Something that fails and did not."""

    test: str  # its name; "" where the run names none; of a check, its command
    message: str
    path: str = ""
    line: int = 0

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return msgspec.structs.asdict(self)


def is_clean(now: Examined) -> bool:
    """Whether nothing failed, so that there is nothing to compare."""
    is_well = now.status in ("passed", "no_test_command")
    return is_well and all(each.verdict.status == "passed" for each in now.checks)


def broken(
    now: Examined, was: Examined | None, *, known: frozenset[str] = frozenset()
) -> tuple[Broken, ...]:
    """Return what fails now and did not before, or without a before all that fails.

    Failures with a name among `known` are left out: a person has accepted them.
    """
    found = (each for each in (*_tests(now, was), *_checks(now, was)) if each.test not in known)
    return tuple(islice(found, BROKEN_MAX))


def new_in(now: Examined, was: Examined, *, known: frozenset[str]) -> tuple[Broken, ...]:
    """Return what `now` breaks; all that fails there where the tests of `was` did not run."""
    is_known = was.status in RAN or now.status not in RAN
    return broken(now, was if is_known else None, known=known)


def named(failing: Sequence[Broken]) -> str:
    """Say in a sentence what fails."""
    names = [each.test or each.message.rstrip(".") for each in failing[:5]]
    more = f" and {len(failing) - 5:,} more" if len(failing) > 5 else ""
    count = counted(len(failing), "test or check fails", "tests or checks fail")
    return f"{count}: {', '.join(names)}{more}."


def gone(now: Examined, was: Examined) -> tuple[str, ...]:
    """Return the tests that passed before, and are skipped now or no more."""
    before, after = _report(was), _report(now)
    if before is None or after is None:
        return ()
    run = after.passing | {(each.group, each.name) for each in after.failures}
    names = (f"{group}::{name}" if group else name for group, name in before.passing - run)
    return tuple(sorted(names)[:GONE_MAX])


def passes(now: Examined, what: Broken) -> bool:
    """Whether what failed elsewhere passes here; by its name where a report has names."""
    report_ = _report(now)
    if what.test and report_ is not None and report_.passing:
        names = (f"{group}::{name}" if group else name for group, name in report_.passing)
        starts = (f"{what.test}::", f"{what.test}.")  # A module that could not be collected.
        return any(name == what.test or name.startswith(starts) for name in names)
    return now.status == "passed" or (now.status == "failed" and not broken(now, None))


def _report(what: Examined) -> Report | None:
    return what.trial.report if what.trial is not None else None


def _tests(now: Examined, was: Examined | None) -> Iterator[Broken]:
    trial = now.trial
    if trial is None or now.status == "passed":
        return
    if now.status != "failed":
        if was is not None and was.status in RAN:
            yield Broken("", f"{report.statement(trial)} Before: {report.statement(was.trial)}")
        return
    if was is not None and was.status not in (*RAN, "no_test_command"):
        return  # It was not seen whether they failed before.
    if trial.report is not None and trial.report.failures:
        before = _report(was) if was is not None else None
        old = {(each.group, each.name) for each in before.failures} if before else set()
        new = [each for each in trial.report.failures if (each.group, each.name) not in old]
        yield from (_broken(each, now) for each in new)
    elif names := failing_names(trial.output, trial.seen.failed):
        known = failing_names(was.trial.output, _failed(was.trial)) if was and was.trial else ()
        yield from (Broken(name, report.statement(trial)) for name in names if name not in known)
    elif was is None or was.status != "failed" or _failed(trial) > _failed(was.trial):
        # Without names, more failures than before are reported by their count.
        yield Broken("", report.statement(trial))


def _failed(trial: Trial | None) -> int:
    if trial is None:
        return 0
    return trial.report.failed + trial.report.errors if trial.report else trial.seen.failed


def _broken(each: Failure, now: Examined) -> Broken:
    path, line = report.placed(each, [file.path for file in now.tree.files])
    name = f"{each.group}::{each.name}" if each.group else each.name
    return Broken(name, report.cause(each), path, line)


def _checks(now: Examined, was: Examined | None) -> Iterator[Broken]:
    before = {each.command.declared: each for each in was.checks} if was is not None else {}
    for each in now.checks:
        earlier = before.get(each.command.declared)
        is_worse = earlier is None or earlier.verdict.status == "passed"
        if each.verdict.status != "passed" and is_worse:
            yield Broken(" ".join(each.command.declared), _ended(each))


def _ended(check: Trial) -> str:
    if check.ran is None or check.verdict.status == "timed_out":
        return check.verdict.reason
    return f"exit status {check.ran.exit_code}: {last_line(check.output)}"


def describe_broken(what: Sequence[Broken], base: str) -> str:
    """Say in a sentence what is broken that was not at `base`; nothing where nothing is."""
    if not what:
        return ""
    names = [each.test or each.message for each in what[:5]]
    more = f" and {len(what) - 5:,} more" if len(what) > 5 else ""
    count = counted(len(what), "test or check fails", "tests or checks fail")
    return f"{count} that did not at {base[:12]}: {', '.join(names)}{more}."
