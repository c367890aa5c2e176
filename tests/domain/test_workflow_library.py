"""The versions of a workflow, and the list of all of them, by commands and events."""

import pytest

from missioncontrol.domain.definition import Definition, StepDefinition
from missioncontrol.domain.errors import Corrupt, Rejected
from missioncontrol.domain.workflow_library import (
    Listed,
    Listing,
    ListWorkflow,
    SavedWorkflow,
    SaveWorkflow,
    WorkflowListed,
    WorkflowSaved,
    decide,
    decide_listing,
    evolve,
    evolve_listing,
)

TIDY = Definition("tidy", steps={"a": StepDefinition(agent="changer")})


def saved(*digests: str) -> SavedWorkflow | None:
    """Return a workflow whose versions have these digests."""
    workflow = None
    for version, digest in enumerate(digests, start=1):
        workflow = evolve(
            workflow, WorkflowSaved("tidy", version, digest, "", TIDY), float(version)
        )
    return workflow


def command(digest: str, version: int = 0, base: int | None = None) -> SaveWorkflow:
    """Ask for a version with this digest; 0 leaves its number open."""
    return SaveWorkflow(Definition("tidy", version, steps=TIDY.steps), digest, "text", base)


def test_the_first_version_is_one_and_the_definition_carries_it() -> None:
    (event,) = decide(command("d"), None, 0.0)
    assert (event.version, event.definition.version, event.source) == (1, 1, "text")


@pytest.mark.parametrize(
    ("digest", "given", "made"),
    [("a", 0, None), ("c", 0, 3), ("a", 1, None), ("b", 2, None), ("a", 3, 3), ("c", 3, 3)],
)
def test_a_version_is_made_only_for_something_new_or_by_its_number(
    digest: str, given: int, made: int | None
) -> None:
    events = decide(command(digest, given), saved("a", "b"), 0.0)
    assert [event.version for event in events] == ([made] if made else [])


@pytest.mark.parametrize("digest", ["a", "b"])
def test_what_is_always_kept_makes_a_version_of_what_one_says_already(digest: str) -> None:
    asked = SaveWorkflow(TIDY, digest, "in other words", 2, always=True)
    (event,) = decide(asked, saved("a", "b"), 0.0)
    assert (event.version, event.source) == (3, "in other words")
    with pytest.raises(Rejected) as refused:
        decide(SaveWorkflow(TIDY, digest, "late", 1, always=True), saved("a", "b"), 0.0)
    assert refused.value.code == "workflow.saved_meanwhile"


@pytest.mark.parametrize(("digest", "given"), [("c", 1), ("c", 2), ("c", 4), ("a", 2), ("b", 1)])
def test_a_number_that_is_neither_next_nor_its_own_is_refused(digest: str, given: int) -> None:
    with pytest.raises(Rejected) as refused:
        decide(command(digest, given), saved("a", "b"), 0.0)
    assert refused.value.code == "workflow.bad_version"
    assert refused.value.hint == "Leave `version` out, or write 3."


@pytest.mark.parametrize(("digests", "base"), [((), 0), (("a", "b"), 2), (("a", "b"), None)])
def test_who_knew_the_newest_version_or_does_not_say_makes_the_next(
    digests: tuple[str, ...], base: int | None
) -> None:
    (event,) = decide(command("c", base=base), saved(*digests), 0.0)
    assert event.version == len(digests) + 1


@pytest.mark.parametrize(
    ("digests", "base", "message"),
    [
        (("a", "b"), 1, "was begun from version 1, and version 2 is there by now."),
        (("a",), 0, "was written as a new workflow, and version 1 is there by now."),
        ((), 3, "was begun from version 3, and it is not there."),
    ],
)
def test_who_did_not_know_the_newest_version_is_refused(
    digests: tuple[str, ...], base: int, message: str
) -> None:
    with pytest.raises(Rejected) as refused:
        decide(command("c", base=base), saved(*digests), 0.0)
    assert refused.value.code == "workflow.saved_meanwhile"
    assert refused.value.reason == f"Workflow 'tidy' {message}"


def test_what_a_version_says_already_is_no_conflict() -> None:
    assert decide(command("a", base=1), saved("a", "b"), 0.0) == []


def test_a_workflow_has_a_bounded_number_of_versions() -> None:
    full = SavedWorkflow("tidy", 10_000, "d", TIDY, 0.0, {"d": 10_000})
    with pytest.raises(Rejected) as refused:
        decide(command("e"), full, 0.0)
    assert refused.value.code == "workflow.too_many_versions"


def test_a_version_that_is_missing_in_the_log_is_noticed() -> None:
    with pytest.raises(Corrupt, match="Version 3 of workflow 'tidy' follows version 1"):
        evolve(saved("a"), WorkflowSaved("tidy", 3, "c", "", TIDY), 0.0)


def test_the_newest_of_each_workflow_is_on_the_list() -> None:
    listing = None
    for version in (1, 2):
        definition = Definition("tidy", version, "why", steps=TIDY.steps)
        (event,) = decide_listing(ListWorkflow(definition, "d"), listing, 0.0)
        assert event == WorkflowListed("tidy", version, "d", 1, "why")
        listing = evolve_listing(listing, event, float(version))
    assert listing == Listing({"tidy": Listed("tidy", 2, "d", 1, "why", 2.0)})


def test_a_home_has_a_bounded_number_of_workflows() -> None:
    row = Listed("x", 1, "d", 1, "", 0.0)
    full = Listing({f"w{number}": row for number in range(10_000)})
    with pytest.raises(Rejected) as refused:
        decide_listing(ListWorkflow(TIDY, "d"), full, 0.0)
    assert refused.value.code == "workflow.too_many"
    known = Definition("w1", steps=TIDY.steps)
    assert decide_listing(ListWorkflow(known, "d"), full, 0.0)
