"""Documents and memory when the process is killed at any moment: all of it or nothing, and once."""

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from missioncontrol.cli.exit_codes import UNPROVEN
from tests.cli.command import Running, answer, environment, mission
from tests.cli.killed import MOMENTS

pytestmark = pytest.mark.journey

ROOT = Path(__file__).parents[2]
Finished = tuple[Path, Running]


@pytest.fixture
def home(finished: Finished, tmp_path: Path) -> Path:
    """A home of its own that has a finished mission."""
    return Path(shutil.copytree(finished[0], tmp_path / "home"))


def killed(home: Path, where: str, moment: str, word: str, *words: str) -> None:
    """Run one command line that is killed at a moment."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.cli.killed", where, moment, word, *words],
        env=environment(home, PYTHONPATH=f"{ROOT / 'src'}:{ROOT}"),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, (done.stdout + done.stderr).decode()


def document(home: Path, *words: str) -> str:
    done = mission(home, "document", *words)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def versions(home: Path) -> list[dict[str, Any]]:
    """Return the versions of a document, each of which can be read whole."""
    found: list[dict[str, Any]] = answer(home, "document", "show", "last", "brief")["versions"]
    for each in found:
        text = document(home, "show", "last", "brief", "--version", str(each["version"]))
        assert len(text) == each["characters"]
    return found


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_version_that_was_cut_off_is_whole_or_not_there(
    home: Path, tmp_path: Path, moment: str
) -> None:
    killed(home, "log", moment, "document_generated", "document", "write", "last", "brief")
    if moment == "after":
        assert len(versions(home)) == 1
    assert document(home, "write", "last", "brief")
    assert [each["made"] for each in versions(home)] == ["generated"]
    before = document(home, "show", "last", "brief")
    file = tmp_path / "brief.md"
    file.write_text(before.replace("## Where it stands", "## Where Ann stands"))
    edit = ("document", "edit", "last", "brief", "--file", str(file), "--base", "1")
    killed(home, "log", moment, "document_edited", *edit)
    again = mission(home, *edit)
    if moment == "after":
        # It was stored, and only its answer was lost: the same text is reported as present.
        assert document(home, "show", "last", "brief") == file.read_text()
    else:
        assert again.returncode == 0, again.stderr.decode()
    assert [each["made"] for each in versions(home)] == ["generated", "edited"]
    killed(home, "log", moment, "decision_recorded", *RECORD)
    document(home, "write", "last", "brief")
    assert "## Where Ann stands" in document(home, "show", "last", "brief")
    assert mission(home, "audit", "verify").returncode == UNPROVEN


RECORD = ("decision", "record", "Keep prices whole", "--choice", "Whole cents", "--reason", "Sums")


def remembered(home: Path) -> list[dict[str, Any]]:
    done = mission(home, "memory", "list", "--limit", "200", "--json")
    assert done.returncode == 0, done.stderr.decode()
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_harvest_that_was_cut_off_loses_nothing_and_counts_nothing_twice(
    home: Path, moment: str
) -> None:
    wanted = remembered(home)
    assert wanted
    assert {each["seen"] for each in wanted} == {1}
    (home / "memory.db").unlink()
    for end in ("-wal", "-shm"):
        (home / f"memory.db{end}").unlink(missing_ok=True)
    killed(home, "memory", moment, "", "memory", "list")
    killed_again = remembered(home)
    assert killed_again == wanted


def test_words_that_were_forgotten_as_the_process_was_killed_are_wiped_by_the_next(
    home: Path,
) -> None:
    added = answer(home, "memory", "add", "Private", "--text", "The customer is called Zebedee.")
    assert remembered(home)[0]["title"] == "Private"
    killed(home, "memory", "wipe", "", *("memory", "forget", added["item"], "--reason", "GDPR"))
    assert "Private" not in {each["title"] for each in remembered(home)}
    for path in home.glob("memory.db*"):
        assert b"ebedee" not in path.read_bytes(), path.name
