"""The result of an agent is accepted in the form that the log will have, or not at all."""

from typing import Any

import pytest

from missioncontrol.application.acceptance import (
    AMOUNT_MAX,
    DETAIL_BYTES_MAX,
    HINT_MAX,
    REASON_MAX,
    accept_work,
    is_sound,
    written_down,
)
from missioncontrol.domain.run.events import Failure
from missioncontrol.domain.work import Usage, Work


@pytest.mark.parametrize("output", [None, True, False, 0, -7, 2**52])
def test_small_plain_results_are_taken_as_they_are(output: Any) -> None:
    work = Work(output=output)
    assert accept_work(work) is work


def test_other_results_are_taken_as_they_will_be_read_again() -> None:
    work = accept_work(Work(output={"pair": (1, 2), "half": 0.5, 3: {"not": float("nan")}}))
    assert work == Work(output={"pair": [1, 2], "half": 0.5, "3": {"not": None}})


def test_what_was_taken_in_is_out_of_the_agents_hands() -> None:
    output = {"list": [1]}
    work = accept_work(Work(output=output))
    output["list"].append(2)
    assert isinstance(work, Work)
    assert work.output == {"list": [1]}


@pytest.mark.parametrize("work", [None, "text", {"summary": "x"}])
def test_what_is_no_work_is_named_by_its_kind(work: Any) -> None:
    refused = accept_work(work)
    assert isinstance(refused, Failure)
    assert refused.code == "work.no_work"
    assert type(work).__name__ in refused.reason


@pytest.mark.parametrize(
    ("detail", "stored"),
    [
        (None, None),
        ({"attempts": (1, 2)}, {"attempts": [1, 2]}),
        ("x" * DETAIL_BYTES_MAX, None),
        (object(), None),
        ("\udcff", None),
    ],
    ids=["nothing", "some", "much", "no json", "no text"],
)
def test_the_detail_of_a_failure_is_bounded_json(detail: Any, stored: Any) -> None:
    assert written_down(Failure("x", "no", detail=detail)).detail == stored


def test_the_words_of_a_failure_are_bounded_text() -> None:
    failure = written_down(Failure("x", "é\udcff" * REASON_MAX, "y" * (HINT_MAX + 1), False))
    assert len(failure.reason) == REASON_MAX
    assert failure.reason.startswith("é?")
    assert (len(failure.hint), failure.retryable) == (HINT_MAX, False)


@pytest.mark.parametrize(
    "usage", [Usage(), Usage(9, 2, 7, 4, 5, 6), Usage(cost=None), Usage(AMOUNT_MAX)]
)
def test_usage_that_counts_is_sound(usage: Usage) -> None:
    assert is_sound(usage)


@pytest.mark.parametrize(
    "usage",
    [
        None,
        {"cost": 1},
        Usage(cost=-1),
        Usage(cost=0.5),  # type: ignore[arg-type]
        Usage(output_tokens=True),
        Usage(reasoning_tokens=None),  # type: ignore[arg-type]
        Usage(cached_tokens=AMOUNT_MAX + 1),
    ],
    ids=str,
)
def test_usage_that_cannot_be_counted_is_not(usage: Any) -> None:
    assert not is_sound(usage)
