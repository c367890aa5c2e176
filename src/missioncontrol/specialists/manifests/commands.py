"""Reads the test commands that a Makefile, a justfile or a script offers."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from missioncontrol.specialists.manifests.stack import EntryPoint, ManifestStatement, TestCommand

if TYPE_CHECKING:
    from missioncontrol.specialists.tree import Tree

TARGET = re.compile(r"^([A-Za-z0-9][\w.\-/ ]*?)\s*::?(?!=)")
RECIPE = re.compile(r"^@?([a-z][\w-]*)(?:\s+[^:=]*)?:(?!=)")
RAKE_TASK = re.compile(
    r"^\s*(?:Rake::TestTask\.new\b(?:\(?\s*:(?P<name>\w+))?|task\s+:?[\"']?(?P<task>\w+))"
)
TEST_NAMES = ("test", "tests", "unittest", "pytest")
RUNS_TESTS = re.compile(r"^[^#]*\b(pytest|unittest|test|nox|tox|jest|mocha|vitest|rspec|phpunit)\b")
SCRIPTS = ("scripts/test", "scripts/test.sh", "script/test", "bin/test", "run_tests.sh", "test.sh")


def read_makefile(path: str, text: str) -> Iterator[ManifestStatement]:
    """Yield the targets of a Makefile; those called test are ways to run the tests."""
    folder = str(PurePosixPath(path).parent)
    where = () if folder == "." else ("-C", folder)
    for number, line in enumerate(text.split("\n"), 1):
        match = TARGET.match(line)
        for name in match[1].split() if match else ():
            if "." in name or "/" in name:
                continue  # a file that is made, not something to ask for
            yield EntryPoint(name, f"make {name}", "script", path, number)
            if name in TEST_NAMES:
                recipe = _recipe(text, number)
                yield TestCommand(("make", *where, name), "make", path, number, recipe)


def read_justfile(path: str, text: str) -> Iterator[ManifestStatement]:
    """Yield the recipes of a justfile."""
    for number, line in enumerate(text.split("\n"), 1):
        match = RECIPE.match(line)
        if match:
            yield EntryPoint(match[1], f"just {match[1]}", "script", path, number)
            if match[1] in TEST_NAMES:
                recipe = _recipe(text, number)
                yield TestCommand(("just", match[1]), "just", path, number, recipe)


def read_rakefile(path: str, text: str) -> Iterator[ManifestStatement]:
    """Yield the task of a Rakefile that runs the tests."""
    folder = str(PurePosixPath(path).parent)
    for number, line in enumerate(text.split("\n"), 1):
        match = RAKE_TASK.search(line)
        name = (match["name"] or match["task"] or "test") if match else ""
        if name in TEST_NAMES and folder == ".":
            yield TestCommand(("bundle", "exec", "rake", name), "rake", path, number, line.strip())
            return


def test_scripts(tree: "Tree") -> Iterator[TestCommand]:
    """Yield the scripts of the repository that are there to run its tests."""
    for path in SCRIPTS:
        text = tree.text(path)
        if text:
            lines = [line.strip() for line in text.split("\n")]
            number = next((n for n, line in enumerate(lines, 1) if RUNS_TESTS.search(line)), 1)
            interpreter = lines[0][2:].split() if lines[0].startswith("#!") else ["sh"]
            yield TestCommand((*interpreter, path), "script", path, number, lines[number - 1])


def _recipe(text: str, number: int) -> str:
    """Return the first command below the target at line `number`."""
    following = text.split("\n")[number : number + 1]
    return following[0].strip().lstrip("@-") if following and following[0][:1].isspace() else ""
