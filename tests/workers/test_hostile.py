"""What a worker can't do that speaks the language and does not mean well."""

import asyncio
import hashlib
from pathlib import Path

import msgspec
import pytest

from missioncontrol.domain.agent import AgentCard
from missioncontrol.domain.run.states import Failed, Succeeded
from missioncontrol.domain.work import ArtifactRef, Usage, Work
from missioncontrol.ports.agent import Action
from missioncontrol.ports.wire import Done, LogMessage, Used
from missioncontrol.ports.workers import (
    LINE_MAX,
    QUESTIONS_OPEN_MAX,
    Held,
    Lease,
    Numbered,
    Offer,
    Question,
    ReportReceipt,
)
from tests.workers.test_server import WHO, Hand, play
from tests.workers.together import hand, place

pytestmark = pytest.mark.journey  # Whole homes on a disk that others use too.
SHED = msgspec.structs.replace(WHO, name="shed", offers=(Offer(AgentCard("shears")),))


@pytest.mark.parametrize(
    "change",
    [
        {"offers": (Offer(AgentCard("../../log")),)},
        {"offers": (Offer(AgentCard("")),)},
        {"offers": (Offer(AgentCard("hand", effects=("a_miracle",))),)},
        {"offers": (Offer(AgentCard("hand", description="d" * 2_000_000)),)},
        {"location": "x" * 201},
    ],
)
def test_a_bad_offer_is_refused_whole_and_keeps_nobody_else_out(
    tmp_path: Path, change: dict[str, object]
) -> None:
    async def story() -> None:
        async with place(tmp_path) as there:
            box, shed = Hand(there), Hand(there, "shed")
            status, reply = await box.ask("register", msgspec.structs.replace(WHO, **change))
            assert (status, reply["code"]) == (400, "worker.bad_offer")
            assert (await shed.ask("register", SHED))[0] == 200
            assert [each.name for each in there.held.remote_workers.hub.seen()] == ["shed"]
            assert (await box.ask("register", WHO))[0] == 200

    play(story())


def test_questions_without_end_are_asked_a_few_at_a_time(tmp_path: Path) -> None:
    asked = tuple(
        Question(n, 0, Action("question", f"Number {n}?", {}))
        for n in range(1, 3 * QUESTIONS_OPEN_MAX)
    )

    async def story() -> None:
        async with place(tmp_path) as there:
            box = Hand(there)
            await box.ask("register", WHO)
            await there.begin(hand("a"))
            held = Held((await box.given()).lease, 0, asked)
            await box.poll(held)
            await box.poll(held)
            names = [each for each in there.held.journal.others if each.startswith("question-")]
            assert len(names) == QUESTIONS_OPEN_MAX

    play(story())


def test_no_file_is_looked_at_because_a_worker_names_its_path(tmp_path: Path) -> None:
    content = b"steel"
    good = hashlib.sha256(content).hexdigest()

    async def story() -> None:
        async with place(tmp_path) as there:
            box = Hand(there)
            await box.ask("register", WHO)
            begun = await there.begin(hand("a"))
            lease = (await box.given()).lease
            assert (await box.put(lease, good, content))[0] == 200  # So its folder is there.
            work = Work(artifacts=(ArtifactRef("a", "../../log.db", 1, "text/plain"),))
            assert (await box.say(lease, Numbered(1, Done(work)))).is_over
            failed = (await there.held.engine.settled(begun)).states["a"]
            assert isinstance(failed, Failed)
            assert failed.failure.code == "worker.bad_artifact"

    play(story())


def test_a_line_of_any_length_is_cut(tmp_path: Path) -> None:
    async def story() -> None:
        async with place(tmp_path) as there:
            box = Hand(there)
            await box.ask("register", WHO)
            lengths: list[int] = []
            there.held.output.listeners.append(lambda line: lengths.append(len(line.message)))
            await there.begin(hand("a"))
            lease = (await box.given()).lease
            await box.say(lease, Numbered(1, LogMessage("info", "x" * 2 * LINE_MAX)))
            assert lengths == [LINE_MAX]

    play(story())


def test_nobody_charges_or_claims_an_attempt_that_never_was_at_his_worker(tmp_path: Path) -> None:
    late = (Numbered(1, Used(Usage(7, cost=9)), 1), Numbered(2, Done(Work(output="mine"))))

    async def story() -> None:
        async with place(tmp_path) as there:
            box, shed = Hand(there), Hand(there, "shed")
            await box.ask("register", WHO)
            await shed.ask("register", SHED)
            begun = await there.begin(hand("a", attempts=2))
            lost = (await box.given()).lease
            await box.poll(Held(lost))
            await box.poll()
            await box.poll()  # It has forgotten the attempt, and the step is tried again.
            while (second := (await box.given()).lease) == lost:
                pass
            before = await there.types()
            assert await shed.say(lost, *late) == ReportReceipt(2, is_over=True, is_lost=True)
            assert await shed.say(Lease("run-1", "b", 1), *late) == ReportReceipt(
                2, is_over=True, is_lost=True
            )
            assert await there.types() == before
            for _ in range(3):
                await box.say(lost, *late)
            types = await there.types()
            assert types.count("usage_reported") == 1
            assert types.count("report_refused") - before.count("report_refused") == 2
            assert (await box.say(second, Numbered(1, Done(Work(output="ours"))))).is_over
            done = (await there.held.engine.settled(begun)).states["a"]
            assert done == Succeeded(Work(output="ours"))

    play(story())


def test_time_counts_for_a_step_from_when_a_worker_has_a_place_for_it(tmp_path: Path) -> None:
    async def story() -> None:
        async with place(tmp_path) as there:
            box = Hand(there)
            await box.ask("register", WHO)
            hasty = hand("b", seconds_max=0.3, heartbeat_seconds_max=0.3)
            begun = await there.begin(hand("a"), hasty)
            orders = await box.poll(room=1)
            while not orders.give:
                orders = await box.poll(room=1)
            first = orders.give[0].lease
            await asyncio.sleep(0.7)
            assert (await box.say(first, Numbered(1, Done(Work())))).is_over
            if first.step == "a":
                assert (await box.poll(room=0)).give == ()
                second = (await box.given()).lease
                assert (await box.say(second, Numbered(1, Done(Work())))).is_over
            assert (await there.held.engine.settled(begun)).status == "succeeded"

    play(story())
