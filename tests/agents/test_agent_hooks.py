"""Our hooks in the settings of a person: added once, taken out again, and all else left alone."""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from missioncontrol.adapters.agent_sessions.hooks import (
    BACKUP,
    CLAUDE_EVENTS,
    _is_ours,
    install,
    remove,
)
from missioncontrol.domain.agent_session import Program
from missioncontrol.domain.errors import Rejected

MISSION = ("/opt/my tools/mission",)
BOTH: tuple[Program, ...] = ("claude", "codex")
THEIRS = {
    "model": "opus",
    "hooks": {
        "Stop": [{"hooks": [{"type": "command", "command": "say done"}]}],
        "PreCompact": [{"hooks": [{"type": "command", "command": "save"}]}],
    },
    "permissions": {"allow": ["Bash(ls:*)"]},
}
CONFIG = """# My settings
model = "gpt-5.5"
notify = [
  "notify-send",  # on the desktop
  "Codex",
]

[features]
notify = false
"""


@pytest.fixture
def roots(tmp_path: Path) -> dict[Program, Path]:
    found: dict[Program, Path] = {"claude": tmp_path / "claude", "codex": tmp_path / "codex"}
    for each in found.values():
        each.mkdir()
    (found["claude"] / "settings.json").write_text(json.dumps(THEIRS))
    (found["codex"] / "config.toml").write_text(CONFIG)
    return found


def settings(roots: dict[Program, Path]) -> Any:
    return json.loads((roots["claude"] / "settings.json").read_text())


def config(roots: dict[Program, Path]) -> Any:
    return tomllib.loads((roots["codex"] / "config.toml").read_text())


def test_hooks_are_added_beside_those_that_are_there(roots: dict[Program, Path]) -> None:
    assert all(each.is_changed for each in install(roots, BOTH, MISSION))
    found = settings(roots)
    assert {**found, "hooks": None} == {**THEIRS, "hooks": None}
    assert found["hooks"].keys() == {*CLAUDE_EVENTS, "PreCompact"}
    assert [len(each) for each in map(found["hooks"].get, ("Stop", "PreCompact"))] == [2, 1]
    ours = found["hooks"]["Stop"][-1]["hooks"][0]
    assert ours["command"] == "'/opt/my tools/mission' agent event claude"
    assert config(roots)["notify"] == [
        *MISSION,
        "agent",
        "event",
        "codex",
        "--",
        "notify-send",
        "Codex",
    ]
    assert config(roots)["features"] == {"notify": False}
    assert (roots["codex"] / "config.toml").read_text().startswith("# My settings\n")


def test_adding_them_again_changes_nothing_and_a_new_place_replaces_the_old(
    roots: dict[Program, Path],
) -> None:
    install(roots, BOTH, MISSION)
    assert not any(each.is_changed for each in install(roots, BOTH, MISSION))
    install(roots, BOTH, ("/usr/bin/mission",))
    assert len(settings(roots)["hooks"]["Stop"]) == 2
    assert config(roots)["notify"][0] == "/usr/bin/mission"


def test_taken_out_the_settings_mean_what_they_meant_before(roots: dict[Program, Path]) -> None:
    install(roots, BOTH, MISSION)
    assert all(each.is_changed for each in remove(roots, BOTH))
    assert settings(roots) == THEIRS
    assert config(roots) == tomllib.loads(CONFIG)
    assert (roots["claude"] / f"settings.json{BACKUP}").read_text() == json.dumps(THEIRS)
    assert not any(each.is_changed for each in remove(roots, BOTH))


def test_settings_that_are_not_there_are_made_and_emptied(tmp_path: Path) -> None:
    roots: dict[Program, Path] = {"claude": tmp_path / "a", "codex": tmp_path / "b"}
    install(roots, BOTH, MISSION)
    assert config(roots) == {"notify": [*MISSION, "agent", "event", "codex"]}
    assert (roots["claude"] / "settings.json").stat().st_mode & 0o777 == 0o600
    remove(roots, BOTH)
    assert (settings(roots), config(roots)) == ({}, {})


@pytest.mark.parametrize("text", ["{", "[]", '{"hooks": []}', '{"hooks": {"Stop": 1}}'])
def test_settings_that_can_not_be_read_stay_as_they_are(
    roots: dict[Program, Path], text: str
) -> None:
    file = roots["claude"] / "settings.json"
    file.write_text(text)
    with pytest.raises(Rejected) as refusal:
        install(roots, ("claude",), MISSION)
    assert refusal.value.code == "agent_hooks.unreadable"
    assert file.read_text() == text


def event(state: Path, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "missioncontrol", "agent", "event", *words],
        input=stdin,
        env={**os.environ, "XDG_STATE_HOME": str(state)},
        capture_output=True,
        text=True,
        check=False,
    )


def written(state: Path) -> list[Any]:
    file = state / "missioncontrol" / "agent-events.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def test_an_event_is_written_down_without_answers_and_for_its_owner_alone(tmp_path: Path) -> None:
    told = {"session_id": "s", "hook_event_name": "PostToolUse", "tool_response": {"stdout": "x"}}
    done = event(tmp_path, "claude", stdin=json.dumps(told | {"prompt": "p" * 9_000}))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    [entry] = written(tmp_path)
    assert entry["hook_event_name"] == "PostToolUse"
    assert "tool_response" not in entry
    assert len(entry["prompt"]) == 800
    assert (tmp_path / "missioncontrol" / "agent-events.jsonl").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("stdin", ["", "{", "[]", "\x00"])
def test_an_event_that_makes_no_sense_does_not_fail_the_agent(tmp_path: Path, stdin: str) -> None:
    done = event(tmp_path, "claude", stdin=stdin)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert written(tmp_path) == []


def test_the_program_that_codex_called_before_is_still_called(tmp_path: Path) -> None:
    out = tmp_path / "out"
    payload = json.dumps({"thread-id": "t", "type": "agent-turn-complete"})
    script = f'printf %s "$1" > {out}'
    event(tmp_path, "codex", "--", "sh", "-c", script, "sh", payload)
    assert out.read_text() == payload
    assert [each["thread-id"] for each in written(tmp_path)] == ["t"]


def test_a_persons_own_command_that_calls_ours_stays() -> None:
    own = {"command": "save.sh && mission agent event claude"}
    assert not _is_ours(own)
    assert _is_ours({"command": "/opt/bin/mission agent event claude"})


def test_a_copy_is_made_of_what_a_person_had_each_time_our_hooks_get_in(tmp_path: Path) -> None:
    root = tmp_path / "claude"
    root.mkdir()
    settings, copy = root / "settings.json", root / f"settings.json{BACKUP}"
    for theirs in ({"model": "first"}, {"model": "second"}):
        settings.write_text(json.dumps(theirs))
        install({"claude": root}, ["claude"], ["mission"])
        install({"claude": root}, ["claude"], ["/opt/bin/mission"])
        assert json.loads(copy.read_text()) == theirs
        remove({"claude": root}, ["claude"])


def test_a_link_that_leads_nowhere_stays(tmp_path: Path) -> None:
    link = tmp_path / "settings.json"
    link.symlink_to(tmp_path / "not-mounted" / "settings.json")
    with pytest.raises(Rejected, match="can't be changed"):
        install({"claude": tmp_path}, ["claude"], ["mission"])
    assert link.is_symlink()
