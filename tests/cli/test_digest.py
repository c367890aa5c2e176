"""`mission analytics digest` and `summary`: by rule, and by a model as far as its words hold."""

import json
from pathlib import Path
from typing import Any

import pytest

from missioncontrol.adapters.warehouses.shared import SharedWarehouse
from missioncontrol.ports.warehouse import Captured
from missioncontrol.testing.scripted_models import Reply, serving
from tests.cli.command import answer, mission

pytestmark = pytest.mark.journey

KEY = "sk-a-key-that-nobody-may-see"
NOON = 1_795_176_000  # 2026-11-20, 12:00 UTC
DAYS = ("--since", "2026-11-17", "--until", "2026-11-22")


def came(home: Path, *people: str) -> None:
    """Record the steps of the activation for each of the people."""
    steps = ("signup", "onboarding_complete", "first_key_action")
    at = [NOON * 1_000_000 + hour * 3_600_000_000 for hour in range(len(steps))]
    warehouse = SharedWarehouse(home / "analytics")
    try:
        warehouse.store(
            "shop",
            [
                Captured(f"{person}-{name}", name, then, then, "web", person, properties=b"{}")
                for person in people
                for name, then in zip(steps, at, strict=True)
            ],
        )
    finally:
        warehouse.close()


def words(headline: str) -> Reply:
    content: dict[str, Any] = {"headline": {"text": headline, "facts": ["headline"]}}
    return Reply(json.dumps(content))


def summary(home: Path, url: str, *more: str) -> dict[str, Any]:
    """Return the summary where a model answers at an address."""
    model = {
        "MISSION_MODEL_URL": url,
        "MISSION_MODEL_NAME": "scripted",
        "MISSION_MODEL_KEY": KEY,
    }
    done = mission(home, "analytics", "summary", *DAYS, "--json", *more, env=model)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_model_writes_from_the_facts_and_a_numeral_of_its_own_sends_it_back(
    tmp_path: Path,
) -> None:
    answer(tmp_path, "analytics", "add-product", "shop")
    came(tmp_path, "ann@example.com", "ben")
    good, bad = "All calm: activated users 2.", "All calm: activated users 5."
    with serving(words(good), words(bad)) as server:
        by_rule = summary(tmp_path, server.url, "--by-rule")
        assert (by_rule["written_by"], len(server.requests)) == ("", 0)
        assert "activated users 2" in by_rule["verdict"]["text"]
        result = summary(tmp_path, server.url)
        assert (result["verdict"]["text"], result["written_by"]) == (good, "scripted")
        assert [each["shown"] for each in result["verdict"]["figures"]] == ["2"]
        came(tmp_path, "cid")
        result = summary(tmp_path, server.url)
        assert "activated users 3" in result["verdict"]["text"]
        assert result["written_by"] == ""
        assert result["not_written"] == "It says “5”, and none of its facts does."
        asked = [json.dumps(each) for each in server.requests]
    assert len(asked) == 2
    assert all('"max_tokens": 4096' in each or "max_completion_tokens" in each for each in asked)
    assert not any("ann@example.com" in each or KEY in each for each in asked)
    mission(tmp_path, "audit", "export", "--output", str(tmp_path / "log.jsonl"))
    log = (tmp_path / "log.jsonl").read_text("utf-8")
    assert log.count('"digest_written"') == 2
    assert log.count('"usage_reported"') == 2  # Recorded, and priced, as any other call.
    assert KEY not in log
    assert "ann@example.com" not in log


def test_a_digest_is_written_without_a_model_now_and_by_the_clock(tmp_path: Path) -> None:
    answer(tmp_path, "analytics", "add-product", "shop", "--zone", "Europe/Zurich")
    came(tmp_path, "ann")
    text = mission(tmp_path, "analytics", "digest", "--days", "7").stdout.decode()
    assert text.startswith("# shop: ")
    assert "## What changed" in text
    assert "Made of the figures by rule" in text
    at = answer(tmp_path, "analytics", "digest", "--at", "0 7 * * 1-5")
    assert (at["workflow"], at["zone"], at["inputs"]) == (
        "digest-shop",
        "Europe/Zurich",
        {"days": "28"},
    )
    changed = answer(tmp_path, "analytics", "digest", "--at", "@daily", "--days", "14")
    assert (changed["id"], changed["inputs"]) == (at["id"], {"days": "14"})
    off = mission(tmp_path, "analytics", "digest", "--off")
    assert off.stdout == b"digest-shop is written by the clock no more.\n"
