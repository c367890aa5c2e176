"""What the console tells of runs is what their logs say, in random worlds with crashes."""

import asyncio
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import pytest

from missioncontrol.adapters.artifact_stores.memory import MemoryArtifactStore
from missioncontrol.adapters.output_stores.memory import MemoryOutputStore
from missioncontrol.adapters.read_tables.memory import MemoryReadTables
from missioncontrol.application import replays
from missioncontrol.application.journal import fold_run
from missioncontrol.application.queries import replay, run_comparison, runs, steps
from missioncontrol.application.read_model import Present
from missioncontrol.application.views import run_view, state_name, view_of
from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.domain.step import is_own
from missioncontrol.ports.read_tables import RunChoice
from missioncontrol.testing.simulation.world import World

SEEDS = range(6)


class Tables(MemoryReadTables):
    """Rows in memory that are always as new as can be."""

    def refresh(self) -> None:
        """See `FreshTables.refresh`."""


def lived(seed: int) -> tuple[Present, list[Any]]:
    """Return the record of a world that was lived to its end, and its log."""
    world = World(seed)
    world.live()
    present = Present(world.disk, Tables(), MemoryOutputStore(), MemoryArtifactStore())
    return present, world.log()


def runs_in(log: list[Any]) -> list[str]:
    return sorted({row.stream for row in log if row.stream.startswith("run-")})


@pytest.mark.parametrize("seed", SEEDS)
def test_any_moment_is_what_the_log_alone_says_whatever_was_looked_at_before(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replays, "EVENTS_PER_COPY", 7)
    monkeypatch.setattr(replays, "STEPS_AT_HAND_MAX", 400)
    chance = Random(seed)

    async def look() -> None:
        present, log = lived_here
        await present.catch_up()
        names = runs_in(log)
        for _ in range(60):
            name = chance.choice(names)
            positions = [row.position for row in log if row.stream == name]
            at = chance.randint(positions[0], positions[-1])
            snapshot = await run_view(present.store, name, at=at)
            state = await present.replays.at(name, at)
            assert view_of(state) == {key: snapshot[key] for key in view_of(state)}
            moment = await replay.replay_moment(present, name, at)
            assert moment.position == snapshot["position"]
            assert moment.states == {each["step"]: each["state"] for each in snapshot["steps"]}
            assert moment.status == snapshot["status"]
            with pytest.raises(NotFound):
                await present.replays.at(name, positions[0] - 1)
            with pytest.raises(Rejected, match="begins at position"):
                await replay.replay_moment(present, name, positions[0] - 1)

    lived_here = lived(seed)
    asyncio.run(look())


@pytest.mark.parametrize("seed", SEEDS)
def test_lists_counts_and_attempts_are_those_of_the_log(seed: int) -> None:
    async def look() -> None:
        present, log = lived_here
        await present.catch_up()
        states = {name: (await fold_run(present.store, name))[0] for name in runs_in(log)}
        found = runs.list_runs(present, RunChoice(), limit=200)
        assert [item.id for item in found] == sorted(states, reverse=True)
        for item in found:
            state = states[item.id]
            assert item.status in (state.status, "queued" if state.held else state.status)
            own = [each for key, each in state.states.items() if is_own(key)]
            assert item.steps == len(own)
            assert item.succeeded == sum(state_name(each) == "succeeded" for each in own)
            assert item.cost == state.bill.cost
        assert runs.run_counts(present)["all"] == len(states)
        for name, state in states.items():
            await tell_the_same(present, log, name, state)

    async def tell_the_same(present: Present, log: list[Any], name: str, state: Any) -> None:
        mine = [row for row in log if row.stream == name]
        detail = await runs.run_detail(present, name)
        assert (detail.revision, detail.position) == (len(mine), mine[-1].position)
        assert detail.states == Counter(map(state_name, state.states.values()))
        assert detail.verdict
        events = await replay.run_events(present, name, limit=100_000)
        assert [(each.position, each.type) for each in events] == [
            (row.position, row.type) for row in mine
        ]
        items = await steps.list_steps(present, name, steps.StepChoice(), limit=100_000)
        assert {item.step for item in items} == set(state.steps)
        starts = Counter(row.data["step"] for row in mine if row.type == "step_started")
        for item in items:
            step = await steps.step_detail(present, name, item.step)
            assert len(step.attempts) == starts[item.step]
            assert (item.ended is None) == (step.ended is None)
            if step.state in ("failed", "blocked", "skipped", "cancelled"):
                assert step.causes, step
            if step.state in ("failed", "blocked") and state.is_settled:
                assert any(each.verb for each in step.next)
        graph = await runs.run_graph(present, name)
        assert {node.key for node in graph.nodes} == set(state.steps)
        costs = await runs.run_costs(present, name)
        assert sum(line.usage.cost for line in costs.by_agent) == costs.total.cost
        assert sum(line.usage.cost for line in costs.by_model) == costs.total.cost
        both = await run_comparison.compared(present, name, name)
        assert run_comparison.compared_steps(both, only_different=True, limit=10) == []

    lived_here = lived(seed)
    asyncio.run(look())


def test_rows_that_are_not_stored_yet_are_chosen_and_counted_too(tmp_path: Path) -> None:
    del tmp_path

    async def look() -> None:
        present, _ = lived_here
        await present.catch_up()
        whole = runs.list_runs(present, RunChoice(), limit=200)
        statuses = runs.run_counts(present)
        present.tables.save(  # an older state of half of them
            0,
            [
                row
                for place, item in enumerate(whole)
                if place % 2 and (row := present.board.run(item.id)) is not None
            ],
            [],
        )
        for status in sorted({item.status for item in whole}):
            chosen = runs.list_runs(present, RunChoice(statuses=(status,)), limit=3)
            assert chosen == [item for item in whole if item.status == status][:3]
        assert runs.run_counts(present) == statuses
        second = runs.list_runs(present, RunChoice(), before=whole[2].id, limit=2)
        assert second == whole[3:5]

    lived_here = lived(3)
    asyncio.run(look())
