"""Which lines of Go each test runs, from the profiles that `go test` writes.

A test program is built once for each package, with the watched packages counted, and started once
for each test.
"""

import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from missioncontrol.specialists.tree import Tree

TESTS_MAX = 200
PROFILE_BYTES_MAX = 16 * 1024 * 1024
_TEST = re.compile(r"(?m)^func (Test(?:[^a-z\s(]\w*)?)\(\w* ?\*testing\.T\)")
_MODULE = re.compile(r"(?m)^module\s+\"?([^\s\"]+)")
_BLOCK = re.compile(r"(?P<path>.+):(?P<first>\d+)\.\d+,(?P<last>\d+)\.\d+ \d+ (?P<count>\d+)")


def names(path: str, tree: "Tree") -> list[str]:
    """Return the tests of a file; `TestMain` is none."""
    return [name for name in _TEST.findall(tree.text(path) or "") if name != "TestMain"]


def module(tree: "Tree") -> str:
    """Return the path by which the packages of the repository are imported; "" without one."""
    found = _MODULE.search(tree.text("go.mod") or "")
    return found[1] if found else ""


def build(watched: Sequence[str], package: str, program: Path) -> tuple[str, ...]:
    """Return the command that builds the test program of a package, to count watched files."""
    counted = dict.fromkeys(_package(path) for path in watched)
    options = ("-cover", "-covermode=set", f"-coverpkg={','.join(counted)}")
    return ("go", "test", "-c", *options, "-o", str(program), package)


def run(tests: Sequence[str], package: str, program: Path, place: Path) -> tuple[str, ...]:
    """Return the command that runs the tests of a package one by one, each with its profile."""
    script = (
        f"cd {shlex.quote(package)} && for name in {shlex.join(tests)}; do "
        f'{shlex.quote(str(program))} -test.run "^$name\\$" '
        f'-test.coverprofile={shlex.quote(str(place))}/"$name".out; done'
    )
    return ("sh", "-c", script)


def by_package(files: Sequence[str]) -> dict[str, list[str]]:
    """Return test files by the package they are in, as `go test` names it."""
    found: dict[str, list[str]] = {}
    for path in files:
        found.setdefault(_package(path), []).append(path)
    return found


def lines(profile: Path, name: str) -> dict[str, set[int]]:
    """Return the lines that ran by the path of their file, in the module `name`."""
    found: dict[str, set[int]] = {}
    for path, first, last in _ran(profile):
        if path.startswith(f"{name}/"):
            found.setdefault(path.removeprefix(f"{name}/"), set()).update(range(first, last + 1))
    return found


def _ran(profile: Path) -> Iterator[tuple[str, int, int]]:
    """Yield path, first and last line of what ran; code of the project may have written more."""
    try:
        if profile.stat().st_size > PROFILE_BYTES_MAX:
            return
        text = profile.read_text("utf-8", "replace")
    except OSError:
        return
    for line in text.splitlines():
        match = _BLOCK.fullmatch(line)
        if match and match["count"] != "0":
            first, last = int(match["first"]), int(match["last"])
            if last - first < PROFILE_BYTES_MAX:
                yield match["path"], first, last


def _package(path: str) -> str:
    parent = PurePosixPath(path).parent.as_posix()
    return "." if parent == "." else f"./{parent}"
