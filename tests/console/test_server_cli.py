"""The command line through a server says and does what it does beside the home."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from missioncontrol.cli.exit_codes import UNPROVEN
from tests.cli.command import environment, mission
from tests.console.test_front import Up

pytestmark = pytest.mark.journey

WORKFLOW = """\
name: greet
inputs: {word: {type: string, default: hello}}
steps:
  say: {agent: command, with: {argv: [echo, "${{ inputs.word }}"]}}
  ask:
    {agent: command, needs: [say], approval: {from: approver}, risk: write, with: {argv: [echo, a]}}
"""


SCOPES = ("read", "operate", "audit")


class Elsewhere:
    """A terminal that knows the server's address and a token, and no home."""

    def __init__(self, up: Up, home: Path, token: str) -> None:
        self.up, self.home, self.token = up, home, token
        self._env = {"MISSION_SERVER": up.url, "MISSION_TOKEN": token}

    def there(self, *arguments: str, code: int = 0, **variables: str) -> str:
        env = {**self._env, **variables}
        done = mission(None, *arguments, env=env, cwd=self.home.parent)
        assert done.returncode == code, done.stderr.decode()
        return (done.stdout if code == 0 else done.stderr).decode()

    def beside(self, *arguments: str) -> str:
        done = mission(self.home, *arguments)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    def begun(self) -> str:
        file = self.home.parent / "greet.yaml"
        file.write_text(WORKFLOW)
        self.there("workflow", "save", str(file))
        begun: dict[str, Any] = json.loads(self.there("workflow", "run", "greet", "--json"))
        self.there("watch", begun["run"], code=4)
        return str(begun["run"])


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Elsewhere]:
    with terminal(tmp_path_factory.mktemp("elsewhere")) as found:
        yield found


@contextmanager
def terminal(folder: Path) -> Iterator[Elsewhere]:
    """Start a server under `folder`, and end it."""
    home = folder / "home"
    up = Up(home)
    scopes = (word for scope in SCOPES for word in ("--scope", scope))
    done = mission(home, "token", "new", "laptop", *scopes, "--json")
    assert done.returncode == 0, done.stderr.decode()
    found = Elsewhere(up, home, json.loads(done.stdout)["token"])
    try:
        yield found
    finally:
        found.up.end()


def test_every_verb_that_reads_says_the_same_through_a_server(elsewhere: Elsewhere) -> None:
    run = elsewhere.begun()
    for words in (
        ("runs", "--json"),
        ("show", run, "--json"),
        ("show", "last"),
        ("replay", run, "--json"),
        ("output", run),
        ("workflow", "show", "greet"),
        ("approvals", "list", "--json"),
        ("budget", "list"),
        ("schedule", "list"),
        ("agent", "list"),
        ("audit", "search", "--text", "hello", "--json"),
    ):
        assert elsewhere.there(*words) == elsewhere.beside(*words), words


@pytest.mark.slow
def test_a_log_is_verified_through_a_server_by_heads_that_are_kept_here(tmp_path: Path) -> None:
    heads = tmp_path / "kept.jsonl"
    with terminal(tmp_path) as elsewhere:
        elsewhere.begun()
        elsewhere.up.end()
        heads.write_bytes((elsewhere.home / "heads.jsonl").read_bytes())
        elsewhere.up = Up(elsewhere.home)
        env = {"MISSION_SERVER": elsewhere.up.url, "MISSION_TOKEN": elsewhere.token}
        done = mission(None, "audit", "verify", env=env)
        assert (done.returncode, b"unproven" in done.stdout) == (UNPROVEN, True)
        done = mission(None, "audit", "verify", "--heads", str(heads), env=env)
        assert (done.returncode, b"is verified to position" in done.stdout) == (0, True)


def test_a_run_is_cancelled_from_elsewhere_in_the_name_of_the_token_s_owner(
    elsewhere: Elsewhere,
) -> None:
    run = elsewhere.begun()
    elsewhere.there("cancel", run, "--reason", "enough")
    assert json.loads(elsewhere.beside("show", run, "--json"))["status"] == "cancelled"
    asked = json.loads(elsewhere.beside("audit", "search", "--kind", "request_taken", "--json"))
    assert {event["data"]["way"] for event in asked["events"]} == {"token"}


def test_what_is_refused_is_refused_alike_from_elsewhere(elsewhere: Elsewhere) -> None:
    run = elsewhere.begun()
    elsewhere.there("cancel", run)
    for words in (
        ("cancel", run),
        ("resume", run),
        ("retry", "run-none"),
        ("fork", run, "none"),
        ("show", "run-none"),
        ("workflow", "run", "none"),
        ("approvals", "show", "none"),
        ("schedule", "show", "none"),
    ):
        beside = mission(elsewhere.home, *words)
        assert beside.returncode in (1, 2), words
        assert elsewhere.there(*words, code=beside.returncode) == beside.stderr.decode(), words


def test_what_can_t_be_asked_from_elsewhere_is_said(elsewhere: Elsewhere) -> None:
    assert "directory of this machine" in elsewhere.there("up", code=2)
    assert "name two places" in elsewhere.there(
        "runs", "--server", "http://127.0.0.1:1", "--home", "x", code=2
    )
    assert "no token" in elsewhere.there("runs", code=2, MISSION_TOKEN="")
    assert "may be sent to" in elsewhere.there("runs", code=2, MISSION_SERVER="http://example.com")
    assert "does not answer" in elsewhere.there("runs", code=1, MISSION_SERVER="http://127.0.0.1:1")
    elsewhere.there("runs", code=2, MISSION_TOKEN="mct-nobody")
    assert "MISSION_SERVER" not in environment(elsewhere.home)
