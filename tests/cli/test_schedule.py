"""`mission schedule`: what it takes, what it prints and what it refuses."""

import argparse
import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
import pytest

from missioncontrol.adapters.artifact_stores.memory import MemoryArtifactStore
from missioncontrol.adapters.calendar import CronCalendar
from missioncontrol.adapters.output_stores.memory import MemoryOutputStore
from missioncontrol.adapters.read_tables.memory import MemoryReadTables
from missioncontrol.application import due
from missioncontrol.application.queries.schedules import ScheduleView, schedules
from missioncontrol.application.read_model import Present
from missioncontrol.application.reader import Reader
from missioncontrol.cli import declarations
from missioncontrol.cli import schedule as cli_schedule
from missioncontrol.cli.arguments import parser
from missioncontrol.cli.schedule import given_by, schedule
from missioncontrol.cli.text import moment
from missioncontrol.documents.schedule_words import DAYLIGHT
from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.domain.principal import PERMISSIONS, Principal
from missioncontrol.domain.schedule.events import Policy
from tests.application.scheduling import Home, hour

BERLIN = ["--workflow", "audit", "--cron", "30 2 * * *", "--timezone", "Europe/Berlin"]


def parsed(*words: str) -> argparse.Namespace:
    return parser().parse_args(["schedule", *words])


class Desk:
    """A desk of a home in memory, with the log as the only source of what it shows."""

    line = None

    def __init__(self) -> None:
        self.home = Home()
        self.actor = "user:alice"
        self.calendar = CronCalendar()
        self.moment: float | None = None
        self.present = Present(
            self.home.store, MemoryReadTables(), MemoryOutputStore(), MemoryArtifactStore()
        )

    @property
    def now(self) -> float:
        return self.home.clock.time if self.moment is None else self.moment

    @property
    def reader(self) -> Reader:
        return Reader(self, Principal(self.actor, ("admin",), PERMISSIONS, "os", ""))

    def rows(self) -> list[ScheduleView]:
        async def rows() -> list[ScheduleView]:
            await self.present.catch_up()
            return schedules(self.present, self.calendar, self.now, removed=True)

        return asyncio.run(rows())

    def execute(self, operation: Any, target: str, given: Mapping[str, Any]) -> Any:
        command = operation.build(target, given)
        office: Any = argparse.Namespace(schedules=self.home.schedules)

        async def work() -> Any:
            answer = await operation.handle(office, command, self.actor)
            await self.home.journal.commit()
            return answer

        return asyncio.run(work())

    def anchored(self, _: str, __: int | None, given: Mapping[str, Any]) -> dict[str, Any]:
        return dict(given)

    def pass_to(self, moment: float) -> None:
        asyncio.run(self.home.pass_to(moment))

    def close(self) -> None:
        """There is nothing to close."""

    def do(self, *words: str, now: float | None = None) -> int:
        self.moment = now
        return schedule(parsed(*words))


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    made = Desk()
    monkeypatch.setattr(made.home, "holder", lambda: made, raising=False)
    for module in (cli_schedule, declarations):
        monkeypatch.setattr(module, "Desk", lambda *_: made)
    return made


def instant(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def test_add_shows_the_next_runs_with_their_offsets_and_what_clocks_do(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.home.clock.time = instant("2026-10-23T12:00+00:00")
    assert desk.do("add", "nightly", *BERLIN, "--jitter", "30s") == 0
    assert capsys.readouterr().out.splitlines() == [
        "nightly starts audit: At 02:30 every day, Europe/Berlin.",
        "Next:",
        "  Sat 2026-10-24 02:30 UTC+02:00",
        f"  Sun 2026-10-25 02:30 UTC+02:00  ({DAYLIGHT['first']})",
        "  Mon 2026-10-26 02:30 UTC+01:00",
        "  Tue 2026-10-27 02:30 UTC+01:00",
        "  Wed 2026-10-28 02:30 UTC+01:00",
        "  Each waits up to 30s longer.",
    ]


def test_show_flags_a_slot_in_a_gap(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.home.clock.time = instant("2026-03-28T12:00+00:00")
    desk.do("add", "nightly", *BERLIN, "--reason", "Every night.")
    capsys.readouterr()
    assert desk.do("show", "nightly") == 0
    output = capsys.readouterr().out
    assert f"  Sun 2026-03-29 03:00 UTC+02:00  ({DAYLIGHT['gap']})\n" in output
    assert "30 2 * * *, Europe/Berlin: At 02:30 every day" in output
    assert "2026-03-28 12:00:00  added: Every night. (user:alice)" in output


def test_a_command_line_becomes_the_schedule_that_it_describes() -> None:
    words = [
        *("add", "nightly", "--workflow", "audit@3", "--cron", "@daily"),
        *("--input", "tag=v1.2", "--input", "note=a=b", "--misfire", "all", "--window", "6h"),
        *("--overlap", "queue", "--jitter", "1m30s"),
    ]
    assert given_by(parsed(*words)) == {
        "name": "nightly",
        "workflow": "audit",
        "cron": "@daily",
        "zone": "UTC",
        "version": 3,
        "inputs": {"tag": "v1.2", "note": "a=b"},
        "policy": Policy("all", 10, 21_600.0, "queue", 90.0),
        "reason": "",
    }
    plain = given_by(parsed("add", "nightly", "--workflow", "audit", "--cron", "@daily"))
    assert (plain["policy"], plain["version"], plain["zone"]) == (Policy(), None, "UTC")


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--workflow", "audit@0"], "schedule.bad_workflow", "--workflow is 'audit@0'"),
        (["--workflow", "a b"], "schedule.bad_workflow", "--workflow is 'a b'"),
        (["--input", "tag"], "schedule.bad_inputs", "--input is 'tag'."),
        (["--input", "a=1", "--input", "a=2"], "schedule.bad_inputs", "which comes twice"),
        (["--jitter", "soon"], "schedule.bad_policy", "--jitter is 'soon'"),
        (["--window", "6"], "schedule.bad_policy", "--window is '6'"),
        (["--catch-up", "5"], "schedule.bad_policy", "with misfire 'skip' no missed slot runs"),
        (["--misfire", "all", "--catch-up", "101"], "schedule.bad_input", "The catch_up is 101"),
        (["--cron", "0 0 30 2 *"], "schedule.never_fires", "a day that never comes"),
        (["--cron", "61 * * * *"], "schedule.bad_cron", "says '61' where the minute stands"),
        (["--timezone", "berlin"], "schedule.bad_zone", "There is no time zone 'berlin'"),
    ],
)
def test_add_says_what_is_wrong_and_adds_nothing(
    desk: Desk, words: list[str], code: str, message: str
) -> None:
    usual = {"--workflow": "audit", "--cron": "@daily"}
    given = [each for pair in usual.items() if pair[0] not in words for each in pair]
    with pytest.raises(Rejected) as no:
        desk.do("add", "nightly", *given, *words)
    assert no.value.code == code
    assert message in no.value.reason
    assert desk.rows() == []


def test_list_tells_how_runs_went_and_hides_what_was_removed(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.do("list")
    assert "Nothing is started by the clock." in capsys.readouterr().out
    desk.do("add", "hourly", "--workflow", "audit@2", "--cron", "0 * * * *")
    desk.do("add", "old", "--workflow", "audit", "--cron", "@daily")
    desk.do("remove", "old")
    desk.pass_to(hour(1))
    desk.home.settle("run-1", "failed", "hourly")
    desk.pass_to(hour(1.5))
    capsys.readouterr()
    assert desk.do("list") == 0
    head, rest = capsys.readouterr().out.splitlines()[:2]
    assert head == "hourly · active · audit@2 · 0 * * * * · UTC"
    assert "next Tue 2026-09-22 14:00 UTC" in rest
    assert "last failed" in rest
    desk.do("list", "--all")
    assert "old · removed" in capsys.readouterr().out


def test_json_holds_the_row_the_rates_and_the_next_slots(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.do("add", "hourly", "--workflow", "audit", "--cron", "0 * * * *", "--json")
    added = msgspec.json.decode(capsys.readouterr().out)
    assert (added["id"], added["success_rate"], len(added["next"])) == ("hourly", None, 5)
    assert added["next"][0] == {
        "at": hour(1),
        "local": "2026-09-22T13:00:00+00:00",
        "offset_seconds": 0,
        "daylight": "",
        "note": "",
    }
    desk.pass_to(hour(1))
    desk.home.settle("run-1", "succeeded", "hourly")
    desk.pass_to(hour(1.5))
    desk.do("show", "hourly", "--json", "--limit", "2")
    shown = msgspec.json.decode(capsys.readouterr().out)
    assert (shown["success_rate"], shown["last_run"]) == (1.0, "run-1")
    assert [event["type"] for event in shown["past"]] == ["slot_fired", "schedule_run_ended"]


def test_the_life_of_a_schedule_is_told_line_by_line(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--workflow", "audit", "--cron", "0 * * * *", "--misfire", "all", "--overlap", "queue"]
    desk.do("add", "hourly", *words, "--catch-up", "2")
    desk.pass_to(hour(3.5))
    desk.pass_to(hour(4))
    desk.home.settle("run-1", "failed", "hourly")
    desk.pass_to(hour(4.5))
    desk.home.workflows.missing.add("audit")
    desk.home.settle("run-2", "cancelled", "hourly")
    desk.pass_to(hour(4.6))
    desk.do("pause", "hourly", "--reason", "Look into it.")
    desk.home.clock.time = hour(6.5)
    desk.do("resume", "hourly")
    desk.home.workflows.missing.clear()
    desk.do("run", "hourly", "--reason", "To see.")
    desk.do("remove", "hourly")
    capsys.readouterr()
    desk.do("show", "hourly", "--limit", "100")
    output = " ".join(capsys.readouterr().out.split())
    for expected in (
        "slot 2026-09-22 13:00 skipped: nothing was here to start it in time",
        "slot 2026-09-22 14:00 waits its turn: it was missed",
        "alert: 1 missed, 2026-09-22 13:00 to 2026-09-22 13:00",
        "slot 2026-09-22 14:00, which waited: run-1",
        "slot 2026-09-22 16:00 waits until the run before has ended",
        "alert: run-1 failed, 1 in a row",
        "slots that waited (2026-09-22 16:00) dropped: the run was refused",
        "alert: refused: There is no workflow 'audit'.",
        "paused: Look into it. (user:alice)",
        "slot 2026-09-22 17:00 skipped: the schedule was paused",
        "run-3 started by hand: To see. (user:alice)",
        "removed (user:alice)",
    ):
        assert expected in output, output
    assert "Next:" not in output


def test_pause_resume_remove_and_run_say_what_they_did(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.do("add", "hourly", "--workflow", "audit", "--cron", "0 * * * *")
    capsys.readouterr()
    now = moment(desk.home.clock.time)
    for verb, expected in {
        "pause": f"hourly is paused since {now}; runs that have begun go on.\n",
        "resume": f"hourly is active since {now}; slots before are skipped.\n",
        "run": "run-1 was started by hand for hourly.\n",
        "remove": "hourly was removed; runs that have begun go on.\n",
    }.items():
        assert desk.do(verb, "hourly") == 0
        assert capsys.readouterr().out == expected


def test_what_is_so_already_is_said_to_be_so(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.do("add", "hourly", "--workflow", "audit", "--cron", "0 * * * *")
    desk.do("pause", "hourly", "--reason", "Look into it.")
    since = desk.home.clock.time
    desk.home.clock.time += 7200
    capsys.readouterr()
    assert desk.do("pause", "hourly") == 0
    assert capsys.readouterr().out == (
        f"hourly is paused since {moment(since)}; runs that have begun go on.\n"
    )


def test_a_policy_for_programs_has_all_its_fields(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("add", "hourly", "--workflow", "audit", "--cron", "0 * * * *")
    for line in (words, ("show", "hourly"), ("list",)):
        desk.do(*line, "--json")
        shown = msgspec.json.decode(capsys.readouterr().out)
        policy = (shown[0] if line == ("list",) else shown)["policy"]
        assert (policy["misfire"], policy["overlap"]) == ("skip", "skip")
        assert set(policy) == set(Policy.__struct_fields__)


def test_changes_are_told_as_json_where_asked(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.do("add", "hourly", "--workflow", "audit", "--cron", "0 * * * *")
    capsys.readouterr()
    for verb, status in {"pause": "paused", "resume": "active", "remove": "removed"}.items():
        desk.do(verb, "hourly", "--json")
        answer = msgspec.json.decode(capsys.readouterr().out)
        assert answer == {"schedule": "hourly", "status": status}
    desk.do("list", "--all", "--json")
    (row,) = msgspec.json.decode(capsys.readouterr().out)
    assert (row["id"], row["status"], row["next"]) == ("hourly", "removed", [])


def test_a_long_downtime_is_told_in_a_line(
    desk: Desk, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(due, "SLOTS_MAX", 100)
    words = ["--workflow", "audit", "--cron", "* * * * *", "--misfire", "latest"]
    desk.do("add", "always", *words, "--window", "1h")
    desk.pass_to(hour(30) + 30)
    capsys.readouterr()
    desk.do("show", "always", "--limit", "1000")
    output = " ".join(capsys.readouterr().out.split())
    assert "1,700 slots, 2026-09-22 12:01 to 2026-09-23 16:20, skipped: nothing was here" in output
    assert "alert: 1,799 missed, 2026-09-22 12:01 to 2026-09-23 17:59" in output
    assert "the newest runs after all, if no older than 1h" in output
    assert "slot 2026-09-23 18:00: run-1" in output


def test_run_by_hand_needs_force_beside_another(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.do("add", "hourly", "--workflow", "audit", "--cron", "0 * * * *")
    desk.do("run", "hourly")
    with pytest.raises(Rejected) as no:
        desk.do("run", "hourly")
    assert no.value.code == "schedule.busy"
    capsys.readouterr()
    desk.do("run", "hourly", "--force", "--json")
    assert msgspec.json.decode(capsys.readouterr().out) == {"schedule": "hourly", "run": "run-2"}


def test_a_name_that_is_nearly_right_is_suggested(desk: Desk) -> None:
    desk.do("add", "nightly", "--workflow", "audit", "--cron", "@daily")
    with pytest.raises(NotFound) as no:
        desk.do("show", "nightyl")
    assert no.value.hint == "Did you mean nightly?"
    with pytest.raises(NotFound) as no:
        desk.do("pause", "weekly")
    assert no.value.code == "schedule.unknown"
    with pytest.raises(Rejected):
        desk.do("show", "nightly", "--limit", "0")


def test_show_says_where_the_clock_once_stood_ahead(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.do("add", "hourly", "--workflow", "audit", "--cron", "0 * * * *")
    desk.pass_to(hour(100))
    capsys.readouterr()
    desk.do("show", "hourly", now=hour(2))
    output = capsys.readouterr().out
    assert "when the clock stood there; none fires again" in " ".join(output.split())
    assert "Sat 2026-09-26 17:00 UTC" in output


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "VERB is missing"),
        (["add", "nightly"], "--workflow, --cron is missing"),
        (["add", "n", *BERLIN, "--overlap", "maybe"], "it must be one of skip, queue, cancel"),
        (["add", "n", *BERLIN, "--catch-up", "x"], "'x' is no whole number"),
    ],
)
def test_a_command_line_that_is_wrong_is_refused_in_one_line(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        parsed(*words)
    assert end.value.code == 2
    errors: Any = capsys.readouterr().err
    assert message in errors
    assert errors.count("\n") == 1
