"""The tester runs real suites in real copies, and says exactly what was seen."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from missioncontrol.confinement import within
from missioncontrol.domain import work as kinds
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.specialists.specialist import Brief
from missioncontrol.specialists.tester import Tester, command_runner
from missioncontrol.specialists.tester.command_runner import run
from missioncontrol.specialists.tester.environment import environment
from missioncontrol.specialists.tester.junit import Malformed, read_report, unimported
from missioncontrol.testing.local_workspace import LocalDesk
from tests.agents.repositories import PYTEST_ALONE

PYTEST = f'[tool.pytest.ini_options]\ntestpaths = ["tests"]\n{PYTEST_ALONE}'
SHOP = {
    "pyproject.toml": PYTEST,
    "src/shop.py": "def total(prices):\n    return sum(prices)\n",
    "tests/test_shop.py": (
        "import pytest\n"
        "from shop import total\n"
        "def test_sums(): assert total([1, 2]) == 3\n"
        "@pytest.mark.skip\n"
        "def test_later(): ...\n"
    ),
}
MAKE = "test:\n\t{}\n"
REACHED = "reached"
REACH = f"__import__('pathlib').Path({REACHED!r}).touch()"
"""What a suite does in its copy when its time should be over."""


def repository(directory: Path, files: dict[str, str]) -> Path:
    root = directory / "repository"
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    root.mkdir(exist_ok=True)
    return root


def run_suite(
    tmp_path: Path, root: Path, goal: str = "Sum prices in the shop", seconds: float = 60.0
) -> tuple[kinds.Work, dict[str, Any], Path]:
    out = tmp_path / "out"
    desk = LocalDesk(out, seconds=seconds)
    work = Tester().work(Brief(goal, goal, (), "", root, None, None, {}, seconds), desk)
    return work, json.loads((out / "tests.json").read_text()), out


def end_time_when_reached(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Have the time of a run be over at `REACH`, and not while a busy machine is on its way there.

    The runner gets as long as it needs to sum up.
    """

    def now() -> float:
        return time.monotonic() + 3_600.0 * any(folder.rglob(REACHED))

    monkeypatch.setattr(command_runner, "time", SimpleNamespace(monotonic=now, sleep=time.sleep))
    monkeypatch.setattr(command_runner, "INTERRUPT_SECONDS", 60.0)


def test_a_passing_suite_is_counted_from_its_report(tmp_path: Path) -> None:
    work, report, out = run_suite(tmp_path, repository(tmp_path, SHOP))
    assert report["status"] == "passed"
    assert (report["passed"], report["failed"], report["errors"], report["skipped"]) == (1, 0, 0, 1)
    assert report["command"] == ["python", "-m", "pytest"]
    assert report["source"].startswith("pyproject.toml")
    assert kinds.TestsRan("junit.xml", 1, 0, 0, 1) in work.evidence
    assert (out / "junit.xml").read_bytes().startswith(b"<?xml")
    assert "2 tests: 1 passed, 1 skipped" in work.summary


def test_a_failing_test_is_a_finding_with_its_file_and_words(tmp_path: Path) -> None:
    broken = {**SHOP, "src/shop.py": "def total(prices):\n    return len(prices)\n"}
    work, report, out = run_suite(tmp_path, repository(tmp_path, broken))
    assert (report["status"], report["exit_code"]) == ("failed", 1)
    finding = work.findings[0]
    assert (finding.rule, finding.path, finding.line) == (
        "tester.failed-test",
        "tests/test_shop.py",
        3,
    )
    assert finding.title == "test_sums failed: assert 2 == 3"
    assert "**test_sums** failed: assert 2 == 3" in (out / "tests.md").read_text()


def test_failures_with_one_cause_are_one_finding(tmp_path: Path) -> None:
    tests = "import pytest\n@pytest.mark.parametrize('n', range(5))\ndef test_n(n, missing): ...\n"
    work, report, _ = run_suite(tmp_path, repository(tmp_path, {**SHOP, "tests/test_n.py": tests}))
    assert report["errors"] == 5
    assert [finding.title for finding in work.findings] == [
        "5 tests cannot run: fixture 'missing' not found"
    ]


def test_a_missing_dependency_is_an_honest_result(tmp_path: Path) -> None:
    files = {**SHOP, "tests/test_shop.py": "import no_such_package_here\ndef test_a(): ...\n"}
    work, report, _ = run_suite(tmp_path, repository(tmp_path, files))
    assert report["status"] == "could_not_start"
    assert report["reason"] == (
        "1 test module cannot be imported: No module named 'no_such_package_here'"
    )
    assert [finding.rule for finding in work.findings] == ["tester.could-not-start"]
    assert work.summary.startswith("The suite could not start: 1 test module cannot be")


def test_no_test_command_is_an_honest_result(tmp_path: Path) -> None:
    work, report, _ = run_suite(tmp_path, repository(tmp_path, {"notes.txt": "Nothing here.\n"}))
    assert report["status"] == "no_test_command"
    assert work.evidence == (kinds.FilesRead(1, 0, ""),)
    assert work.summary == "No test command was found in this repository, so nothing was run."


def test_the_placeholder_of_npm_init_is_no_test_command(tmp_path: Path) -> None:
    script = 'echo \\"Error: no test specified\\" && exit 1'
    package = f'{{"name": "x", "scripts": {{"test": "{script}"}}}}\n'
    _, report, _ = run_suite(tmp_path, repository(tmp_path, {"package.json": package}))
    assert report["status"] == "no_test_command"


def test_a_program_that_is_not_installed_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    root = repository(tmp_path, {"Makefile": MAKE.format("true")})
    _, report, _ = run_suite(tmp_path, root)
    assert (report["status"], report["reason"]) == ("could_not_start", "make is not installed here")


def test_a_make_target_has_failed_where_its_words_show_that_a_test_ran(tmp_path: Path) -> None:
    recipe = "@echo 'Ran 3 tests in 0.1s'; echo; echo 'FAILED (failures=1)'; false"
    work, report, out = run_suite(tmp_path, repository(tmp_path, {"Makefile": MAKE.format(recipe)}))
    assert (report["status"], report["passed"], report["failed"]) == ("failed", 2, 1)
    assert "by its output 2 passed and 1 failed" in work.summary
    assert work.findings[0].rule == "tester.failed"
    assert (out / "test-output.txt").is_file()


def test_a_wrapper_that_never_reached_the_tests_makes_way_for_the_next_command(
    tmp_path: Path,
) -> None:
    files = {
        "Makefile": "test:\n\t. venv/bin/activate; \\\n\tpytest\n",
        "tests/test_a.py": "import pytest\ndef test_a(): ...\ndef test_b(): assert not 1\n",
    }
    _, report, out = run_suite(tmp_path, repository(tmp_path, files))
    assert report["command"] == ["python", "-m", "pytest"]
    assert (report["status"], report["passed"], report["failed"]) == ("failed", 1, 1)
    suites = [each for each in report["commands"] if each["purpose"] == "test"]
    assert [each["status"] for each in suites] == ["ran", "not_run"]
    assert "venv/bin/activate" in suites[1]["result"]
    summary = (out / "tests.md").read_text()
    assert "Also tried: The suite could not start: " in summary
    assert "(`make test` from Makefile:1)" in summary


def test_the_repository_itself_is_never_written(tmp_path: Path) -> None:
    writes = "open('left-behind.txt', 'w').write('x')\ndef test_a(): ...\n"
    root = repository(tmp_path, {**SHOP, "tests/test_write.py": writes})
    before = sorted(str(path) for path in root.rglob("*"))
    _, report, _ = run_suite(tmp_path, root)
    assert report["status"] == "passed"
    assert sorted(str(path) for path in root.rglob("*")) == before


def test_secrets_of_the_environment_do_not_reach_the_suite(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_SERVICE_TOKEN", "hunter2")
    monkeypatch.setenv("DATABASE_URL", "postgres://live")
    seen = environment(tmp_path / "copy", tmp_path / "home")
    assert not {"SOME_SERVICE_TOKEN", "DATABASE_URL"} & set(seen)
    assert seen["HOME"] == str(tmp_path / "home")


def test_the_code_of_the_copy_is_tested_not_an_installed_one(tmp_path: Path) -> None:
    files = {
        **SHOP,
        "src/msgspec/__init__.py": "HERE = True\n",
        "tests/test_shop.py": "import msgspec\ndef test_here(): assert msgspec.HERE\n",
    }
    _, report, _ = run_suite(tmp_path, repository(tmp_path, files))
    assert report["status"] == "passed"


def test_no_path_of_this_machine_is_told(tmp_path: Path) -> None:
    broken = {**SHOP, "src/shop.py": "def total(prices):\n    raise OSError(__file__)\n"}
    root = repository(tmp_path, broken)
    _, _, out = run_suite(tmp_path, root)
    for name in ("tests.json", "tests.md", "test-output.txt", "junit.xml"):
        assert str(tmp_path) not in (out / name).read_text()


def test_a_suite_in_a_git_checkout_finds_its_history(tmp_path: Path) -> None:
    asks = (
        "import subprocess\n"
        "def test_log():\n"
        "    subprocess.run(['git', 'log', '-1'], check=True, capture_output=True)\n"
    )
    root = repository(tmp_path, {**SHOP, "tests/test_git.py": asks})
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "All of it"]):
        git = ["git", "-c", "user.name=A", "-c", "user.email=a@example.org", *command]
        subprocess.run(git, cwd=root, check=True)
    _, report, _ = run_suite(tmp_path, root)
    assert report["status"] == "passed"


@pytest.mark.journey
def test_a_suite_that_does_not_end_is_stopped_with_all_its_children(tmp_path: Path) -> None:
    seconds = (
        f"600.{os.getpid()}"  # Its mark: the confined suite can write no file that is read here.
    )
    command = f"sleep {seconds} & wait"
    root = repository(tmp_path, {"Makefile": MAKE.format(command)})
    work, report, _ = run_suite(tmp_path, root, seconds=9.5)
    assert report["status"] == "timed_out"
    assert [finding.rule for finding in work.findings] == ["tester.timed-out"]
    assert not any(seconds in each for each in _command_lines())


@pytest.mark.journey
def test_no_test_run_outlives_whoever_holds_its_leash(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    script = (
        "import sys\nfrom pathlib import Path\n"
        "from missioncontrol.specialists.tester.command_runner import run\n"
        "from missioncontrol.confinement import within\n"
        f"command = ['/bin/sh', '-c', 'sleep 600 & echo $! > {pids}; wait']\n"
        f"here = Path({str(tmp_path)!r})\n"
        "run(command, directory=here, environment={'PATH': '/usr/bin:/bin'},"
        " output=here / 'out.txt', seconds_max=60, tick=lambda seconds: None, sandbox=within({}))\n"
    )
    holder = subprocess.Popen([sys.executable, "-c", script], start_new_session=True)
    deadline = time.monotonic() + 60
    while not (pids.is_file() and pids.read_text().strip()) and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    sleeper = int(pids.read_text())
    while _lives(sleeper) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _lives(sleeper)


def _command_lines() -> list[list[str]]:
    return [each.info["cmdline"] or [] for each in psutil.process_iter(["cmdline"])]


def _lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_output_without_end_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "missioncontrol.specialists.tester.command_runner.OUTPUT_BYTES_MAX", 100_000
    )
    ended = run(
        ["/bin/sh", "-c", "while :; do echo on and on; done"],
        directory=tmp_path,
        environment={"PATH": "/usr/bin:/bin"},
        output=tmp_path / "out.txt",
        seconds_max=4.0,
        tick=lambda seconds: None,
        sandbox=within({}),
    )
    assert ended.stopped == "more than 100,000 bytes of output"


def test_a_report_with_entities_is_refused() -> None:
    bomb = '<!DOCTYPE a [<!ENTITY b "c">]><testsuites>&b;</testsuites>'
    with pytest.raises(Malformed, match="entities"):
        read_report(bomb)


def test_a_report_counts_each_case_once() -> None:
    report = read_report(
        '<testsuite><testcase name="a"/><testcase name="b"><failure message="no"/></testcase>'
        '<testcase name="c"><error message="x"/></testcase>'
        '<testcase name="d"><skipped/></testcase></testsuite>'
    )
    assert (report.passed, report.failed, report.errors, report.skipped) == (1, 1, 1, 1)


def test_the_goal_hears_how_its_own_test_files_did(tmp_path: Path) -> None:
    _, _, out = run_suite(tmp_path, repository(tmp_path, SHOP))
    assert "| `tests/test_shop.py` | 2 | 0 |" in (out / "tests.md").read_text()


def test_without_a_repository_it_is_refused_by_name(tmp_path: Path) -> None:
    brief = Brief("Write", "Write", (), "", None, None, None, {}, 10.0)
    with pytest.raises(AttemptFailed) as refusal:
        Tester().work(brief, LocalDesk(tmp_path / "out"))
    assert refusal.value.code == "tester.no_repository"


def test_modules_that_cannot_be_imported_are_counted_by_what_they_lack(tmp_path: Path) -> None:
    lacking = {f"tests/test_{n}.py": "import no_such_package_here\n" for n in range(3)}
    broken = {"tests/test_wrong.py": "from shop import no_such_name\ndef test_a(): ...\n"}
    work, report, _ = run_suite(tmp_path, repository(tmp_path, {**SHOP, **lacking, **broken}))
    lack = (
        "4 test modules cannot be imported: No module named 'no_such_package_here' (3); "
        "ImportError: cannot import name 'no_such_name' from 'shop'"
    )
    # What can be imported is run all the same.
    assert report["command"] == ["python", "-m", "pytest", "--continue-on-collection-errors"]
    assert (report["status"], report["passed"], report["errors"]) == ("failed", 1, 4)
    assert lack in work.summary
    first = next(each for each in report["commands"] if each["status"] == "not_run")
    assert (first["command"], first["result"][: len(lack)]) == (["python", "-m", "pytest"], lack)
    assert {finding.rule for finding in work.findings} == {"tester.error"}


def test_modules_that_cannot_be_imported_are_counted_without_a_report_too() -> None:
    output = (
        "____ ERROR collecting tests/test_a.py ____\nE   ModuleNotFoundError: No module named 'x'\n"
        "____ ERROR collecting tests/test_b.py ____\nE   ModuleNotFoundError: No module named 'x'\n"
    )
    assert unimported(None, output) == "2 test modules cannot be imported: No module named 'x'"
    assert unimported(None, "3 passed") == ""


def test_a_runner_that_breaks_down_before_any_test_has_not_run_the_suite(tmp_path: Path) -> None:
    settings = PYTEST + 'filterwarnings = ["error", "ignore::no_such_package_here.Warned"]\n'
    work, found, _ = run_suite(tmp_path, repository(tmp_path, {**SHOP, "pyproject.toml": settings}))
    assert found["status"] == "could_not_start"
    assert "no_such_package_here" in found["reason"]
    assert [finding.severity for finding in work.findings] == ["medium"]


def test_a_suite_without_tests_is_not_called_broken(tmp_path: Path) -> None:
    files = {"pyproject.toml": PYTEST, "tests/help_us.py": "NAME = 1\n"}
    work, _, _ = run_suite(tmp_path, repository(tmp_path, files))
    assert work.summary.startswith("There was no test to run: `python -m pytest` from pyproject")
    assert not any(isinstance(each, kinds.TestsRan) for each in work.evidence)


@pytest.mark.journey
def test_a_stopped_suite_tells_how_far_it_came(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    end_time_when_reached(monkeypatch, tmp_path)
    slow = "import time\ndef test_a(): ...\ndef test_b(): assert 0\n"
    slow += f"def test_c():\n    {REACH}\n    time.sleep(60)\n"
    root = repository(tmp_path, {**SHOP, "tests/test_shop.py": slow})
    work, report, out = run_suite(tmp_path, root)
    assert (report["status"], report["passed"], report["failed"]) == ("timed_out", 2, 1)
    assert "by then it had run 3 tests: 2 passed, 1 failed" in work.summary
    assert "the test under way counts as passed" in work.summary
    assert kinds.TestsRan("junit.xml", 2, 1, 0, 0) in work.evidence
    rules = [finding.rule for finding in work.findings]
    assert rules == ["tester.timed-out", "tester.failed-test"]
    assert "Run `python -m pytest` to its end in the checkout" in (out / "tests.md").read_text()


def test_a_case_with_several_marks_counts_once_by_the_gravest() -> None:
    report = read_report(
        '<testsuite><testcase name="a"><failure message="1"/><failure message="2"/></testcase>'
        '<testcase name="b"><skipped/><error message="x"/></testcase></testsuite>'
    )
    assert (report.passed, report.failed, report.errors, report.skipped) == (0, 1, 1, 0)


def test_links_that_go_in_circles_do_not_stop_the_copy(tmp_path: Path) -> None:
    root = repository(tmp_path, SHOP)
    (root / "one").symlink_to("two")
    (root / "two").symlink_to("one")
    (root / "self").symlink_to("self")
    (root / "up").symlink_to("..")
    (root / "above").symlink_to("up/up/up")
    _, report, _ = run_suite(tmp_path, root)
    assert report["status"] == "passed"


def test_a_runner_that_calls_no_test_a_success_is_not_believed(tmp_path: Path) -> None:
    makefile = MAKE.format("@echo '# tests 0'")
    work, report, _ = run_suite(tmp_path, repository(tmp_path, {"Makefile": makefile}))
    assert (report["status"], report["exit_code"]) == ("could_not_start", 0)
    assert [finding.rule for finding in work.findings] == ["tester.no-test"]


def test_a_script_that_only_prints_is_no_test_command(tmp_path: Path) -> None:
    package = '{"name": "x", "scripts": {"test": "echo \\"See the other repository.\\""}}\n'
    _, report, _ = run_suite(tmp_path, repository(tmp_path, {"package.json": package}))
    assert report["status"] == "no_test_command"


@pytest.mark.journey
def test_a_suite_that_is_stopped_before_its_first_test_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    end_time_when_reached(monkeypatch, tmp_path)
    hook = "import time\ndef pytest_runtestloop(session):\n"
    hook += f"    {REACH}\n    time.sleep(60)\n"
    root = repository(tmp_path, {**SHOP, "tests/conftest.py": hook})
    work, report, _ = run_suite(tmp_path, root)
    assert report["status"] == "timed_out"
    assert "by then it had collected 2 tests and finished none" in work.summary


def test_a_run_that_says_nothing_leaves_evidence_that_is_not_empty(tmp_path: Path) -> None:
    root = repository(tmp_path, {"Makefile": MAKE.format("@true")})
    work, report, out = run_suite(tmp_path, root)
    assert report["exit_code"] == 0
    assert (out / "test-output.txt").read_text() == "(The tests wrote nothing.)\n"
    assert (
        kinds.CommandRan(("make", "test"), 0, report["seconds"], "test-output.txt") in work.evidence
    )


def test_a_huge_file_is_left_out_of_the_copy_and_said(tmp_path: Path) -> None:
    root = repository(tmp_path, SHOP)
    with (root / "dump.bin").open("wb") as stream:
        stream.truncate(700 * 1024 * 1024)
    _, report, out = run_suite(tmp_path, root)
    assert report["status"] == "passed"
    assert "without 1 file larger than 64 MiB" in (out / "tests.md").read_text()
