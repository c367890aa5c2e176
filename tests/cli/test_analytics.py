"""`mission analytics`: products, keys and questions from the command line."""

import json
from pathlib import Path

import pytest

from missioncontrol.adapters.warehouses.shared import SharedWarehouse
from missioncontrol.ports.warehouse import Captured
from tests.cli.command import answer, mission

pytestmark = pytest.mark.journey

NOON = 1_795_176_000  # 2026-11-20, 12:00 UTC
DAYS = ("--since", "2026-11-17", "--until", "2026-11-23")


def event(person: str, name: str, hours: float = 0.0) -> Captured:
    """Return what a person did, so many hours after noon."""
    at = int((NOON + hours * 3_600) * 1_000_000)
    properties = b'{"plan":"team"}'
    return Captured(f"{person}-{name}", name, at, at, "web", person, properties=properties)


def a_shop(home: Path) -> None:
    answer(home, "analytics", "add-product", "shop", "--zone", "Europe/Zurich")
    warehouse = SharedWarehouse(home / "analytics")
    try:
        events = [event("ann", "signup"), event("ben", "signup"), event("ann", "order", 1.0)]
        warehouse.store("shop", events)
    finally:
        warehouse.close()


def test_a_product_gets_a_key_and_its_settings(tmp_path: Path) -> None:
    added = answer(tmp_path, "analytics", "add-product", "shop", "--name", "Web shop")
    assert (added["slug"], added["name"], added["zone"]) == ("shop", "Web shop", "UTC")
    key = answer(tmp_path, "analytics", "add-source", "shop", "web", "--kind", "browser")["key"]
    assert answer(tmp_path, "analytics", "renew-key", "shop", "web")["key"] != key
    [source] = answer(tmp_path, "analytics", "sources", "shop")
    assert (source["id"], source["kind"], source["is_revoked"]) == ("web", "browser", False)
    product = answer(
        tmp_path,
        *("analytics", "settings", "shop", "--zone", "Europe/Zurich", "--keep-days", "400"),
        *("--exclude", "*@example.com", "--exclude-where", "plan=internal", "--bots", "count"),
        *("--step", "signup", "--step", "order@7d", "--action", "order"),
    )
    assert product["exclusions"] == {
        "bots": False,
        "people": ["*@example.com"],
        "properties": [["plan", "internal"]],
    }
    assert product["key_measures"]["activation"][1]["within"] == 604_800
    assert (product["retention_days"], product["key_measures"]["activated_at"]) == (400, 2)
    most = ("--max-events", "5", "--max-megabytes", "7", "--max-per-second", "9")
    product = answer(tmp_path, "analytics", "settings", "shop", *most)
    limits = {"events_per_second": 9, "events_max": 5, "megabytes_max": 7}
    assert product["limits"] == limits
    assert answer(tmp_path, "analytics", "use", "shop")["share"] == 0
    endless = mission(tmp_path, "analytics", "settings", "shop", "--max-events", "0")
    assert b"The events_max is 0; it must be >= 1." in endless.stderr
    product = answer(tmp_path, "analytics", "settings", "shop", "--no-exclusions")
    assert product["exclusions"]["people"] == []
    slugs = [each["slug"] for each in answer(tmp_path, "analytics", "products")]
    assert slugs == ["shop", "mission-control"]
    gone = answer(tmp_path, "analytics", "revoke-source", "shop", "web", "--reason", "old")
    assert gone["sources"][0]["is_revoked"]


def test_a_product_that_is_nearly_full_is_told_so_and_takes_no_more(tmp_path: Path) -> None:
    a_shop(tmp_path)
    answer(tmp_path, "analytics", "settings", "shop", "--max-events", "3")
    output = mission(tmp_path, "analytics", "use", "shop").stdout.decode()
    assert output.startswith("shop: 3 of 3 events are stored.\n")
    assert "mission analytics settings shop --max-events N" in output
    path = tmp_path / "more.jsonl"
    path.write_text('{"event": "a", "user_id": "ann", "time": "2026-11-20"}\n')
    done = mission(tmp_path, "analytics", "import", str(path))
    assert done.returncode != 0
    assert b"'shop' may have 3 events, and has 3" in done.stderr
    assert answer(tmp_path, "analytics", "use")["events"] == 3


def test_questions_are_answered_as_text_json_and_csv(tmp_path: Path) -> None:
    a_shop(tmp_path)
    steps = ("--step", "signup", "--step", "order@1d")
    result = answer(tmp_path, "analytics", "funnel", *steps, *DAYS)
    assert [step["reached"] for step in result["steps"]] == [2, 1]
    text = mission(tmp_path, "analytics", "funnel", *steps, *DAYS).stdout.decode()
    assert "1  signup          2  100.0 %" in text
    assert "by the definition funnel 1" in text
    table = mission(tmp_path, "analytics", "funnel", *steps, *DAYS, "--csv").stdout.decode()
    assert table.startswith("of,key,is_complete,step,label,reached,")
    cell = ("--people", "step=2,state=lost")  # Counted from 1, as they are shown.
    people = answer(tmp_path, "analytics", "funnel", *steps, *DAYS, *cell)
    assert people["total"] in (0, 1)  # While the day is not over ben is pending.
    people = answer(tmp_path, "analytics", "funnel", *steps, *DAYS, "--people", "step=1")
    assert {each["label"] for each in people["members"]} == {"ann", "ben"}

    alone = mission(tmp_path, "analytics", "trends", *DAYS, "--as", "absolute").stdout
    assert b"change" not in alone.splitlines()[0], "there is no data before these days"
    assert answer(tmp_path, "analytics", "trends", *DAYS, "--compared")["data_since"]
    assert alone.decode().count("total") == 1

    groups = answer(tmp_path, "analytics", "retention", "--start", "signup", *DAYS, "--unit", "day")
    assert sum(cohort["size"] for cohort in groups["cohorts"]) == 2
    only = ("--where", "plan=team", "--where", "plan!=free")
    paths = answer(tmp_path, "analytics", "paths", "signup", *DAYS, *only, "--within", "2h")
    assert {node["name"] for node in paths["nodes"]} == {"signup", "order"}

    question = {
        "measure": "funnel",
        "product": "shop",
        "range": {"since": "2026-11-17", "until": "2026-11-23"},
        "steps": [{"pattern": {"event": "signup"}}],
    }
    file = tmp_path / "question.json"
    file.write_text(json.dumps(question), "utf-8")
    result = answer(tmp_path, "analytics", "ask", str(file))
    assert result["steps"][0]["reached"] == 2


def test_a_person_is_removed_and_the_log_does_not_say_who(tmp_path: Path) -> None:
    a_shop(tmp_path)
    gone = answer(tmp_path, "analytics", "forget", "shop", "ann", "--reason", "asked for")
    assert gone["events"] == 2
    again = mission(tmp_path, "analytics", "forget", "shop", "ann")
    assert b"nothing of them was left" in again.stdout
    text = mission(tmp_path, "analytics", "forget", "shop", "ben", "--reason", "asked for").stdout
    assert b"Removed, with 1 event. 1 id is not accepted again." in text
    came = SharedWarehouse(tmp_path / "analytics")
    came.store("shop", [event("dan", "signup")])
    came.close()
    for each in tmp_path.rglob("*"):
        assert not each.is_file() or b"ann-signup" not in each.read_bytes(), each
    result = answer(tmp_path, "analytics", "funnel", "--step", "signup", *DAYS)
    assert result["steps"][0]["reached"] == 1
    file = tmp_path / "log.jsonl"
    mission(tmp_path, "audit", "export", "--output", str(file))
    log = file.read_bytes()
    assert b"person_forgotten" in log
    assert b'"ann"' not in log
    refused = mission(tmp_path, "analytics", "clear", "shop")
    assert refused.returncode == 2
    assert answer(tmp_path, "analytics", "clear", "shop", "--yes")["events"] == 1
    for each in tmp_path.rglob("*"):
        assert not each.is_file() or b"ben-signup" not in each.read_bytes(), each
    own = mission(tmp_path, "analytics", "clear", "mission-control", "--yes")
    assert (own.returncode, b"Nothing is removed from" in own.stderr) == (2, True)


def test_a_made_up_product_has_what_was_planted_and_goes_out_and_in_by_files(
    tmp_path: Path,
) -> None:
    seeded = answer(tmp_path, "analytics", "seed", "--users", "200", "--days", "20")
    assert {each["metric"] for each in seeded["planted"]} >= {"events.error"}
    again = answer(tmp_path, "analytics", "seed", "--users", "200", "--days", "20", "--reset")
    assert 0 <= again["stored"] - seeded["stored"] < 50  # It went on for some seconds.
    assert again["duplicates"] == 0
    assert isinstance(answer(tmp_path, "analytics", "anomalies"), list)

    file = tmp_path / "events.csv"
    mission(tmp_path, "analytics", "export", "sample", "--output", str(file))
    answer(tmp_path, "analytics", "add-product", "copy")
    carry = ("analytics", "import", str(file), "--product", "copy")
    dry = answer(tmp_path, *carry, "--dry-run")
    assert (dry["events"], dry["new"], dry["stored"]) == (again["stored"], again["stored"], 0)
    assert dry["faulty"] == 0
    result = answer(tmp_path, *carry)
    assert (result["stored"], result["duplicates"]) == (again["stored"], 0)
    dry = answer(tmp_path, *carry, "--dry-run")
    assert (dry["new"], dry["duplicates"]) == (0, again["stored"])
    assert answer(tmp_path, *carry)["duplicates"] == again["stored"]
    [source] = answer(tmp_path, "analytics", "sources", "copy")
    assert (source["id"], source["kind"]) == ("import", "file")
    answer(tmp_path, "analytics", "source", "copy", "import", "--internal", "yes")
    asked = ("analytics", "funnel", "--product", "copy", "--step", "signup")
    assert answer(tmp_path, *asked)["steps"][0]["reached"] == 0
    lines = mission(tmp_path, "analytics", "export", "copy").stdout.splitlines()
    assert len(lines) == again["stored"]

    away = mission(tmp_path, "analytics", "import", str(tmp_path / "no.csv"), "--product", "copy")
    assert b"no.csv can't be read: No such file or directory." in away.stderr
    odd = mission(tmp_path, *carry, "--map", "colour=a")
    assert b"'colour' is nothing that an event has" in odd.stderr
    own = mission(tmp_path, "analytics", "import", str(file), "--product", "mission-control")
    assert b"are read from the log of this home" in own.stderr


def test_cohorts_are_saved_and_asked_for(tmp_path: Path) -> None:
    a_shop(tmp_path)
    saved = answer(tmp_path, "analytics", "save-cohort", "shop", "Buyers", "--did", "order:1:90")
    result = answer(
        tmp_path, "analytics", "funnel", "--step", "signup", *DAYS, "--cohort", saved["id"]
    )
    assert result["steps"][0]["reached"] in (0, 1)
    [cohort] = answer(tmp_path, "analytics", "cohorts", "shop")
    assert cohort["name"] == "Buyers"
    answer(tmp_path, "analytics", "remove-cohort", "shop", "buyers")
    assert answer(tmp_path, "analytics", "cohorts", "shop") == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("funnel", "--product", "none"), b"There is no product 'none'"),
        (("funnel", "--days", "36601"), b"--days does not fit: 36601"),
        (("funnel", "--since", "soon"), b"--since does not fit"),
        (("funnel", "--step", "a@soon"), b"--step is 'soon'"),
        (("funnel", "--where", "plan"), b"--where does not fit"),
        (("funnel", "--people", "step=x"), b"--people does not fit: step 'x' is none"),
        (("funnel", "--people", "step=9"), b"there is no step 9 in a funnel of 4"),
        (
            ("digest", "--to", "nobody"),
            b"There is no webhook 'nobody' here, and --to adds none. Add one",
        ),
        (("retention", "--bracket", "3"), b"--bracket does not fit"),
        (("trends", "--event", "a:loudest"), b"--event does not fit"),
        (("definitions", "none"), b"There is no definition 'none'"),
        (("ask", "/nowhere"), b"can't be read"),
    ],
)
def test_what_does_not_fit_is_said_in_a_line(
    tmp_path: Path, arguments: tuple[str, ...], message: bytes
) -> None:
    answer(tmp_path, "analytics", "add-product", "shop")
    refused = mission(tmp_path, "analytics", *arguments)
    assert refused.returncode == 2
    assert message in refused.stderr
    assert refused.stderr.count(b"\n") <= 2
