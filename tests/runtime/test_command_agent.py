"""Commands as steps, with real processes."""

import asyncio
import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from missioncontrol.adapters.agents.command import CARD, CommandAgent
from missioncontrol.adapters.artifact_stores.folder import FolderArtifactStore
from missioncontrol.adapters.processes import start_time
from missioncontrol.app.container import holding
from missioncontrol.app.settings import Settings
from missioncontrol.domain.agent import misfit
from missioncontrol.domain.declaration import Declaration, card_of
from missioncontrol.domain.errors import MissionControlError
from missioncontrol.domain.run.states import Cancelled, Failed, Run, Succeeded
from missioncontrol.domain.secrets import Scrubber
from missioncontrol.domain.step import Retry, Step
from missioncontrol.domain.work import CommandRan, Usage, Work
from missioncontrol.ports.agent import Assignment, Line
from missioncontrol.runtime.registry import Registered
from tests.runtime.workshop import Workshop, run, workshop
from tests.sandboxes import OpenBelow

SECRET = "correct-horse-battery"
PYTHON = [sys.executable, "-S", "-E", "-c"]
PATHS = {"PATH": os.environ["PATH"], "COLOUR": "red"}


def an_agent(root: Path, environment: Mapping[str, str] = PATHS) -> Registered:
    agent = CommandAgent(
        scratch=root / "scratch",
        artifacts=FolderArtifactStore(root / "artifacts"),
        environment=environment,
        scrub=Scrubber([SECRET]).text,
        sandbox=OpenBelow(root),
    )
    return Registered("command", agent)


def outcome(
    root: Path,
    inputs: dict[str, Any],
    **step: Any,
) -> tuple[Run, list[tuple[str, str]]]:
    """Run a command as the only step; return the run, and its output with its levels."""

    async def story() -> tuple[Run, list[tuple[str, str]]]:
        async with workshop(root, an_agent(root)) as shop:
            ended = await shop.finish(Step("a", "command", inputs=inputs, **step))
            lines = shop.lines.read("run-1", limit=30_000)
            return ended, [(line.level, line.message) for line in lines]

    return run(story())


def work(root: Path, inputs: dict[str, Any], **more: Any) -> Work:
    state = outcome(root, inputs, **more)[0].states["a"]
    assert isinstance(state, Succeeded), state
    assert misfit(state.work.output, CARD.output) == ""
    return state.work


def failure(root: Path, inputs: dict[str, Any], **more: Any) -> Any:
    state = outcome(root, inputs, **more)[0].states["a"]
    assert isinstance(state, Failed), state
    return state.failure


def python(code: str) -> list[str]:
    return [*PYTHON, code]


# What it does.


def test_a_command_hands_back_what_it_said_and_how_it_ended(tmp_path: Path) -> None:
    code = "import sys; print('one'); print('two', file=sys.stderr)"
    found = work(tmp_path, {"argv": python(code)})
    assert found.output["stdout"] == "one\n"
    assert found.output["stderr"] == "two"
    assert found.output["exit_code"] == 0
    assert 0 < found.output["seconds"] < 3
    assert found.output["cut"] is False
    assert "json" not in found.output
    (evidence,) = found.evidence
    assert isinstance(evidence, CommandRan)
    assert evidence.argv == tuple(python(code))


def test_what_it_says_is_shown_while_it_works(tmp_path: Path) -> None:
    code = "import sys; print('one'); sys.stdout.flush(); print('two', file=sys.stderr)"
    _, lines = outcome(tmp_path, {"argv": python(code)})
    assert sorted(lines) == [("info", "one"), ("warning", "two")]


def test_no_shell_reads_the_arguments(tmp_path: Path) -> None:
    odd = ["$HOME", "a b", "*", "; rm -rf x", "`id`", "'", '"', "größe", "-n", ""]
    code = "import sys, json; print(json.dumps(sys.argv[1:]))"
    found = work(tmp_path, {"argv": [*python(code), *odd, 8]})
    assert found.output["json"] == [*odd, "8"]


def test_it_sees_its_own_attempt_and_only_what_is_passed_on(tmp_path: Path) -> None:
    code = "import os, json; print(json.dumps([dict(os.environ), os.getcwd()]))"
    inputs = {"argv": python(code), "env": {"SIZE": 3, "COLOUR": "blue"}}
    seen, cwd = work(tmp_path, inputs).output["json"]
    assert seen.pop("MISSION_MARK")
    known = {key: seen[key] for key in seen if key.startswith("MISSION_")}
    scratch = str(tmp_path / "scratch" / "run-1" / "1")
    assert known == {
        "MISSION_RUN": "run-1",
        "MISSION_STEP": "a",
        "MISSION_ATTEMPT": "1",
        "MISSION_KEY": "run-1/a",
        "MISSION_SCRATCH": scratch,
    }
    assert cwd == scratch
    assert (seen["SIZE"], seen["COLOUR"]) == ("3", "blue")
    assert "PYTEST_CURRENT_TEST" not in seen


def test_the_key_stays_the_same_when_it_is_tried_again(tmp_path: Path) -> None:
    code = (
        "import os; f = open(os.environ['NOTES'], 'a')\n"
        "print(os.environ['MISSION_ATTEMPT'], os.environ['MISSION_KEY'], file=f)\n"
        "raise SystemExit(os.environ['MISSION_ATTEMPT'] == '1')"
    )
    inputs = {"argv": python(code), "env": {"NOTES": str(tmp_path / "notes")}}
    work(tmp_path, inputs, retry=Retry(2, wait_seconds=0.0))
    assert (tmp_path / "notes").read_text().split() == ["1", "run-1/a", "2", "run-1/a"]


@pytest.mark.parametrize(
    ("stdin", "expected"),
    [("größe\n", "größe\n"), ({"a": [1, None]}, '{"a":[1,null]}'), (None, ""), (0, "0")],
)
def test_standard_input_is_a_text_or_json_and_then_ends(
    tmp_path: Path, stdin: Any, expected: str
) -> None:
    found = work(tmp_path, {"argv": ["cat"], "stdin": stdin, "output": "text"})
    assert found.output["stdout"] == expected


def test_a_command_that_does_not_read_its_input_is_no_trouble(tmp_path: Path) -> None:
    assert work(tmp_path, {"argv": ["true"], "stdin": "x" * 500_000}).output["exit_code"] == 0


def test_files_lie_there_before_it_starts(tmp_path: Path) -> None:
    digest = FolderArtifactStore(tmp_path / "artifacts").put(b"kept")
    artifact = {"name": "x", "digest": digest, "size": 4, "media_type": "text/plain"}
    files = {"a.txt": "text", "deep/b.txt": artifact, "c.json": {"n": 1}}
    found = work(tmp_path, {"argv": ["cat", "a.txt", "deep/b.txt", "c.json"], "files": files})
    assert found.output["stdout"] == 'textkept{"n":1}'


def test_it_starts_in_the_repository_unless_told_otherwise(tmp_path: Path) -> None:
    place = tmp_path / "repository"
    (place / "sub").mkdir(parents=True)
    cases: list[tuple[dict[str, Any], Path]] = [
        ({}, place),
        ({"cwd": "sub"}, place / "sub"),
        ({"cwd": str(tmp_path)}, tmp_path),
        ({"files": {"a": ""}}, tmp_path / "3" / "scratch" / "run-1" / "1"),
    ]
    for number, (more, expected) in enumerate(cases):
        root = tmp_path / str(number)
        root.mkdir()
        found = work(root, {"argv": ["pwd"], "repository": str(place), **more})
        assert found.output["stdout"] == f"{expected}\n"


def test_files_that_it_leaves_are_kept(tmp_path: Path) -> None:
    code = (
        "import os; os.mkdir('out')\n"
        "for name in ('report.json', 'out/a.xml', 'out/b.xml', 'out/empty.xml'):\n"
        "    open(name, 'w').write('' if 'empty' in name else '{}')\n"
        "open('odd.txt', 'wb').write(b'\\xff\\xfe')"
    )
    names = ["report.json", "./odd.txt", "out/*.xml", "none/*.xml"]
    found = work(tmp_path, {"argv": python(code), "artifacts": names})
    assert [(each.name, each.media_type) for each in found.artifacts] == [
        ("report.json", "application/json"),
        ("odd.txt", "application/octet-stream"),
        ("out/a.xml", "application/xml"),
        ("out/b.xml", "application/xml"),
    ]
    assert FolderArtifactStore(tmp_path / "artifacts").get(found.artifacts[0].digest) == b"{}"


def test_files_are_kept_from_the_scratch_directory_too(tmp_path: Path) -> None:
    code = "import os; open(os.environ['MISSION_SCRATCH'] + '/a.txt', 'w').write('words')"
    inputs = {"argv": python(code), "cwd": str(tmp_path), "artifacts": ["a.txt"]}
    assert [each.name for each in work(tmp_path, inputs).artifacts] == ["a.txt"]
    assert not (tmp_path / "a.txt").exists()


@pytest.mark.parametrize(("status", "is_sound"), [(0, False), (3, True), (4, True), (5, False)])
def test_a_step_says_which_exit_statuses_are_good(
    tmp_path: Path, status: int, is_sound: bool
) -> None:
    ended, _ = outcome(tmp_path, {"argv": python(f"raise SystemExit({status})"), "success": [3, 4]})
    assert isinstance(ended.states["a"], Succeeded) is is_sound


# What it says, read as something.


@pytest.mark.parametrize(
    ("text", "form", "expected"),
    [
        ('{"a": 1}', "auto", {"json": {"a": 1}}),
        (" [1]\n", "auto", {"json": [1]}),
        ("not json", "auto", {}),
        ("", "auto", {}),
        ('{"a": 1}', "text", {}),
        ("null", "json", {"json": None}),
        ("one\r\ntwo\n\nfour", "lines", {"lines": ["one", "two", "", "four"]}),
        ("", "lines", {"lines": []}),
        ("\n", "lines", {"lines": [""]}),
    ],
)
def test_output_is_read_as_what_the_step_says(
    tmp_path: Path, text: str, form: str, expected: dict[str, Any]
) -> None:
    output = work(tmp_path, {"argv": ["printf", "%s", text], "output": form}).output
    assert {key: output[key] for key in ("json", "lines") if key in output} == expected
    assert output["stdout"] == text


@pytest.mark.parametrize("text", ["oops", '{"a": 1} {"b": 2}', "", "[" * 5000])
def test_what_was_to_be_json_and_is_none_fails(tmp_path: Path, text: str) -> None:
    found = failure(tmp_path, {"argv": ["printf", "%s", text], "output": "json"})
    assert found.code == "command.not_json"
    assert (text[:4] or "nothing") in found.reason


def test_long_output_is_cut_and_says_so(tmp_path: Path) -> None:
    found = work(tmp_path, {"argv": python("print('é\\0' * 600_000)")})
    assert found.output["cut"] is True
    assert len(json.dumps(found.output["stdout"], ensure_ascii=False)) <= 256 * 1024
    assert found.output["stdout"].startswith("é\0é\0")


@pytest.mark.parametrize("form", ["json", "lines"])
@pytest.mark.parametrize("count", [3_000, 8_000])
def test_a_part_of_a_value_is_never_handed_on_as_the_value(
    tmp_path: Path, form: str, count: int
) -> None:
    code = f"print('[' + ',\\n'.join(['\"' + 'x' * 190 + '\"'] * {count}) + ']')"
    found = failure(tmp_path, {"argv": python(code), "output": form})
    assert found.code == "command.output_too_large"
    assert found.retryable is False


def test_what_is_shown_of_a_flood_is_bounded_and_the_command_is_not_stopped(
    tmp_path: Path,
) -> None:
    ended, lines = outcome(tmp_path, {"argv": python("print(('x' * 60_000 + '\\n') * 300)")})
    assert isinstance(ended.states["a"], Succeeded)
    assert len(lines) == 8 * 1024 * 1024 // 60_000 + 1
    assert "not stored" in lines[-1][1]


def test_reports_are_taken_and_are_no_output(tmp_path: Path) -> None:
    code = (
        "import hashlib, json\n"
        "def send(**message): print(json.dumps(message))\n"
        "send(type='usage', usage={'input_tokens': 3})\n"
        "send(type='usage', usage={'output_tokens': 4})\n"
        "send(type='log', level='success', message='halfway')\n"
        "send(type='progress', done=1, total=2)\n"
        "open('a.txt', 'w').write('words')\n"
        "send(type='artifact', name='notes.txt', path='a.txt', size=5, media_type='text/plain',\n"
        "     digest=hashlib.sha256(b'words').hexdigest())\n"
        "send(type='dance', well=True)\n"
    )
    ended, lines = outcome(tmp_path, {"argv": python(code), "reports": True})
    state = ended.states["a"]
    assert isinstance(state, Succeeded)
    assert (ended.usage.input_tokens, ended.usage.output_tokens) == (3, 4)
    assert [each.name for each in state.work.artifacts] == ["notes.txt"]
    assert state.work.output["json"] == {"type": "dance", "well": True}
    assert ("success", "halfway") in lines


@pytest.mark.parametrize("many", ['"many"', "NaN", "Infinity", "1e400", "-1.5"])
def test_a_report_that_cannot_be_read_is_not_passed_over(tmp_path: Path, many: str) -> None:
    report = f'{{"type": "usage", "usage": {{"input_tokens": {many}}}}}'
    assert failure(tmp_path, {"argv": ["echo", report], "reports": True}).code == (
        "command.bad_report"
    )


def test_what_looks_like_a_report_is_output_where_none_are_expected(tmp_path: Path) -> None:
    report = {"type": "usage", "usage": {"input_tokens": 3}}
    ended, _ = outcome(tmp_path, {"argv": ["echo", json.dumps(report)]})
    state = ended.states["a"]
    assert isinstance(state, Succeeded)
    assert state.work.output["json"] == report
    assert ended.usage == Usage()


@pytest.mark.parametrize("path", ["../../../../a.txt", "/etc/hostname", "none", "link"], ids=str)
def test_a_report_takes_no_file_from_elsewhere(tmp_path: Path, path: str) -> None:
    message = {"type": "artifact", "name": "a", "path": path, "size": 1, "media_type": "x/y"}
    message["digest"] = hashlib.sha256(b"").hexdigest()
    code = f"import os; os.symlink('/etc/hostname', 'link'); print({json.dumps(message)!r})"
    found = failure(tmp_path, {"argv": python(code), "reports": True})
    assert found.code == "command.bad_artifact"


# Refusals and faults.


def test_another_exit_status_is_a_failure_that_may_be_retried(tmp_path: Path) -> None:
    code = "import sys; print('all'); print('it hurts', file=sys.stderr); sys.exit(3)"
    found = failure(tmp_path, {"argv": python(code)})
    assert (found.code, found.retryable) == ("command.failed", True)
    assert "ended with exit status 3" in found.reason
    assert "it hurts" in found.reason
    assert found.detail["exit_code"] == 3


def test_a_command_that_complains_on_standard_output_is_quoted_too(tmp_path: Path) -> None:
    found = failure(tmp_path, {"argv": python("print('1 failed'); raise SystemExit(1)")})
    assert "1 failed" in found.reason


def test_a_signal_is_named(tmp_path: Path) -> None:
    found = failure(tmp_path, {"argv": python("import os; os.kill(os.getpid(), 9)")})
    assert "signal 9 (SIGKILL)" in found.reason


@pytest.mark.parametrize("name", ["no-such-program-here", "./absent", "/etc/passwd", "/etc"])
def test_a_program_that_is_not_there_is_not_tried_again(tmp_path: Path, name: str) -> None:
    found = failure(tmp_path, {"argv": [name]}, retry=Retry(3, wait_seconds=0.0))
    assert (found.code, found.retryable) == ("command.not_found", False)
    assert repr(name) in found.reason


def test_arguments_that_the_system_cannot_take_are_told(tmp_path: Path) -> None:
    found = failure(tmp_path, {"argv": ["true", "x" * 200_000]})
    assert (found.code, found.retryable) == ("program.cannot_start", False)


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({}, "argv is missing"),
        ({"argv": "git push"}, "argv is the text 'git push', not a list"),
        ({"argv": []}, "argv names no program"),
        ({"argv": [""]}, "argv names no program"),
        ({"argv": ["a", ["b"]]}, "argv[1] has to be a text, and is a list"),
        ({"argv": ["a", None]}, "argv[1] has to be a text, and is null"),
        ({"argv": ["a", 3.1]}, "argv[1] is 3.1 and no text: write it in quotes"),
        ({"argv": ["a", True]}, "argv[1] is true"),
        ({"argv": ["a\0b"]}, "argv[0] has to be a text without NUL"),
        ({"argv": ["a"], "arg": 1}, "arg is not known (did you mean 'argv'?)"),
        ({"argv": ["a"], "env": {"A=B": "1"}}, "env cannot set 'A=B'"),
        ({"argv": ["a"], "env": {"MISSION_KEY": "1"}}, "env cannot set 'MISSION_KEY'"),
        ({"argv": ["a"], "env": {"A": None}}, "env.A has to be a text"),
        ({"argv": ["a"], "files": {"../x": ""}}, "files names '../x'"),
        ({"argv": ["a"], "files": {"/x": ""}}, "files names '/x'"),
        ({"argv": ["a"], "artifacts": ["a/../../x"]}, "artifacts names"),
        ({"argv": ["a"], "output": "yaml"}, 'and may be "auto", "text", "json" or "lines"'),
        ({"argv": ["a"], "success": []}, "success is empty"),
        ({"argv": ["a"], "files": {"a": "", "a/b": ""}}, "files cannot hold 'a/b'"),
    ],
)
def test_inputs_that_do_not_fit_are_told_before_anything_runs(
    tmp_path: Path, inputs: dict[str, Any], words: str
) -> None:
    found = failure(tmp_path, inputs, retry=Retry(3, wait_seconds=0.0))
    assert (found.code, found.retryable) == ("command.bad_input", False)
    assert words in found.reason


@pytest.mark.parametrize(
    ("cwd", "repository", "words"),
    [
        ("sub", None, "'sub', its `cwd`: it is a relative path"),
        ("sub", "here", "'here/sub', its `cwd`: it is a relative path"),
        (None, "here", "'here', its `repository`: it is a relative path"),
        ("/no/such/place", None, "'/no/such/place', its `cwd`"),
        (None, "/no/such/place", "'/no/such/place', its `repository`"),
    ],
)
def test_a_place_that_is_none_is_refused(
    tmp_path: Path, cwd: str | None, repository: str | None, words: str
) -> None:
    found = failure(tmp_path, {"argv": ["true"], "cwd": cwd, "repository": repository})
    assert (found.code, found.retryable) == ("command.bad_cwd", False)
    assert words in found.reason


def test_an_artifact_that_is_gone_is_told(tmp_path: Path) -> None:
    files = {"a": {"digest": "0" * 64}}
    found = failure(tmp_path, {"argv": ["true"], "files": files})
    assert (found.code, found.retryable) == ("artifact.unknown", False)


@pytest.mark.parametrize(
    ("code", "names", "expected"),
    [
        ("pass", ["report.json"], "command.no_artifact"),
        ("import os; os.symlink('/etc/hostname', 'a.txt')", ["a.txt"], "command.bad_artifact"),
        ("import os; os.symlink('/etc/hostname', 'a.txt')", ["*.txt"], "command.bad_artifact"),
        ("import os; os.mkdir('a.txt')", ["a.txt"], "command.bad_artifact"),
        (
            "for n in range(201): open(f'{n}.txt', 'w').write('x')",
            ["*.txt"],
            "command.too_many_artifacts",
        ),
    ],
)
def test_what_cannot_be_kept_fails_the_step(
    tmp_path: Path, code: str, names: list[str], expected: str
) -> None:
    assert failure(tmp_path, {"argv": python(code), "artifacts": names}).code == expected


# Secrets.


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ({"argv": ["echo", f"--key={SECRET}"]}, "command.secret_in_argv"),
        ({"argv": ["echo", "--key=[secret]"]}, "command.secret_in_argv"),
        ({"argv": ["echo"], "env": {"API_TOKEN": "abc"}}, "command.secret_in_env"),
        ({"argv": ["echo"], "env": {"WORD": SECRET}}, "command.secret_in_env"),
    ],
)
def test_a_secret_never_gets_where_everybody_reads_it(
    tmp_path: Path, inputs: dict[str, Any], expected: str
) -> None:
    found = failure(tmp_path, inputs)
    assert (found.code, found.retryable) == (expected, False)
    assert SECRET not in found.reason


def test_a_name_that_says_where_is_no_secret(tmp_path: Path) -> None:
    inputs = {"argv": ["printenv", "TOKEN_FILE"], "env": {"TOKEN_FILE": "/run/x"}}
    assert work(tmp_path, inputs).output["stdout"] == "/run/x\n"


def test_no_half_of_a_secret_is_left_where_output_is_cut(tmp_path: Path) -> None:
    code = f"print('x' * (256 * 1024 - 10) + '{SECRET[:9]}' + '{SECRET[9:]}')"
    found = work(tmp_path, {"argv": python(code)})
    assert found.output["cut"] is True
    assert SECRET[:6] not in found.output["stdout"]


# Directories.


def test_a_link_leads_nobody_out_of_the_directories_that_are_declared(tmp_path: Path) -> None:
    inside, root = tmp_path / "code", tmp_path / "root"
    for place in (inside, root):
        place.mkdir()
    (inside / "kept.txt").write_text("kept")
    (tmp_path / "secret.txt").write_text("not this")
    (inside / "link").symlink_to(tmp_path)
    (tmp_path / "alias").symlink_to(inside)
    declared = Declaration("reader", "command", paths=(str(tmp_path / "alias"),))
    reader = Registered("reader", Reader(), card=card_of(declared), declared=declared)

    async def story() -> None:
        async with workshop(root, reader) as shop:
            for number, (path, expected) in enumerate(
                [
                    (f"{inside}/kept.txt", "kept"),
                    (f"{tmp_path}/alias/kept.txt", "kept"),
                    (f"{inside}/link/secret.txt", "agent.outside"),
                    (f"--file={inside}/link/secret.txt", "agent.outside"),
                ]
            ):
                step = Step("a", "reader", inputs={"files": [path]})
                ended = (await shop.finish(step, run=f"run-{number}")).states["a"]
                found = ended.work.output if isinstance(ended, Succeeded) else ""
                assert (ended.failure.code if isinstance(ended, Failed) else found) == expected

    run(story())


class Reader:
    """Reads the first file that it is given."""

    async def perform(self, assignment: Assignment, _: Line) -> Work:
        return Work(output=Path(assignment.inputs["files"][0]).read_text())  # noqa: ASYNC240


# Processes.


STAYING = """
import os, subprocess, sys, time
child = subprocess.Popen(["sleep", "60"])
with open(sys.argv[1] + ".new", "w") as f:
    f.write(f"{os.getpid()} {child.pid}")
os.rename(sys.argv[1] + ".new", sys.argv[1])
if sys.argv[2] == "wait":
    time.sleep(60)
"""


def alive(path: Path) -> list[int]:
    return [pid for pid in map(int, path.read_text().split()) if start_time(pid) is not None]


async def begun(shop: Workshop, pids: Path, code: str = STAYING, how: str = "wait") -> None:
    argv = [*python(code), str(pids), how]
    shop.begin(Step("a", "command", inputs={"argv": argv}))
    while not pids.exists():  # noqa: ASYNC110, ASYNC240 - another process makes it
        await asyncio.sleep(0.02)


def test_a_cancel_ends_the_command_with_all_that_it_started(tmp_path: Path) -> None:
    pids = tmp_path / "pids"

    async def story() -> None:
        async with workshop(tmp_path, an_agent(tmp_path)) as shop:
            await begun(shop, pids)
            assert len(alive(pids)) == 2
            with suppress(MissionControlError):
                shop.engine.cancel("run-1", "Enough.", actor="test")
            ended = await shop.engine.settled("run-1")
            assert isinstance(ended.states["a"], Cancelled)
            assert alive(pids) == []
            assert not any((tmp_path / "scratch" / "run-1").iterdir())

    run(story())


def test_what_a_command_leaves_running_ends_with_it(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    started = time.monotonic()
    found = work(tmp_path, {"argv": [*python(STAYING), str(pids), "go"]})
    assert alive(pids) == []
    assert found.output["seconds"] < 1  # It does not count what was waited for its child.
    assert time.monotonic() - started < 3


FLEEING = """
import os, subprocess, sys, time
words, how = sys.argv[1:]
environment = {} if how == "bare" else None
code = "import subprocess as s, sys; print(s.Popen(sys.argv[1:], stdout=2, process_group=0).pid)"
twice = [sys.executable, "-S", "-E", "-c", code, "sleep", "60"]
told = subprocess.run(twice, stdout=-1, start_new_session=True).stdout.decode()
once = subprocess.Popen(["/bin/sleep", "60"], start_new_session=True, env=environment)
with open(words + ".new", "w") as file:
    file.write(f"{os.getpid()} {once.pid} {told}")
os.rename(words + ".new", words)
if how != "go":
    time.sleep(60)
"""


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    """A process that looks much like one of ours."""
    environment = {"MISSION_MARK": "0" * 32 + ".1", "MISSION_RUN": "run-1", "MISSION_STEP": "a"}
    argv = ["/bin/sleep", "60"]
    with subprocess.Popen(argv, env=environment, start_new_session=True) as process:
        yield process
        process.kill()


def test_what_a_command_started_in_other_sessions_ends_with_it(
    tmp_path: Path, stranger: subprocess.Popen[bytes]
) -> None:
    pids = tmp_path / "pids"
    work(tmp_path, {"argv": [*python(FLEEING), str(pids), "go"]})
    assert alive(pids) == []
    assert stranger.poll() is None


@pytest.mark.parametrize("how", ["wait", "bare"])
def test_a_cancel_reaches_other_sessions_also_without_an_environment(
    tmp_path: Path, stranger: subprocess.Popen[bytes], how: str
) -> None:
    pids = tmp_path / "pids"

    async def story() -> None:
        async with workshop(tmp_path, an_agent(tmp_path)) as shop:
            await begun(shop, pids, FLEEING, how)
            assert len(alive(pids)) == 3
            shop.engine.cancel("run-1", "Enough.", actor="test")
            await shop.engine.settled("run-1")
            assert alive(pids) == []
            assert stranger.poll() is None

    run(story())


KILLED = """
import asyncio, pathlib, sys
from missioncontrol.app.container import holding
from missioncontrol.domain.run.commands import CreateRun
from missioncontrol.domain.step import Step
from missioncontrol.app.settings import Settings
async def story():
    async with holding(Settings(pathlib.Path(sys.argv[1]))) as held:
        step = Step("a", "command", inputs={"argv": sys.argv[3:], "writes": [sys.argv[2]]})
        held.execution.tell("run-1", CreateRun("run-1", "w", (step,), 1))
        held.engine.adopt("run-1")
        await held.engine.settled("run-1")
asyncio.run(story())
"""


def test_the_next_engine_ends_what_a_killed_one_left_in_other_sessions(
    tmp_path: Path, stranger: subprocess.Popen[bytes]
) -> None:
    pids = tmp_path / "written" / "pids"
    pids.parent.mkdir()
    home = tmp_path / "home"
    engine_of = [sys.executable, "-c", KILLED, str(home), str(pids.parent)]
    argv = [*engine_of, *python(FLEEING), str(pids), "wait"]
    with subprocess.Popen(argv, cwd=Path(__file__).parents[2]) as engine:
        while not pids.exists():
            assert engine.poll() is None
            time.sleep(0.02)
        engine.kill()
    assert len(alive(pids)) == 3

    async def another_home() -> None:
        async with holding(Settings(tmp_path / "other"), {}):
            assert len(alive(pids)) == 3

    async def the_same_home() -> None:
        async with holding(Settings(home), {}):
            assert alive(pids) == []

    asyncio.run(another_home())
    asyncio.run(the_same_home())
    assert stranger.poll() is None


def test_a_command_is_on_record_before_it_runs(tmp_path: Path) -> None:
    async def story() -> None:
        async with workshop(tmp_path, an_agent(tmp_path)) as shop:
            code = "import os; print(os.getpid())"
            ended = await shop.finish(Step("a", "command", inputs={"argv": python(code)}))
            state = ended.states["a"]
            assert isinstance(state, Succeeded)
            events = await shop.store.read_stream("run-1")
            pids = [event.data["pid"] for event in events if event.type == "process_started"]
            assert pids == [state.work.output["json"]]

    run(story())


def test_a_command_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    found = failure(tmp_path, {"argv": ["sleep", "60"]}, seconds_max=0.3)
    assert found.code == "step.timed_out"
