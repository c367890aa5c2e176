"""The way in for repositories: texts stored by digest, merges of edits, and the caller."""

import asyncio
from typing import Any

import msgspec
import pytest

from missioncontrol.adapters.artifact_stores.memory import MemoryArtifactStore
from missioncontrol.adapters.event_stores.memory import MemoryEventStore
from missioncontrol.application.journal import Journal
from missioncontrol.application.repositories import (
    REPOSITORY,
    TRIES_MAX,
    RepositoryAsked,
    RepositoryDesk,
    RepositoryTaskAsked,
    SignOffAsked,
    digest_of,
)
from missioncontrol.domain.errors import Conflict, NotFound, Rejected, Unavailable
from missioncontrol.domain.repository.commands import RunTasks
from missioncontrol.domain.repository.decide import CHARACTERS_MAX
from missioncontrol.domain.repository.events import Who
from missioncontrol.domain.repository.process import USUAL, PhaseRule, Process
from missioncontrol.domain.repository.states import Done, Dropped, Repository, Started
from missioncontrol.domain.run.commands import CancelRun, CreateRun
from missioncontrol.domain.step import Step
from tests.application.parts import StandingClock, run
from tests.domain.repositories import ID

TEXT = "# A\n\n## Goal\n\nSaid.\n\n## More\n\nSaid.\n"


class Desk:
    """A desk over a log in memory, with one task."""

    def __init__(self, process: Process | None = None) -> None:
        self.journal = Journal(MemoryEventStore(), StandingClock())
        self.desk = RepositoryDesk(self.journal, "root")
        self.files = self.desk.artifacts = MemoryArtifactStore()
        process = process or Process({"prd": USUAL["prd"]}, own=True)
        run(self.desk.adopt(RepositoryAsked(ID, "/repo", process), actor="user:ada"))

    def ask(self, verb: Any, actor: str = "user:ada", **fields: Any) -> dict[str, Any]:
        ask = RepositoryTaskAsked(verb, ID, **fields)
        return run(self.desk.take(ask, actor=actor))

    def take(self, text: str, base: str = "", actor: str = "user:ada") -> dict[str, Any]:
        return self.ask("take", actor, task=1, text=text, base=base)

    @property
    def state(self) -> Repository:
        return run(self.journal.load(REPOSITORY, ID))

    @property
    def text(self) -> str:
        return self.files.get(self.state.tasks[1].documents["prd"].digest).decode()


@pytest.fixture
def desk() -> Desk:
    found = Desk()
    found.ask("add", title="Log in", brief="Passwords leak.")
    return found


def test_a_task_begins_with_documents_that_are_kept(desk: Desk) -> None:
    task = desk.state.tasks[1]
    assert "Passwords leak." in desk.text
    assert (task.by.name, task.by.os_user) == ("user:ada", "root")
    assert task.documents["prd"].digest == digest_of(desk.text)


def test_an_edit_on_the_ground_of_the_newest_version_is_the_next_one(desk: Desk) -> None:
    base = digest_of(desk.text)
    answer = desk.take(TEXT, base)
    assert (answer["version"], answer["is_new"], answer["conflicts"]) == (2, True, [])
    assert desk.text == TEXT
    assert desk.take(TEXT, base)["is_new"] is False
    assert desk.take(base="", text=TEXT)["version"] == 2


def test_an_edit_on_older_ground_is_merged_once(desk: Desk) -> None:
    desk.take(TEXT, digest_of(desk.text))
    base = digest_of(TEXT)
    mine, theirs = TEXT.replace("Goal\n\nSaid", "Goal\n\nMine"), TEXT + "\n## New\n\nTheirs.\n"
    desk.take(theirs, base, "user:bob")
    answer = desk.take(mine, base)
    assert answer["conflicts"] == []
    assert "Mine" in desk.text
    assert "Theirs." in desk.text
    newest = desk.state.tasks[1].documents["prd"]
    assert (newest.given, newest.base, newest.version) == (digest_of(mine), base, 4)
    assert desk.files.get(newest.given).decode() == mine
    assert desk.take(mine, base) == {**answer, "is_new": False}


def test_both_sides_of_a_conflict_are_kept_and_counted(desk: Desk) -> None:
    desk.take(TEXT, digest_of(desk.text))
    base = digest_of(TEXT)
    desk.take(TEXT.replace("Goal\n\nSaid", "Goal\n\nTheirs"), base)
    [conflict] = desk.take(TEXT.replace("Goal\n\nSaid", "Goal\n\nMine"), base)["conflicts"]
    assert (conflict["section"], conflict["mine"], conflict["theirs"]) == (
        "Goal",
        "Mine.\n",
        "Theirs.\n",
    )
    newest = desk.state.tasks[1].documents["prd"]
    assert newest.conflicts == 1
    assert "a conflict" in newest.outline.unsettled[0]


def test_without_a_known_ground_an_old_version_is_no_edit_and_other_words_stay(desk: Desk) -> None:
    first = desk.text
    desk.take(TEXT, digest_of(first))
    assert desk.take(first, "0" * 64)["is_new"] is False
    assert desk.text == TEXT
    desk.take("# A\n\n## Other\n\nWords.\n", "0" * 64)
    assert "Words." in desk.text
    assert "## Goal" in desk.text


def test_a_document_that_a_process_has_by_now_is_taken_in(desk: Desk) -> None:
    both = Process({"prd": USUAL["prd"], "tasks": USUAL["tasks"]}, own=True)
    answer = run(desk.desk.adopt(RepositoryAsked(ID, "/repo", both), actor="user:ada"))
    assert answer["is_new"]
    assert desk.ask("take", task=1, kind="tasks", text="# T\n")["version"] == 1


def test_what_changes_all_the_time_is_given_up(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.take(TEXT, digest_of(desk.text))
    tries: list[int] = []
    brought_in = RepositoryDesk._brought_in

    def meanwhile(self: RepositoryDesk, *about: Any) -> Any:
        tries.append(len(tries))
        task = desk.journal.others[ID].tasks[1]
        documents = {"prd": msgspec.structs.replace(task.documents["prd"], version=90 + len(tries))}
        desk.journal.others[ID].tasks[1] = msgspec.structs.replace(task, documents=documents)
        return brought_in(self, *about)

    monkeypatch.setattr(RepositoryDesk, "_brought_in", meanwhile)
    with pytest.raises(Conflict) as no:
        desk.take("# Other\n", digest_of(TEXT))
    assert (no.value.code, len(tries)) == ("repository.busy", TRIES_MAX)


def test_a_task_is_signed_started_done_and_dropped(desk: Desk) -> None:
    whole = "".join(f"## {heading}\n\nSaid.\n\n" for heading in USUAL["prd"].headings)
    desk.take(whole, digest_of(desk.text))
    sign = SignOffAsked(ID, 1, "prd", "product", digest_of(whole), "Fine.")
    assert run(desk.desk.sign(sign, actor="user:bob"))["is_new"]
    assert not run(desk.desk.sign(sign, actor="user:bob"))["is_new"]
    assert desk.ask("start", task=1) == {"task": 1, "is_new": True}
    assert isinstance(desk.state.tasks[1].stage, Started)
    desk.ask("done", task=1)
    assert isinstance(desk.state.tasks[1].stage, Done)
    desk.ask("add", title="Log out")
    desk.ask("drop", task=2, reason="Too dear.")
    assert isinstance(desk.state.tasks[2].stage, Dropped)


def test_what_can_not_be_kept_is_refused(desk: Desk) -> None:
    with pytest.raises(Rejected) as no:
        desk.take("a" * (CHARACTERS_MAX + 1))
    assert no.value.code == "repository.bad_input"
    desk.desk.scrub = lambda text: text.replace("hush", "***")
    with pytest.raises(Rejected) as no:
        desk.take("hush\n")
    assert no.value.code == "repository.secret"
    desk.desk.scrub = lambda text: text
    desk.desk.artifacts = None
    with pytest.raises(Unavailable) as closed:
        desk.take("more\n")
    assert closed.value.code == "repository.closed"


def test_of_a_task_that_nobody_added_no_text_is_in_the_record(desk: Desk) -> None:
    with pytest.raises(NotFound) as no:
        desk.ask("take", task=7, text="# T\n")
    assert no.value.code == "repository.unknown_task"


def test_nothing_is_done_for_a_repository_that_was_not_adopted() -> None:
    desk = RepositoryDesk(Journal(MemoryEventStore(), StandingClock()), "root")
    ask = RepositoryTaskAsked("start", ID, 1)
    with pytest.raises(NotFound) as no:
        asyncio.run(desk.take(ask, actor="user:ada"))
    assert no.value.code == "repository.unknown"


@pytest.mark.parametrize("verb", ["done", "drop"])
def test_a_task_that_agents_carry_out_ends_after_them(verb: str) -> None:
    desk = Desk(Process({"implementation": PhaseRule(), "review": PhaseRule()}, own=True))
    desk.ask("add", title="Log in")
    desk.ask("scope", task=1, scope=("a.py",))
    run(desk.journal.commit())
    desk.journal.handle_run(
        "run-1", CreateRun("run-1", "tasks-x", (Step("task-1", "workflow"),), 1)
    )
    carried = RunTasks("run-1", (1,), {"builder": "coder"}, Who("user:ada"), "mission/main")
    desk.journal.tell(REPOSITORY, ID, carried, actor="user:ada")
    with pytest.raises(Conflict, match="Task 1 is being carried out by run-1"):
        desk.ask(verb, task=1, reason="Enough.")
    desk.journal.handle_run("run-1", CancelRun("Enough."))
    run(desk.journal.commit())
    assert desk.ask(verb, task=1, reason="Enough.")["is_new"]
