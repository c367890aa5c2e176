"""Workflow files carried out by the real engine: people, time, money and shared keys."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from missioncontrol.domain.budget.scopes import Cap, Scope
from missioncontrol.domain.definition import inputs_of
from missioncontrol.domain.operation import SetRateLimit
from missioncontrol.domain.run.commands import CreateRun
from missioncontrol.domain.run.states import Failed, Run, Succeeded
from missioncontrol.domain.step import Amount
from missioncontrol.domain.work import Usage, Work
from missioncontrol.ports.agent import Assignment, AttemptFailed, Line
from missioncontrol.runtime.registry import Registered
from tests.application.play import CARDS, prepared
from tests.runtime.workshop import Hand, Perform, Workshop, run, workshop


class Hands:
    """Does every step at once, except where the test says otherwise; remembers what was done."""

    def __init__(self, **special: Callable[[Assignment, Line], Awaitable[Any]]) -> None:
        self.special = special
        self.begun: list[str] = []
        self.ended: list[str] = []
        self.most = 0

    async def perform(self, assignment: Assignment, line: Line) -> Work:
        self.begun.append(assignment.step)
        self.most = max(self.most, len(self.begun) - len(self.ended))
        try:
            name = assignment.step.rpartition("/")[2].partition("[")[0]
            special = self.special.get(name)
            output = await special(assignment, line) if special else assignment.inputs
            return output if isinstance(output, Work) else Work(output=output)
        finally:
            self.ended.append(assignment.step)


def agents(hands: Hands, concurrency: int = 1_000) -> list[Registered]:
    return [
        Registered(name, Hand(hands.perform), concurrency, card) for name, card in CARDS.items()
    ]


async def begin(
    shop: Workshop, steps: str, *saved: str, name: str = "run-1", head: str = "", **given: Any
) -> str:
    text = f"name: governed\n{head}\nsteps:\n{steps}"
    definition, made = prepared(text, saved)
    create = CreateRun(
        name,
        definition.name,
        made,
        definition.concurrency,
        definition.seconds_max,
        inputs_of(definition, given),
        version=1,
        author="alice",
        budget=definition.budget,
    )
    shop.execution.create(create, actor="alice")
    shop.engine.adopt(name)
    return name


async def rests(shop: Workshop, name: str = "run-1") -> Run:
    return await shop.engine.rested(name)


async def approve(shop: Workshop, key: str, name: str = "run-1") -> None:
    held = shop.journal.runs[name].held[key]
    await shop.approvals.approve(held.approval, actor="bob", reason="Good.")
    await shop.journal.durable()


async def until(holds: Callable[[], object]) -> None:
    """Wait until something holds, within the time of the test."""
    while not holds():  # noqa: ASYNC110 - nothing tells it
        await asyncio.sleep(0.002)


async def forever(_: Assignment, __: Line) -> Any:
    await asyncio.sleep(60)


async def breaks(_: Assignment, __: Line) -> Any:
    raise AttemptFailed("x", "It broke.")


def failure(ended: Run, key: str) -> str:
    state = ended.states[key]
    assert isinstance(state, Failed), state
    return state.failure.code


PUSH = "agent: hand, effects: [pushes]"


# Approvals.


def test_a_run_goes_on_as_soon_as_a_person_has_agreed(tmp_path: Path) -> None:
    async def story() -> None:
        hands = Hands()
        async with workshop(tmp_path, *agents(hands)) as shop:
            await begin(shop, f"  a: {{{PUSH}}}\n  b: {{agent: hand, needs: a}}")
            assert (await rests(shop)).status == "waiting"
            assert hands.begun == []
            await approve(shop, "a")
            assert (await shop.engine.settled("run-1")).outcome == "succeeded"
            assert hands.begun == ["a", "b"]

    run(story())


@pytest.mark.parametrize("answer", ["reject", "expire"])
def test_a_run_goes_on_without_the_step_after_a_no(tmp_path: Path, answer: str) -> None:
    expires = "1h" if answer == "reject" else "100ms"
    steps = f"""
  a: {{agent: maker, approval: {{from: [bob], expires: {expires}}}, on_failure: mend}}
  b: {{agent: hand, needs: a}}
  mend: {{agent: hand}}
"""

    async def story() -> None:
        hands = Hands()
        async with workshop(tmp_path, *agents(hands)) as shop:
            await begin(shop, steps)
            if answer == "reject":
                held = (await rests(shop)).held["a"]
                await shop.approvals.reject(held.approval, actor="bob", reason="No.")
            ended = await shop.engine.settled("run-1")
            assert hands.begun == ["mend"]
            assert failure(ended, "a") == f"approval.{answer}ed".replace("eed", "ed")
            assert ended.outcome == "failed"

    run(story())


def test_changed_inputs_run_after_another_person_agreed_to_them(tmp_path: Path) -> None:
    async def story() -> None:
        hands = Hands()
        async with workshop(tmp_path, *agents(hands)) as shop:
            await begin(shop, f"  a: {{{PUSH}, with: {{to: here}}}}")
            held = (await rests(shop)).held["a"]
            await shop.approvals.request_changes(
                held.approval, inputs={"to": "there"}, actor="carol", reason="Not there."
            )
            assert (await rests(shop)).held["a"].digest != held.digest
            await approve(shop, "a")
            ended = await shop.engine.settled("run-1")
            assert ended.states["a"] == Succeeded(Work(output={"to": "there"}))

    run(story())


def test_a_run_waits_across_engines_and_asks_nobody_twice(tmp_path: Path) -> None:
    async def story() -> None:
        hands = Hands()
        async with workshop(tmp_path, *agents(hands)) as shop:
            await begin(shop, f"  a: {{{PUSH}}}")
            before = (await rests(shop)).held["a"]
        async with workshop(tmp_path, *agents(hands)) as shop:
            assert shop.resumable == ["run-1"]
            shop.resume("run-1")
            assert (await rests(shop)).held["a"] == before
            await approve(shop, "a")
            assert (await shop.engine.settled("run-1")).outcome == "succeeded"

    run(story())


def test_an_answer_that_came_while_no_engine_carried_the_run_out_counts(tmp_path: Path) -> None:
    async def story() -> None:
        hands = Hands()
        async with workshop(tmp_path, *agents(hands)) as shop:
            await begin(shop, f"  a: {{{PUSH}}}")
            await rests(shop)
        async with workshop(tmp_path, *agents(hands)) as shop:
            await approve(shop, "a")
            assert hands.begun == []
            shop.resume("run-1")
            assert (await shop.engine.settled("run-1")).outcome == "succeeded"

    run(story())


@pytest.mark.parametrize("is_killed", [True, False])
def test_an_approved_attempt_that_its_engine_cut_short_is_asked_for_anew(
    tmp_path: Path, is_killed: bool
) -> None:
    async def story() -> None:
        hands = Hands(a=forever)
        async with workshop(tmp_path, *agents(hands)) as shop:
            await begin(shop, f"  a: {{{PUSH}}}")
            first = (await rests(shop)).held["a"].approval
            await approve(shop, "a")
            await until(lambda: hands.begun)
            if is_killed:
                shop.engine.drop(MemoryError("The process was killed."))
        hands = Hands()
        async with workshop(tmp_path, *agents(hands)) as shop:
            shop.resume("run-1")
            state = await rests(shop)
            assert state.held["a"].approval != first
            assert state.interruptions == ({"a": 1} if is_killed else {})
            assert hands.begun == []
            await approve(shop, "a")
            assert (await shop.engine.settled("run-1")).outcome == "succeeded"

    run(story())


def test_what_has_changed_since_it_was_approved_does_not_start(tmp_path: Path) -> None:
    async def story() -> None:
        hands = Hands(busy=forever)
        async with workshop(tmp_path, *agents(hands, concurrency=1)) as shop:
            await begin(shop, f"  busy: {{agent: hand}}\n  a: {{{PUSH}}}")
            await until(lambda: hands.begun)
            first = shop.journal.runs["run-1"].held["a"].approval
            await approve(shop, "a")  # It is ready, and its agent has no place.
            newer = msgspec.structs.replace(shop.cards["hand"], version="2")
            shop.cards["hand"] = newer
            shop.registry.add(Registered("hand", Hand(hands.perform), 2, newer))
            shop.engine._feed("run-1")
            await until(lambda: "a" in shop.journal.runs["run-1"].held)
            assert shop.journal.runs["run-1"].held["a"].approval != first
            assert hands.begun == ["busy"]
            await approve(shop, "a")
            await until(lambda: "a" in hands.ended)

    run(story())


# Limits of time.


async def silent(_: Assignment, __: Line) -> Any:
    await asyncio.sleep(60)


async def talks(_: Assignment, line: Line) -> Any:
    for _n in range(40):
        line.log("info", "Still here.")
        await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    ("limits", "how", "code"),
    [
        ("{run: 50ms}", silent, "step.timed_out"),
        ("{heartbeat: 50ms}", silent, "lease.expired"),
        ("{heartbeat: 600ms}", talks, ""),
        ("{total: 50ms}", silent, "step.total_timed_out"),
        ("{run: 10s, heartbeat: 10s, queue: 10s, total: 10s}", talks, ""),
    ],
)
def test_an_attempt_is_ended_by_the_limit_that_it_passes(
    tmp_path: Path, limits: str, how: Perform, code: str
) -> None:
    async def story() -> None:
        async with workshop(tmp_path, *agents(Hands(a=how))) as shop:
            await begin(shop, f"  a: {{agent: hand, timeout: {limits}}}")
            ended = await shop.engine.settled("run-1")
            assert (failure(ended, "a") if code else "") == code
            assert ended.outcome == ("failed" if code else "succeeded")

    run(story())


def test_the_limit_of_an_attempt_holds_for_each_and_the_total_for_all(tmp_path: Path) -> None:
    async def story() -> None:
        hands = Hands(a=silent)
        async with workshop(tmp_path, *agents(hands)) as shop:
            retry = "retry: {attempts: 50, wait: 1ms}, timeout: {run: 30ms, total: 600ms}"
            await begin(shop, f"  a: {{agent: hand, {retry}}}")
            ended = await shop.engine.settled("run-1")
            assert failure(ended, "a") == "step.total_timed_out"
            assert 2 <= len(hands.begun) <= 20

    run(story())


def test_what_waits_too_long_for_a_place_fails_while_every_place_is_taken(tmp_path: Path) -> None:
    steps = """
  busy: {agent: hand}
  a: {agent: hand, timeout: {queue: 50ms}}
"""

    async def story() -> None:
        async with workshop(tmp_path, *agents(Hands(busy=forever)), concurrency=1) as shop:
            await begin(shop, steps)
            await until(lambda: isinstance(shop.journal.runs["run-1"].states["a"], Failed))
            assert failure(shop.journal.runs["run-1"], "a") == "step.queue_timed_out"

    run(story())


def test_waiting_for_a_person_is_a_part_of_the_total_and_not_of_the_queue(tmp_path: Path) -> None:
    async def story() -> None:
        async with workshop(tmp_path, *agents(Hands())) as shop:
            await begin(shop, f"  a: {{{PUSH}, timeout: {{queue: 20ms, total: 1s}}}}")
            held = (await rests(shop)).held["a"]
            await asyncio.sleep(0.08)
            assert "a" in shop.journal.runs["run-1"].held
            ended = await shop.engine.settled("run-1")
            assert failure(ended, "a") == "step.total_timed_out"
            assert (await shop.approvals.get(held.approval)).is_final

    run(story())


SUB = """
name: sub
timeout: 100ms
steps:
  one: {agent: hand}
  two: {agent: hand, needs: one, if: always()}
"""


@pytest.mark.parametrize(
    ("call", "code"),
    [
        ("workflow: sub", "step.timed_out"),
        ("workflow: sub, timeout: 40ms", "step.timed_out"),
        ("workflow: sub, timeout: {run: 5s, total: 40ms}", "step.total_timed_out"),
        ("agent: hand, for_each: [1, 2], timeout: {total: 40ms}", "step.total_timed_out"),
        ("agent: hand, for_each: [1, 2], timeout: 40ms", "items.failed"),
    ],
)
def test_a_step_that_became_others_ends_with_all_of_them(
    tmp_path: Path, call: str, code: str
) -> None:
    steps = f"  call: {{{call}, on_failure: mend}}\n  mend: {{agent: hand}}"

    async def story() -> None:
        hands = Hands(one=silent, call=silent)
        async with workshop(tmp_path, *agents(hands)) as shop:
            await begin(shop, steps, SUB)
            ended = await shop.engine.settled("run-1")
            assert failure(ended, "call") == code
            assert hands.ended[-1] == "mend"
            assert "call/two" not in hands.begun

    run(story())


def test_every_round_of_a_call_has_its_time(tmp_path: Path) -> None:
    sub = SUB.replace("100ms", "600ms\noutputs: {n: '${{ steps.one.output }}'}")
    rounds = iter(range(4))

    async def slow(_: Assignment, __: Line) -> Any:
        await asyncio.sleep(0.18)
        return next(rounds)

    async def story() -> None:
        async with workshop(tmp_path, *agents(Hands(one=slow))) as shop:
            steps = "  call: {workflow: sub, repeat: {until: output.n == 3, times: 5}}"
            await begin(shop, steps, sub)
            assert (await shop.engine.settled("run-1")).outcome == "succeeded"

    run(story())


def test_the_total_goes_on_while_no_engine_does(tmp_path: Path) -> None:
    async def story() -> None:
        steps = f"  a: {{{PUSH}, timeout: {{total: 1s}}}}"
        async with workshop(tmp_path, *agents(Hands())) as shop:
            await begin(shop, steps)
            await rests(shop)
        await asyncio.sleep(1.0)
        async with workshop(tmp_path, *agents(Hands())) as shop:
            shop.resume("run-1")
            ended = await shop.engine.settled("run-1")
            assert failure(ended, "a") == "step.total_timed_out"

    run(story())


# Places that are shared.


async def short(_: Assignment, __: Line) -> Any:
    await asyncio.sleep(0.01)


@pytest.mark.parametrize("limit", [1, 2])
def test_a_key_is_shared_by_all_runs(tmp_path: Path, limit: int) -> None:
    key = f"{{key: 'deploy-${{{{ inputs.env }}}}', limit: {limit}}}"
    steps = f"  a: {{agent: hand, for_each: [1, 2, 3], concurrency: {key}}}"

    async def story() -> None:
        hands = Hands(a=short)
        async with workshop(tmp_path, *agents(hands)) as shop:
            for name in ("run-1", "run-2"):
                await begin(shop, steps, name=name, head="inputs: {env: {}}", env="live")
            for name in ("run-1", "run-2"):
                assert (await shop.engine.settled(name)).outcome == "succeeded"
            assert len(hands.ended) == 6
            assert hands.most == limit

    run(story())


def test_other_keys_keep_nobody_waiting(tmp_path: Path) -> None:
    steps = "  a: {agent: hand, concurrency: {key: 'deploy-${{ inputs.env }}', limit: 1}}"

    async def story() -> None:
        hands = Hands(a=forever)
        async with workshop(tmp_path, *agents(hands)) as shop:
            for name in ("run-1", "run-2"):
                await begin(shop, steps, name=name, head="inputs: {env: {}}", env=name)
            await until(lambda: hands.most == 2)

    run(story())


def test_items_and_calls_for_items_keep_to_their_number(tmp_path: Path) -> None:
    steps = """
  a: {agent: hand, for_each: [1, 2, 3, 4, 5, 6], concurrency: 2}
  call: {workflow: sub, needs: a, for_each: [1, 2, 3, 4, 5], concurrency: 3}
"""

    async def story() -> None:
        hands = Hands(a=short, one=short)
        async with workshop(tmp_path, *agents(hands)) as shop:
            await begin(shop, steps, SUB.replace("100ms", "5s"))
            assert (await shop.engine.settled("run-1")).outcome == "succeeded"
            first = [key for key in hands.begun if key.startswith("a[")]
            assert len(first) == 6
            assert hands.most == 3

    run(story())


# Money.


def test_a_halted_run_goes_on_when_its_cap_was_raised(tmp_path: Path) -> None:
    async def story() -> None:
        hands = Hands()
        async with workshop(tmp_path, *agents(hands)) as shop:
            await begin(shop, "  a: {agent: thinker}", head="budget: {tokens: 500}")
            state = await rests(shop)
            assert state.status == "halted"
            assert hands.begun == []
            cap = Cap(Scope("run", "run-1"), "total", Amount(tokens=1_000))
            shop.budgets.set_cap(cap, actor="carol", reason="It is worth it.")
            shop.resume("run-1")
            assert (await shop.engine.settled("run-1")).outcome == "succeeded"

    run(story())


def test_an_attempt_that_passes_its_cap_is_cut_and_its_run_is_halted(tmp_path: Path) -> None:
    async def spends(_: Assignment, line: Line) -> Any:
        for _n in range(50):
            line.usage(Usage(input_tokens=300))
            await asyncio.sleep(0)

    async def story() -> None:
        hands = Hands(a=spends)
        async with workshop(tmp_path, *agents(hands)) as shop:
            await begin(shop, "  a: {agent: thinker, retry: 3}", head="budget: {tokens: 3000}")
            halted = await rests(shop)
            assert halted.halt is not None
            assert halted.halt.code == "budget.exceeded"
            advice = "`mission budget set run run-1 --tokens +3000 --reason TEXT` would"
            assert advice in halted.halt.reason
            assert hands.begun == ["a"]
            assert 3_000 < halted.usage.tokens <= 3_600

    run(story())


def test_a_fork_charges_only_what_is_done_anew(tmp_path: Path) -> None:
    async def spends(_: Assignment, line: Line) -> Any:
        line.usage(Usage(input_tokens=300))

    async def story() -> None:
        hands = Hands(a=spends, b=spends)
        async with workshop(tmp_path, *agents(hands)) as shop:
            steps = "  a: {agent: thinker}\n  b: {agent: thinker, needs: a}"
            await begin(shop, steps, head="inputs: {x: {type: any, default: 1}}")
            assert (await shop.engine.settled("run-1")).usage.tokens == 600
            again = await shop.repeats.fork("run-1", "b", {"x": 2}, actor="alice")
            shop.engine.adopt(again)
            ended = await shop.engine.settled(again)
            assert ended.usage.tokens == 300
            assert hands.begun == ["a", "b", "b"]

    run(story())


# What can go wrong.


def test_a_fault_in_one_run_leaves_the_others_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        async with workshop(tmp_path, *agents(Hands())) as shop:

            def broken(*_: Any, **__: Any) -> Any:
                raise ZeroDivisionError("by zero")

            monkeypatch.setattr(shop.execution.governance.scopes, "value", broken)
            await begin(shop, "  a: {agent: hand, if: run.id != ''}")
            await begin(shop, "  a: {agent: hand}", name="run-2")
            assert failure(await shop.engine.settled("run-1"), "a") == "step.broken"
            assert (await shop.engine.settled("run-2")).outcome == "succeeded"

    run(story())


def test_a_cancel_reaches_everything_that_a_step_became(tmp_path: Path) -> None:
    steps = f"  call: {{workflow: sub, for_each: [1, 2]}}\n  push: {{{PUSH}}}"

    async def story() -> None:
        hands = Hands(one=silent)
        async with workshop(tmp_path, *agents(hands)) as shop:
            await begin(shop, steps, SUB.replace("100ms", "5s"))
            await until(lambda: len(hands.begun) == 2)
            shop.engine.cancel("run-1", "Enough.", actor="carol")
            ended = await shop.engine.settled("run-1")
            assert {type(state).__name__ for state in ended.states.values()} == {"Cancelled"}
            assert sorted(hands.ended) == ["call[0]/one", "call[1]/one"]
            assert shop.approvals.pending() == []

    run(story())


def test_the_whole_run_has_a_limit_as_well(tmp_path: Path) -> None:
    async def story() -> None:
        async with workshop(tmp_path, *agents(Hands(one=silent))) as shop:
            await begin(
                shop, "  call: {workflow: sub}", SUB.replace("100ms", "5s"), head="timeout: 60ms"
            )
            ended = await shop.engine.settled("run-1")
            assert ended.outcome == "failed"
            assert "0.06 s" in (ended.cancel_reason or "")

    run(story())


def test_the_workspace_keeps_to_its_rate_whichever_agents_work(tmp_path: Path) -> None:
    async def story() -> None:
        hands = Hands()
        async with workshop(tmp_path, *agents(hands)) as shop:
            limit = SetRateLimit("workspace", "", 2, 1.0, "Slowly.")
            shop.operations.limit(limit, actor="carol")
            steps = "\n".join(
                f"  s{n}: {{agent: {agent}}}" for n, agent in enumerate(CARDS) if agent != "picky"
            )
            await begin(shop, steps)
            await asyncio.sleep(0.1)
            assert len(hands.begun) == 2
            assert (await shop.engine.settled("run-1")).outcome == "succeeded"

    run(story())
