"""How the ends of its needs decide about a step, whatever it says itself."""

from itertools import permutations, product

import pytest

from missioncontrol.domain.run.commands import (
    CancelRun,
    FailStep,
    ReportFailure,
    ReportSuccess,
    SkipStep,
    StartSteps,
)
from missioncontrol.domain.run.events import Failure
from missioncontrol.domain.run.needs_outcome import reason_to_skip, spoils, standing
from missioncontrol.domain.run.states import Run
from missioncontrol.domain.step import Step
from tests.domain.history import BROKEN, FINAL, created, run_after, step, when

NO = Failure("approval.rejected", "bob rejected it.", retryable=False)
LATE = Failure("approval.expired", "It expired without a decision.", retryable=False)

ENDS = ("succeeded", "failed", "continued", "rejected", "expired", "skipped", "blocked")
STANDING = {
    "succeeded": "good",
    "continued": "good",
    "skipped": "skipped",
    "failed": "failed",
    "rejected": "failed",
    "expired": "failed",
    "blocked": "failed",
}


def need(key: str, end: str) -> tuple[Step, ...]:
    """Return a step that can end like this, with what makes it."""
    match end:
        case "continued" | "rejected" | "expired":
            return (Step(key, "hand", on_failure="continue", when="inputs.x"),)
        case "skipped":
            return (Step(key, "hand", when="inputs.x"),)
        case "blocked":
            return (Step(key, "hand", (f"{key}-need",)), step(f"{key}-need"))
        case _:
            return (step(key),)


def bring_about(run: Run, key: str, end: str) -> None:
    """End the step like this."""
    if end == "skipped":
        when(run, SkipStep(key, "Its condition does not hold."))
    elif end in ("rejected", "expired"):
        when(run, FailStep(key, NO if end == "rejected" else LATE))
    elif end == "continued":
        when(run, FailStep(key, FINAL))
    else:
        key = f"{key}-need" if end == "blocked" else key
        when(run, StartSteps((key,)))
        fence = run.working[key].fence
        good = end == "succeeded"
        when(run, ReportSuccess(key, fence) if good else ReportFailure(key, fence, FINAL))


def joined(ends: dict[str, str], order: tuple[str, ...], **more: object) -> Run:
    """Return a run in which all needs of `last` have ended, in this order."""
    needs = [each for key, end in ends.items() for each in need(key, end)]
    last = Step("last", "hand", tuple(ends), **more)  # type: ignore[arg-type]
    run = run_after(created(*needs, last, step("other")))
    for key in order:
        bring_about(run, key, ends[key])
    return run


@pytest.mark.parametrize("end", ENDS)
def test_how_the_end_of_a_step_counts(end: str) -> None:
    run = joined({"a": end}, ("a",))
    assert standing(run, "a") == STANDING[end]
    assert spoils(run, "a", run.states["a"]) is (STANDING[end] == "failed")


@pytest.mark.parametrize("ends", list(product(ENDS, repeat=2)))
@pytest.mark.parametrize("order", list(permutations("ab")))
def test_a_plain_step_is_as_good_as_the_worst_of_its_needs(
    ends: tuple[str, str], order: tuple[str, ...]
) -> None:
    run = joined(dict(zip("ab", ends, strict=True)), order)
    kinds = {STANDING[end] for end in ends}
    if "failed" in kinds:
        assert type(run.states["last"]).__name__ == "Blocked"
    elif "skipped" in kinds:
        assert list(run.due) == ["last"]
        assert "which was skipped" in reason_to_skip(run, "last")
    else:
        assert "last" in run.ready


@pytest.mark.parametrize("ends", list(product(ENDS, repeat=2)))
def test_a_step_that_looks_on_waits_for_all_and_is_never_blocked(ends: tuple[str, str]) -> None:
    by_key = dict(zip("ab", ends, strict=True))
    run = joined(by_key, ("a",), runs_after="any", when="always()")
    assert run.is_waiting("last")
    bring_about(run, "b", by_key["b"])
    assert list(run.due) == ["last"]
    assert reason_to_skip(run, "last") == ""


@pytest.mark.parametrize("handled", ENDS)
@pytest.mark.parametrize("other", ENDS)
def test_a_handler_goes_on_only_after_a_failure_and_with_its_other_needs(
    handled: str, other: str
) -> None:
    run = joined({"a": handled, "b": other}, ("a", "b"), runs_after="any", handles=("a",))
    why = reason_to_skip(run, "last")
    # One that is gone on from has no handler: `continue` and STEP are two answers to one question.
    failed = handled in ("failed", "continued", "rejected", "expired")
    assert (why == "") is (failed and STANDING[other] == "good")
    if not failed:
        assert "Nothing that it handles has failed: a." in why
    elif STANDING[other] != "good":
        ended = {"skipped": "was skipped", "blocked": "was blocked"}.get(other, "failed")
        assert why == f"It needs 'b', which {ended}."


def test_a_chain_behind_a_failure_is_blocked_at_once_and_names_it() -> None:
    chain = [step("a"), *(step(f"s{n}", f"s{n - 1}" if n else "a") for n in range(5))]
    run = run_after(created(*chain, step("other")))
    bring_about(run, "a", "failed")
    assert {run.states[f"s{n}"].by for n in range(5)} == {"a"}  # type: ignore[union-attr]


def test_what_is_behind_a_step_that_looks_on_waits_for_that_one() -> None:
    looks_on = Step("any", "hand", ("a",), "any", when="always()")
    run = run_after(created(step("a"), looks_on, step("b", "any"), step("c", "a", "any")))
    bring_about(run, "a", "failed")
    assert run.is_waiting("b")
    assert type(run.states["c"]).__name__ == "Blocked"


def test_a_need_that_is_named_twice_counts_once() -> None:
    run = run_after(created(step("a"), step("b", "a", "a")))
    bring_about(run, "a", "succeeded")
    assert "b" in run.ready


def test_the_end_of_a_cancelled_run_starts_nothing() -> None:
    run = run_after(created(step("a"), Step("b", "hand", ("a",), "any", when="always()")))
    when(run, StartSteps(("a",)))
    when(run, CancelRun("Enough."))
    when(run, ReportFailure("a", 1, BROKEN))
    assert run.outcome == "cancelled"
    assert not run.due
    assert not run.ready
