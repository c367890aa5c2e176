"""The tests nearest to a change: the files that a plan names, and the commands that run just them.

A runner is chosen by the files: pytest or unittest for Python, `go test` for packages of
Go, cargo for tests of Rust, the runner that package.json names for JavaScript, rspec and minitest.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import msgspec

from missioncontrol.domain.plan import Plan
from missioncontrol.specialists.manifests.stack import BESIDE
from missioncontrol.specialists.tester.javascript import fitting, javascript
from missioncontrol.specialists.tester.named_tests import named_test

if TYPE_CHECKING:
    from missioncontrol.specialists.tree import Tree

FILES_MAX = 6
LIKELY_MAX = 8
"""Files of a plan, the likeliest first, whose tests count as near."""
SMALL_MAX = 4
"""Test files that a project has at most to be so small that all of them are near."""
SOURCE = "the tests nearest to the change"
BROWSERS = frozenset({"browser", "e2e", "end-to-end", "end_to_end", "cypress", "playwright"})
"""Directories of tests that drive a browser or a whole installation: slow, and rarely set up."""
JAVASCRIPT = (".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".cts")
_VITEST = re.compile(
    r"(?m)^\s*[\u2713\u2714\u276f\u00d7\u2717]\s+(?:\|[^|\n]*\|\s+)?(?P<path>\S+)\s+"
    r"\((?P<ran>\d+) tests?(?: \| (?P<failed>\d+) failed)?"
)

Command = tuple[tuple[str, ...], str]
"""A command and where it comes from."""


class Nearest(msgspec.Struct, frozen=True):
    """The nearest test files, and how to run them."""

    files: tuple[str, ...] = ()  # those that a command below runs, the nearest first
    commands: tuple[Command, ...] = ()
    is_all: bool = False  # whether the project has no others that can be run by file
    is_known: bool = True  # whether any test file of the project can be run by itself


def nearest(plan: Plan, tree: "Tree") -> Nearest:
    """Return the tests nearest to what `plan` changes; without any, what is known of the others.

    The tests in the language of the nearest one are run; a second runner would take its time.
    """
    runnable = [file.path for file in tree.files if file.kind == "test" and runner_of(file.path)]
    given = named_test(plan.goal, tree)
    first = [given.path] if given is not None and runner_of(given.path) else []
    named = [path for path in _named(plan) if tree.file(path) is not None and runner_of(path)]
    named = [*first, *named]
    all_near = runnable if len(runnable) <= SMALL_MAX else []
    wanted = sorted(dict.fromkeys(named), key=is_aside) or all_near
    wanted = [path for path in wanted if not _drives_browser(path)] or wanted
    if not wanted:
        return Nearest(is_known=bool(runnable))
    kind = runner_of(wanted[0])
    files = tuple(path for path in wanted if runner_of(path) == kind)
    files = (fitting(files, tree) if kind == "javascript" else files)[:FILES_MAX]
    commands = tuple((argv, SOURCE) for argv in commands_for(files, tree))
    return Nearest(files, commands, set(runnable) <= set(files))


def commands_for(files: Sequence[str], tree: "Tree") -> list[tuple[str, ...]]:
    """Return the commands that run exactly `files`, all of one language; none where none is known.

    The first that starts says what there is to say.
    """
    kind = runner_of(files[0]) if files else ""
    if kind == "python":
        return [("python", "-m", "pytest", *files)]
    if kind == "go":
        directories = dict.fromkeys(f"./{PurePosixPath(path).parent}" for path in files)
        return [("go", "test", *(path.removesuffix("/.") for path in directories))]
    if kind == "rust":
        return [("cargo", "test", *_targets(files))]
    if kind == "ruby":
        return list(_ruby(files))
    return list(javascript(files, tree)) if kind == "javascript" else []


def counts_in(output: str, files: Sequence[str]) -> list[tuple[str, int, int]]:
    """Return tests run and failed of those of `files` that vitest tells of line by line."""
    found = {
        match["path"]: (int(match["ran"]), int(match["failed"] or 0))
        for match in _VITEST.finditer(output)
    }
    matched = {path: next((each for each in found if _is_path(path, each)), "") for path in files}
    return [(path, *found[each]) for path, each in matched.items() if each]


def _is_path(path: str, reported: str) -> bool:
    """Whether a runner that was started in a package tells of the file at `path`."""
    return path == reported or path.endswith(f"/{reported}")


def _named(plan: Plan) -> Iterator[str]:
    """Yield the tests that the plan's files name, and those of its files that may be tests."""
    for likely in plan.likely:
        for file in likely.files[:LIKELY_MAX]:
            if _is_test(file.path):
                yield file.path
            yield from file.tests


def is_aside(path: str) -> bool:
    """Whether a test file is an example or the like, and no test of the project's own code."""
    above = {part.lower() for part in PurePosixPath(path).parts[:-1]}
    return not (BESIDE - {"test", "tests", "spec"}).isdisjoint(above)


def _drives_browser(path: str) -> bool:
    return not BROWSERS.isdisjoint(PurePosixPath(path.lower()).parts[:-1])


def _is_test(path: str) -> bool:
    from missioncontrol.specialists.kinds import is_test_name

    return is_test_name(path)


def runner_of(path: str) -> str:
    """Return the kind of runner for a test file; "" where it cannot be run by itself."""
    pure = PurePosixPath(path)
    if pure.suffix == ".py":
        return "" if pure.name in {"conftest.py", "__init__.py"} else "python"
    if path.endswith("_test.go"):
        return "go"
    if pure.suffix == ".rs" and pure.parent.name == "tests":
        return "rust"
    if pure.suffix == ".rb" and re.search(r"(?:_spec|_test|^test_\w+)$", pure.stem):
        return "ruby"
    is_script = pure.suffix in JAVASCRIPT and not path.endswith(".d.ts")
    return "javascript" if is_script else ""


def _targets(files: Iterable[str]) -> Iterator[str]:
    for path in files:
        yield from ("--test", PurePosixPath(path).stem)


def _ruby(files: Sequence[str]) -> Iterator[tuple[str, ...]]:
    if files[0].endswith("_spec.rb"):
        yield ("bundle", "exec", "rspec", *files)
        yield ("rspec", *files)
    else:
        load = " ".join(f"require './{path}';" for path in files)
        yield ("ruby", "-Ilib", "-Itest", "-e", load)
