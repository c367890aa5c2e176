"""Runs the nearest tests once more to see which lines they run; Go by its own profiles."""

import re
import shlex
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from missioncontrol.domain.plan import Plan
from missioncontrol.specialists.tester import lines, lines_node
from missioncontrol.specialists.tester.bench import Bench
from missioncontrol.specialists.tester.lines import Block, LinesRan
from missioncontrol.specialists.tester.missing_requirements import node_command
from missioncontrol.specialists.tester.nearest import JAVASCRIPT, commands_for, runner_of
from missioncontrol.specialists.tester.trial import Trial

if TYPE_CHECKING:
    from missioncontrol.specialists.tree import Tree

TESTS_MAX = 200
PROFILE_BYTES_MAX = 16 * 1024 * 1024
_TEST = re.compile(r"(?m)^func (Test(?:[^a-z\s(]\w*)?)\(\w* ?\*testing\.T\)")
_MODULE = re.compile(r"(?m)^module\s+\"?([^\s\"]+)")
_BLOCK = re.compile(r"(?P<path>.+):(?P<first>\d+)\.\d+,(?P<last>\d+)\.\d+ \d+ (?P<count>\d+)")
SECONDS_MAX = 60.0
SECONDS_MIN = 3.0
"""Below it, no further run begins."""
WHY = "Which lines ran is not known"
COVERAGE_OFF = {"jest": "--coverage=false", "vitest": "--coverage.enabled=false"}
"""Options that keep a runner from counting itself: that would be watched in place of the code."""
LANGUAGES = {"rust": "Rust", "ruby": "Ruby"}


def watched_lines(
    plan: Plan, goal: str, trial: Trial | None, files: Sequence[str], bench: Bench, tree: "Tree"
) -> LinesRan:
    """Return which of the plan's lines the test files run, or why that is not known."""
    if trial is None or trial.ran is None or trial.verdict.status not in {"passed", "failed"}:
        return LinesRan()
    kind = "python" if trial.command.is_pytest else runner_of(files[0]) if files else ""
    if kind in LANGUAGES:
        return LinesRan(missing=f"{WHY}: tests of {LANGUAGES[kind]} are not watched.")
    if kind not in WATCHERS:
        return LinesRan()
    endings, watch = WATCHERS[kind]
    blocks = lines.watched(plan, tree, endings)
    if not any(each.is_spot for each in blocks):
        return LinesRan()
    place = bench.home / "lines"
    place.mkdir(parents=True, exist_ok=True)
    return watch(_Watch(blocks, goal, trial, files, bench, tree, place))


class _Watch:
    """What is watched, and the time that is left for it."""

    def __init__(
        self,
        blocks: list[Block],
        goal: str,
        trial: Trial,
        files: Sequence[str],
        bench: Bench,
        tree: "Tree",
        place: Path,
    ) -> None:
        """All runs together take `SECONDS_MAX`."""
        self.blocks, self.goal, self.trial, self.files = blocks, goal, trial, files
        self.bench, self.tree, self.place = bench, tree, place
        self._ends = time.monotonic() + SECONDS_MAX

    @property
    def paths(self) -> list[str]:
        """The files whose lines are looked at."""
        return list(dict.fromkeys(each.path for each in self.blocks))

    @property
    def seconds(self) -> float:
        """What is left for further runs."""
        return self._ends - time.monotonic()

    def run(self, argv: tuple[str, ...], more: dict[str, str] | None = None) -> Trial:
        """Run a command in the copy, for as long as is left."""
        limit = max(self.seconds, 1.0)
        return self.bench.once(argv, "which lines ran", seconds_max=limit, more=more, is_test=False)


def _python(watch: _Watch) -> LinesRan:
    bench, place = watch.bench, watch.place
    if not watch.trial.command.is_pytest:
        return LinesRan(missing=f"{WHY}: only tests that pytest runs are watched.")
    more = lines.ask(watch.blocks, bench.copy, place)
    bench.paths.append(place)
    plugins = bench.python.plugins if bench.python else ()
    quiet = ["--no-cov"] if "pytest_cov" in plugins else []
    quiet += ["-n0"] if "xdist" in plugins else []
    watch.run((*watch.trial.command.declared, "-p", lines.PLUGIN, *quiet), more)
    bench.paths.remove(place)
    found = lines.answered(watch.blocks, bench.copy, place, watch.goal)
    return found if found.tests else LinesRan(missing=f"{WHY}: the run that watches them failed.")


def _javascript(watch: _Watch) -> LinesRan:
    """Watch all files in one run; those by themselves that one process ran with others, or lost.

    A runner may kill a process before its coverage is written.
    """
    seen = _seen(watch, watch.files, watch.place / "all")
    if seen.is_shared:
        seen = lines_node.Seen({})
    for number, path in enumerate(watch.files):
        if path not in seen.ran and watch.seconds >= SECONDS_MIN:
            seen.ran.update(_seen(watch, [path], watch.place / str(number)).ran)
    if not seen.ran:
        return LinesRan(missing=f"{WHY}: Node wrote no coverage of the test files' processes.")
    lacks = len(set(watch.files) - set(seen.ran))
    return lines.of_lines(watch.blocks, seen.ran, watch.goal, "test file", lacks)


def _seen(watch: _Watch, files: Sequence[str], place: Path) -> lines_node.Seen:
    more = lines_node.ask(watch.paths, watch.files, watch.bench.copy, place)
    for argv in commands_for(files, watch.tree)[:1]:
        watch.run(_uncounted(argv), more)
    return lines_node.answered(watch.paths, watch.files, watch.bench.copy, place)


def _uncounted(argv: tuple[str, ...]) -> tuple[str, ...]:
    """Return the command of a runner with its own measuring of coverage switched off."""
    node = node_command(argv) or []
    option = COVERAGE_OFF.get(node[2], "") if node[:1] == ["npx"] else ""
    if not option:
        return argv
    return (*argv[:-1], f"{argv[-1]} {option}") if argv[0] == "sh" else (*argv, option)


def _go(watch: _Watch) -> LinesRan:
    name = go_module(watch.tree)
    place = watch.place.resolve()
    ran: dict[str, dict[str, set[int]]] = {}
    left, known = TESTS_MAX, 0
    for number, (package, files) in enumerate(tests_by_package(watch.files).items()):
        tests = {test: path for path in files for test in go_test_names(path, watch.tree)}
        chosen = list(tests)[:left]
        known += len(tests)
        if watch.seconds < SECONDS_MIN or not chosen:
            continue
        left -= len(chosen)
        program, profiles = place / f"{number}.test", place / str(number)
        profiles.mkdir(parents=True, exist_ok=True)
        built = watch.run(build_go_tests(watch.paths, package, program))
        if not program.is_file():
            last = built.output.strip().splitlines()[-1:] or [built.verdict.reason]
            return LinesRan(missing=f"{WHY}: no test program was built ({last[0][:120]}).")
        watch.run(run_go_test(chosen, package, program, profiles))
        for test in chosen:
            if (profiles / f"{test}.out").is_file():
                found = go_lines(profiles / f"{test}.out", name)
                ran[f"{tests[test]}::{test}"] = found
    if not ran:
        return LinesRan(missing=f"{WHY}: no test of Go wrote a profile.")
    return lines.of_lines(watch.blocks, ran, watch.goal, "test", known - len(ran))


def go_test_names(path: str, tree: "Tree") -> list[str]:
    """Return the tests of a file; `TestMain` is none."""
    return [name for name in _TEST.findall(tree.text(path) or "") if name != "TestMain"]


def go_module(tree: "Tree") -> str:
    """Return the path by which the packages of the repository are imported; "" without one."""
    found = _MODULE.search(tree.text("go.mod") or "")
    return found[1] if found else ""


def build_go_tests(watched: Sequence[str], package: str, program: Path) -> tuple[str, ...]:
    """Return the command that builds the test program of a package, to count watched files."""
    counted = dict.fromkeys(_package(path) for path in watched)
    options = ("-cover", "-covermode=set", f"-coverpkg={','.join(counted)}")
    return ("go", "test", "-c", *options, "-o", str(program), package)


def run_go_test(tests: Sequence[str], package: str, program: Path, place: Path) -> tuple[str, ...]:
    """Return the command that runs the tests of a package one by one, each with its profile."""
    script = (
        f"cd {shlex.quote(package)} && for name in {shlex.join(tests)}; do "
        f'{shlex.quote(str(program))} -test.run "^$name\\$" '
        f'-test.coverprofile={shlex.quote(str(place))}/"$name".out; done'
    )
    return ("sh", "-c", script)


def tests_by_package(files: Sequence[str]) -> dict[str, list[str]]:
    """Return test files by the package they are in, as `go test` names it."""
    found: dict[str, list[str]] = {}
    for path in files:
        found.setdefault(_package(path), []).append(path)
    return found


def go_lines(profile: Path, name: str) -> dict[str, set[int]]:
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


WATCHERS: dict[str, tuple[tuple[str, ...], Callable[[_Watch], LinesRan]]] = {
    "python": ((".py",), _python),
    "javascript": (JAVASCRIPT, _javascript),
    "go": ((".go",), _go),
}
