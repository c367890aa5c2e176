import subprocess
import sys

import pytest

from tests.cli.command import environment, mission

HEAVY = ("rich", "msgspec", "sqlite3", "asyncio", "pygments", "cryptography", "psutil", "jinja2")


def test_help_imports_nothing_heavy() -> None:
    program = (
        "import sys\nfrom missioncontrol.cli.main import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment(None), capture_output=True, check=True
    )
    assert done.stderr.decode().strip() == "[]"
    assert b"exit codes: 0 succeeded" in done.stdout


# What lays reports out and prints them: a third of a start for those who do neither.
PRINTING = ("docx", "jinja2", "lxml", "markdown_it")
ENGINE = ("missioncontrol.app.container", "missioncontrol.runtime.engine")


@pytest.mark.parametrize(
    ("module", "unneeded"),
    [
        ("missioncontrol.cli.desk", (*PRINTING, *ENGINE)),
        ("missioncontrol.cli.run_lists", (*PRINTING, *ENGINE)),
        ("missioncontrol.console", ("docx", "joserfc", "lxml")),
    ],
)
def test_a_start_loads_nothing_that_it_does_not_need(
    module: str, unneeded: tuple[str, ...]
) -> None:
    program = f"import sys, {module}\nprint([each for each in {unneeded!r} if each in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment(None), capture_output=True, check=True
    )
    assert done.stdout.strip() == b"[]"


def test_mission_alone_tells_what_there_is() -> None:
    done = mission(None)
    assert done.returncode == 2
    assert done.stdout == b""
    assert b"make a plan for a goal" in done.stderr


def test_every_verb_has_help() -> None:
    from missioncontrol.cli.arguments import parser

    verbs = parser()._subparsers._group_actions[0].choices  # type: ignore[union-attr]
    assert verbs is not None
    for verb in verbs:
        done = mission(None, str(verb), "--help")
        assert done.returncode == 0
        assert f"usage: mission {verb}".encode() in done.stdout


def test_help_into_a_closed_pipe_says_nothing() -> None:
    done = subprocess.run(
        f"{sys.executable} -m missioncontrol --help | true; exit ${{PIPESTATUS[0]}}",
        shell=True,
        executable="/bin/bash",
        env=environment(None),
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
