"""Session files and hooks of agent programs: read as they grow, whatever else is in them."""

import json
from pathlib import Path
from typing import Any

import pytest

from missioncontrol.adapters.agent_sessions import watcher
from missioncontrol.adapters.agent_sessions.claude import ClaudeReader
from missioncontrol.adapters.agent_sessions.codex import CodexReader
from missioncontrol.adapters.agent_sessions.record import SessionRecord, one_line
from missioncontrol.adapters.agent_sessions.watcher import (
    BYTES_AT_ONCE,
    FollowedFile,
    SessionWatcher,
    session_file,
)
from missioncontrol.adapters.agents.coding.codex_home import conversation
from missioncontrol.adapters.session_stores.sqlite import SqliteActivityStore
from missioncontrol.domain.agent_session import Program, Standing
from missioncontrol.domain.work import Usage
from missioncontrol.ports.agent_sessions import Activity

ID = "5ad425f2-de07-4c9f-bba4-14ceef22c6e0"
BEGAN = "2026-11-26T18:33:00.000Z"
AT = 1_795_717_980.0
COMMON = {"cwd": "/code/shop", "sessionId": ID, "version": "2.1.329", "gitBranch": "main"}
USED = {"input_tokens": 60, "cache_read_input_tokens": 40, "output_tokens": 20}


def of_claude(kind: str, message: Any, second: int = 0, **more: Any) -> dict[str, Any]:
    time = BEGAN.replace("00.000", f"{second:02}.000")
    return {"type": kind, "timestamp": time, "message": message, **COMMON, **more}


def uses(tool: str, given: Any, second: int = 1) -> dict[str, Any]:
    content = [{"type": "tool_use", "id": "t1", "name": tool, "input": given}]
    message = {"id": "m1", "model": "claude-sonnet-4-5", "content": content, "usage": USED}
    return of_claude("assistant", message | {"stop_reason": "tool_use"}, second)


PROMPT = of_claude("user", {"role": "user", "content": "Add discount codes"})
DONE = of_claude(
    "assistant",
    {"id": "m2", "content": [{"type": "text", "text": "Done."}], "usage": USED}
    | {"stop_reason": "end_turn"},
    5,
)


def read(*records: Any, program: Program = "claude") -> SessionRecord:
    record = SessionRecord(ID, program)
    reader = ClaudeReader(record) if program == "claude" else CodexReader(record)
    for each in records:
        reader.take(each)
    return record


def test_a_session_of_claude_says_what_it_does_and_what_it_used() -> None:
    record = read(PROMPT, uses("Bash", {"command": "make test"}))
    row = record.activity("laptop")
    assert (row.title, row.directory, row.branch) == ("Add discount codes", "/code/shop", "main")
    assert [(each.tool, each.target) for each in row.recent] == [("Bash", "make test")]
    assert row.standing == Standing()
    # Cached tokens are a part of the input here, and not there.
    assert row.usage == Usage(100, 40, 20, cost=None)
    assert read(PROMPT, DONE).standing == Standing("prompt")


def test_a_message_in_portions_is_counted_once_and_totals_hold_at_the_end() -> None:
    portions = [uses("Bash", {"command": "a"}), uses("Read", {"file_path": "/b"}), DONE]
    assert read(PROMPT, *portions).usage == Usage(200, 80, 40, cost=None)
    total = {"inputTokens": 120, "outputTokens": 40, "cacheReadInputTokens": 80}
    costs = {"type": "cost-state", "totalCostUSD": 0.000984, "modelUsage": {"m": total}}
    assert read(PROMPT, *portions, costs).usage == Usage(200, 80, 40, cost=984)


def test_a_question_to_the_person_is_waited_for() -> None:
    asked = uses("AskUserQuestion", {"questions": [{"question": "Which currency?"}]})
    assert read(PROMPT, asked).standing == Standing("question", "Which currency?")
    answered = [{"type": "tool_result", "tool_use_id": "t1", "content": "EUR"}]
    assert read(PROMPT, asked, of_claude("user", {"content": answered}, 9)).standing == Standing()


def of_codex(kind: str, payload: Any, second: int = 0) -> dict[str, Any]:
    return {
        "timestamp": BEGAN.replace("00.000", f"{second:02}.000"),
        "type": kind,
        "payload": payload,
    }


CODEX = [
    of_codex("session_meta", {"id": ID, "cwd": "/code/shop", "cli_version": "0.169.0"}),
    of_codex("turn_context", {"cwd": "/code/shop", "model": "gpt-5.5"}),
    of_codex("event_msg", {"type": "task_started"}),
    of_codex(
        "event_msg",
        {
            "type": "item_completed",
            "item": {"type": "UserMessage", "content": [{"text": "Add codes"}]},
        },
    ),
    of_codex(
        "response_item",
        {"type": "function_call", "name": "exec_command", "arguments": '{"cmd": "make test"}'},
        1,
    ),
]


def test_a_session_of_codex_says_what_it_does_and_what_it_used() -> None:
    total = {"input_tokens": 100, "cached_input_tokens": 40, "output_tokens": 20}
    counted = of_codex("event_msg", {"type": "token_count", "info": {"total_token_usage": total}})
    row = read(*CODEX, counted, program="codex").activity("laptop")
    assert (row.title, row.model, row.version) == ("Add codes", "gpt-5.5", "0.169.0")
    assert [(each.tool, each.target) for each in row.recent] == [("exec_command", "make test")]
    assert row.usage == Usage(100, 40, 20, cost=None)
    ended = of_codex("event_msg", {"type": "task_complete"}, 3)
    assert read(*CODEX, ended, program="codex").standing == Standing("prompt")


@pytest.mark.parametrize("program", ["claude", "codex"])
def test_unknown_records_and_fields_of_other_types_are_passed_over(program: Program) -> None:
    strange: list[Any] = [
        {},
        {"type": ["user"]},
        {"type": "user", "message": "text", "timestamp": 7},
        {"type": "user", "message": {"content": [None, 3, {"type": 9}]}},
        {"type": "assistant", "message": {"content": {"a": 1}, "usage": "many", "model": 1}},
        {"type": "cost-state", "modelUsage": {"m": None}, "totalCostUSD": "much"},
        {"type": "event_msg", "payload": {"type": "token_count", "info": None}},
        {"type": "event_msg", "payload": {"type": "item_completed", "item": {"content": 1}}},
        {"type": "response_item", "payload": {"type": "function_call", "arguments": "{"}},
        {"type": "session_meta", "payload": {"cwd": 1, "git": []}},
        {"type": "some_new_thing", "payload": {"x": 1}},
    ]
    read(*strange, program=program)


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("curl -H 'Authorization: Bearer abcdef123456' x", "abcdef123456"),
        ("export API_KEY=supersecretvalue", "supersecretvalue"),
        ("psql postgres://ann:hunter22@db/shop", "hunter22"),
        ("deploy --token ghp_abcdefghijklmnop0123", "ghp_abcdefghijklmnop0123"),
    ],
)
def test_what_looks_like_a_secret_is_hidden(text: str, secret: str) -> None:
    shown = one_line(text)
    assert secret not in shown
    assert "[secret]" in shown


def test_a_long_path_and_a_commit_are_no_secrets() -> None:
    text = f"git show {'a1' * 20} -- src/a/very/long/path/to/some/module/that_has_a_name.py"
    assert one_line(text) == text


def hook(name: str, at: float, **more: Any) -> dict[str, Any]:
    return {"at": at, "program": "claude", "session_id": ID, "hook_event_name": name, **more}


def test_hooks_and_records_together_say_how_it_stands_now_in_any_order() -> None:
    record = read(PROMPT)
    watcher.apply_hook(
        record, hook("PreToolUse", AT + 2, tool_name="Bash", tool_input={"command": "x"})
    )
    asks = hook("Notification", AT + 3, notification_type="permission_prompt", message="Claude …")
    watcher.apply_hook(record, asks)
    # The record of the tool is written later than the hook, and is older.
    ClaudeReader(record).take(uses("Bash", {"command": "x"}))
    assert record.standing == Standing("permission", "Bash: x")
    watcher.apply_hook(record, hook("PostToolUse", AT + 9, tool_name="Bash"))
    assert record.standing == Standing()
    watcher.apply_hook(record, hook("SessionEnd", AT + 10, reason="other"))
    assert record.standing == Standing(end="ended")


def test_a_file_is_read_as_it_grows_and_again_where_it_was_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    file = FollowedFile(path)
    assert list(file.lines()) == []
    path.write_text("one\ntwo\nthr")
    assert list(file.lines()) == [b"one", b"two"]
    with path.open("a") as stream:
        stream.write("ee\n")
    assert list(file.lines()) == [b"three"]
    path.write_text("new\n")
    assert list(file.lines()) == [b"new"]


def test_a_line_that_is_too_long_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"x" * (BYTES_AT_ONCE + 10) + b"\nnext\n")
    file = FollowedFile(path)
    assert list(file.lines()) == []
    assert list(file.lines()) == [b"next"]


class Disk:
    """The files of a person, and a watcher of them."""

    def __init__(self, root: Path, now: float = AT + 1) -> None:
        self.roots: dict[Program, Path] = {"claude": root / "claude", "codex": root / "codex"}
        self.spool = root / "spool.jsonl"
        self.time = now
        self.root = root
        self.watcher = self.new()

    def new(self) -> SessionWatcher:
        return SessionWatcher(self.roots, self.spool, lambda: self.time, scrub=_without_codes)

    def write(self, *records: Any, spool: bool = False) -> None:
        file = self.spool if spool else self.roots["claude"] / "projects" / "-code" / f"{ID}.jsonl"
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a") as stream:
            stream.writelines(json.dumps(each) + "\n" for each in records)


def _without_codes(text: str) -> str:
    return text.replace("codes", "[secret]")


def test_a_watcher_returns_what_changed_and_the_end_of_what_has_no_program(tmp_path: Path) -> None:
    disk = Disk(tmp_path)
    disk.write(PROMPT)
    [row] = disk.watcher.look()
    assert (row.session, row.title, row.standing) == (ID, "Add discount [secret]", Standing())
    assert disk.watcher.look() == []
    disk.write(hook("Stop", AT + 2), spool=True)
    assert [each.standing for each in disk.watcher.look()] == [Standing("prompt")]
    disk.time += 60  # It has no process, and does nothing: its program is gone.
    assert [each.standing for each in disk.watcher.look()] == [Standing(end="ended")]


def test_what_was_over_before_is_returned_only_where_it_was_known(tmp_path: Path) -> None:
    disk = Disk(tmp_path, now=AT + 3_600)
    disk.write(PROMPT)
    assert disk.watcher.look() == []
    rows: list[Activity] = disk.new().look(is_open=[ID])
    assert [each.standing for each in rows] == [Standing(end="lost")]


def test_a_session_is_found_by_its_id_and_by_nothing_that_is_none(tmp_path: Path) -> None:
    disk = Disk(tmp_path)
    disk.write(PROMPT)
    assert session_file(disk.roots, "claude", ID) is not None
    assert session_file(disk.roots, "codex", ID) is None
    assert session_file(disk.roots, "claude", "../../etc/passwd") is None


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ('curl -d \'{"password":"hunter2secret"}\' host', "hunter2secret"),
        ("git push https://github_pat_11ABCDEFG0123456789@host", "11ABCDEFG0123456789"),
        ("curl -u bob:pa55word host", "pa55word"),
        ("use password=hunter2secret", "hunter2secret"),
    ],
)
def test_a_secret_in_the_text_of_a_command_is_hidden(text: str, secret: str) -> None:
    assert secret not in one_line(text)


def test_a_conversation_of_codex_names_our_provider_however_its_file_writes_that() -> None:
    name = "model_provider"
    meta = json.dumps({"type": "session_meta", "payload": {name: "openai", "id": "x"}})
    applied = json.dumps({"payload": {"type": "thread_settings_applied", name: "openai"}})
    plain = json.dumps({"payload": {"text": "caf\u00e9"}})
    for text in (meta, meta.replace("model_", "model\\u005f")):
        record = f"{text}\n{applied}\n{plain}\n".encode()
        path, content = conversation("0199-thread", record)
        first, second = content.decode().splitlines()
        assert json.loads(first)["payload"] == {name: "mission", "id": "x"}
        assert second == plain
        assert path.startswith("sessions/")


def test_rows_that_are_only_just_begun_are_none(tmp_path: Path) -> None:
    file = tmp_path / "sessions.db"
    file.touch()
    assert SqliteActivityStore(file, writable=False).all() == []
