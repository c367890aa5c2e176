"""Saved workflows over a real log: versions never change, and saying the same twice is once."""

import asyncio
from pathlib import Path

import pytest

from missioncontrol.application.workflows import READY_MAX, Saved
from missioncontrol.domain.agent import AgentCard
from missioncontrol.domain.definition import Malformed
from missioncontrol.domain.errors import NotFound
from tests.application.parts import NOW, run
from tests.application.shelf import Shelf

ONE = "name: tidy\nsteps:\n  a: {agent: changer}\n"
TWO = "name: tidy\nsteps:\n  a: {agent: changer}\n  b: {agent: changer, needs: a}\n"
CALLER = "name: caller\nsteps:\n  x: {workflow: tidy}\n"


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


def test_each_save_is_a_version_that_is_there_for_ever(shelf: Shelf) -> None:
    assert (shelf.save(ONE).version, shelf.save(TWO, "bob").version) == (1, 2)
    shelf.reopen()
    first = shelf.do(shelf.workflows.get("tidy", 1))
    newest = shelf.do(shelf.workflows.get("tidy"))
    assert (first.source, first.saved_by, first.saved_at) == (ONE, "alice", NOW)
    assert (newest.source, newest.version, newest.saved_by) == (TWO, 2, "bob")
    assert (first.definition.version, list(newest.definition.steps)) == (1, ["a", "b"])


def test_saying_the_same_again_is_answered_with_its_version_and_records_nothing(
    shelf: Shelf,
) -> None:
    shelf.save(ONE)
    shelf.save(TWO)
    head = run(shelf.store.head())
    again = shelf.save("# the same\n" + ONE.replace("{agent: changer}", "\n    agent: changer"))
    assert (again.version, again.newest, again.is_new) == (1, 2, False)
    assert run(shelf.store.head()) == head


def test_an_older_version_becomes_the_newest_where_the_file_asks_for_it(shelf: Shelf) -> None:
    shelf.save(ONE)
    shelf.save(TWO)
    back = shelf.save(f"version: 3\n{ONE}")
    assert (back.version, back.newest, back.is_new) == (3, 3, True)
    assert shelf.save(ONE) == Saved("tidy", 3, back.digest, 3, is_new=False)


def test_a_version_in_the_file_must_be_the_next_or_that_of_what_it_says(shelf: Shelf) -> None:
    assert shelf.refusal(f"version: 2\n{ONE}") == [
        (
            "tidy.yaml:1: version: The file says version 2, and the next one is 1. "
            "Leave `version` out, or write 1."
        )
    ]
    assert shelf.save(f"version: 1\n{ONE}").version == 1
    assert shelf.save(f"version: 1\n{ONE}").is_new is False
    assert shelf.refusal(f"{TWO}version: 1\n") == [
        (
            "tidy.yaml:5: version: Version 1 is saved already, and a version never changes. "
            "Leave `version` out, or write 2."
        )
    ]
    assert shelf.save(f"{TWO}version: 2\n").version == 2


def test_a_file_with_faults_is_refused_with_all_of_them_and_nothing_is_kept(shelf: Shelf) -> None:
    text = "name: tidy\nversion: 7\nsteps:\n  a: {agent: chager, needs: [b]}\n"
    assert [line.split(": ")[1] for line in shelf.refusal(text)] == [
        "version",
        "steps.a.agent",
        "steps.a.needs[0]",
    ]
    assert run(shelf.library.listed()) == {}


def test_a_reader_beside_the_engine_sees_what_is_on_disk(shelf: Shelf) -> None:
    shelf.save(ONE)
    shelf.save(TWO)
    listed = run(shelf.library.listed())
    assert [(row.name, row.version, row.steps, row.saved_at) for row in listed.values()] == [
        ("tidy", 2, 2, NOW)
    ]
    assert run(shelf.library.get("tidy", 1)).source == ONE
    assert [change.thing for change in run(shelf.library.diff("tidy", 1, 2))] == ["steps.b"]
    assert run(shelf.library.tiers(run(shelf.library.get("tidy")).definition))["a"] == "write"


def test_what_is_not_there_is_told_with_what_is(shelf: Shelf) -> None:
    shelf.save(ONE)
    with pytest.raises(NotFound, match=r"no workflow 'tidi' here\. Did you mean 'tidy'\?") as one:
        shelf.do(shelf.workflows.get("tidi"))
    with pytest.raises(NotFound, match=r"'tidy' has no version 2\. It has only 1\.") as other:
        shelf.do(shelf.workflows.get("tidy", 2))
    assert (one.value.code, other.value.code) == ("workflow.unknown", "workflow.unknown_version")


def test_two_saves_at_once_become_two_versions(shelf: Shelf) -> None:
    async def both() -> list[Saved]:
        one = shelf.workflows.save(ONE, "one", actor="alice")
        other = shelf.workflows.save(TWO, "two", actor="bob")
        return list(await asyncio.gather(one, other))

    assert sorted(saved.version for saved in shelf.do(both())) == [1, 2]
    assert run(shelf.library.listed())["tidy"].version == 2


def test_a_version_and_its_place_on_the_list_are_one_commit(shelf: Shelf) -> None:
    shelf.save(ONE)
    events = run(shelf.store.read())
    assert [(event.stream, event.type, event.actor) for event in events] == [
        ("workflow-tidy", "workflow_saved", "alice"),
        ("workflows", "workflow_listed", "alice"),
    ]


def test_a_called_workflow_is_pinned_when_a_run_begins_and_not_before(shelf: Shelf) -> None:
    shelf.save(ONE)
    shelf.save(CALLER)
    before = shelf.do(shelf.workflows.ready("caller"))[1]
    shelf.save(TWO)
    shelf.reopen()
    definition, after = shelf.do(shelf.workflows.ready("caller"))
    assert (definition.name, definition.version) == ("caller", 1)
    assert (before[0].calls, len(before[0].body)) == ("tidy@1", 1)
    assert (after[0].calls, len(after[0].body)) == ("tidy@2", 2)


def test_a_circle_of_calls_can_not_be_saved_through_a_newer_version(shelf: Shelf) -> None:
    shelf.save(ONE)
    shelf.save(CALLER)
    assert shelf.refusal("name: tidy\nsteps:\n  a: {workflow: caller}\n") == [
        (
            "tidy.yaml:3: steps.a.workflow: Workflows call each other in a circle: "
            "tidy → caller → tidy. Take one call away."
        )
    ]
    assert shelf.save("name: tidy\nsteps:\n  a: {workflow: tidy@1}\n").version == 2


def test_a_workflow_that_no_longer_fits_is_refused_with_the_line_when_a_run_begins(
    shelf: Shelf,
) -> None:
    shelf.save(ONE)
    shelf.save(CALLER)
    shelf.save(f"inputs: {{tag: {{type: string}}}}\n{TWO}")
    with pytest.raises(Malformed) as refused:
        shelf.do(shelf.workflows.ready("caller"))
    assert refused.value.reason == (
        "caller@1:3: steps.x.with: Workflow 'tidy' needs 'tag'. Give it: `with: {tag: …}`."
    )
    del shelf.cards["changer"]
    with pytest.raises(Malformed, match=r"tidy@1:3: steps\.a\.agent: There is no agent 'changer'"):
        shelf.do(shelf.workflows.ready("tidy", 1))


def test_the_name_of_a_workflow_that_is_saved_is_suggested(shelf: Shelf) -> None:
    shelf.save(ONE)
    assert shelf.refusal("name: x\nsteps:\n  a: {workflow: tidi}\n") == [
        (
            "tidy.yaml:3: steps.a.workflow: No workflow 'tidi' is saved. "
            "Save it first: `mission workflow save FILE`. Did you mean 'tidy'?"
        )
    ]


def test_what_was_exported_says_the_same_when_it_is_saved_again(shelf: Shelf) -> None:
    shelf.save(f"# why\nversion: 1\n{ONE}")
    exported = shelf.do(shelf.workflows.get("tidy")).source
    assert shelf.save(exported).is_new is False


def test_a_secret_in_a_file_never_reaches_the_log(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, "hunter2-hunter2")
    text = "name: tidy\nsteps:\n  a: {agent: changer, with: {token: hunter2-hunter2}}\n"
    shelf.save(text)
    assert all(b"hunter2" not in event.body for event in run(shelf.store.read()))
    assert shelf.save(text).is_new is False
    shelf.reopen()
    assert shelf.save(text).is_new is False


def test_a_version_that_is_on_its_way_to_the_log_can_be_read(shelf: Shelf) -> None:
    async def save_and_look() -> str:
        saving = asyncio.ensure_future(shelf.workflows.save(ONE, "f", actor="alice"))
        await asyncio.sleep(0)
        assert shelf.journal.has_pending
        source = (await shelf.workflows.get("tidy")).source
        await saving
        return source

    assert shelf.do(save_and_look()) == ONE


def test_a_workflow_may_be_called_from_several_steps_and_in_several_versions(shelf: Shelf) -> None:
    shelf.save(ONE)
    shelf.save(TWO)
    shelf.save(
        "name: caller\nsteps:\n  x: {workflow: tidy}\n  y: {workflow: tidy}\n"
        "  z: {workflow: tidy@1}\n"
    )
    made = shelf.do(shelf.workflows.ready("caller"))[1]
    assert [step.calls for step in made] == ["tidy@2", "tidy@2", "tidy@1"]


def test_steps_are_made_once_until_something_they_were_made_from_changes(shelf: Shelf) -> None:
    shelf.save(ONE)
    shelf.save(CALLER)
    first = shelf.do(shelf.workflows.ready("caller"))[1]
    assert shelf.do(shelf.workflows.ready("caller"))[1] is first
    shelf.cards["changer"] = AgentCard("changer", risk="irreversible")
    second = shelf.do(shelf.workflows.ready("caller"))[1]
    assert (first[0].risk, second[0].risk) == ("write", "irreversible")


def test_only_so_many_workflows_are_kept_at_hand(shelf: Shelf) -> None:
    names = [f"w{number}" for number in range(READY_MAX + 1)]
    for name in names:
        shelf.save(ONE.replace("tidy", name))
    made = [shelf.do(shelf.workflows.ready(name))[1] for name in names]
    assert shelf.do(shelf.workflows.ready(names[-1]))[1] is made[-1]
    assert shelf.do(shelf.workflows.ready(names[0]))[1] is not made[0]
