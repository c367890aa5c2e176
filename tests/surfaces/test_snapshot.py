"""The snapshot holds every surface, and each difference between two is printed."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from tests.surfaces import snapshot


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    return snapshot.snapshot()


def test_a_snapshot_holds_every_surface(made: dict[str, Any]) -> None:
    assert len(made["openapi"]) > 200
    assert "$ref" not in json.dumps(made["openapi"]["POST /api/v1/decisions"])
    assert "mission decision accept" in made["help"]
    assert "list_runs" in made["tools"]
    assert made["events"]["decision_recorded"]["schema"] == 1
    assert made["exit_codes"]["BAD_INPUT"] == made["exit_codes"]["of not_found"] == 2


@pytest.mark.parametrize(
    ("surface", "name", "message"),
    [
        ("openapi", "GET /api/v1/runs", "openapi > GET /api/v1/runs: "),
        ("help", "mission run", "help > mission run: "),
        ("tools", "list_runs", "tools > list_runs: "),
        ("events", "run_settled", "events > run_settled: "),
        ("exit_codes", "WAITING", "exit_codes > WAITING: 4 → (missing)"),
    ],
)
def test_what_is_gone_from_a_surface_is_printed(
    made: dict[str, Any],
    surface: str,
    name: str,
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    # A few of each surface: all of them are forty megabytes.
    kept = {each: dict([*made[each].items()][:5]) for each in made}
    kept[surface][name] = made[surface][name]
    changed = copy.deepcopy(kept)
    del changed[surface][name]
    files = []
    for number, each in enumerate((kept, changed)):
        files.append(str(tmp_path / f"{number}.json"))
        Path(files[-1]).write_text(json.dumps(each))
    assert snapshot.main(["compare", files[0], files[0]]) == 0
    assert snapshot.main(["compare", *files]) == 1
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith(message)


def test_a_changed_line_of_help_is_printed_by_itself() -> None:
    before = {"help": {"mission x": "usage: x\n\n--a  one\n--b  two\n"}}
    after = {"help": {"mission x": "usage: x\n\n--a  one\n--b  three\n"}}
    assert list(snapshot.differences(before, after)) == [
        "help > mission x: - --b  two",
        "help > mission x: + --b  three",
    ]
