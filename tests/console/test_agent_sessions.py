"""Sessions that people start: listed, in the inbox of their person, and adopted into a run."""

import asyncio
import json
import socket
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from missioncontrol.application.agent_sessions import WAIT_SECONDS, ReportSessions
from missioncontrol.application.repositories import RepositoryAsked, RepositoryTaskAsked
from missioncontrol.application.runs import Origin
from missioncontrol.application.task_runs import TasksAsked
from missioncontrol.domain.agent_session import RECORDER, Standing
from missioncontrol.domain.declaration import Declaration
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.repository.process import MergeRule, PhaseRule, Process
from missioncontrol.domain.work import Usage
from missioncontrol.ports.agent_sessions import Activity, Doing
from tests.agents.repositories import repository
from tests.console.houses import House, console_house
from tests.console.running import API

ID = "5ad425f2-de07-4c9f-bba4-14ceef22c6e0"
REPOSITORY, TASK = "repository-0123456789abcd", "SHOP-1"


class World:
    """A house, a checkout of Ann's, and her session in it."""

    def __init__(self, house: House, root: Path) -> None:
        self.house = house
        self.checkout = root / "shop"
        self.began = house.held.clock.now() - 5
        self.sessions = house.held.command_bus.sessions
        self._file = root / "claude" / "projects" / "-shop" / f"{ID}.jsonl"
        self._file.parent.mkdir(parents=True)
        self.checkout.mkdir()
        (self.checkout / "a.txt").write_text("one\n")
        names = ("-c", "user.name=Ann", "-c", "user.email=ann@example.com")
        for words in (["init", "-q"], ["add", "."], [*names, "commit", "-qm", "Begin"]):
            subprocess.run(["git", *words], cwd=self.checkout, check=True)
        usage = {"input_tokens": 60, "cache_read_input_tokens": 40, "output_tokens": 20}
        done = [{"type": "text", "text": "Added the codes."}]
        self.write("user", {"content": "Add discount codes"})
        self.write("assistant", {"id": "m1", "model": "some", "content": done, "usage": usage})

    def write(self, kind: str, message: Any) -> None:
        record = {"type": kind, "message": message, "cwd": str(self.checkout), "version": "2.1"}
        with self._file.open("a") as stream:
            stream.write(json.dumps(record | {"timestamp": "2026-11-26T18:33:00Z"}) + "\n")

    def git(self, *words: str) -> str:
        argv = ["git", *words]
        return subprocess.run(
            argv, cwd=self.checkout, capture_output=True, text=True, check=True
        ).stdout

    async def report(self, *, name: str = "ann", **standing: Any) -> None:
        row = Activity(
            session=ID,
            program="claude",
            machine=socket.gethostname(),
            directory=str(self.checkout),
            started=self.began,
            last=self.house.held.clock.now(),
            title="Add discount codes",
            standing=Standing(**standing),
            usage=Usage(100, 40, 20, cost=984),
            recent=(Doing(self.began, "Bash", "make test"),),
        )
        await self.sessions.report(ReportSessions((row,)), actor=f"user:{name}")
        await self.house.held.journal.durable()
        await self.house.console.present.catch_up()

    async def get(self, path: str, name: str = "ann") -> Any:
        async with self.house.client("admin", name=name) as client:
            answer = await client.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json() if path.startswith(API) else answer.text

    async def post(self, path: str, *roles: Any, name: str = "ann", **given: Any) -> Any:
        async with self.house.client(*roles or ("admin",), name=name) as client:
            return await client.post(path, json=given or None)

    async def adopt(self, **given: Any) -> Any:
        return (await self.post(f"{API}/agent-sessions/{ID}/adopt", **given)).json()

    async def add_task(self, *, merge: str = "mission/main", path: str = "") -> None:
        """Adopt the checkout, or another repository, with a task of it."""
        phases = {"implementation": PhaseRule(), "review": PhaseRule()}
        process = Process(phases, own=True, merge=MergeRule(into=merge, untested=True))  # type: ignore[arg-type]
        asked = RepositoryAsked(REPOSITORY, path or str(self.checkout), process)
        bus = self.house.held.command_bus
        await bus.do(asked, "user:ann")
        for more in (
            RepositoryTaskAsked("add", REPOSITORY, title="Discount codes"),
            RepositoryTaskAsked("scope", REPOSITORY, 1, scope=("*.txt",)),
        ):
            await bus.do(more, "user:ann")
        await self.house.held.journal.durable()

    async def inbox(self) -> Any:
        return (await self.get(f"{API}/inbox"))["items"]

    async def item(self) -> Any:
        return (await self.get(f"{API}/work-items/{TASK}"))["item"]

    async def stands(self, stage: str) -> Any:
        """Return the task where it is in a stage."""
        found = await self.item()
        return found if found["stage"] == stage else None

    async def wait(self, **standing: Any) -> None:
        """Have the session wait longer than what is answered at once."""
        await self.report(**standing)
        latest = self.sessions._latest
        latest[ID] = latest[ID][0], self.began - WAIT_SECONDS
        await self.report(**standing)


def tell(root: Path, story: Callable[[World], Awaitable[None]]) -> None:
    async def run_story() -> None:
        environment = {"CLAUDE_CONFIG_DIR": str(root / "claude"), "PATH": "/usr/bin:/bin"}
        async with console_house(root, environment) as house:
            await story(World(house, root))

    asyncio.run(run_story())


async def until(found: Callable[[], Awaitable[Any]]) -> Any:
    async with asyncio.timeout(60):
        while not (value := await found()):  # noqa: ASYNC110 - it is asked over HTTP
            await asyncio.sleep(0.1)
        return value


def test_a_session_is_listed_with_what_it_does_and_a_short_wait_is_no_event(
    tmp_path: Path,
) -> None:
    async def story(world: World) -> None:
        await world.report()
        [row] = (await world.get(f"{API}/agent-sessions"))["items"]
        assert (row["status"], row["doing"], row["cost"]) == ("working", "Bash: make test", 984)
        await world.report(wait="permission", text="Bash: make release")
        [row] = (await world.get(f"{API}/agent-sessions"))["items"]
        assert row["status"] == "working"
        page = await world.get("/agents")
        assert "Add discount codes" in page
        assert f'href="/agents/sessions/{ID}">Adopt' in page
        await world.add_task()
        page = await world.get(f"/agents/sessions/{ID}")
        assert "no rule was enforced so far" in page
        assert "SHOP-1: Discount codes" in page
        assert "declare one of kind claude" in page

    tell(tmp_path, story)


def test_what_waits_for_a_person_is_in_the_inbox_of_that_person_until_it_works_again(
    tmp_path: Path,
) -> None:
    async def story(world: World) -> None:
        await world.wait(wait="permission", text="Bash: make release")
        [item] = (await world.get(f"{API}/inbox"))["items"]
        assert (item["id"], item["group"]) == (f"session:{ID}", "now")
        assert "Bash: make release" in item["detail"]
        assert next(a["name"] for a in item["actions"] if a["is_allowed"]) == "adopt"
        assert (await world.get(f"{API}/inbox", name="bob"))["items"] == []
        assert "make release" in await world.get(f"/inbox/session:{ID}")
        await world.report()
        assert (await world.get(f"{API}/inbox"))["items"] == []
        await world.wait(wait="question", text="Which codes?")
        assert [e["href"] for e in await world.inbox()] == [f"/agents/sessions/{ID}"]
        await world.report(end="lost")
        assert await world.inbox() == []

    tell(tmp_path, story)


def test_an_adopted_session_is_a_step_with_transcript_usage_and_changes(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await world.report()
        refused = await world.post(f"{API}/agent-sessions/{ID}/adopt", "operator", name="bob")
        assert refused.json()["code"] == "agent_session.not_yours"
        made = (await world.post(f"{API}/agent-sessions/{ID}/adopt")).json()
        again = await world.post(f"{API}/agent-sessions/{ID}/adopt")
        assert again.json()["code"] == "agent_session.adopted"
        (world.checkout / "codes.txt").write_text("TEN\n")
        (world.checkout / "a.txt").write_text("two\n")
        await world.report(end="ended")

        async def ended() -> Any:
            found = await world.get(f"{API}/runs/{made['run']}")
            return found if found["ended"] else None

        run = await until(ended)
        assert (run["status"], run["title"]) == ("succeeded", "Add discount codes")
        used = run["usage"]
        assert (used["input_tokens"], used["output_tokens"]) == (100, 20)
        log = await world.get(f"{API}/logs?run={made['run']}")
        lines = [each["message"] for each in log["items"]]
        assert "rules were not enforced" in lines[0]
        assert lines[1:] == ["> Add discount codes", "Added the codes."]
        saved = world.git("for-each-ref", "--format=%(refname)", "refs/mission").split()
        shown = world.git("show", "--stat", "--format=", saved[0])
        assert "a.txt" in shown
        assert "codes.txt" in shown

    tell(tmp_path, story)


def test_a_session_that_is_over_and_changed_nothing_is_not_adopted(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        world.began = world.house.held.clock.now() + 1
        await world.report(end="ended")
        refused = await world.post(f"{API}/agent-sessions/{ID}/adopt")
        assert refused.json()["code"] == "agent_session.no_changes"

    tell(tmp_path, story)


def test_the_work_of_a_session_is_that_of_a_task_and_goes_to_its_review(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        await world.add_task()
        await world.report()
        made = await world.adopt(task=TASK)
        item = await until(lambda: world.stands("building"))
        assert (item["assignee"], item["session"]) == ("session:Claude Code of ann", ID)
        await world.wait(wait="permission", text="Bash: make release")
        item = await until(lambda: world.stands("waiting"))
        assert (item["status"], item["stage"]) == ("Waiting on ann", "waiting")
        assert item["reason"] == "It waits for a permission: Bash: make release."
        await world.report()
        assert (await world.item())["stage"] == "building"
        (world.checkout / "codes.txt").write_text("TEN\n")
        (world.checkout / "tasks").mkdir()
        (world.checkout / "tasks/index.json").write_text("{}\n")
        await world.report(end="ended")
        assert "Approve" in (await until(lambda: world.stands("waiting")))["reason"]
        page = await world.get(f"/reviews/{TASK}")
        assert "codes.txt" in page
        assert "tasks/index.json" not in page, "it is the record, and no work of the task"
        [asked] = (await world.get(f"{API}/approvals"))["items"]
        assert asked["run"] == made["run"]
        again = await world.adopt(task=TASK)
        assert again["code"] == "agent_session.adopted"

    tell(tmp_path, story)


def test_a_task_takes_no_session_that_its_rules_do_not_allow(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        other = repository(tmp_path / "other")
        await world.report()
        assert (await world.adopt(task=TASK))["code"] == "work_item.unknown"
        await world.add_task(path=str(other))
        assert (await world.adopt(task="OTHE-1"))["code"] == "agent_session.other_repository"
        await world.add_task(merge="")
        refused = await world.adopt(task="OTHE-1")
        assert refused["code"] == "work_item.no_branch"
        asked = TasksAsked(REPOSITORY, str(other), (1,), {"builder": RECORDER}, "mission/main")
        with pytest.raises(Rejected, match="recorded from a person's session"):
            await world.house.held.command_bus.do(asked, "user:ann")
        [row] = (await world.get(f"{API}/agent-sessions"))["items"]
        assert row["run"] == ""

    tell(tmp_path, story)


def test_a_session_is_continued_by_an_agent_of_its_program_and_once_it_is_over(
    tmp_path: Path,
) -> None:
    async def story(world: World) -> None:
        await world.report()
        refused = await world.adopt(builder="coder")
        assert refused["code"] == "agent_session.at_work"
        assert "End it there" in refused["hint"]
        await world.report(end="ended")
        assert (await world.adopt(builder="coder"))["code"] == "agent.unknown"
        assert (await world.adopt(builder="command"))["code"] == "agent_session.other_program"
        refused = await world.adopt(instruction="Finish it.")
        assert refused["code"] == "agent_session.bad_input"
        (world.checkout / "codes.txt").write_text("TEN\n")
        declared = Declaration("coder", "claude", {"program": "/nowhere/claude"})
        await world.house.held.agents.declare(declared, "command", replace=False, actor="user:ann")
        await world.house.held.journal.durable()
        made = await world.adopt(builder="coder", instruction="Finish it.")
        run = await world.get(f"{API}/runs/{made['run']}")
        assert (run["author"], run["mission"]) == ("user:ann", made["mission"])
        state = world.house.held.journal.runs[made["run"]]
        given = state.inputs
        assert given["instruction"] == "Finish it."
        kept = world.house.held.artifacts
        assert b"+TEN" in kept.get(given["session"]["changes"])
        assert b"Added the codes." in kept.get(given["session"]["record"])
        step = state.steps["session"]
        assert (step.agent, step.risk) == ("coder", "write")
        assert "calls_model" in step.effects

    tell(tmp_path, story)


def test_no_session_is_reported_by_signing_in(tmp_path: Path) -> None:
    async def story(world: World) -> None:
        row = {
            "session": ID,
            "program": "claude",
            "machine": socket.gethostname(),
            "directory": "/",
            "started": 1.0,
            "last": 1.0,
        }
        answer = await world.post(f"{API}/asks/agent_session.report", rows=[row])
        assert answer.json()["code"] == "agent_session.not_here"
        assert not (await world.get(f"{API}/agent-sessions"))["items"]

    tell(tmp_path, story)


@pytest.mark.parametrize("is_adopted", [False, True])
def test_no_workflow_records_a_session_or_a_checkout_that_was_not_adopted(
    tmp_path: Path, is_adopted: bool
) -> None:
    async def story(world: World) -> None:
        await world.report()
        if is_adopted:  # Still, it works in another directory.
            await world.adopt()
        await world.report(end="ended")
        step = {
            "agent": "outside-session",
            "with": {"session": ID, "program": "claude", "directory": "/", "started": 1.0},
        }
        text = json.dumps({"name": "peek", "steps": {"peek": step}})
        held = world.house.held
        saved = await held.workflows.save(text, "peek.json", actor="user:bob")
        prepared = await held.runs.prepare("peek", saved.version, {})
        run = held.runs.begin(prepared, Origin("user:bob"))
        held.command_bus.adopt(run)
        await held.journal.durable()
        await world.house.console.present.catch_up()

        async def failed() -> Any:
            return (await world.get(f"{API}/runs/{run}"))["status"] == "failed"

        await until(failed)
        assert "adopted into no run" in json.dumps(await world.get(f"{API}/runs/{run}"))

    tell(tmp_path, story)
