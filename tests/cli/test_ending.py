"""The last lines of a mission: few, none of them empty, and the last one a command that goes on."""

import argparse
from pathlib import Path

import msgspec
import pytest

from missioncontrol.cli import closing_lines
from missioncontrol.documents.record import MissionRecord
from missioncontrol.domain.estimates import Likely, LikelyFile, Spot
from missioncontrol.domain.work import Work
from tests.documents.records import redis_plan, redis_run

PACK = "mission runs pack R-01 --output PACK.md"
FILE = LikelyFile("shop/cart.py", 1.0, (), (Spot("total", 3, 9),), chance=0.62, is_expected=True)


def with_file(file: LikelyFile) -> MissionRecord:
    plan = msgspec.structs.replace(redis_plan(), likely=(Likely("R1", (file,)),))
    return redis_run(plan=plan).record


def test_the_places_are_told_with_their_lines_and_chances() -> None:
    assert closing_lines.change_line(with_file(FILE).plan) == "shop/cart.py:3-9 in total (62%)"


@pytest.mark.parametrize(
    ("builders", "programs", "command"),
    [
        ([], [], PACK),
        (
            [],
            ["claude", "opencode"],
            f'cd ../flask-3.1.3 && {PACK} && claude "Do what PACK.md says"',
        ),
        ([], ["opencode"], 'opencode run "Do what PACK.md says"'),
        (["coder"], ["claude"], "--repo ../flask-3.1.3 --builder coder"),
    ],
)
def test_the_next_command_is_for_whoever_can_build(
    builders: list[str], programs: list[str], command: str
) -> None:
    assert closing_lines.next_command(redis_run().record, builders, programs).endswith(command)


def test_a_program_begins_in_the_repository_and_finds_the_same_data(tmp_path: Path) -> None:
    record = redis_run().record
    home = tmp_path / "my data"
    where = closing_lines.given_place(argparse.Namespace(home=str(home)))
    assert where == f" --home '{home}'"
    at = {"where": where, "directory": record.repository}
    pack = f"mission runs pack R-01 --output PACK.md --home '{home}'"
    assert closing_lines.next_command(record, [], [], "", **at) == pack
    command = closing_lines.next_command(record, [], ["codex"], "", **at)
    assert command == f'{pack} && codex "Do what PACK.md says"'
    assert closing_lines.next_command(record, ["coder"], [], "", **at).endswith(
        f"--builder coder{where}"
    )
    failed = redis_run("failed", {"baseline": "failed"}).record
    assert closing_lines.next_command(failed, [], [], "mission runs retry R-01", **at) == (
        f"mission runs retry R-01{where}"
    )
    assert closing_lines.given_place(argparse.Namespace()) == ""


def test_a_plan_whose_place_nobody_can_tell_asks_for_it() -> None:
    bare = msgspec.structs.replace(redis_plan(), likely=())
    assert closing_lines.question(redis_run(plan=bare).record).startswith(
        "Which file, option or message"
    )


def test_the_place_where_the_change_begins_is_told_first() -> None:
    test = LikelyFile("tests/test_cart.py", 1.0, (), chance=0.7, is_expected=True)
    plan = msgspec.structs.replace(
        redis_plan(),
        summary="Feature. The change begins at `shop/cart.py`.",
        likely=(Likely("R1", (test, FILE)),),
    )
    assert closing_lines.change_line(plan).startswith("shop/cart.py:3-9")


def test_a_run_that_failed_goes_on_with_what_its_status_suggests() -> None:
    record = redis_run("failed", {"baseline": "failed"}).record
    assert (
        closing_lines.next_command(record, ["coder"], [], "mission runs retry R-01")
        == "mission runs retry R-01"
    )


def test_a_run_that_failed_without_a_suggestion_retries_the_step_that_failed() -> None:
    record = redis_run("failed", {"baseline": "failed"}).record
    assert closing_lines.next_command(record, [], []) == "mission runs retry R-01 baseline"


def test_what_is_red_today_is_told_first() -> None:
    tried = {"state": "red", "sentence": "`python -m pytest test_goal.py` fails today."}
    work = Work(summary="Red.", output={"criterion": tried})
    record = redis_run(works={"baseline": work}).record
    assert closing_lines.first_criterion(record) == tried["sentence"]
    unclear = Work(summary="?", output={"criterion": tried | {"state": "unclear"}})
    planned = closing_lines.first_criterion(redis_run(works={"baseline": unclear}).record)
    assert planned == closing_lines.first_criterion(redis_run().record) != ""


def test_what_is_built_is_fetched() -> None:
    record = redis_run().record
    done = [msgspec.structs.replace(each, state="succeeded") for each in record.tasks]
    built = msgspec.structs.replace(record, tasks=tuple(done))
    assert (
        closing_lines.next_command(built, ["coder"], [])
        == "mission runs artifacts R-01 --output DIR"
    )


def test_a_plan_that_does_not_know_the_place_asks_for_it() -> None:
    unsure = with_file(msgspec.structs.replace(FILE, chance=0.12))
    assert closing_lines.question(unsure).startswith("Which file, option or message")
    sure = with_file(FILE)
    assert closing_lines.question(sure) == next(iter(sure.plan.questions), "")


def test_lines_hold_no_line_breaks_and_say_nothing_empty() -> None:
    pairs = [("tests", "one\ntwo"), ("ask", ""), ("next", "mission list")]
    assert list(closing_lines.lines(pairs)) == ["  tests   one two", "  next    mission list"]
