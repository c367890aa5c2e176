"""The line to an engine passes every kind of refusal to the other side unchanged."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from missioncontrol.application.authority import NotPermitted
from missioncontrol.domain.errors import (
    KINDS,
    Conflict,
    Corrupt,
    MissionControlError,
    NotFound,
    Rejected,
    Unavailable,
)
from missioncontrol.domain.principal import Asking
from missioncontrol.interfaces.control import Answer, Ask, ControlServer, ask_engine, refusal


@pytest.mark.parametrize("kind", [*KINDS.values(), NotPermitted])
@pytest.mark.parametrize("code", ["run.unknown", "permission.odd", "log.full", "a.b"])
def test_a_refusal_is_raised_again_as_it_was(
    kind: type[MissionControlError], code: str, tmp_path: Path
) -> None:
    async def perform(
        pid: int, verb: str, given: Any, actor: str, asking: Asking | None, bearer: str
    ) -> Any:
        raise kind(code, "The reason.", hint="The hint.")

    async def ask() -> MissionControlError:
        server = ControlServer(perform)
        await server.open(tmp_path / "engine.sock")
        asked = Ask(server.token, "Verb", {}, "user:ann")
        answer = await asyncio.to_thread(ask_engine, str(tmp_path / "engine.sock"), asked)
        await server.close()
        return refusal(answer)

    error = asyncio.run(ask())
    assert type(error) is kind
    assert (error.code, error.reason, error.hint) == (code, "The reason.", "The hint.")


def test_what_broke_off_may_succeed_later_and_what_names_no_kind_is_a_mistake() -> None:
    assert isinstance(refusal(Answer("x.y", "", "It says no more.")), Rejected)
    assert {Conflict, Corrupt, NotFound, Rejected, Unavailable} == set(KINDS.values())
