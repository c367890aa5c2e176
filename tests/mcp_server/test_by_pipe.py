"""A client that starts `mission mcp` itself: missions, approvals, and what is refused."""

import asyncio
import base64
import hashlib
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from mcp import MCPError
from mcp_types import BlobResourceContents, TextResourceContents

from tests.agents.repositories import git, repository
from tests.cli.command import ARGV, GOAL, answer, end_all, environment, mission
from tests.mcp_server.house import (
    ALICE,
    GREETING,
    RELEASE,
    Mode,
    Person,
    by_pipe,
    refused,
    saved,
    told,
    up,
    waiting,
)
from tests.some import some
from tests.workers.house import Talker, until

pytestmark = pytest.mark.journey

BOB = {"MISSION_ACTOR": "bob"}


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "home"
    end_all()


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    return repository(tmp_path / "tiny", {"tiny/__init__.py": "def add(a, b): return a + b\n"})


def test_a_mission_is_begun_followed_and_read(home: Path, tiny: Path) -> None:
    saved(home, GREETING)
    up(home)
    seen: list[tuple[float, str | None]] = []

    async def on_progress(progress: float, total: float | None, message: str | None) -> None:
        del total
        seen.append((progress, message))

    async def scene() -> None:
        async with by_pipe(home, is_real_start=True) as client:
            begun = await told(client, "begin_mission", goal=GOAL, repository=str(tiny))
            run, mission_id = begun["run"], begun["mission"]
            over: dict[str, Any] = {}
            while over.get("because") != "ended":
                asked = {"run": run, "seconds_max": 30}
                found = await client.call_tool("follow_run", asked, progress_callback=on_progress)
                assert found.structured_content is not None
                over = found.structured_content
            assert (over["status"], over["steps_done"]) == ("succeeded", over["steps"])
            (listed,) = (await told(client, "list_missions", text="subtract"))["items"]
            assert listed["id"] == mission_id
            plan = await told(client, "show_plan", mission=mission_id)
            assert plan["is_accepted"]
            report = await told(client, "read_report", mission=mission_id)
            assert "subtract" in report["text"]
            address = f"mission://missions/{mission_id}/report/0"
            (content,) = (await client.read_resource(address)).contents
            assert isinstance(content, TextResourceContents)
            assert content.text.startswith(report["text"][:200])
            pack = await told(client, "execution_pack", mission=mission_id)
            assert "tiny" in pack["text"]
            document = await told(client, "read_document", mission=mission_id, kind="prd")
            assert "subtract" in document["text"]
            files = (await told(client, "list_artifacts", run=run, step="plan"))["items"]
            digest = next(each["digest"] for each in files if each["name"] == "plan.json")
            artifact = await told(client, "read_artifact", digest=digest)
            assert artifact["text"].startswith("{")
            (stored,) = (await client.read_resource(f"mission://artifacts/{digest}/0")).contents
            assert isinstance(stored, BlobResourceContents)
            assert hashlib.sha256(base64.b64decode(stored.blob)).hexdigest() == digest
            shown = await told(client, "show_run", run=run)
            assert shown["run"]["status"] == "succeeded"
            assert shown["waits"] == {"approvals": [], "questions": []}
            hits = (await told(client, "search", words="subtract"))["hits"]
            assert mission_id in [each["id"] for each in hits]

    asyncio.run(scene())
    assert [done for done, _ in seen] == sorted({done for done, _ in seen})
    assert seen[-1][1] is not None
    assert seen[-1][1].startswith("Succeeded")


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_a_person_at_the_client_agrees_to_exactly_what_they_read(
    home: Path, tmp_path: Path, mode: Mode
) -> None:
    saved(home, RELEASE)
    up(home)
    approval = waiting(home, tmp_path / "place")
    bob = Person(agree=True, reason="Bob has read it.")

    async def scene() -> dict[str, Any]:
        async with by_pipe(home, mode, env=BOB, elicitation_callback=bob) as client:
            shown = await told(client, "show_approval", approval=approval)
            answered = await told(client, "approve", approval=approval)
            assert (answered["told"], answered["state"]) == (True, "approved")
            assert answered["digest"] == shown["digest"]
            again = await refused(client, "approve", approval=approval)
            assert "(approval.settled)" in again
            return shown

    shown = asyncio.run(scene())
    (read,) = bob.read
    assert f"SHA-256 {shown['digest']}" in read
    assert f'"{tmp_path}/place/shipped"' in read
    until((tmp_path / "place/shipped").exists, "what was agreed to")
    record = answer(home, "approvals", "show", approval)
    assert record["given"] == ["user:bob"]
    assert "Bob has read it." in [each["data"].get("reason") for each in record["events"]]


def test_nobody_but_a_person_who_may_decides(home: Path, tmp_path: Path) -> None:
    saved(home, RELEASE)
    up(home)
    approval = waiting(home, tmp_path / "place")
    silent, hasty = Person(), Person(agree=True, reason="Fine.")

    async def scene() -> None:
        async with by_pipe(home, env=BOB) as client:  # It has no person to ask.
            words = await refused(client, "approve", approval=approval)
            assert f"mission approvals show {approval}" in words
            assert "(mcp.no_elicitation)" in words
        async with by_pipe(home, env=BOB, elicitation_callback=silent) as client:
            left = await told(client, "approve", approval=approval)
            assert (left["told"], left["state"]) == (False, "waiting")
        async with by_pipe(home, env=ALICE, elicitation_callback=hasty) as client:
            for tool in ("approve", "reject"):
                assert "(approval.by_author)" in await refused(client, tool, approval=approval)
        at_work = {"MISSION_ATTEMPT": "1", "MISSION_RUN": "", "MISSION_STEP": ""}
        async with by_pipe(home, env=at_work, elicitation_callback=hasty) as client:
            for tool in ("approve", "reject"):
                assert "(approval.by_agent)" in await refused(client, tool, approval=approval)

    asyncio.run(scene())
    assert (len(silent.read), len(hasty.read)) == (1, 0)
    assert [each["id"] for each in answer(home, "approvals", "list")] == [approval]


def test_a_no_is_final(home: Path, tmp_path: Path) -> None:
    saved(home, RELEASE)
    up(home)
    approval = waiting(home, tmp_path / "place")
    bob = Person(refuse=True, reason="Not today.")

    async def scene() -> None:
        async with by_pipe(home, env=BOB, elicitation_callback=bob) as client:
            assert (await told(client, "reject", approval=approval))["state"] == "rejected"
            run = (await told(client, "list_runs"))["items"][0]["id"]
            over = await told(client, "follow_run", run=run)
            assert (over["because"], over["status"]) == ("ended", "failed")

    asyncio.run(scene())
    assert not (tmp_path / "place/shipped").exists()


def test_a_server_that_is_killed_leaves_its_run_to_the_engine(home: Path, tiny: Path) -> None:
    saved(home, GREETING)
    up(home)
    begun: dict[str, Any] = {}

    async def scene() -> None:
        async with by_pipe(home, is_real_start=True) as client:
            begun.update(await told(client, "begin_mission", goal=GOAL, repository=str(tiny)))
            children = psutil.Process().children()
            alive = (each for each in children if each.status() != psutil.STATUS_ZOMBIE)
            (server,) = (each for each in alive if each.cmdline()[-1:] == ["mcp"])
            server.kill()
            server.wait(30)

    with suppress(MCPError):  # Its client may notice while it takes its leave.
        asyncio.run(scene())
    until(lambda: answer(home, "runs")[0]["status"] == "succeeded", "the end of the run")
    assert answer(home, "runs")[0]["id"] == begun["run"]


@pytest.mark.parametrize("mode", some(["auto", "legacy"], 0))
def test_who_follows_no_more_ends_nothing_and_who_ends_a_run_ends_it(
    home: Path, mode: Mode
) -> None:
    saved(home, "name: nap\nsteps: {nap: {agent: command, with: {argv: [sleep, '300']}}}\n")
    up(home)
    run = answer(home, "workflow", "run", "nap")["run"]

    async def scene() -> None:
        async with by_pipe(home, mode) as client:
            over = await told(client, "follow_run", run=run, seconds_max=1)
            assert over["because"] == "the time is over"
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(client.call_tool("follow_run", {"run": run}), 1)
            standing = await told(client, "run_status", run=run)
            assert standing["status"] in ("queued", "running")
            await told(client, "cancel_run", run=run, reason="Not needed.")
            over = await told(client, "follow_run", run=run)
            assert (over["because"], over["status"]) == ("ended", "cancelled")
            again = await refused(client, "cancel_run", run=run, reason="Once more.")
            assert "(run.settled)" in again

    asyncio.run(scene())


def test_what_is_refused_is_a_sentence_with_its_code(home: Path, tiny: Path) -> None:
    saved(home, GREETING)

    async def scene() -> None:
        async with by_pipe(home) as client:
            words = await refused(client, "begin_mission", goal=GOAL, repository=str(tiny))
            assert "`mission up` starts one. (console.no_engine)" in words
            assert "(run.unknown)" in await refused(client, "run_status", run="run-none")
            assert "(approval.unknown)" in await refused(client, "approve", approval="none")
            with pytest.raises(MCPError, match=r"\(run\.unknown\)"):
                await client.read_resource("mission://runs/run-none")
            assert "goal" in await refused(client, "begin_mission")

    asyncio.run(scene())


def test_an_agent_at_work_begins_runs_for_its_person_and_changes_nothing_else(
    home: Path, tiny: Path
) -> None:
    saved(home, GREETING)
    up(home)
    at_work = {"MISSION_ATTEMPT": "1", "MISSION_RUN": "", "MISSION_STEP": ""}

    async def scene() -> str:
        async with by_pipe(home, env=at_work) as client:
            begun = await told(client, "plan_mission", goal=GOAL, repository=str(tiny))
            shown = await told(client, "show_run", run=begun["run"])
            assert shown["run"]["author"] == "agent:unknown"
            return str(shown["run"]["on_behalf"])

    assert asyncio.run(scene()).startswith("user:")


def test_a_change_is_held_against_the_rules_of_its_repository(home: Path, tmp_path: Path) -> None:
    saved(home, GREETING)
    root = repository(tmp_path / "r", {"src/auth/login.py": "def login(user): return user\n"})
    (root / "src/auth/login.py").write_text("def login(user, code): return user\n")
    git(root, "add", "-A")

    async def scene() -> None:
        async with by_pipe(home) as client:
            staged = await told(client, "guard", repository=str(root))
            assert staged["is_refused"]
            assert "src/auth/login.py" in [each["path"] for each in staged["verdict"]["findings"]]
            git(root, "commit", "-qm", "Ask for a code")
            assert not (await told(client, "guard", repository=str(root)))["is_refused"]
            verdict = await told(client, "guard", repository=str(root), commits="HEAD~1..HEAD")
            assert verdict["is_refused"]
            assert "(" in await refused(client, "guard", repository=str(tmp_path / "none"))

    asyncio.run(scene())


def test_without_a_home_or_the_package_it_says_what_to_do(home: Path) -> None:
    empty = mission(home, "mcp")
    assert empty.returncode == 2
    assert b"Nothing is recorded" in empty.stderr
    program = "import sys; sys.modules['mcp'] = None; from missioncontrol.cli.main import main; "
    done = subprocess.run(
        [sys.executable, "-c", f"{program}sys.exit(main(['mcp']))"],
        env=environment(home),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    assert b'pip install "missioncontrol[agents]"' in done.stderr
    assert done.stderr.count(b"\n") == 1


def test_it_speaks_for_a_server_elsewhere_as_whose_token_it_has(home: Path, tiny: Path) -> None:
    saved(home, GREETING)
    engine = Talker(["env", "MISSION_CONSOLE=on", *ARGV, "up", "--port", "0"], home)
    url = engine.until(r"console is at (http://[\d.:]+);")[1]
    made = mission(home, "token", "new", "mcp", "--scope", "read", "--scope", "operate")
    there = {"MISSION_SERVER": url, "MISSION_TOKEN": made.stdout.decode().strip()}

    async def scene() -> None:
        async with by_pipe(home, env=there) as far, by_pipe(home) as near:
            begun = await told(far, "plan_mission", goal=GOAL, repository=str(tiny))
            over = await told(near, "follow_run", run=begun["run"])
            assert over["status"] == "succeeded"
            assert await told(far, "run_status", run=begun["run"]) == {
                name: over[name] for name in over if name != "because"
            }

    asyncio.run(scene())
    bare = mission(home, "mcp", "--server", url)
    assert bare.returncode == 2
    assert b"There is no token" in bare.stderr
    both = mission(home, "mcp", "--server", url, "--http", "0", env=there)
    assert b"works on a directory of this machine" in both.stderr
