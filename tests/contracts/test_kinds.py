"""Kinds of agents: our own, those of packages, and packages that are broken."""

from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from missioncontrol.adapters.agents.kinds import OURS, Kinds
from missioncontrol.domain.agent import AgentCard
from missioncontrol.domain.declaration import Declaration, card_of
from missioncontrol.domain.errors import Rejected
from missioncontrol.ports.agent_kind import Proof

DECLARED = Declaration("theirs", "pigeon")


class Pigeon:
    """An adapter that a package might bring."""

    name = "pigeon"

    def card(self, declared: Declaration) -> AgentCard:
        return card_of(declared)

    def make(self, declared: Declaration, workshop: Any) -> Any:
        raise NotImplementedError

    async def prove(self, declared: Declaration, workshop: Any, *, round_trip: bool) -> Proof:
        return Proof()


def several() -> Iterator[Declaration]:
    yield Declaration("one", "pigeon")
    yield Declaration("two", "pigeon")


def raising() -> Iterator[Declaration]:
    raise RuntimeError("no feathers")


class Heavy(Pigeon):
    def __init__(self) -> None:
        raise OSError("too heavy to fly")


def strange() -> list[Any]:
    return [Declaration("three", "pigeon"), "four"]


class Nameless(Pigeon):
    name = None  # type: ignore[assignment]


class Moody(Pigeon):
    def card(self, declared: Declaration) -> AgentCard:
        raise KeyError("mood")


def kinds(**offered: str) -> Kinds:
    here = "tests.contracts.test_kinds"
    points = [EntryPoint(n, f"{here}:{a}", "missioncontrol.agents") for n, a in offered.items()]
    return Kinds(lambda: iter(points))


@pytest.mark.parametrize("name", OURS)
def test_every_kind_of_ours_is_there_and_knows_its_name(name: str) -> None:
    kind = kinds()[name]
    assert kind.name == name
    assert all(hasattr(kind, promise) for promise in ("card", "make", "prove"))


def test_a_package_brings_a_kind_and_agents_of_it() -> None:
    found = kinds(pigeon="Pigeon", flock="several", one_more="DECLARED")
    assert found["pigeon"].name == "pigeon"
    assert [each.name for each in found.declared()] == ["one", "two", "theirs"]
    assert found.card(DECLARED).name == "theirs"
    assert found.broken == {}


def test_a_broken_package_is_named_and_ends_nobody_else() -> None:
    found = kinds(gone="Nothing", bad="raising", heavy="Heavy", flock="several", odd="strange")
    found.offered["nameless"] = Nameless
    assert [each.name for each in found.declared()] == ["one", "two"]
    assert list(found) == list(OURS)
    assert set(found.broken) == {"gone", "bad", "heavy", "odd", "nameless"}
    assert found.broken["bad"] == "RuntimeError: no feathers"
    assert found.broken["odd"] == "TypeError: It returns 'four', which is not a Declaration."


def test_an_adapter_that_breaks_over_a_declaration_is_named() -> None:
    with pytest.raises(Rejected, match="'pigeon', raised KeyError: 'mood'") as refused:
        kinds(moody="Moody").card(DECLARED)
    assert refused.value.code == "agent.broken_kind"


def test_an_unknown_kind_names_those_that_are_known() -> None:
    with pytest.raises(Rejected) as refused:
        kinds().card(Declaration("x", "codecs"))
    assert refused.value.code == "agent.unknown_kind"
    assert "codex" in refused.value.hint


def test_an_installed_package_is_found_where_it_lies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = tmp_path / "flock-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: flock\nVersion: 1.0\n")
    group = "[missioncontrol.agents]\nflock = tests.contracts.test_kinds:several\n"
    (info / "entry_points.txt").write_text(group)
    assert list(Kinds().declared()) == []
    monkeypatch.syspath_prepend(tmp_path)
    assert [each.name for each in Kinds().declared()] == ["one", "two"]
