"""Random workflows run to a legal end, the same that a second reading of the rules comes to."""

import asyncio
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from missioncontrol.adapters.workflow_files.reader import read_all
from missioncontrol.domain.definition import Definition, compiled, inputs_of
from missioncontrol.domain.run.commands import CreateRun
from missioncontrol.domain.run.states import Run, Succeeded
from missioncontrol.domain.work import NO_USAGE, Usage, Work
from missioncontrol.ports.agent import Assignment, AttemptFailed, Line
from missioncontrol.runtime.registry import Registered
from tests.application.play import CARDS
from tests.runtime.random_workflows import Family, deed, random_family
from tests.runtime.workflow_oracle import Oracle
from tests.runtime.workshop import Hand, Workshop, workshop

ENDS = ("step_succeeded", "step_failed", "step_skipped", "step_cancelled")
MANY = ("steps_blocked", "steps_cancelled")


def agent() -> Registered:
    """Return an agent that does at once what `deed` says."""

    async def perform(assignment: Assignment, line: Line) -> Work:
        made = deed(assignment.key, assignment.attempt)
        if made.tokens:
            line.usage(Usage(input_tokens=made.tokens), model=f"m{made.tokens % 2}")
        if made.fails:
            raise AttemptFailed("drawn.bad", "It was drawn so.", retryable=not made.is_final)
        return Work(output=made.output)

    return Registered("hand", Hand(perform), card=CARDS["hand"])


def created(family: Family, name: str) -> CreateRun:
    """Return the command that begins a run of the topmost workflow."""
    library: dict[tuple[str, int | None], Definition] = {}
    for text in family.texts:
        definition, _, found = read_all(text, "random.json")
        assert not found, found
        library[definition.name, None] = definition
    steps = compiled(definition, cards=CARDS, library=lambda n, v: library.get((n, v)))
    return CreateRun(
        name, "top", steps, definition.concurrency, inputs=inputs_of(definition, {}), author="alice"
    )


Drawn = tuple[int, int]
"""How many steps a workflow has, and what it is drawn by."""


async def carried_out(drawn: Sequence[Drawn], root: Path) -> None:
    """Carry runs out side by side, and compare each with what the oracle says."""
    families = {
        f"run-{n}": random_family(Random(seed), size) for n, (size, seed) in enumerate(drawn)
    }
    async with workshop(root, agent()) as shop:
        for name, family in families.items():
            shop.execution.create(created(family, name), actor="alice")
            shop.engine.adopt(name)
        for name, family in families.items():
            check(family, await shop.engine.settled(name), await stored(shop, name))


async def stored(shop: Workshop, name: str) -> list[Any]:
    rows: list[Any] = []
    while more := await shop.store.read_stream(name, after=len(rows), limit=5_000):
        rows.extend(more)
    return rows


def settled_in(rows: list[Any]) -> list[str]:
    """Return every step that the log settles, as often as it does."""
    found: list[str] = []
    for row in rows:
        if row.type in ENDS:
            found.append(row.data["step"])
        elif row.type in MANY:
            found.extend(row.data["steps"])
    return found


def check_order(ended: Run, rows: list[Any]) -> None:
    """Check that nothing began before all that it needs had ended."""
    over: set[str] = set()
    for row in rows:
        if row.type == "step_started":
            assert over.issuperset(ended.steps[row.data["step"]].needs)
        over.update(settled_in([row]))


def check(family: Family, ended: Run, rows: list[Any]) -> None:
    """Compare a run with what the oracle says."""
    oracle = Oracle(family, ended.id)
    assert {k: type(s).__name__.lower() for k, s in ended.states.items()} == oracle.ends
    assert ended.outcome == oracle.outcome
    outputs = {k: s.work.output for k, s in ended.states.items() if isinstance(s, Succeeded)}
    assert outputs == oracle.outputs
    settled = settled_in(rows)
    assert sorted(settled) == sorted(oracle.ends)
    begun = Counter(row.data["step"] for row in rows if row.type == "step_started")
    assert begun == oracle.attempts
    assert [row.type for row in rows].count("run_settled") == 1
    check_order(ended, rows)
    assert ended.usage.tokens == oracle.tokens
    for sums in (ended.usage_by_step, ended.usage_by_agent, ended.usage_by_model):
        assert sum(sums.values(), NO_USAGE) == ended.usage


def carry_out(*drawn: Drawn) -> None:
    with tempfile.TemporaryDirectory() as root:
        asyncio.run(carried_out(drawn, Path(root)))


@given(st.lists(st.tuples(st.integers(1, 40), st.integers(0, 2**32 - 1)), min_size=4, max_size=12))
@settings(max_examples=6, deadline=None, derandomize=True)
def test_random_workflows_end_as_the_tables_say(drawn: list[Drawn]) -> None:
    carry_out(*drawn)


@pytest.mark.parametrize("seed", range(4))
def test_random_workflows_of_hundreds_of_steps_do_too(seed: int) -> None:
    carry_out((300, seed), (30, seed + 100))


@pytest.mark.journey
@pytest.mark.parametrize("seed", [7, 9])
def test_a_random_workflow_of_two_thousand_steps_does_too(seed: int) -> None:
    carry_out((2_000, seed))
