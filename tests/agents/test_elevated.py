"""Coding agents under an elevation: what is open then, and what is shut without it."""

import json
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from missioncontrol.adapters.agents.coding.claude import ClaudeKind
from missioncontrol.adapters.agents.coding.codex import CodexKind
from missioncontrol.adapters.agents.kinds import Kinds
from missioncontrol.confinement import UNCONFINING
from missioncontrol.domain.declaration import Declaration
from missioncontrol.domain.elevation import Elevated, Mode
from missioncontrol.domain.step import Risk
from missioncontrol.ports.confinement import Sandbox
from missioncontrol.testing.scripted_models import Reply, serving
from missioncontrol.testing.scripted_models.script import claude_write, codex_command
from tests.agents.bench import Attempted, Door, attempt, workshop
from tests.agents.repositories import repository
from tests.sandboxes import OpenBelow

journey = pytest.mark.journey

STAND_IN = """#!{python}
import json, os, sys
if "--version" in sys.argv:
    print("codex-cli 0.169.0"); raise SystemExit
config = open(os.environ["CODEX_HOME"] + "/config.toml").read()
json.dump([sys.argv[1:], config], open({told!r}, "w"))
print(json.dumps({{"type": "turn.completed"}}))
"""


def stand_in(folder: Path) -> Path:
    """Make a program that tells how it was started."""
    program = folder / "codex"
    program.write_text(STAND_IN.format(python=sys.executable, told=str(folder / "told")))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return program


def elevated(*modes: Mode, paths: tuple[str, ...] = ()) -> Elevated:
    return Elevated("elevation-1", modes, paths, 1_790_000_000.0)


def codex(
    root: Path,
    program: Path,
    *script: Reply,
    wider: Elevated | None,
    risk: Risk = "write",
    sandbox: Sandbox | None = None,
) -> Attempted:
    source = root / "r" if (root / "r").exists() else repository(root / "r")
    declared = Declaration("coder", "codex", {"program": str(program)}, model="scripted")
    with serving(*script) as server:
        shop = workshop(root, Door(server.origin), sandbox=sandbox)
        asked: dict[str, Any] = {"prompt": "Do it.", "repository": str(source)}
        return attempt(CodexKind(), declared, shop, elevation=wider, risk=risk, **asked)


@pytest.mark.parametrize(
    ("wider", "risk", "sandbox", "network", "roots"),
    [
        (None, "write", "workspace-write", False, []),
        (elevated("network"), "write", "workspace-write", True, []),
        (
            elevated("outside", paths=("/srv/\U0001f600 b",)),
            "write",
            "workspace-write",
            False,
            ["/srv/\U0001f600 b"],
        ),
        (elevated("full"), "write", "danger-full-access", True, []),
        (elevated("full"), "read", "read-only", False, []),
    ],
)
@pytest.mark.parametrize("is_confined", [False, True])
def test_codex_is_started_as_it_is_agreed(
    tmp_path: Path,
    is_confined: bool,
    wider: Elevated | None,
    risk: Risk,
    sandbox: str,
    network: bool,
    roots: list[str],
) -> None:
    hidden = OpenBelow(tmp_path) if is_confined else UNCONFINING
    ended = codex(tmp_path, stand_in(tmp_path), wider=wider, risk=risk, sandbox=hidden)
    argv, config = json.loads((tmp_path / "told").read_text())
    # A confined program can build no sandbox, and its commands are confined with it.
    assert argv[argv.index("-s") + 1] == ("danger-full-access" if is_confined else sandbox)
    assert f"network_access = {json.dumps(network)}\n" in config
    assert f"writable_roots = {json.dumps(roots, ensure_ascii=False)}\n" in config
    is_wider = wider is not None and risk == "write"
    assert ("It works under elevation-1" in ended.line.text) is is_wider


@journey
def test_codex_writes_outside_where_it_may_and_nowhere_else(
    tmp_path: Path, codex_program: Path
) -> None:
    shared, other = tmp_path / "shared", tmp_path / "other"
    shared.mkdir()
    other.mkdir()
    script = (
        Reply(calls=(codex_command(f"echo x > {shared}/x"),)),
        Reply(calls=(codex_command(f"echo x > {other}/x"),)),
        Reply("Tried."),
    )
    wider = elevated("outside", paths=(str(shared),))
    ended = codex(tmp_path, codex_program, *script, wider=wider)
    assert [each["exit_code"] != 0 for each in ended.done.output["commands"]] == [False, True]
    assert [(shared / "x").exists(), (other / "x").exists()] == [True, False]
    ended = codex(tmp_path, codex_program, *script, wider=elevated("full"))
    assert [each["exit_code"] for each in ended.done.output["commands"]] == [0, 0]


@journey
def test_codex_reaches_the_network_only_where_it_may(tmp_path: Path, codex_program: Path) -> None:
    with serving(Reply("pong")) as other:
        port = other.origin.rpartition(":")[2]
        connects = f"exec 3<>/dev/tcp/127.0.0.1/{port}"
        tries, works = (
            codex_command(each) for each in (f"bash -c '{connects}'", "python3 -c pass")
        )
        script = Reply(calls=(tries,)), Reply(calls=(works,)), Reply("Tried.")
        ends = [
            codex(tmp_path, codex_program, *script, wider=wider).done.output["commands"]
            for wider in (None, elevated("network"))
        ]
    assert [commands[0]["exit_code"] != 0 for commands in ends] == [True, False]


@journey
def test_claude_writes_outside_where_it_may(tmp_path: Path, claude_program: Path) -> None:
    source = repository(tmp_path / "r")
    shared, other = tmp_path / "shared", tmp_path / "other"
    shared.mkdir()
    other.mkdir()
    declared = Declaration("coder", "claude", {"program": str(claude_program)}, model="scripted")
    asked: dict[str, Any] = {"prompt": "Do it.", "repository": str(source)}

    def tried(place: Path, wider: Elevated | None) -> bool:
        script = Reply(calls=(claude_write(str(place / "x"), "x"),)), Reply("Tried.")
        with serving(*script) as server:
            shop = workshop(tmp_path, Door(server.origin))
            attempt(ClaudeKind(), declared, shop, elevation=wider, **asked)
        return (place / "x").exists()

    wider = elevated("outside", paths=(str(shared),))
    assert not tried(shared, None)
    assert tried(shared, wider)
    assert not tried(other, wider)
    assert tried(other, elevated("full"))


def test_what_is_wider_by_declaration_is_said() -> None:
    kinds = Kinds()
    wide = Declaration("coder", "codex", {"network": True})
    assert kinds.card(wide).standing == {"network": "network = true"}
    assert not kinds.card(Declaration("coder", "codex")).standing
    web = Declaration("scribe", "claude", {"tools": ["Read", "WebFetch"]})
    assert kinds.card(web).standing == {"network": "tools with WebFetch"}
    # What programs of the protocol may do stands in their declaration alone.
    assert not kinds.card(Declaration("other", "acp", {"argv": ["x"]})).elevations
