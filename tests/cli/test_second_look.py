"""A person who is alone approves their own run after a second look, as they are advised."""

import asyncio
import json
from pathlib import Path

import pytest

from missioncontrol.app.container import holding
from missioncontrol.app.settings import Settings
from tests.cli.command import answer, mission

WORKFLOW = """
name: ship
steps:
  ship: {agent: command, risk: irreversible, with: {argv: ['true']}}
"""


async def approve_later(home: Path, approval: str, typed: str) -> None:
    """Approve as the command would, an hour later."""
    async with holding(Settings(home), {}) as held:
        now = held.journal.clock.now() + 3_600.0
        held.journal.clock.now = lambda: now  # type: ignore[method-assign]
        actor = f"user:{held.approvals.os_user}"
        body = {"verb": "approve", "approval": approval, "reason": "Looked twice.", "actor": actor}
        await held.command_bus.perform("Spoken", {**body, "typed": typed}, actor)


@pytest.mark.journey
def test_the_advice_that_a_person_alone_is_given_works(tmp_path: Path) -> None:
    home, file = tmp_path / "home", tmp_path / "ship.yaml"
    file.write_text(WORKFLOW)
    assert mission(home, "workflow", "save", str(file)).returncode == 0
    run = json.loads(mission(home, "workflow", "run", "ship", "--json").stdout.splitlines()[-1])
    assert run
    (waiting,) = answer(home, "approvals", "list")
    approve = ("approvals", "approve", waiting["id"], "--reason", "Mine.")
    alone = mission(home, *approve)
    assert b"`mission user second-look 10m`" in alone.stderr
    assert b"`mission user invite NAME`" in alone.stderr
    result = mission(home, "user", "second-look", "10m")
    assert result.returncode == 0, result.stderr
    assert b"until a second person may approve" in result.stdout
    early = mission(home, *approve)
    assert b"as a second look" in early.stderr
    asyncio.run(approve_later(home, waiting["id"], waiting["digest"][:8]))
    shown = mission(home, "approvals", "show", waiting["id"]).stdout
    assert b"agreed to their own run, alone, after a second look" in shown


def test_the_second_look_ends_when_a_teammate_may_approve(tmp_path: Path) -> None:
    assert mission(tmp_path, "user", "second-look", "10m").returncode == 0
    assert mission(tmp_path, "user", "add", "bob", "--role", "approver").returncode == 0
    again = mission(tmp_path, "user", "second-look", "1h")
    assert b"bob may approve here" in again.stderr
    short = mission(tmp_path, "user", "second-look", "5s")
    assert short.returncode == 2
    assert mission(tmp_path, "user", "second-look", "off").returncode == 0
    inside = mission(tmp_path, "user", "second-look", "10m", env={"MISSION_ATTEMPT": "1"})
    assert b"agent at work" in inside.stderr
