"""Agents at a terminal: declared, asked whether they work, set to work, and asked by them."""

import json
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from missioncontrol.testing.scripted_models import Reply, serving
from tests import prefork
from tests.cli.command import BEGUN, answer, environment, mission
from tests.cli.test_operating import up

WORKFLOW = """
name: ask-and-shout
steps:
  ask: {agent: boss, with: {question: "Ship it?"}}
  say: {agent: shout, needs: ask, with: {text: "${{ steps.ask.output.why }}"}}
"""
FORM = {"type": "object", "properties": {"why": {"type": "string"}}, "required": ["why"]}


def said(home: Path, *arguments: str, code: int = 0) -> str:
    done = mission(home, *arguments)
    out = (done.stdout + done.stderr).decode()
    assert done.returncode == code, out
    return out


def declare(home: Path, tmp_path: Path) -> None:
    form = tmp_path / "form.json"
    form.write_text(json.dumps(FORM))
    said(home, "agent", "add", "boss", "--kind", "person", "--output", str(form))
    said(home, "agent", "add", "shout", "--kind", "command", "--set", "output=text", "--", "cat")


def save(home: Path, tmp_path: Path, text: str) -> None:
    file = tmp_path / "workflow.yaml"
    file.write_text(text)
    said(home, "workflow", "save", str(file))


@contextmanager
def engine(home: Path, trouble: str = "") -> Iterator["subprocess.Popen[bytes]"]:
    process = up(home, trouble=trouble)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=20)


def begun(home: Path, name: str) -> "subprocess.Popen[bytes]":
    process = prefork.start(
        ["workflow", "run", name, "--wait"],
        env=environment(home),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    BEGUN.append(process)
    return process


def until_asked(home: Path, *not_these: str) -> dict[str, Any]:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        for each in answer(home, "questions", "list"):
            if each["question"] not in not_these:
                found: dict[str, Any] = each
                return found
        time.sleep(0.1)
    raise AssertionError("nobody was asked")


@pytest.mark.journey
def test_an_agent_is_declared_shown_scaled_stopped_and_removed(tmp_path: Path) -> None:
    home = tmp_path / "home"
    declare(home, tmp_path)
    shown = {each["name"]: each for each in answer(home, "agent", "list")}
    assert shown["shout"]["status"] == "idle"
    assert shown["surveyor"]["source"] == "built_in"
    assert "works: command" in said(home, "agent", "test", "shout")
    assert answer(home, "agent", "scale", "shout", "3")["scale"] == 3
    assert answer(home, "agent", "stop", "shout", "--reason", "Enough.")["why"] == "Enough."
    assert "is removed" in said(home, "agent", "remove", "shout")
    assert "Did you mean 'boss'?" in said(home, "agent", "show", "bos", code=2)


def test_a_program_that_is_not_there_is_found_out_before_any_step(tmp_path: Path) -> None:
    home = tmp_path / "home"
    out = said(home, "agent", "add", "ghost", "--kind", "command", "--", "no-such-program", code=1)
    assert "is failed" in out
    assert "Install it" in out


def test_a_program_may_follow_wherever_its_home_is_named(tmp_path: Path) -> None:
    add = ("agent", "add", "shout", "--kind", "command", "--set", "output=text")
    for number, before in enumerate(
        (("--home", str(tmp_path / "a")), (f"--home={tmp_path / 'b'}",))
    ):
        out = said(tmp_path / "c", *before, *add, "--", "cat", "--home", "x")
        assert "shout (command) is idle" in out, number


def test_a_version_that_is_a_secret_is_not_shown(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    (home / "secrets.toml").write_text('key = "correct-horse-battery"\n')
    (home / "secrets.toml").chmod(0o600)
    version = ("--secret", "KEY=key", "--set", 'version=["-c", "echo $KEY"]')
    out = said(home, "agent", "add", "teller", "--kind", "command", *version, "--", "sh")
    assert "is idle" in out
    out = said(home, "agent", "test", "teller")
    assert "[secret]" in out
    assert "battery" not in out


@pytest.mark.journey
def test_a_test_that_is_ended_leaves_no_program_behind(tmp_path: Path) -> None:
    home, pid = tmp_path / "home", tmp_path / "pid"
    pid.touch()  # It may write the file, and make none beside the data directory.
    waits = tmp_path / "waits"
    waits.write_text(f"#!/bin/sh\n[ $# = 0 ] || {{ echo $$ > {pid}; exec sleep 600; }}\n")
    waits.chmod(0o755)
    add = ("agent", "add", "w", "--kind", "command", "--stopped", "--set", 'version=["-v"]')
    said(home, *add, "--set", f'writes=["{tmp_path}"]', "--", str(waits))
    process = prefork.start(
        ["agent", "test", "w"],
        env=environment(home),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    BEGUN.append(process)
    while not (pid.exists() and pid.read_text().strip()):
        assert process.poll() is None
        time.sleep(0.02)
    process.terminate()
    assert process.wait(timeout=20) == 3
    assert not psutil.pid_exists(int(pid.read_text()))


def test_everything_that_is_wrong_with_a_declaration_is_told_at_once(tmp_path: Path) -> None:
    more = ("--heartbeat", "soon", "--cost", "much", "--set", "argv=1")
    out = said(tmp_path / "home", "agent", "add", "x", "--kind", "command", *more, code=2)
    assert "`heartbeat`" in out
    assert "`budget.cost`" in out


@pytest.mark.journey
def test_a_person_is_asked_until_the_answer_fits(tmp_path: Path) -> None:
    home = tmp_path / "home"
    declare(home, tmp_path)
    save(home, tmp_path, WORKFLOW)
    with engine(home):
        process = begun(home, "ask-and-shout")
        first = until_asked(home)
        assert first["title"] == "Ship it?"
        wrong = ("questions", "answer", first["question"], "--set", "because=x")
        assert "why is missing" in said(home, *wrong, code=2)
        assert "give at least" in said(home, "questions", "answer", "", "--set", "why=x", code=2)
        process.kill()
        process.wait()
    with engine(home):
        second = until_asked(home, first["question"])
        assert [each["question"] for each in answer(home, "questions", "list")] == [
            second["question"]
        ]
        gone = ("questions", "answer", first["question"], "--set", "why=x")
        assert "There is no question" in said(home, *gone, code=2)
        said(home, "questions", "answer", second["question"], "--answer", '{"why": "It is ready"}')
        run = answer(home, "runs")[0]["id"]
        end = time.monotonic() + 20
        while answer(home, "show", run)["status"] != "succeeded":
            assert time.monotonic() < end
            time.sleep(0.1)
    assert '{"inputs":{"text":"It is ready"}}' in said(home, "output", "last", "say")


@pytest.mark.journey
def test_what_a_stopped_agent_works_on_waits_for_it_and_is_done_after_all(tmp_path: Path) -> None:
    home, gate = tmp_path / "home", tmp_path / "gate"
    script = f"until test -e {gate}; do sleep 0.05; done; echo done"
    said(
        home,
        "agent",
        "add",
        "slow",
        "--kind",
        "command",
        "--set",
        "output=text",
        "--",
        "sh",
        "-c",
        script,
    )
    save(home, tmp_path, "name: slow\nsteps: {only: {agent: slow}}\n")
    with engine(home):
        process = begun(home, "slow")
        for status in ("active", "stopped"):
            end = time.monotonic() + 20
            while answer(home, "agent", "show", "slow")["status"] != status:
                assert time.monotonic() < end, status
                time.sleep(0.05)
            if status == "active":
                said(home, "agent", "stop", "slow", "--reason", "A new version.")
        # The agent has to be started again, so that waiting for the run ends.
        out, _ = process.communicate(timeout=20)
        assert process.returncode == 4, out.decode()
        assert b"slow is stopped: A new version." in b" ".join(out.split())
        gate.touch()
        said(home, "agent", "start", "slow")
        run = answer(home, "runs")[0]["id"]
        end = time.monotonic() + 20
        while answer(home, "show", run)["status"] != "succeeded":
            assert time.monotonic() < end
            time.sleep(0.05)
    kinds = [each["type"] for each in _events(home, run, tmp_path)]
    assert kinds.count("step_started") == 2
    assert "attempt_interrupted" in kinds


def _events(home: Path, run: str, tmp_path: Path) -> list[dict[str, Any]]:
    file = tmp_path / "log.jsonl"
    said(home, "audit", "export", "--output", str(file))
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    return [each for each in lines if each["stream"] == run]


@pytest.mark.journey
def test_agents_of_the_file_are_those_that_there_are(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    file = home / "agents.toml"
    program = json.dumps([sys.executable, "-c", "print(1)"])
    file.write_text(f'[agents.one]\nkind = "command"\n[agents.one.settings]\nargv = {program}\n')
    with engine(home):
        shown = {each["name"]: each for each in answer(home, "agent", "list")}
        assert shown["one"]["source"] == "file"
    file.write_text("")
    with engine(home):
        assert "one" not in {each["name"] for each in answer(home, "agent", "list")}
    good = f'[agents.two]\nkind = "command"\n[agents.two.settings]\nargv = {program}\n'
    file.write_text(f"[agents.one]\nkind = 3\n{good}")
    with engine(home, "Agent 'one'"):
        assert "two" in {each["name"] for each in answer(home, "agent", "list")}
    file.write_text("[agents.one\n")
    with engine(home, "it is no TOML"):
        assert "two" in {each["name"] for each in answer(home, "agent", "list")}


def asked_of_gateway(port: int, key: str) -> tuple[int, dict[str, Any]]:
    body = json.dumps({"model": "gpt-5", "messages": [{"role": "user", "content": "Hello"}]})
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/chat/completions",
        body.encode(),
        {"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            return response.status, json.loads(response.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def test_a_key_that_no_cap_holds_for_is_issued_with_a_warning_and_the_way_out(
    tmp_path: Path,
) -> None:
    home = tmp_path / "home"
    issued = mission(home, "gateway", "issue", "one", "--agent", "codex", "--json")
    assert set(json.loads(issued.stdout)) == {"name", "key", "until"}
    [warning] = issued.stderr.decode().splitlines()
    assert "No cap holds for the key 'one'" in warning
    assert "`mission budget set agent codex --cost USD --reason TEXT`" in warning
    other = mission(home, "gateway", "issue", "two")
    assert "`mission budget set workspace --cost" in other.stderr.decode()
    said(home, "budget", "set", "agent", "codex", "--tokens", "90000", "--reason", "t")
    again = mission(home, "gateway", "issue", "three", "--agent", "codex")
    assert "No cap" not in again.stderr.decode()


def test_a_key_for_a_model_without_a_name_is_refused(tmp_path: Path) -> None:
    refused = said(tmp_path, "gateway", "issue", "one", "--model", "gpt-*", "--model", "", code=2)
    assert "a model without a name" in refused
    assert answer(tmp_path, "gateway", "keys") == []


@pytest.mark.journey
def test_a_tool_with_a_key_calls_models_under_the_caps_of_its_agent(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with serving(Reply("Hi.", input_tokens=1_000, output_tokens=200)) as models:
        (home / "gateway.toml").write_text(
            f"port = {port}\n"
            f'[[upstreams]]\nname = "local"\nbase_url = "{models.url}"\napi = "openai"\n'
            "[policy]\noutput_tokens_default = 1000\n"
        )
        with engine(home):
            key = said(home, "gateway", "issue", "laptop", "--agent", "codex").splitlines()[0]
            status, reply = asked_of_gateway(port, key)
            assert status == 402, reply
            assert "mission budget set agent codex" in reply["error"]["message"]
            said(home, "budget", "set", "agent", "codex", "--tokens", "90000", "--reason", "t")
            status, reply = asked_of_gateway(port, key)
            assert status == 200, reply
            assert (status, reply["choices"][0]["message"]["content"]) == (200, "Hi.")
            said(home, "budget", "set", "agent", "codex", "--tokens", "1250", "--reason", "t")
            status, reply = asked_of_gateway(port, key)
            assert status == 402, reply
            assert "agent 'codex'" in reply["error"]["message"]
            said(home, "gateway", "revoke", "laptop")
            assert asked_of_gateway(port, key)[0] == 401
    calls = answer(home, "gateway", "calls")
    assert [each["outcome"] for each in calls] == ["refused", "answered", "refused"]
    assert calls[1]["usage"]["input_tokens"] == 1_000
    whole = said(home, "gateway", "call", str(calls[1]["number"]))
    assert "Hello" in whole
    assert key not in whole
