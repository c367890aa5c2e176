"""Tasks of Codex Cloud, against the recorded contract: no account was ever at hand."""

import asyncio
import json
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from missioncontrol.adapters.agents.coding.cloud import CloudKind
from missioncontrol.adapters.worktrees import sweep
from missioncontrol.domain.building import PATCH, builder_of
from missioncontrol.domain.declaration import Declaration
from missioncontrol.domain.errors import Rejected
from missioncontrol.ports.agent import Assignment
from tests.agents.bench import Attempted, TestLine, attempt, workshop
from tests.agents.cloud_record import CONTRACT, contract, recorded
from tests.agents.repositories import applied, everything, git, repository

KIND = CloudKind()
STAND_IN = """#!{python}
import json, pathlib, sys
place = pathlib.Path({place!r})
if "--version" in sys.argv:
    print("codex-cli 0.169.0"); raise SystemExit
contract = json.loads(pathlib.Path({contract!r}).read_text())
verb = sys.argv[2]
said = sys.stdin.read()
with (place / "asked").open("a") as log:
    log.write(json.dumps([sys.argv[1:], said]) + "\\n")
pathlib.Path("error.log").touch()  # As the program does, where it stands.
script = json.loads((place / "script").read_text())
name = script[verb].pop(0) if len(script[verb]) > 1 else script[verb][0]
(place / "script").write_text(json.dumps(script))
if name == "hangs":
    import time; time.sleep(600)
if name == "not_signed_in":
    answer = next(a for a in contract["recorded"][name] if a["argv"][1] == verb)
else:
    answer = contract["taken_from_its_text"][name]
    assert answer["argv"] == sys.argv[1:], sys.argv
sys.stdout.write(answer["stdout"]); sys.stderr.write(answer["stderr"] + "\\n")
raise SystemExit(answer["exit_code"])
"""


class Cloud:
    """A stand-in program that answers from the contract, in the order of a script."""

    def __init__(self, root: Path, **script: list[str]) -> None:
        self.root = root
        self.source = root / "r"
        if not self.source.exists():
            repository(self.source)
            git(self.source, "branch", "-M", "main")
        self.program = root / "codex"
        text = STAND_IN.format(python=sys.executable, place=str(root), contract=str(CONTRACT))
        self.program.write_text(text)
        self.program.chmod(self.program.stat().st_mode | stat.S_IXUSR)
        self.plays(**script)

    def plays(self, **script: list[str]) -> None:
        usual = {"exec": ["begun"], "status": ["ready"], "diff": ["diff"]}
        (self.root / "script").write_text(json.dumps({**usual, **script}))

    @property
    def declared(self) -> Declaration:
        settings: dict[str, Any] = {
            "program": str(self.program),
            "environment": "env_1",
            "codex_home": str(self.root),
            "poll_seconds": 0.01,
        }
        return Declaration("cloud", "codex_cloud", settings)

    def tried(self, **inputs: Any) -> Attempted:
        given = {"prompt": "Say goodbye.", "repository": str(self.source), **inputs}
        return attempt(KIND, self.declared, workshop(self.root), **given)

    @property
    def asked(self) -> list[str]:
        log = self.root / "asked"
        lines = log.read_text().splitlines() if log.exists() else []
        return [json.loads(line)[0][1] for line in lines]


def test_what_it_changed_comes_out_as_of_an_agent_that_works_here(tmp_path: Path) -> None:
    cloud = Cloud(tmp_path, status=["pending", "status_unavailable", "pending", "ready"])
    before = everything(cloud.source)
    ended = cloud.tried()
    work = ended.done
    assert everything(cloud.source) == before
    assert cloud.asked == ["exec", "status", "status", "status", "status", "diff"]
    assert [each["path"] for each in work.output["files"]] == ["src/app.py"]
    fresh = applied(cloud.source, work.output["base"], ended.line.kept[PATCH], tmp_path / "f")
    assert (fresh / "src/app.py").read_text() == "print('goodbye')\n"
    assert "task_e_1" in work.output["summary"]
    assert "https://chatgpt.com/codex/tasks/task_e_1" in ended.line.text
    assert not work.findings
    (first, *_) = (tmp_path / "asked").read_text().splitlines()
    assert json.loads(first)[1].startswith("Say goodbye.")
    assert "Say goodbye." not in " ".join(json.loads(first)[0])


def test_it_is_kept_as_a_commit_where_that_is_asked(tmp_path: Path) -> None:
    cloud = Cloud(tmp_path)
    commit = cloud.tried(keep=True).done.output["commit"]
    assert git(cloud.source, "show", f"{commit}:src/app.py") == "print('goodbye')"


def test_a_task_that_changed_nothing_is_not_done(tmp_path: Path) -> None:
    ended = Cloud(tmp_path, diff=["no_diff"]).tried()
    assert ended.refused.code == "codex_cloud.nothing_done"


@pytest.mark.parametrize(
    ("script", "code", "is_final"),
    [
        ({"exec": ["not_signed_in"]}, "codex_cloud.not_signed_in", True),
        ({"exec": ["unknown_environment"]}, "codex_cloud.unknown_environment", True),
        ({"exec": ["create_failed"]}, "codex_cloud.maybe_submitted", True),
        ({"status": ["not_signed_in"]}, "codex_cloud.not_signed_in", True),
        ({"status": ["status_unavailable"]}, "codex_cloud.unavailable", False),
        ({"status": ["failed"]}, "codex_cloud.task_failed", False),
        ({"diff": ["misfit"]}, "codex_cloud.diff_misfit", True),
        ({"diff": ["not_signed_in"]}, "codex_cloud.not_signed_in", True),
    ],
)
def test_each_failure_has_a_code(
    tmp_path: Path, script: dict[str, list[str]], code: str, is_final: bool
) -> None:
    ended = Cloud(tmp_path, **script).tried()
    assert (ended.refused.code, ended.refused.retryable) == (code, not is_final)
    assert ended.refused.hint
    if code.endswith("misfit"):
        assert b"print('another')" in ended.line.kept["cloud.diff"]


def test_another_attempt_goes_on_and_begins_no_second_task(tmp_path: Path) -> None:
    cloud = Cloud(tmp_path, status=["status_unavailable"])
    assert cloud.tried().refused.code == "codex_cloud.unavailable"
    cloud.plays()
    assert cloud.tried().done.output["files"]
    assert cloud.tried().done.output["files"]  # Killed after the end, before its report.
    assert cloud.asked.count("exec") == 1


def test_one_that_was_cancelled_while_it_asked_asks_no_more(tmp_path: Path) -> None:
    cloud = Cloud(tmp_path, exec=["hangs"])
    given: dict[str, Any] = {"prompt": "Say goodbye.", "repository": str(cloud.source)}
    asked = Assignment("run-1", "w", "build", 1, 7, "run-1/build", "cloud", given, risk="write")

    async def story() -> None:
        agent = KIND.make(cloud.declared, workshop(tmp_path))
        task = asyncio.create_task(agent.perform(asked, TestLine()))
        while not cloud.asked:  # noqa: ASYNC110 - a program of its own writes it
            await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(story())
    cloud.plays()
    assert cloud.tried().refused.code == "codex_cloud.maybe_submitted"
    assert cloud.asked.count("exec") == 1


@pytest.mark.parametrize(
    ("script", "reached", "code"),
    [
        ({"exec": ["hangs"]}, "exec", "codex_cloud.maybe_submitted"),
        ({"status": ["pending"]}, "status", ""),
        ({"diff": ["hangs"]}, "diff", ""),
    ],
)
def test_no_kill_lets_it_ask_twice(
    tmp_path: Path, script: dict[str, list[str]], reached: str, code: str
) -> None:
    cloud = Cloud(tmp_path, **script)
    begins = (
        "import sys; from pathlib import Path; from tests.agents.test_codex_cloud import Cloud; "
        f"Cloud(Path(sys.argv[1]), **{script!r}).tried()"
    )
    with subprocess.Popen([sys.executable, "-c", begins, str(tmp_path)]) as killed:
        while reached not in cloud.asked:
            assert killed.poll() is None
            time.sleep(0.02)
        killed.kill()
    assert asyncio.run(sweep(workshop(tmp_path).worktrees, str)) == 1
    cloud.plays()
    ended = cloud.tried()
    assert (ended.failure.code if ended.failure else "") == code
    assert cloud.asked.count("exec") == 1


def test_one_that_was_refused_before_it_began_is_asked_for_again(tmp_path: Path) -> None:
    cloud = Cloud(tmp_path, exec=["not_signed_in"])
    assert cloud.tried().refused.code == "codex_cloud.not_signed_in"
    cloud.plays()
    assert cloud.tried().done.output["files"]
    assert cloud.asked.count("exec") == 2


def test_a_task_that_failed_is_begun_anew_by_the_next_attempt_alone(tmp_path: Path) -> None:
    cloud = Cloud(tmp_path, status=["failed"])
    assert cloud.tried().refused.code == "codex_cloud.task_failed"
    assert cloud.tried().refused.code == "codex_cloud.task_failed"  # The same, interrupted.
    assert cloud.asked.count("exec") == 1
    cloud.plays()
    given: dict[str, Any] = {"prompt": "Say goodbye.", "repository": str(cloud.source)}
    second = Assignment("run-1", "w", "build", 2, 8, "run-1/build", "cloud", given, risk="write")
    agent = KIND.make(cloud.declared, workshop(tmp_path))
    assert asyncio.run(agent.perform(second, TestLine())).output["files"]
    assert cloud.asked.count("exec") == 2


def test_a_cancelled_task_is_said_to_go_on(tmp_path: Path) -> None:
    cloud = Cloud(tmp_path, status=["pending"])
    line = TestLine()
    given: dict[str, Any] = {"prompt": "Say goodbye.", "repository": str(cloud.source)}
    asked = Assignment("run-1", "w", "build", 1, 7, "run-1/build", "cloud", given, risk="write")

    async def story() -> None:
        agent = KIND.make(cloud.declared, workshop(tmp_path))
        task = asyncio.create_task(agent.perform(asked, line))
        await line.heard("Pending")
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(story())
    assert "continues in Codex Cloud" in line.text
    assert not line.has_living_processes


@pytest.mark.parametrize(
    ("inputs", "code"),
    [({"model": "gpt-5.5"}, "codex_cloud.bad_input"), ({"base": "HEAD"}, "codex_cloud.no_branch")],
)
def test_what_it_cannot_do_is_refused_before_it_is_asked(
    tmp_path: Path, inputs: dict[str, str], code: str
) -> None:
    cloud = Cloud(tmp_path)
    assert cloud.tried(**inputs).refused.code == code
    assert cloud.asked == []


def test_it_builds_no_mission_as_it_goes_on_from_no_step(tmp_path: Path) -> None:
    with pytest.raises(Rejected) as refused:
        builder_of("cloud", KIND.card(Cloud(tmp_path).declared))
    assert refused.value.code == "mission.no_builder"


@pytest.mark.parametrize(
    "change",
    [
        {"environment": " "},
        {"codex_home": ".codex"},
        {"poll_seconds": 0.0},
        {"network": True},
    ],
)
def test_bad_settings_are_named(tmp_path: Path, change: dict[str, Any]) -> None:
    settings = {"environment": "env_1", "codex_home": str(tmp_path), **change}
    with pytest.raises(Rejected) as refused:
        KIND.card(Declaration("cloud", "codex_cloud", settings))
    assert refused.value.code == "agent.bad_settings"
    assert next(iter(change)) in str(refused.value)


def test_a_proof_asks_for_a_sign_in_and_begins_no_task(tmp_path: Path) -> None:
    cloud = Cloud(tmp_path)
    proof = KIND.prove(cloud.declared, workshop(tmp_path), round_trip=False)
    with pytest.raises(Exception, match="not signed in"):
        asyncio.run(proof)
    (tmp_path / "auth.json").write_text("{}")
    proof = KIND.prove(cloud.declared, workshop(tmp_path), round_trip=False)
    assert asyncio.run(proof).version == "0.169.0"
    assert cloud.asked == []


@pytest.mark.journey
def test_the_real_program_still_answers_as_recorded(codex_program: Path) -> None:
    known = contract()
    assert recorded(codex_program) == known["recorded"]
    help_text = {each["argv"][1]: each["stdout"] for each in known["recorded"]["help"]}
    for answer in known["taken_from_its_text"].values():
        options = [word.partition("=")[0] for word in answer["argv"] if word.startswith("--")]
        assert all(f"{option} <" in help_text[answer["argv"][1]] for option in options)


@pytest.mark.journey
def test_the_real_program_says_that_nobody_is_signed_in(
    tmp_path: Path, codex_program: Path
) -> None:
    cloud = Cloud(tmp_path)
    settings = {**cloud.declared.settings, "program": str(codex_program)}
    declared = msgspec.structs.replace(cloud.declared, settings=settings)
    given: dict[str, Any] = {"prompt": "Say goodbye.", "repository": str(cloud.source)}
    for _ in range(2):
        ended = attempt(KIND, declared, workshop(tmp_path), **given)
        assert ended.refused.code == "codex_cloud.not_signed_in"
