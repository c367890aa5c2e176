"""The guide to coding agents, done with the real Codex and a scripted model."""

import shlex
import sys
from pathlib import Path

import pytest

from missioncontrol.testing.scripted_models import Reply, serving
from missioncontrol.testing.scripted_models.script import codex_command
from tests.guides.terminal import Terminal, blocks

GUIDE = Path(__file__).parents[2] / "docs/guides/coding-agents.md"


@pytest.mark.slow
@pytest.mark.journey
def test_every_command_of_the_guide_prints_what_it_shows(
    tmp_path: Path, codex_program: Path
) -> None:
    script = (
        Reply("ready"),
        Reply(calls=(codex_command("sed -i s/hello/goodbye/ app.py && python3 app.py"),)),
        Reply("app.py says goodbye now; I ran it."),
        Reply(calls=(codex_command("echo 'print(\"farewell\")' >> app.py"),)),
        Reply("app.py says farewell last."),
        Reply(calls=(codex_command("echo 'print(\"hush\")' >> app.py"),)),
        Reply("app.py whispers."),
    )
    with serving(*script) as server, Terminal(tmp_path) as terminal:
        (tmp_path / "tools" / "codex").symlink_to(codex_program)
        text = GUIDE.read_text("utf-8").replace("https://api.openai.com", server.origin)
        assert terminal.follow(text) > 10
        assert set(server.authorizations) == {"Bearer sk-put-your-own-key-here"}


@pytest.mark.journey
def test_its_example_without_a_model_works_as_written(tmp_path: Path) -> None:
    (code,) = (code for kind, code in blocks(GUIDE.read_text("utf-8")) if kind == "python")
    with Terminal(tmp_path) as terminal:
        (terminal.work / "try.py").write_text(code)
        output = terminal.run(f"{shlex.quote(sys.executable)} try.py")
    assert output == "function_call 20\nmessage 7\n/v1/responses any\n"
