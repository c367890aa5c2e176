"""Programs under a name of their own as agents."""

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from missioncontrol.adapters.agents import command_kind
from missioncontrol.adapters.agents.command_kind import CommandKind
from missioncontrol.domain.agent import Shape
from missioncontrol.domain.declaration import Declaration
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.work import Work
from missioncontrol.ports.agent import AttemptFailed
from tests.agents.heard import SECRET, HeardLine, a_workshop, assignment, run

KIND = CommandKind()
SUM = "import json, sys; i = json.load(sys.stdin)['inputs']; print(json.dumps(i['a'] + i['b']))"


def declared(code: str, shape: Shape | None = None, **settings: Any) -> Declaration:
    argv = [sys.executable, "-S", "-E", "-c", code]
    return Declaration("adder", "command", {"argv": argv, **settings}, output=shape or Shape())


def work(root: Path, agent: Declaration, inputs: dict[str, Any] | None = None) -> Work:
    shop = a_workshop(root, {"PATH": os.environ["PATH"], "API_KEY": SECRET})
    return run(KIND.make(agent, shop).perform(assignment(inputs), HeardLine()))


def test_a_program_takes_its_inputs_as_json_and_answers_in_json(tmp_path: Path) -> None:
    assert work(tmp_path, declared(SUM, Shape("integer")), {"a": 2, "b": 3}).output == 5


def test_an_answer_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AttemptFailed) as caught:
        work(tmp_path, declared(SUM, Shape("integer")), {"a": "x", "b": "y"})
    assert caught.value.code == "command.bad_output"


def test_text_is_handed_back_as_text(tmp_path: Path) -> None:
    assert work(tmp_path, declared("print('hi')", output="text")).output == ("hi\n")


def test_a_text_of_which_only_the_beginning_is_left_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AttemptFailed, match="256 KiB") as caught:
        work(tmp_path, declared("print('x' * 300_000)", output="text"))
    assert (caught.value.code, caught.value.retryable) == ("command.output_too_large", False)


def test_a_version_that_cannot_be_told_names_the_setting(tmp_path: Path) -> None:
    agent = Declaration("p", "command", {"argv": ["sh"], "version": ["-c", "exit 3"]})
    with pytest.raises(AttemptFailed, match="exit status 3") as caught:
        run(KIND.prove(agent, a_workshop(tmp_path, {"PATH": os.environ["PATH"]}), round_trip=False))
    assert "`version`" in caught.value.hint


def test_a_secret_is_seen_by_the_program_and_not_by_the_record(tmp_path: Path) -> None:
    code = "import os; print(os.environ['API_KEY'])"
    assert work(tmp_path, declared(code, output="text")).output == "[secret]\n"


def test_an_exit_status_that_is_no_success_fails(tmp_path: Path) -> None:
    with pytest.raises(AttemptFailed) as caught:
        work(tmp_path, declared("raise SystemExit(3)"))
    assert caught.value.code == "command.failed"


def test_a_program_says_its_version(tmp_path: Path) -> None:
    settings = {"argv": [sys.executable], "version": ["--version"]}
    shop = a_workshop(tmp_path, {"PATH": os.environ["PATH"]})
    proof = run(KIND.prove(Declaration("p", "command", settings), shop, round_trip=False))
    assert proof.version == f"Python {sys.version.split()[0]}"


def test_a_program_that_never_says_its_version_is_no_proof(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command_kind, "VERSION_SECONDS_MAX", 0.1)
    agent = Declaration("p", "command", {"argv": ["sleep"], "version": ["600"]})
    with pytest.raises(AttemptFailed, match="`sleep 600` did not end within") as caught:
        run(KIND.prove(agent, a_workshop(tmp_path, {"PATH": os.environ["PATH"]}), round_trip=False))
    assert caught.value.code == "command.silent"


def test_a_program_that_is_not_there_is_no_proof(tmp_path: Path) -> None:
    agent = Declaration("p", "command", {"argv": ["no-such-program"]})
    with pytest.raises(AttemptFailed, match="no-such-program"):
        run(KIND.prove(agent, a_workshop(tmp_path), round_trip=False))


@pytest.mark.parametrize(
    "settings",
    [{}, {"argv": []}, {"argv": [""]}, {"argv": ["a"], "cwd": "b"}, {"argv": ["a"], "success": []}],
)
def test_bad_settings_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(Rejected, match="'p'"):
        KIND.card(Declaration("p", "command", settings))
