"""`mission pattern learn` and `mission pattern`, from a commit to a plan that quotes it."""

import json
import shutil
import signal
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.agents.repositories import git, repository
from tests.cli.command import ARGV, answer, environment, mission

TEST = """\
import unittest


class Test{name}(unittest.TestCase):
    def test_one(self):
        self.assertEquals({name}, {name})

    def test_two(self):
        self.assertEquals(len([{name}]), 1)
"""


class Library(NamedTuple):
    home: Path
    root: Path
    ids: dict[str, str]


MANIFEST = '[project]\nname = "demo"\nversion = "1"\n\n[tool.ruff]\nline-length = 90\n'
AGENTS = '# How to work here\n\nRun the tests. api_key = "abcdef123456"\n'


def made_at(place: Path) -> Path:
    files = {f"tests/test_{n}.py": TEST.format(name=n) for n in (1, 2, 3)}
    made = repository(place, {**files, "pyproject.toml": MANIFEST, "AGENTS.md": AGENTS})
    for path in sorted(made.glob("tests/*.py")):
        path.write_text(path.read_text().replace("assertEquals", "assertEqual"))
    git(made, "commit", "-qam", "Use assertEqual")
    return made


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return made_at(tmp_path / "r")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """A home that learned from a checkout; tests take copies of it."""
    place = tmp_path_factory.mktemp("library")
    root = made_at(place / "r")
    return Library(place / "home", root, learned(place / "home", root))


@pytest.fixture
def home(tmp_path: Path, library: Library) -> Path:
    shutil.copytree(library.home, tmp_path / "home")
    return tmp_path / "home"


@pytest.fixture
def codemod(library: Library) -> str:
    return library.ids["codemod"]


def left_over(root: Path) -> Path:
    """Commit a file that still has what was replaced."""
    path = root / "tests" / "test_4.py"
    path.write_text(TEST.format(name=4))
    git(root, "add", "-A")
    git(root, "commit", "-qm", "An old hand")
    return path


def learned(home: Path, root: Path) -> dict[str, str]:
    """Take what the repository teaches into the library; return the ids by their kinds."""
    done = answer(home, "learn", str(root), "--no-run", "--apply")
    return {each["kind"]: each["id"] for each in reversed(done["patterns"])}


def test_what_a_repository_teaches_is_shown_and_kept_only_when_asked(
    tmp_path: Path, root: Path
) -> None:
    home = tmp_path / "home"
    shown = mission(home, "learn", str(root))
    assert shown.returncode == 0, shown.stderr
    output = shown.stdout.decode()
    assert "Where `self.assertEquals` stands, write `self.assertEqual`." in output
    assert "tests/test_1.py:6 in " in output
    assert "ruff is configured by [tool.ruff] of pyproject.toml." in output
    assert "(test) ended with exit code 0" in output
    assert "6 passed" in output
    assert not home.exists()
    assert answer(home, "pattern", "list") == []
    first = answer(home, "learn", str(root), "--no-run", "--apply")["kept"]
    again = answer(home, "learn", str(root), "--no-run", "--apply")["kept"]
    assert (len(first["learned"]), again["learned"]) == (len(again["known"]), [])
    listed = answer(home, "pattern", "list", "--kind", "codemod")
    assert [(each["count"], each["version"], each["state"]) for each in listed] == [
        (6, 1, "active")
    ]
    settings = answer(home, "pattern", "show", learned(home, root)["settings"])
    assert "abcdef123456" not in json.dumps(settings)
    assert settings["body"]["left_out"] == 1


def test_fixtures_are_run_for_all_patterns_or_for_some(library: Library, codemod: str) -> None:
    assert mission(library.home, "pattern", "test").returncode == 0
    cases = answer(library.home, "pattern", "test", codemod[:12])[codemod]
    assert len(cases) == 6
    assert all(each["passed"] for each in cases)


def test_a_pattern_is_shown_then_checked_then_written(
    home: Path, library: Library, root: Path
) -> None:
    ids = library.ids
    path = left_over(root)
    before = path.read_text()
    shown = mission(home, "pattern", "apply", ids["codemod"], "--repo", str(root))
    assert (shown.returncode, b"+        self.assertEqual(4, 4)" in shown.stdout) == (0, True)
    for id_ in (ids["codemod"], ids["rule"]):
        assert mission(home, "pattern", "apply", id_, "--check", cwd=root).returncode == 1
    assert path.read_text() == before
    path.chmod(0o755)
    git(root, "commit", "-qam", "Make it a program")
    done = answer(home, "pattern", "apply", ids["codemod"], "--write", "--repo", str(root))
    assert (done["files"], done["places"], done["passed"]) == (["tests/test_4.py"], 2, True)
    assert path.read_text() == before.replace("assertEquals", "assertEqual")
    assert path.stat().st_mode & 0o777 == 0o755
    assert mission(home, "pattern", "apply", ids["rule"], "--check", cwd=root).returncode == 0
    [pattern] = answer(home, "pattern", "list", "--kind", "codemod")
    assert (pattern["used"], pattern["passed"]) == (1, 1)


def test_work_that_is_not_committed_is_changed_only_by_name(
    home: Path, codemod: str, root: Path
) -> None:
    path = left_over(root)
    path.write_text(path.read_text() + "# my own\n")
    before = path.read_text()
    refused = mission(home, "pattern", "apply", codemod, "--write", "--no-run", cwd=root)
    assert (refused.returncode, b"not committed: tests/test_4.py" in refused.stderr) == (1, True)
    assert path.read_text() == before
    result = mission(
        home, "pattern", "apply", codemod, "--write", "--no-run", "--over-uncommitted", cwd=root
    )
    assert (result.returncode, b"on top of what is not committed" in result.stderr) == (0, True)
    assert path.read_text().endswith("# my own\n")


def test_a_use_that_breaks_what_was_proven_is_no_success(tmp_path: Path, root: Path) -> None:
    home = tmp_path / "home"
    answer(home, "learn", str(root), "--apply")
    [codemod] = [each["id"] for each in answer(home, "pattern", "list", "--kind", "codemod")]
    path = left_over(root)
    path.write_text(f"{path.read_text()}        assert 1 == 2\n")
    git(root, "commit", "-qam", "Break it")
    done = mission(home, "pattern", "apply", codemod, "--write", cwd=root)
    assert (done.returncode, b"failed  python -m unittest" in done.stdout) == (1, True)
    [pattern] = answer(home, "pattern", "list", "--kind", "codemod")
    assert (pattern["used"], pattern["passed"]) == (1, 0)


def test_a_retired_pattern_is_offered_no_more(home: Path, codemod: str, library: Library) -> None:
    assert answer(home, "pattern", "retire", codemod, "--reason", "Too wide.")["is_new"]
    assert not answer(home, "pattern", "retire", codemod, "--reason", "Again.")["is_new"]
    assert answer(home, "pattern", "list", "--kind", "codemod") == []
    refused = mission(home, "pattern", "apply", codemod, cwd=library.root)
    assert b"was retired: Too wide. `mission pattern learn --apply`" in refused.stderr
    learned(home, library.root)
    [pattern] = answer(home, "pattern", "list", "--kind", "codemod")
    assert (pattern["version"], pattern["state"]) == (2, "active")


GOAL = "Replace assertEquals by assertEqual in the tests"


@pytest.mark.parametrize("more", [("--no-memory",), ("--no-patterns",)])
def test_a_plan_quotes_a_pattern_whose_names_it_touches(
    home: Path, library: Library, codemod: str, more: tuple[str, ...]
) -> None:
    root = str(library.root)
    planned = mission(home, "plan", GOAL, "--repo", root, "--json", *more)
    assert planned.returncode == 0, planned.stderr
    assert (codemod.encode() in planned.stdout) is (more != ("--no-patterns",))


def test_a_killed_writer_leaves_every_file_whole(home: Path, codemod: str, root: Path) -> None:
    for number in range(40):
        (root / "tests" / f"test_more_{number}.py").write_text(TEST.format(name=number))
    git(root, "add", "-A")
    git(root, "commit", "-qm", "Many")
    argv = [*ARGV, "pattern", "apply", codemod, "--write", "--no-run", "--repo", str(root)]
    with subprocess.Popen(argv, env=environment(home), stderr=subprocess.DEVNULL) as writer:
        first = root / "tests" / "test_more_0.py"
        while "assertEquals" in first.read_text() and writer.poll() is None:
            pass
        writer.send_signal(signal.SIGKILL)
    for path in (root / "tests").glob("test_more_*.py"):
        text = path.read_text()
        assert text.count("assertEqual") == 2, path
        assert text.endswith("1)\n"), path
    again = ("--write", "--no-run", "--over-uncommitted")
    assert mission(home, "pattern", "apply", codemod, *again, cwd=root).returncode == 0
    assert not [p for p in root.rglob("*.py") if "assertEquals" in p.read_text()]


def test_a_link_leads_nobody_out_of_the_checkout(
    tmp_path: Path, home: Path, codemod: str, root: Path
) -> None:
    outside = tmp_path / "outside.py"
    outside.write_text(TEST.format(name=9))
    (root / "tests" / "test_out.py").symlink_to(outside)
    git(root, "add", "-A")
    git(root, "commit", "-qm", "A link")
    done = answer(home, "pattern", "apply", codemod, "--write", "--no-run", "--repo", str(root))
    assert (done["files"], "assertEquals" in outside.read_text()) == ([], True)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (("learn", "{none}"), "does not exist"),
        (("learn", "{tmp}"), "is in no checkout of git"),
        (("learn", "{root}", "--commits", "-1"), "--commits is -1"),
        (("learn", "{root}", "--seconds", "0"), "--seconds is 0"),
        (("pattern", "show", "codemod-none"), "There is no pattern 'codemod-none'"),
        (("pattern", "test", "codemod-none"), "There is no pattern 'codemod-none'"),
    ],
)
def test_what_can_not_be_done_is_said_in_one_sentence(
    tmp_path: Path, library: Library, line: tuple[str, ...], message: str
) -> None:
    places = {"none": tmp_path / "none", "tmp": tmp_path, "root": library.root}
    done = mission(library.home, *(each.format(**places) for each in line))
    assert done.returncode != 0
    assert message in done.stderr.decode()
    assert done.stderr.count(b"\n") == 1
