"""What people decide and what it does to the run are one commit, however they race."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from missioncontrol.adapters.event_stores.sqlite import SqliteEventStore
from missioncontrol.application.approvals import APPROVAL, Approvals, Decision, Spoken
from missioncontrol.application.journal import Journal, fold
from missioncontrol.domain.approval.events import ApprovalExpired
from missioncontrol.domain.approval.states import Approval, Deferred
from missioncontrol.domain.canonical import digest
from missioncontrol.domain.envelope import Recorded
from missioncontrol.domain.errors import Corrupt, NotFound, Rejected
from missioncontrol.domain.register import decode
from missioncontrol.domain.run.commands import CreateRun, HoldStep, ReleaseStep
from missioncontrol.domain.run.states import Run
from missioncontrol.domain.secrets import Scrubber
from missioncontrol.domain.step import ApprovalRule, Escalation, Step
from missioncontrol.projections.approvals import ApprovalRow, apply, is_open, state_at
from tests.application.parts import NOW, CountingIds, StandingClock, run

SUBJECT: dict[str, Any] = {
    "workflow": "release-check",
    "title": "Publish the tag",
    "risk": "irreversible",
    "inputs": {"argv": ["git", "push", "origin", "v1.2.3"]},
}
DAY = 86_400.0


class House:
    """Runs and approvals over a log on disk, committed when a test says so."""

    def __init__(self, path: Path, *secrets: str) -> None:
        self.clock = StandingClock()
        self.ids = CountingIds()
        self.store = SqliteEventStore(path / "log.db", writable=True)
        self.secrets = secrets
        self.reopen()

    def reopen(self) -> None:
        """Begin with nothing in memory, as an engine that starts does."""
        scrub = Scrubber(self.secrets).bytes if self.secrets else None
        self.journal = Journal(self.store, self.clock, scrub=scrub)
        self.approvals = Approvals(self.journal, self.ids, os_user="root")
        self.approvals.decided = self.take
        self.told: list[Decision] = []

    def take(self, decision: Decision) -> None:
        self.told.append(decision)
        if decision.outcome == "approved":
            release = ReleaseStep(decision.step, decision.approval, decision.digest)
            self.journal.handle_run(decision.run, release)

    def hold(self, rule: ApprovalRule, subject: dict[str, Any] = SUBJECT) -> str:
        """Create a run whose only step waits for an approval; return the approval."""
        name = self.ids.new("run")
        step = Step("publish", "hand", approval=rule)
        self.journal.handle_run(name, CreateRun(name, "release-check", (step,), 1))
        approval, seen = self.approvals.request(name, "publish", subject, rule, author="user:alice")
        self.journal.handle_run(name, HoldStep("publish", approval, seen))
        return approval

    async def types(self, stream: str) -> list[str]:
        return [event.type for event in await self.store.read_stream(stream)]

    async def row(self, approval: str) -> ApprovalRow:
        row: ApprovalRow | None = None
        for event in await self.store.read_stream(approval):
            known: Any = decode(event.type, event.schema, event.body)
            row = apply(row, known, event.time / 1_000_000)
        assert row is not None
        return row


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


ONE = ApprovalRule()
TWO = ApprovalRule(("bob", "carol", "dave"), 2)
SAY = "Checked it."


def test_what_is_asked_is_bound_to_its_digest_and_belongs_to_its_run(house: House) -> None:
    async def story() -> None:
        approval, seen = house.approvals.request("run-9", "a", SUBJECT, ONE, author="user:alice")
        await house.journal.commit()
        (event,) = await house.store.read_stream(approval)
        assert seen == digest(SUBJECT) == event.data["digest"]
        assert (event.type, event.actor, event.on_behalf, event.correlation) == (
            "approval_requested",
            "engine",
            "user:alice",
            "run-9",
        )

    run(story())


def test_an_approval_and_what_it_sets_free_are_one_commit(house: House) -> None:
    async def story() -> None:
        approval = house.hold(ONE)
        await house.journal.commit()
        before = (await house.store.head()).position
        await house.approvals.approve(approval, actor="user:bob", reason=SAY)
        assert (await house.store.head()).position == before
        entries = await house.journal.commit()
        kinds = [type(entry.event).__name__ for entry in entries]
        assert kinds == ["ApprovalGiven", "ApprovalGranted", "StepReleased"]
        rows = await house.store.read(after=before)
        assert [(row.actor, row.correlation) for row in rows[:2]] == [("user:bob", "run-1")] * 2
        (event,) = house.told
        assert (event.outcome, event.actor, event.reason) == ("approved", "user:bob", "Checked it.")

    run(story())


def test_two_people_at_the_same_moment_yield_one_grant(house: House) -> None:
    async def story() -> None:
        approval = house.hold(ONE)
        await house.journal.commit()
        house.reopen()  # Both have to read it from the log first.
        answers = await asyncio.gather(
            *(
                house.approvals.approve(approval, actor=name, reason=SAY)
                for name in ("bob", "carol")
            ),
            return_exceptions=True,
        )
        await house.journal.commit()
        (refused,) = [answer for answer in answers if isinstance(answer, Rejected)]
        assert refused.code == "approval.decided"
        assert "by 'bob'" in refused.reason
        assert (await house.types(approval)).count("approval_granted") == 1
        assert len(house.told) == 1

    run(story())


class PausingStore(SqliteEventStore):
    """Runs all other tasks before it reads."""

    async def read_stream(
        self, stream: str, *, after: int = 0, limit: int = 1000
    ) -> list[Recorded]:
        await asyncio.sleep(0)
        return await super().read_stream(stream, after=after, limit=limit)


@pytest.mark.parametrize("late", [False, True])
def test_a_word_at_the_moment_of_its_end_yields_one_answer(tmp_path: Path, late: bool) -> None:
    async def story() -> None:
        house = House(tmp_path)
        asked = [house.hold(ApprovalRule(expires_seconds=60.0)) for _ in range(5)]
        await house.journal.commit()
        house.store.close()
        house.store = PausingStore(tmp_path / "log.db", writable=True)
        house.reopen()
        await house.approvals.open(asked)
        # The engine's timer is ahead of the clock by which people are judged, or both are late.
        house.clock.time = NOW + (61.0 if late else 59.0)
        speaking = [house.approvals.reject(name, actor="bob", reason="No.") for name in asked]
        timers = [house.approvals.expire(NOW + 61.0) for _ in range(2)]
        await asyncio.gather(*speaking, *timers, return_exceptions=True)
        await house.journal.commit()
        outcome = "expired" if late else "rejected"
        assert [decision.outcome for decision in house.told] == [outcome] * 5
        for name in asked:
            assert await house.types(name) == ["approval_requested", f"approval_{outcome}"]
        house.store.close()

    run(story())


@pytest.mark.parametrize("count", [1, 3, 7])
def test_a_crowd_yields_as_many_voices_as_are_asked_for(house: House, count: int) -> None:
    async def story() -> None:
        approval = house.hold(ApprovalRule(count=count))
        crowd = [f"user:p{number % 20}" for number in range(60)]
        await asyncio.gather(
            *(house.approvals.approve(approval, actor=name, reason=SAY) for name in crowd),
            house.approvals.reject(approval, actor="user:alice", reason=SAY),
            return_exceptions=True,
        )
        await house.journal.commit()
        types = await house.types(approval)
        assert types == ["approval_requested", *["approval_given"] * count, "approval_granted"]
        assert [decision.outcome for decision in house.told] == ["approved"]

    run(story())


def test_a_late_yes_is_refused_and_the_end_is_recorded_once(house: House) -> None:
    async def story() -> None:
        approval = house.hold(ApprovalRule(expires_seconds=60.0))
        house.clock.time = NOW + 60.0
        for _ in range(2):
            with pytest.raises(Rejected) as no:
                await house.approvals.approve(approval, actor="user:bob", reason=SAY)
            assert no.value.code == "approval.expired"
        await house.journal.commit()
        assert await house.types(approval) == ["approval_requested", "approval_expired"]
        last = (await house.store.read_stream(approval))[-1]
        assert last.actor == "engine"  # The late caller did not end it.
        assert [decision.outcome for decision in house.told] == ["expired"]
        assert house.told[0].actor == "engine"

    run(story())


def test_it_waits_for_weeks_across_restarts_and_ends_on_time(house: House) -> None:
    async def story() -> None:
        approval = house.hold(ApprovalRule(expires_seconds=30 * DAY))
        await house.journal.commit()
        for days in (7, 14, 29):
            house.clock.time = NOW + days * DAY
            house.reopen()
            assert house.approvals.next_due() is None
            await house.approvals.open([approval])
            assert house.approvals.next_due() == NOW + 30 * DAY
            assert await house.approvals.expire(house.clock.time) == []
        house.clock.time = NOW + 30 * DAY
        assert await house.approvals.expire(house.clock.time) == [approval]
        assert house.approvals.next_due() is None
        assert house.told[0].outcome == "expired"
        assert "run-1" in house.journal.runs  # It was read before any listener was called.

    run(story())


def test_time_brings_back_then_escalates_then_ends(house: House) -> None:
    async def story() -> None:
        rule = ApprovalRule(("bob",), 1, 1_000.0, Escalation(100.0, ("lead",)))
        approval = house.hold(rule)
        assert house.approvals.next_due() == NOW + 100.0
        await house.approvals.defer(
            approval, until=NOW + 300.0, actor="user:bob", reason="After lunch."
        )
        assert house.approvals.next_due() == NOW + 300.0
        for seconds, state in ((299.0, "deferred"), (300.0, "waiting"), (1_000.0, "expired")):
            house.clock.time = NOW + seconds
            await house.approvals.expire(house.clock.time)
            await house.journal.commit()
            assert (await house.row(approval)).state == state
        assert await house.types(approval) == [
            "approval_requested",
            "approval_deferred",
            "deferral_ended",
            "approval_escalated",
            "approval_expired",
        ]

    run(story())


def test_a_timer_that_is_ahead_of_the_clock_changes_nothing(house: House) -> None:
    async def story() -> None:
        house.hold(ApprovalRule(expires_seconds=60.0))
        assert await house.approvals.expire(NOW + 61.0) == []
        assert house.approvals.next_due() == NOW + 60.0

    run(story())


def test_everything_due_at_once_is_ended_each_once(house: House) -> None:
    async def story() -> None:
        asked = [
            house.hold(ApprovalRule(expires_seconds=60.0 + number % 7)) for number in range(90)
        ]
        house.clock.time = NOW + 63.0
        ended = await house.approvals.expire(house.clock.time)
        assert len(ended) == 90 * 4 // 7 + 1
        await house.journal.commit()
        assert {state.id for state in house.approvals.pending()} == set(asked) - set(ended)
        house.clock.time = NOW + 70.0
        assert set(await house.approvals.expire(house.clock.time)) == set(asked) - set(ended)
        assert len(house.told) == 90

    run(story())


def test_two_of_three_with_a_delegate_and_an_escalation(house: House) -> None:
    async def story() -> None:
        rule = ApprovalRule(("bob", "carol"), 2, DAY, Escalation(100.0, ("lead",)))
        approval = house.hold(rule)
        await house.approvals.delegate(approval, to="erin", actor="user:bob", reason="On leave.")
        state = await house.approvals.approve(approval, actor="user:erin", reason=SAY)
        assert [given.by for given in state.agreed] == ["user:erin"]
        house.clock.time = NOW + 100.0
        await house.approvals.expire(house.clock.time)
        with pytest.raises(Rejected) as no:
            await house.approvals.approve(approval, actor="user:bob", reason=SAY)
        assert no.value.code == "approval.delegated"
        state = await house.approvals.approve(approval, actor="user:lead", reason=SAY)
        assert state.is_final
        await house.journal.commit()
        row = await house.row(approval)
        assert (row.state, row.given, row.needed, row.by) == ("approved", 2, 2, "user:lead")
        assert row.approvers == ("erin", "carol", "lead")

    run(story())


def test_changes_are_told_with_their_inputs_and_end_this_approval(house: House) -> None:
    async def story() -> None:
        approval = house.hold(ONE)
        inputs = {"argv": ["git", "push", "--dry-run"]}
        await house.approvals.request_changes(
            approval, inputs=inputs, actor="user:bob", reason="Try it first."
        )
        (event,) = house.told
        assert (event.outcome, event.inputs, event.actor) == ("changed", inputs, "user:bob")
        with pytest.raises(Rejected) as no:
            await house.approvals.approve(approval, actor="user:carol", reason=SAY)
        assert no.value.code == "approval.decided"

    run(story())


def test_a_row_says_how_it_ended_and_who_spoke_last(house: House) -> None:
    async def story() -> None:
        service, inputs = house.approvals, {"argv": ["true"]}
        ended = {name: house.hold(ONE) for name in ("changed", "withdrawn", "rejected")}
        await service.request_changes(ended["changed"], inputs=inputs, actor="bob", reason="No.")
        await service.withdraw(ended["withdrawn"], actor="user:alice", reason="Never mind.")
        await service.reject(ended["rejected"], actor="bob", reason="No.")
        await house.journal.commit()
        rows = {name: await house.row(approval) for name, approval in ended.items()}
        assert {name: row.state for name, row in rows.items()} == {name: name for name in rows}
        assert (rows["withdrawn"].by, rows["withdrawn"].reason) == ("user:alice", "Never mind.")
        assert [row.decided for row in rows.values()] == [NOW] * 3
        assert not any(is_open(row) for row in rows.values())
        with pytest.raises(Corrupt):
            apply(None, ApprovalExpired(NOW), NOW)

    run(story())


def test_an_answer_to_what_was_not_shown_is_refused(house: House) -> None:
    async def story() -> None:
        approval = house.hold(ONE)
        with pytest.raises(Rejected) as no:
            await house.approvals.approve(approval, actor="bob", digest=digest({}), reason=SAY)
        assert no.value.code == "approval.changed"
        assert house.told == []

    run(story())


def test_what_is_dropped_with_its_run_has_no_answer_to_give(house: House) -> None:
    async def story() -> None:
        approval = house.hold(ONE)
        house.approvals.drop(approval, "The run was cancelled.")
        house.approvals.drop(approval, "The run was cancelled.")
        house.approvals.drop("approval-404", "Never asked.")
        await house.journal.commit()
        assert await house.types(approval) == ["approval_requested", "approval_withdrawn"]
        assert [decision.outcome for decision in house.told] == ["withdrawn"]
        assert house.approvals.pending() == []
        with pytest.raises(Rejected, match="withdrawn by 'engine'"):
            await house.approvals.approve(approval, actor="bob", reason=SAY)

    run(story())


def test_whoever_listens_may_drop_what_was_just_decided(house: House) -> None:
    async def story() -> None:
        approval = house.hold(ONE)
        house.approvals.decided = lambda event: house.approvals.drop(event.approval, "It is over.")
        await house.approvals.reject(approval, actor="bob", reason="No.")
        await house.journal.commit()
        assert await house.types(approval) == ["approval_requested", "approval_rejected"]

    run(story())


def test_nothing_is_kept_in_memory_of_what_has_its_answer(house: House) -> None:
    async def story() -> None:
        approval = house.hold(ONE)
        await house.approvals.approve(approval, actor="bob", reason=SAY)
        await house.journal.commit()
        state = await house.approvals.get(approval)
        assert state.is_final
        for _ in range(2):
            await house.approvals.expire(NOW)
            assert approval not in house.journal.others
            with pytest.raises(Rejected):
                await house.approvals.approve(approval, actor="carol", reason=SAY)

    run(story())


def test_an_answer_that_a_run_may_have_missed_is_told_again_when_it_is_taken_up(
    house: House,
) -> None:
    async def story() -> None:
        approval = house.hold(ONE)
        house.approvals.decided = lambda _: None
        await house.approvals.reject(approval, actor="bob", reason="No.")
        await house.journal.commit()
        house.reopen()
        await house.approvals.open([approval])
        assert [decision.outcome for decision in house.told] == ["rejected"]
        assert house.approvals.pending() == []

    run(story())


@pytest.mark.parametrize("name", ["approval-404", "run-1", ""])
def test_what_is_no_approval_is_unknown(house: House, name: str) -> None:
    async def story() -> None:
        house.hold(ONE)
        await house.journal.commit()
        with pytest.raises(NotFound) as no:
            await house.approvals.approve(name, actor="bob", reason=SAY)
        assert no.value.code == "approval.unknown"

    run(story())


def test_what_is_said_elsewhere_travels_as_it_was_said(house: House) -> None:
    async def story() -> None:
        approval = house.hold(TWO)
        words = [
            Spoken("defer", approval, "user:bob", "Later.", until=NOW + 60.0),
            Spoken("delegate", approval, "user:bob", "You do it.", to="erin"),
            Spoken("approve", approval, "user:erin", "Fine.", digest(SUBJECT)),
            Spoken("request-changes", approval, "user:carol", "No.", inputs={"argv": ["true"]}),
        ]
        for spoken in words:
            sent = msgspec.json.decode(msgspec.json.encode(spoken), type=Spoken)
            await house.approvals.take(sent)
        await house.journal.commit()
        events = await house.store.read_stream(approval)
        assert [event.type for event in events[1:]] == [
            "approval_deferred",
            "approval_delegated",
            "approval_given",
            "changes_requested",
        ]
        assert events[3].data == {
            "by": "user:erin",
            "reason": "Fine.",
            "signed_in": "claimed",
            "os_user": "root",
        }
        withdrawn = house.hold(ONE)
        await house.approvals.take(Spoken("withdraw", withdrawn, "user:alice", "Never mind."))
        rejected = house.hold(ONE)
        await house.approvals.take(Spoken("reject", rejected, "user:bob", "No."))
        assert [verdict.outcome for verdict in house.told] == ["changed", "withdrawn", "rejected"]

    run(story())


@pytest.mark.parametrize(
    ("actor", "found"),
    [("user:erin", ("claimed", "root")), ("user:root", ("os", "")), ("user:Root", ("os", ""))],
)
def test_how_far_a_name_is_known_is_found_out_here_whatever_a_client_says(
    house: House, actor: str, found: tuple[str, str]
) -> None:
    async def story() -> None:
        approval = house.hold(ONE)
        command = {"verb": "approve", "approval": approval, "actor": actor, "reason": "Fine."}
        lies = {"signed_in": "os" if actor == "user:erin" else "claimed", "os_user": "erin"}
        await house.approvals.take(msgspec.convert({**command, **lies}, Spoken))
        await house.journal.commit()
        given = (await house.store.read_stream(approval))[1].data
        assert (given["signed_in"], given.get("os_user", "")) == found

    run(story())


def test_a_secret_is_not_kept_and_the_digest_is_still_of_what_runs(tmp_path: Path) -> None:
    async def story() -> None:
        house = House(tmp_path, "hunter2hunter2")
        subject = {"inputs": {"argv": ["deploy", "--token", "hunter2hunter2"]}}
        approval = house.hold(ONE, subject)
        await house.approvals.approve(approval, actor="bob", reason="Fine.", digest=digest(subject))
        await house.journal.commit()
        stored = b"".join(row.body for row in await house.store.read())
        assert b"hunter2" not in stored
        assert [decision.digest for decision in house.told] == [digest(subject)]

    run(story())


def test_the_log_alone_says_what_memory_says(house: House) -> None:
    async def story() -> None:
        approval = house.hold(TWO)
        await house.approvals.approve(approval, actor="bob", reason=SAY)
        await house.approvals.defer(approval, until=NOW + 5.0, actor="carol", reason="Later.")
        await house.journal.commit()
        (known,) = house.approvals.pending("run-1")
        folded, _ = await fold(house.store, APPROVAL, approval)
        assert folded == known
        assert isinstance(known, Approval)
        assert known.standing == Deferred(NOW + 5.0)
        row = await house.row(approval)
        assert (row.state, row.given, is_open(row)) == ("deferred", 1, True)
        assert (row.workflow, row.title, row.risk) == (
            "release-check",
            "Publish the tag",
            "irreversible",
        )
        assert state_at(row, NOW + 5.0) == "waiting"
        assert state_at(row, NOW + 7 * DAY) == "expired"
        assert house.approvals.pending("run-2") == []

    run(story())


def test_a_released_run_may_start_what_was_approved(house: House) -> None:
    async def story() -> None:
        approval = house.hold(ONE)
        state: Run = house.journal.runs["run-1"]
        assert "publish" in state.held
        await house.approvals.approve(approval, actor="bob", reason=SAY)
        assert "publish" not in state.held

    run(story())
