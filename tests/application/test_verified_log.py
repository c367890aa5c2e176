"""Only heads that are stored outside of the data directory prove a log."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from missioncontrol.adapters.event_stores.sqlite import SqliteEventStore
from missioncontrol.adapters.heads_file import FileHeads
from missioncontrol.application import audit
from missioncontrol.application.audit import Verdict
from missioncontrol.application.journal import Journal
from missioncontrol.domain.run.commands import CreateRun
from missioncontrol.domain.step import Step
from missioncontrol.ports.log_heads import ExternalHeads, SignedHead
from tests.application.parts import StandingClock, run
from tests.attacks.forging import TRIGGERS_DROPPED, rechain

NOW = StandingClock().now()
LONG_AFTER = NOW + 10_000
EVENTS = 10


class Ground:
    """A log of ten events, each of them signed."""

    def __init__(self, root: Path, actor: str = "jo") -> None:
        self.path = root / "log.db"
        self.heads = FileHeads(root / "heads.jsonl", root / "key.pem")
        self.signed: list[SignedHead] = []
        store = SqliteEventStore(self.path, writable=True)
        journal = Journal(store, StandingClock())

        async def story() -> None:
            for number in range(EVENTS):
                create = CreateRun(f"run-{number}", "w", (Step("a", "hand"),), 1)
                journal.handle_run(f"run-{number}", create, actor=actor)
                await journal.commit()
                self.signed.append(self.heads.sign(await store.head(), NOW))

        run(story())
        store.close()

    def verify(
        self, elsewhere: list[SignedHead], *, own: list[SignedHead] | None = None, at: float = NOW
    ) -> Verdict:
        store = SqliteEventStore(self.path, writable=False)
        heads = ExternalHeads("'/vault/heads.jsonl'", elsewhere, at)
        with closing(store):
            own = self.heads.all() if own is None else own
            return run(audit.verify(store, own, elsewhere=heads))

    def cut(self, left: int) -> None:
        with closing(sqlite3.connect(self.path, isolation_level=None)) as log:
            log.executescript(TRIGGERS_DROPPED)
            log.execute("DELETE FROM events WHERE position > ?", (left,))


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    return Ground(tmp_path)


def test_a_head_elsewhere_that_covers_the_last_event_verifies_the_log(ground: Ground) -> None:
    verdict = ground.verify(ground.signed[-1:], at=LONG_AFTER)
    assert (verdict.state, verdict.proven) == ("verified", EVENTS)
    assert f"verified to position {EVENTS} by a head signed at" in verdict.summary
    assert "'/vault/heads.jsonl'" in verdict.summary


def test_events_of_the_last_minute_may_be_on_the_way(ground: Ground) -> None:
    verdict = ground.verify(ground.signed[:7], at=NOW + 30)
    assert (verdict.state, verdict.proven) == ("verified", 7)
    assert "the 3 events after it are less than 60 s old and unproven" in verdict.summary


@pytest.mark.parametrize("at", [NOW + 61, NOW - 61], ids=["old", "to come"])
def test_a_head_that_is_behind_by_more_than_a_minute_proves_too_little(
    ground: Ground, at: float
) -> None:
    verdict = ground.verify(ground.signed[:7], at=at)
    assert (verdict.state, verdict.proven) == ("unproven", 7)
    assert "covers it to position 7 only, and the 3 events after it" in verdict.summary


def test_an_empty_file_elsewhere_proves_nothing(ground: Ground) -> None:
    verdict = ground.verify([])
    assert (verdict.state, verdict.proven) == ("unproven", 0)
    assert "holds no head of it yet" in verdict.summary


def test_heads_in_the_data_directory_prove_nothing(ground: Ground) -> None:
    store = SqliteEventStore(ground.path, writable=False)
    with closing(store):
        inside = ExternalHeads("x", ground.signed, NOW, "It lies in the data directory.")
        verdict = run(audit.verify(store, ground.signed, elsewhere=inside))
    assert (verdict.state, verdict.proven) == ("unproven", 0)
    assert "It lies in the data directory." in verdict.summary


def test_a_log_and_its_heads_that_were_both_cut_at_a_head_are_found(ground: Ground) -> None:
    ground.cut(7)
    verdict = ground.verify(ground.signed, own=ground.signed[:7])
    assert (verdict.state, verdict.position) == ("broken", 8)
    assert "an older copy of log and heads was put back, or both were cut" in verdict.problem


def test_a_log_of_the_same_length_with_other_events_is_found(ground: Ground) -> None:
    rechain(ground.path)
    verdict = ground.verify(ground.signed, own=[])
    assert (verdict.state, verdict.position) == ("broken", EVENTS // 2 + 1)
    assert "stored in '/vault/heads.jsonl'" in verdict.problem


def test_a_rewritten_log_that_was_signed_again_with_the_key_is_found(ground: Ground) -> None:
    head = rechain(ground.path)
    again = ground.heads.sign(head, NOW)
    verdict = ground.verify(ground.signed, own=[again])
    assert verdict.state == "broken"
    assert "whatever the data directory's own heads say" in verdict.problem


@pytest.mark.parametrize("longer", [False, True])
def test_heads_of_another_log_are_named_as_such(
    ground: Ground, tmp_path: Path, *, longer: bool
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    theirs = Ground(other, "kim").signed
    if longer:
        theirs = theirs[-1:]
        ground.cut(5)
    verdict = ground.verify(theirs, own=ground.signed[:5])
    assert verdict.state == "broken"
    assert "it is of another log, or log and key were replaced" in verdict.problem


def test_deleted_heads_are_a_warning_and_the_log_is_verified_without_them(ground: Ground) -> None:
    verdict = ground.verify(ground.signed, own=[])
    assert verdict.state == "verified"
    assert "holds no signed heads" in verdict.warnings[0]
