"""What lies under examples/workflows is sound, used, and shown as it is."""

import asyncio
import re
import shlex
from pathlib import Path

import pytest

from missioncontrol.adapters.event_stores.memory import MemoryEventStore
from missioncontrol.adapters.workflow_files.reader import read_all
from missioncontrol.cli.arguments import parser
from missioncontrol.cli.workflow import library_of
from missioncontrol.domain.definition import Definition, inputs_of
from missioncontrol.domain.errors import Rejected
from tests.examples.shop import EXAMPLES, SCRIPTS

PAGE = (EXAMPLES / "README.md").read_text("utf-8")
FILES = sorted(EXAMPLES.glob("*.yaml"))
COMMANDS = [
    line
    for block in re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    for line in block.splitlines()
]


def definition_of(file: Path) -> Definition:
    return read_all(file.read_text("utf-8"), file.name)[0]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_example_is_sound_and_says_what_it_is_for(file: Path) -> None:
    definition = definition_of(file)
    assert definition.name == file.stem
    assert definition.description
    assert definition.seconds_max
    assert all(asked.description for asked in definition.inputs.values())
    assert all(step.title for step in definition.steps.values())
    if not any(step.workflow for step in definition.steps.values()):
        library = library_of(MemoryEventStore())
        asyncio.run(library.check(file.read_text("utf-8"), file.name))


def test_the_page_tells_of_every_example_and_saves_it() -> None:
    for file in FILES:
        assert f"[{file.name}]({file.name})" in PAGE
        assert f"mission workflow save examples/workflows/{file.name}" in COMMANDS


def test_every_script_is_used_and_says_how() -> None:
    workflows = "".join(file.read_text("utf-8") for file in FILES)
    for script in SCRIPTS.glob("*.py"):
        text = script.read_text("utf-8")
        if script.name == "markdown_text.py":  # the others share it
            continue
        assert f"/{script.name}" in workflows, script
        assert f"`{script.name}" in text.partition('"""')[2].partition('"""')[0], script


@pytest.mark.parametrize("line", COMMANDS)
def test_the_page_shows_only_what_can_be_typed(line: str) -> None:
    program, *words = shlex.split(line)
    assert program == "mission"
    chosen = parser().parse_args(words)
    name = getattr(chosen, "workflow" if chosen.verb == "schedule" else "name", "")
    if isinstance(name, str) and (EXAMPLES / f"{name}.yaml").exists():
        given = dict(text.split("=", 1) for text in getattr(chosen, "input", []))
        definition = definition_of(EXAMPLES / f"{name}.yaml")
        if given:
            inputs_of(definition, given)
            with pytest.raises(Rejected):
                inputs_of(definition, {**given, "unheard_of": "x"})
