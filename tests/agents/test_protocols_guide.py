"""What the guide to agents by protocol shows is true."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from missioncontrol.adapters.agent_files import read_agents
from missioncontrol.adapters.agents.kinds import Kinds
from missioncontrol.domain.declaration import Declaration
from tests.agents.heard import SECRET, HeardLine, a_workshop, assignment, run
from tests.agents.service import always, serving

GUIDE = (Path(__file__).parents[2] / "docs/guides/agents-by-protocol.md").read_text("utf-8")
KINDS = Kinds()
HEAVY = "pydantic_ai mcp a2a acp httpx httpx2 openai anthropic google.genai"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)


def agents(root: Path) -> dict[str, Declaration]:
    """Return the agents of the guide, with their files in `root`."""
    for code in blocks("python"):
        if named := re.match(r"# (\w+\.py)\n", code):
            (root / named[1]).write_text(code)
    text = "\n".join(blocks("toml"))
    text = text.replace("/srv/functions", str(root)).replace("/srv/", f"{root}/")
    text = text.replace('["python", ', f'["{sys.executable}", ')
    (root / "agents.toml").write_text(text)
    return {each.name: each for each in read_agents(root / "agents.toml")}


def output(root: Path, name: str, inputs: dict[str, Any]) -> Any:
    declared = agents(root)[name]
    shop = a_workshop(root, {"PATH": os.environ["PATH"]})
    agent = KINDS[declared.kind].make(declared, shop)
    return run(agent.perform(assignment(inputs), HeardLine()), 20.0).output


def test_every_agent_of_the_guide_can_be_declared(tmp_path: Path) -> None:
    declared = agents(tmp_path)
    assert len(declared) == 11
    for each in declared.values():
        assert KINDS[each.kind].card(each).name == each.name
    shown = {each.kind for each in declared.values()}
    ours = ["a2a", "acp", "command", "function", "http", "mcp", "model", "person"]
    assert shown == set(ours)


def test_the_function_of_the_guide_counts(tmp_path: Path) -> None:
    assert output(tmp_path, "counter", {"text": "one two"}) == {"words": 2}


def test_the_program_of_the_guide_shouts(tmp_path: Path) -> None:
    assert output(tmp_path, "upper", {"a": "b"}) == '{"INPUTS":{"A":"B"}}'


@pytest.mark.journey
def test_the_tool_of_the_guide_adds(tmp_path: Path) -> None:
    assert output(tmp_path, "adder", {"first": 2}) == {"result": 42}


def test_the_signature_is_checked_as_the_guide_says(tmp_path: Path) -> None:
    space: dict[str, Any] = {}
    exec(next(code for code in blocks("python") if "is_ours" in code), space)
    with serving(always({})) as service:
        settings = {"url": service.url, "signing_secret": "KEY"}
        declared = Declaration("s", "http", settings)
        agent = KINDS["http"].make(declared, a_workshop(tmp_path, {"KEY": SECRET}))
        run(agent.perform(assignment({"a": 1}), HeardLine()))
    (request,) = service.requests
    signed = request["headers"]["mission-timestamp"], request["body"]
    signature = request["headers"]["mission-signature"]
    assert space["is_ours"](SECRET.encode(), *signed, signature)
    assert not space["is_ours"](b"another", *signed, signature)


def test_knowing_all_kinds_imports_nothing_heavy() -> None:
    code = (
        "import sys; from missioncontrol.adapters.agents.kinds import Kinds; kinds = Kinds();"
        f"[kinds[name] for name in {sorted(KINDS)!r}];"
        f"print([each for each in {HEAVY!r}.split() if each in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
