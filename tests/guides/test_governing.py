"""What the guides to governing say is done, command by command, as their reader would."""

import shlex
import sys
from pathlib import Path

import pytest

from tests.guides.terminal import Differs, Terminal, blocks

ROOT = Path(__file__).parents[2]


def guide(name: str) -> str:
    return (ROOT / "docs/guides" / name).read_text("utf-8")


@pytest.mark.slow
@pytest.mark.journey
def test_every_command_of_the_guides_prints_what_they_show(tmp_path: Path) -> None:
    with Terminal(tmp_path) as terminal:
        assert terminal.follow(guide("governing.md")) > 50
        # Its examples go on from there.
        assert terminal.follow(guide("reading-the-record.md")) > 3


@pytest.mark.slow
@pytest.mark.journey
def test_every_command_of_the_guide_to_agents_prints_what_it_shows(tmp_path: Path) -> None:
    text = guide("agents.md")
    (form,) = (code for kind, code in blocks(text) if kind == "json")
    with Terminal(tmp_path) as terminal:
        (terminal.work / "form.json").write_text(form)
        assert terminal.follow(text) > 10


@pytest.mark.journey
def test_model_calls_of_python_steps_are_held_to_caps_as_the_guide_says(tmp_path: Path) -> None:
    codes = [code for kind, code in blocks(guide("python.md")) if kind == "python"]
    (code,) = (code for code in codes if "step.admit(" in code)
    with Terminal(tmp_path) as terminal:
        (terminal.work / "talk.py").write_text(code)
        python = shlex.quote(sys.executable)
        assert terminal.run(f"{python} talk.py") == "succeeded 11840 20400\n"
        cap = "mission budget set workflow talk --cost 0.05 --reason x --home state"
        assert "is $0.05 now" in terminal.run(cap)
        assert terminal.run(f"{python} talk.py").startswith("halted ")


def test_what_a_guide_shows_and_is_not_so_is_named(tmp_path: Path) -> None:
    guide = "```console\n$ echo run-1m816ke1wkeq5p\n{}\n```\n"
    with Terminal(tmp_path) as terminal:
        terminal.follow(guide.format("run-1m816ke1wkeq5p"))
        with pytest.raises(Differs, match="echo run-1m816ke1wkeq5p"):
            terminal.follow(guide.format("approval-1m816ke1wkeq5p"))


def test_an_id_in_a_guide_stands_for_the_same_thing_throughout(tmp_path: Path) -> None:
    begun = "```console\n$ sed s/-.*/-1m81aaaaaaaaaa/ name.sh\n…\nrun-1m816ke1wkeq5p\n```\n"
    later = "```console\n$ echo {}\nrun-1m816ke1wkeq5p\n```\n"
    with Terminal(tmp_path) as terminal:
        (terminal.work / "name.sh").write_text("run-1\n")
        terminal.follow(begun + later.format("run-1m816ke1wkeq5p"))
        assert terminal.names == {"run-1m816ke1wkeq5p": "run-1m81aaaaaaaaaa"}
        with pytest.raises(Differs):
            terminal.follow(later.format("run-1m81bbbbbbbbbb"))
