"""The playbooks: no sentence in them may fit two missions."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from missioncontrol.specialists.planner import playbook as module
from missioncontrol.specialists.planner.playbook import Playbook, playbook

FOLDER = Path(module.__file__).with_name("playbooks")
NAMES = sorted(path.stem for path in FOLDER.glob("*.toml"))
SAME_ELSEWHERE = {
    *("test_command", "test_source", "manifest", "ci", "changes", "changes_open", "floor"),
    *("changes_released", "extras", "runtime_count", "files_count", "tests_count", "figure"),
    *("language_named", "version", "steps", "large", "importers_many", "importers_count"),
}
"""Facts that two unrelated repositories may well have in common."""
WORDS = {"kind", "key", "phase", "when", "likelihood", "impact", "from_place", "to_place"}


def texts(data: Any, key: str = "") -> Iterator[str]:
    if isinstance(data, str):
        if key not in WORDS:
            yield data
    elif isinstance(data, list):
        if key != "unless":
            for item in data:
                yield from texts(item, key)
    elif isinstance(data, dict):
        for name, value in data.items():
            yield from texts(value, name)


@pytest.mark.parametrize("name", NAMES)
def test_every_sentence_needs_a_fact_of_its_mission(name: str) -> None:
    data = tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
    bare = [
        sentence
        for text in texts(data)
        for variant in text.split("||")
        for sentence in re.split(r"(?<=[.?!]) ", variant.strip())
        if not set(re.findall(r"\{(\w+)\}", sentence)) - SAME_ELSEWHERE
    ]
    assert bare == []


@pytest.mark.parametrize("name", NAMES)
def test_every_playbook_can_be_read(name: str) -> None:
    assert playbook(name) != Playbook()


def test_an_unknown_kind_has_an_empty_playbook() -> None:
    assert playbook("gardening") == Playbook()
