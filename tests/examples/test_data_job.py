"""No row is lost on the way, what fails leaves a note, and nothing is published twice."""

import csv
import shutil
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from missioncontrol.domain.run.states import Run
from tests.examples.shop import SCRIPTS, Shop, live, output, states

REGIONS = ("north", "süd", "east, far", '"west"')
ROWS = [(REGIONS[number % 4], f"{number * 7 % 1000}.{number % 100:02}") for number in range(400)]


def sales(path: Path, rows: list[tuple[str, str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("region", "amount"), *rows])
    return path


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return sales(tmp_path / "sales.csv", ROWS)


async def job(shop: Shop, data: Path, target: Path, **more: Any) -> Run:
    await shop.save("data-job")  # Saving the same again changes nothing.
    given = {"group_by": "region", "sum": "amount", "parts": 3, **more}
    return await shop.run("data-job", data=str(data), publish_to=str(target), **given)


def totals(path: Path) -> dict[str, Decimal]:
    with path.open(encoding="utf-8", newline="") as file:
        return {row["region"]: Decimal(row["amount"]) for row in csv.DictReader(file)}


@pytest.mark.journey
def test_totals_are_exact_and_published_once(tmp_path: Path, data: Path) -> None:
    target = tmp_path / "published"
    expected: dict[str, Decimal] = defaultdict(Decimal)
    for region, amount in ROWS:
        expected[region] += Decimal(amount)

    async def story(shop: Shop) -> None:
        run = await job(shop, data, target)
        assert shop.outputs(run) | {"totals": ""} == {
            "rows": 400,
            "groups": 4,
            "bad_rows": 0,
            "changed": True,
            "totals": "",
        }
        assert totals(target / "totals.csv") == expected
        again = await job(shop, data, target)
        assert shop.outputs(again)["changed"] is False
        assert states(again)["publish"] == "skipped"
        assert states(again)["incident"] == "skipped"
        assert sorted(path.name for path in target.iterdir()) == ["totals.csv"]

    live(tmp_path / "home", story)


@pytest.mark.journey
def test_a_part_that_fails_once_is_summed_again_and_alone(tmp_path: Path, data: Path) -> None:
    scripts = shutil.copytree(SCRIPTS, tmp_path / "scripts")
    code = (scripts / "sum_part.py").read_text()
    trouble = (
        "import os\nif os.environ['MISSION_STEP'] == 'aggregate[1]' and "
        "os.environ['MISSION_ATTEMPT'] == '1':\n    sys.exit('The disk hiccupped.')\n"
    )
    (scripts / "sum_part.py").write_text(code.replace("\nmain()\n", f"\n{trouble}main()\n"))

    async def story(shop: Shop) -> None:
        run = await job(shop, data, tmp_path / "published", scripts=str(scripts))
        assert shop.outputs(run)["rows"] == 400
        assert [run.tries[f"aggregate[{number}]"] for number in range(3)] == [1, 2, 1]

    live(tmp_path / "home", story)


@pytest.mark.slow
@pytest.mark.journey
def test_rows_without_a_number_leave_a_note_and_publish_nothing(tmp_path: Path) -> None:
    data, target = sales(tmp_path / "sales.csv", [*ROWS, ("north", "n/a")]), tmp_path / "published"

    async def story(shop: Shop) -> None:
        run = await job(shop, data, target)
        assert run.status == "failed"
        assert states(run)["publish"] == "blocked"
        assert not (target / "totals.csv").exists()
        note = (target / f"incident-{run.id}.md").read_text("utf-8")
        assert "- Validate: " in note
        assert "Rows without a number: 1; at most 0 may be left out." in note
        assert shop.outputs(await job(shop, data, target, bad_rows_max=1))["bad_rows"] == 1

    live(tmp_path / "home", story)


@pytest.mark.journey
def test_a_column_that_is_not_there_is_named_in_the_note(tmp_path: Path, data: Path) -> None:
    async def story(shop: Shop) -> None:
        run = await job(shop, data, tmp_path / "published", group_by="area")
        assert states(run)["aggregate"] == "blocked"
        note = (tmp_path / "published" / f"incident-{run.id}.md").read_text("utf-8")
        assert "There is no column area; there are region, amount." in note

    live(tmp_path / "home", story)


@pytest.mark.slow
@pytest.mark.journey
def test_totals_wait_for_somebody_where_that_is_asked_for(tmp_path: Path, data: Path) -> None:
    target = tmp_path / "published"

    async def story(shop: Shop) -> None:
        run = await job(shop, data, target, ask=True)
        assert run.status == "waiting"
        assert not target.exists()
        ended = await shop.say("approve", run, "publish_when_agreed")
        assert shop.outputs(ended)["changed"] is True
        assert output(ended, "publish_when_agreed")["json"]["written"] == [
            str(target / "totals.csv")
        ]
        fresh = await job(shop, sales(data, ROWS[:7]), target, ask=True)
        refused = await shop.say("reject", fresh, "publish_when_agreed")
        assert states(refused)["incident"] == "succeeded"
        assert len(totals(target / "totals.csv")) == 4

    live(tmp_path / "home", story)
