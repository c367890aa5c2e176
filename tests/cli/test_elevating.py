"""`mission agent elevate`: request, consent of another person, and what ran under it."""

import json
import stat
import sys
from pathlib import Path

from tests.agents.repositories import repository
from tests.cli.command import mission

CODEX = """#!{python}
import json, sys
if "--version" in sys.argv:
    print("codex-cli 0.169.0"); raise SystemExit
print(json.dumps({{"type": "item.completed", "item": {{"id": "1", "type": "agent_message", \
"text": "Mode: " + sys.argv[sys.argv.index("-s") + 1]}}}}))
print(json.dumps({{"type": "turn.completed", "usage": {{}}}}))
"""
WORKFLOW = """
name: change
inputs:
  repository: {type: path}
steps:
  build: {agent: coder, with: {prompt: Do it.}}
"""
ADD = (
    *("agent", "add", "coder", "--kind", "codex"),
    *("--set", "base_url=http://127.0.0.1:9/v1", "--set", "key_variable=OPENAI_API_KEY"),
    *("--env", "OPENAI_API_KEY"),
)


UNCONFINED = {"OPENAI_API_KEY": "nobodys-key", "MISSION_CONFINEMENT": "off"}


def said(home: Path, *arguments: str, who: str = "ann", code: int = 0) -> str:
    done = mission(home, *arguments, env={"MISSION_ACTOR": who, "OPENAI_API_KEY": "nobodys-key"})
    out = (done.stdout + done.stderr).decode()
    assert done.returncode == code, out
    return " ".join(out.split())


def test_an_agent_is_elevated_by_two_people_and_what_ran_under_it_says_so(tmp_path: Path) -> None:
    home, source = tmp_path / "home", repository(tmp_path / "r")
    program = tmp_path / "codex"
    program.write_text(CODEX.format(python=sys.executable))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    settings = ("--set", f"program={program}")
    wide = said(home, *ADD, *settings, "--set", "network=true", code=2)
    assert "mission agent elevate coder --to network --reason TEXT --for 2h" in wide
    said(home, *ADD, *settings)
    file = tmp_path / "change.yaml"
    file.write_text(WORKFLOW)
    said(home, "workflow", "save", str(file))

    ask = ("agent", "elevate", "coder", "--to", "full", "--for", "2h")
    assert "The reason is empty" in said(home, *ask, code=2)
    asked = said(home, *ask, "--reason", "It needs devices.")
    assert "mission agent elevate coder --approve elevation-1" in asked
    yes = ("agent", "elevate", "coder", "--approve", "elevation-1")
    assert "Another person has to agree" in said(home, *yes, code=2)
    assert "asked for full for 2h, elevation-1" in said(home, "agent", "show", "coder")
    given = said(home, *yes, who="ben")
    assert "Asked for by ann, approved by ben." in given
    shown = json.loads(mission(home, "agent", "show", "coder", "--json").stdout)
    assert round(shown["elevation"]["until"] - shown["elevation"]["since"]) == 7_200
    assert "elevated full until" in said(home, "agent", "show", "coder")

    # Confined, Codex never builds a sandbox of its own.
    run = ("workflow", "run", "change", "--input", f"repository={source}", "--json")
    output = mission(home, *run, env=UNCONFINED).stdout.decode()
    assert "danger-full-access" in output
    first = json.loads(output.splitlines()[-1])["run"]
    step = said(home, "output", first, "build")
    assert "It works under elevation-1: full." in step
    (one,) = json.loads(mission(home, "show", first, "--json").stdout)["steps"]
    assert one["elevation"]["modes"] == ["full"]

    ended = said(home, "agent", "elevate", "coder", "--end", who="ben")
    assert "elevation-1 has ended" in ended
    output = mission(home, *run, env=UNCONFINED).stdout.decode()
    assert "workspace-write" in output
    assert (
        "elevation"
        not in json.loads(
            mission(home, "show", json.loads(output.splitlines()[-1])["run"], "--json").stdout
        )["steps"][0]
    )
    # Neither an agent at work nor a plan of one may ask for it, or agree.
    inside = {"MISSION_STEP": "build", "MISSION_RUN": first, "MISSION_ATTEMPT": "1"}
    by_agent = mission(home, *ask, "--reason", "Please.", env=inside)
    assert by_agent.returncode
    assert b"actor.by_agent" in by_agent.stderr or b"an agent" in by_agent.stderr
