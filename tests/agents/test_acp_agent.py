"""Programs that speak the Agent Client Protocol as agents, with a real one of our own."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from acp.schema import Usage

from missioncontrol.adapters.agents.acp.conversation import tokens_of
from missioncontrol.adapters.agents.acp.kind import AcpKind
from missioncontrol.adapters.processes import is_alive
from missioncontrol.domain.agent import Shape
from missioncontrol.domain.declaration import Declaration, Limits
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.work import Work
from missioncontrol.ports.agent import AttemptFailed, Verdict
from missioncontrol.testing.scripted_models import Reply, Request, ToolCall, serving
from tests.agents.gemini_server import Parts, serving_gemini
from tests.agents.heard import SECRET, HeardLine, a_workshop, assignment, run

pytestmark = pytest.mark.journey

KIND = AcpKind()
PROGRAM = [sys.executable, str(Path(__file__).parent / "small_agent.py")]
SECONDS = 60.0
GEMINI = {
    "security": {"auth": {"selectedType": "gemini-api-key"}},
    "privacy": {"usageStatisticsEnabled": False},
    "telemetry": {"enabled": False},
    "general": {"disableAutoUpdate": True, "disableUpdateNag": True},
}
OPENCODE = {
    "model": "mc/{model}",
    "small_model": "mc/{model}",
    "autoupdate": False,
    "share": "disabled",
    "permission": {"edit": "ask", "bash": "ask"},
    "provider": {
        "mc": {
            "npm": "@ai-sdk/openai-compatible",
            "options": {"baseURL": "{url}/v1", "apiKey": "{key}"},
            "models": {"{model}": {"limit": {"context": 100_000, "output": 4_000}}},
        }
    },
}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    path = tmp_path / "repository"
    path.mkdir()
    (path / "a.txt").write_text("one\n")
    own = ["git", "-c", "user.name=a", "-c", "user.email=a@localhost"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "first"]):
        subprocess.run([*own, *command], cwd=path, check=True)
    return path


def declared(settings: dict[str, Any] | None = None, **more: Any) -> Declaration:
    return Declaration("c", "acp", {"argv": PROGRAM, **(settings or {})}, **more)


def yes() -> HeardLine:
    return HeardLine(lambda action: Verdict(is_allowed=True))


def work(
    root: Path, repository: Path, prompt: str, agent: Declaration, line: HeardLine, **more: Any
) -> Work:
    keep = {"keep": True} if more.pop("keep", False) else {}

    async def story() -> Work:
        environment = {"PATH": os.environ["PATH"], "MY_KEY": SECRET}
        given = assignment({"prompt": prompt, "repository": str(repository), **keep}, **more)
        return await KIND.make(agent, a_workshop(root, environment)).perform(given, line)

    return run(story(), SECONDS)


def failure(*given: Any, **more: Any) -> AttemptFailed:
    with pytest.raises(AttemptFailed) as caught:
        work(*given, **more)
    return caught.value


def test_what_the_program_changes_becomes_a_patch(tmp_path: Path, repository: Path) -> None:
    line = yes()
    done = work(tmp_path, repository, "write", declared(), line)
    assert b"+hello" in line.kept["changes.patch"]
    assert done.output["summary"] == "I wrote new.txt.\nAll is well."
    assert "I wrote new.txt." in line.text
    assert not (repository / "new.txt").exists()
    assert not is_alive(line.processes[0])


def test_what_it_leaves_is_kept_as_a_commit(tmp_path: Path, repository: Path) -> None:
    def shown(commit: str) -> str:
        argv = ["git", "show", f"{commit}:new.txt"]
        return subprocess.run(argv, cwd=repository, check=True, capture_output=True).stdout.decode()

    done = work(tmp_path, repository, "write", declared(), yes(), keep=True, risk="write")
    assert shown(done.output["commit"]) == "hello\n"
    unkept = work(tmp_path, repository, "write", declared(), yes())
    assert unkept.output["commit"] == ""
    nothing = work(tmp_path, repository, "run", declared(), yes(), keep=True, risk="write")
    assert nothing.output["commit"] == ""
    line = yes()
    once = declared(limits=Limits(turns_max=1))
    error = failure(tmp_path, repository, "twice", once, line, keep=True, risk="write")
    assert error.detail["commit"] == done.output["commit"]  # Of the same attempt, and the same.
    assert "are saved as refs/mission/kept/" in line.text
    assert error.detail["patch"]


def test_a_step_that_only_reads_keeps_nothing(tmp_path: Path, repository: Path) -> None:
    error = failure(tmp_path, repository, "write", declared(), yes(), keep=True, risk="read")
    assert error.code == "acp.bad_input"
    assert "keep is true, and the step is one that only reads" in error.reason


def test_what_it_wants_to_do_is_asked_for(tmp_path: Path, repository: Path) -> None:
    line = yes()
    work(tmp_path, repository, "run", declared(), line)
    (asked,) = line.asked
    assert (asked.kind, asked.effects) == ("command", ("runs_programs",))
    assert asked.detail["input"] == {"command": "make test"}


def test_what_is_not_allowed_is_not_done(tmp_path: Path, repository: Path) -> None:
    done = work(tmp_path, repository, "run", declared(), HeardLine())
    assert done.output["summary"] == "It was not allowed to run."
    assert done.evidence == ()


def test_what_is_too_large_to_show_is_not_allowed(tmp_path: Path, repository: Path) -> None:
    line = yes()
    done = work(tmp_path, repository, "overwhelm", declared(), line)
    assert done.output["summary"] == "It was not allowed to run."
    assert line.asked == []
    assert "too large to show" in line.text


def test_files_that_were_not_offered_are_refused(tmp_path: Path, repository: Path) -> None:
    done = work(tmp_path, repository, "borrow", declared(), yes())
    assert done.output["summary"] == f"Refused: {[-32601] * 4}"
    assert [each["path"] for each in done.output["files"]] == ["new.txt"]


def test_an_answer_that_the_protocol_does_not_know_is_told(
    tmp_path: Path, repository: Path
) -> None:
    code = (
        "import json, sys\n"
        "for line in sys.stdin:\n"
        "    q = json.loads(line)\n"
        "    known = {'initialize': {'protocolVersion': 1}, 'session/new': {'sessionId': 5}}\n"
        "    told = {'jsonrpc': '2.0', 'id': q['id'], 'result': known[q['method']]}\n"
        "    print(json.dumps(told), flush=True)\n"
    )
    agent = declared({"argv": [sys.executable, "-S", "-E", "-c", code]})
    error = failure(tmp_path, repository, "x", agent, yes())
    assert error.code == "acp.bad_answer"
    assert "sessionId" in error.reason


def test_a_command_that_ended_is_evidence(tmp_path: Path, repository: Path) -> None:
    done = work(tmp_path, repository, "run", declared(), yes())
    assert done.output["commands"] == [{"command": "make test", "exit_code": 0}]


def test_a_change_in_the_tree_counts_less_than_one_outside(
    tmp_path: Path, repository: Path
) -> None:
    line = HeardLine()
    work(tmp_path, repository, "write", declared(), line)
    with pytest.raises(AttemptFailed, match="changed no file"):
        work(tmp_path, repository, "outside", declared(), line)
    inside, outside = line.asked
    assert (inside.kind, inside.effects) == ("change", ("reads_files",))
    assert outside.effects == ("writes_files",)


def test_what_it_says_that_it_used_is_counted(tmp_path: Path, repository: Path) -> None:
    line = yes()
    work(tmp_path, repository, "write", declared(model="small"), line)
    assert (line.used.input_tokens, line.used.cached_tokens, line.used.output_tokens) == (10, 4, 5)
    assert line.usages[0][0] == "small"


def test_an_answer_that_does_not_fit_is_asked_for_again(tmp_path: Path, repository: Path) -> None:
    shape = Shape("object", {"fits": Shape("boolean")})
    done = work(tmp_path, repository, "answer", declared(output=shape), yes())
    assert done.output["answer"] == {"fits": True}


def test_the_way_to_a_model_reaches_the_program_and_nothing_else(
    tmp_path: Path, repository: Path
) -> None:
    settings = {
        "variables": {"MODEL_URL": "{url}/v1", "MODEL_KEY": "{key}"},
        "files": {".small/config.json": '{"model": "mc/{model}"}'},
        "base_url": "http://127.0.0.1:9",
        "key_variable": "MY_KEY",
        "modes": {"read": "plan"},
    }
    line = yes()
    work(tmp_path, repository, "tell", declared(settings, model="m"), line)
    patch = line.kept["changes.patch"].decode()
    seen = json.loads(next(text[1:] for text in patch.splitlines() if text.startswith("+{")))
    assert seen == {
        "MODEL_URL": "http://127.0.0.1:9/v1",
        "MODEL_KEY": SECRET,
        "OTHER": "",
        "config": '{"model": "mc/m"}',
        "mode": "plan",
    }


def test_cancelling_tells_the_program_and_ends_it(tmp_path: Path, repository: Path) -> None:
    line = yes()

    async def story() -> None:
        shop = a_workshop(tmp_path, {"PATH": os.environ["PATH"]})
        agent = KIND.make(declared({"home": "kept"}), shop)
        given = assignment({"prompt": "wait", "repository": str(repository)})
        task = asyncio.ensure_future(agent.perform(given, line))
        await line.spoke.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(story(), SECONDS)
    assert (tmp_path / "state" / "home" / "cancelled").exists()
    assert not is_alive(line.processes[0])


def test_a_program_that_dies_is_lost_with_its_last_words(tmp_path: Path, repository: Path) -> None:
    error = failure(tmp_path, repository, "die", declared(), yes())
    assert error.code == "acp.lost"
    assert "out of memory" in error.reason


def test_a_program_that_is_not_signed_in_says_so(tmp_path: Path, repository: Path) -> None:
    error = failure(tmp_path, repository, "refuse", declared(), yes())
    assert (error.code, error.retryable) == ("acp.sign_in", False)


def test_a_program_that_is_none_is_late_or_lost(tmp_path: Path, repository: Path) -> None:
    settings = {"argv": [sys.executable, "-c", "print('hello')"]}
    assert failure(tmp_path, repository, "x", declared(settings), yes()).code == "acp.lost"


def test_calls_of_tools_are_limited(tmp_path: Path, repository: Path) -> None:
    agent = declared(limits=Limits(turns_max=1))
    work(tmp_path, repository, "write", agent, yes())
    error = failure(tmp_path, repository, "twice", agent, yes())
    assert error.code == "acp.too_many_turns"


@pytest.mark.parametrize(
    ("total", "expected"),
    [(150, (100, 50)), (190, (140, 50)), (160, (100, 60)), (200, (140, 60)), (7, (140, 60))],
)
def test_the_sum_tells_what_is_part_of_what(total: int, expected: tuple[int, int]) -> None:
    reported = Usage(
        total_tokens=total,
        input_tokens=100,
        output_tokens=50,
        thought_tokens=10,
        cached_read_tokens=40,
    )
    counted = tokens_of(reported)
    assert (counted.input_tokens, counted.output_tokens) == expected
    assert (counted.cached_tokens, counted.reasoning_tokens) == (40, 10)


def test_a_proof_tells_the_version_and_a_word(tmp_path: Path) -> None:
    shop = a_workshop(tmp_path, {"PATH": os.environ["PATH"]})
    proof = run(KIND.prove(declared(), shop, round_trip=False), SECONDS)
    assert proof.version == "small 0.1"


@pytest.mark.parametrize(
    "settings",
    [
        {"argv": []},
        {"argv": ["x", "--key={key}"]},
        {"files": {"../x": ""}},
        {"base_url": "http://localhost"},
        {"home": "elsewhere"},
    ],
)
def test_bad_settings_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(Rejected, match="'c'"):
        KIND.card(declared(settings))


def opencode(program: Path) -> dict[str, Any]:
    """Return the settings of the real program."""
    return {
        "argv": [str(program), "acp"],
        "key_variable": "MY_KEY",
        "variables": {"OPENCODE_DISABLE_AUTOUPDATE": "1", "OPENCODE_DISABLE_MODELS_FETCH": "1"},
        "files": {".config/opencode/opencode.json": json.dumps(OPENCODE)},
    }


@pytest.mark.slow
def test_opencode_changes_files_and_asks_before_it_does(
    tmp_path: Path, repository: Path, opencode_program: Path
) -> None:
    """The real program, against a scripted model."""
    settings = opencode(opencode_program)

    def answer(request: Request) -> Reply:
        results = [each["role"] for each in request.body["messages"]].count("tool")
        if not request.tools:
            return Reply("A title")
        if results == 0:
            line = "cat > new.txt <<'END'\nhello\nEND\n"
            return Reply(calls=(ToolCall("bash", {"command": line, "description": "write"}),))
        if results == 1:
            more = {"command": "cat new.txt", "description": "read"}
            return Reply(calls=(ToolCall("bash", more),))
        return Reply("All done.")

    line = HeardLine(lambda action: Verdict(is_allowed=True))
    with serving(answer) as server:
        agent = declared({**settings, "base_url": server.origin}, model="scripted")
        done = work(tmp_path, repository, "Write new.txt", agent, line)
    assert done.output["summary"] == "All done."
    assert b"+hello" in line.kept["changes.patch"]
    assert done.output["commands"][-1] == {"command": "cat new.txt", "exit_code": 0}
    assert {each.kind for each in line.asked} == {"command"}
    assert SECRET in server.authorizations[0]
    assert SECRET not in line.text
    assert not is_alive(line.processes[0])


def test_gemini_changes_files_and_asks_before_it_does(
    tmp_path: Path, repository: Path, gemini_program: Path
) -> None:
    """The real program, against a scripted model."""
    settings = {
        "argv": ["node", str(gemini_program), "--acp", "--skip-trust"],
        "key_variable": "MY_KEY",
        "variables": {
            "GEMINI_API_KEY": "{key}",
            "GEMINI_MODEL": "{model}",  # without it, it asks a model which model to ask
            "GOOGLE_GEMINI_BASE_URL": "{url}",
        },
        "files": {".gemini/settings.json": json.dumps(GEMINI)},
    }

    def answer(body: dict[str, Any]) -> Parts:
        parts = [part for content in body["contents"] for part in content["parts"]]
        if any("functionResponse" in part for part in parts):
            return [{"text": "All done."}]
        given = {"file_path": "new.txt", "content": "hello\n"}
        return [{"functionCall": {"name": "write_file", "args": given}}]

    line = HeardLine(lambda action: Verdict(is_allowed=True))
    with serving_gemini(answer) as server:
        agent = declared({**settings, "base_url": server.url}, model="gemini-2.5-pro")
        done = work(tmp_path, repository, "Write new.txt", agent, line)
    assert done.output["summary"] == "All done."
    assert b"+hello" in line.kept["changes.patch"]
    (asked,) = line.asked
    assert (asked.kind, asked.effects) == ("change", ("reads_files",))
    assert (line.used.input_tokens, line.used.output_tokens) == (200, 30)
    assert not is_alive(line.processes[0])


@pytest.mark.parametrize("prompt", ["pretend a tool", "pretend words", "pretend", "explain"])
def test_an_attempt_that_changed_and_proved_nothing_does_not_succeed(
    tmp_path: Path, repository: Path, prompt: str
) -> None:
    error = failure(tmp_path, repository, prompt, declared(), yes(), risk="write")
    assert error.code == "acp.nothing_done"
    assert ("apply_magic (1)" in error.reason) is ("tool" in prompt)
    assert "`risk: read`" in error.hint


def test_a_step_that_asks_for_words_needs_an_answer(tmp_path: Path, repository: Path) -> None:
    done = work(tmp_path, repository, "explain", declared(), yes(), risk="read")
    assert done.output["summary"].startswith("The function adds")
    error = failure(tmp_path, repository, "pretend", declared(), yes(), risk="read")
    assert error.code == "acp.nothing_done"


@pytest.mark.slow
@pytest.mark.slow
def test_a_tool_that_does_not_exist_is_no_work_of_opencode(
    tmp_path: Path, repository: Path, opencode_program: Path
) -> None:
    """The real program answers such a call itself, and reports the call as completed."""

    def answer(request: Request) -> Reply:
        results = [each["role"] for each in request.body["messages"]].count("tool")
        if not request.tools:
            return Reply("A title")
        if results == 0:
            return Reply(calls=(ToolCall("apply_magic", {"path": "new.txt"}),))
        return Reply("Done.")

    with serving(answer) as server:
        agent = declared(
            {**opencode(opencode_program), "base_url": server.origin}, model="scripted"
        )
        error = failure(tmp_path, repository, "Write new.txt", agent, yes(), risk="write")
    assert error.code == "acp.nothing_done"
    assert "apply_magic (1)" in error.reason
