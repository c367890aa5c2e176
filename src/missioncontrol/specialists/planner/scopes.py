"""Which files each task that changes the repository is expected to change, and whom to ask."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import msgspec

from missioncontrol.domain.estimates import LikelyFile
from missioncontrol.domain.plan import STUDIES, Phase, Plan, Task
from missioncontrol.specialists.planner.first_page import ANNOUNCING, is_named
from missioncontrol.specialists.planner.ground import CHANGES, Ground
from missioncontrol.specialists.planner.likely import BESIDE

SCOPE_MAX = 10
UNSURE = 0.3
"""A chance below which a file gives way to those that the details of the goal name."""
USUAL_MIN = 0.5
"""Share of the changes of code that changed a test or the change log, from which on the next one
is expected to."""
CHANGE_CHANCE_MIN = 0.7
"""A chance below which a test of what is refactored stays as it is."""
KNOWERS_MAX = 2
_DECLARED = frozenset({"dependency"})
"""Work that changes what the project declares, before it changes code."""
_TESTED = re.compile(r"\btests?\b")
_QUOTED = re.compile(r"`([^`\s:]+)(?::\d+(?:-\d+)?)?`")


def with_scopes(
    plan: Plan, ground: Ground, works: Mapping[str, str], homes: Mapping[str, str] | None = None
) -> Plan:
    """Return `plan` with the files of its changes; one that says its own files keeps them.

    `works` tells of each requirement what kind of work it is, and `homes` of some the one file
    that they are about.
    """
    if ground.tree is None or ground.sources is None:
        return plan
    kinds = {file.path: file.kind for file in ground.tree.files}
    tests = ground.sources.holds_tests
    index = ground.index
    usual = index.habits if index and index.has_past else None
    reader = _Reader(
        plan,
        kinds,
        works,
        homes or {},
        tests,
        adds_tests=usual is None or usual["test_habit"] >= USUAL_MIN,
        logs=usual is None or usual["log_habit"] >= USUAL_MIN,
    )
    phases = tuple(
        Phase(each.key, each.title, each.purpose, tuple(map(reader.scoped, each.tasks)))
        for each in plan.phases
    )
    return msgspec.structs.replace(plan, phases=phases)


class _Reader:
    """What a plan says about files, by requirement."""

    def __init__(
        self,
        plan: Plan,
        kinds: Mapping[str, str],
        works: Mapping[str, str],
        homes: Mapping[str, str],
        holds_tests: Callable[[str], bool],
        *,
        adds_tests: bool,
        logs: bool,
    ) -> None:
        self._kinds = kinds
        self._works = works
        self._homes = homes
        self._holds_tests = holds_tests
        self._adds_tests = adds_tests
        self._logs = logs
        self._likely = {each.requirement: each.files for each in plan.likely}
        self._goes = plan.kinds[:1] == ("removal",)
        self._grown = _growing(plan)
        self._papers = {*filter(None, self._homes.values()), *self._announcing(plan)}
        self._demands = {each.id for each in plan.requirements if each.kind == "constraint"}

    def scoped(self, task: Task) -> Task:
        """Return a change with its scope, and with who should see it where that is known."""
        if not task.is_change or task.scope:
            return task
        files = self._files_of(task)
        scope = self._scope(task, files)
        code = [file for file in files if file.path in scope and file.path not in self._papers]
        code.sort(key=lambda file: self._kinds[file.path] == "test")  # The test follows the code.
        near = next((file for file in code if file.knowers), None)
        detail = f"{task.detail} {_asking(near)}" if near else task.detail
        return msgspec.structs.replace(task, scope=scope, detail=detail)

    def _announcing(self, plan: Plan) -> Iterator[str]:
        """Yield the documents that have a task of their own."""
        for task in plan.tasks():
            named = self._quoted([task.title, task.detail, *task.acceptance])
            if task.is_change and all(self._kinds[path] == "document" for path in named):
                yield from named

    def _scope(self, task: Task, files: Sequence[LikelyFile]) -> tuple[str, ...]:
        named = self._quoted([task.title, task.detail, *task.acceptance])
        if task.key.startswith(ANNOUNCING) and not (named and self._logs):
            return ()  # A piece of a change log is a new file; an entry may be due at the release.
        work = self._work(task)
        homes = [self._homes[each] for each in task.requirements if each in self._homes]
        if homes:
            return tuple(filter(None, homes[:1]))  # A document that is not there yet has no path.
        if work in STUDIES:
            return ()  # What comes of it is a list or an account.
        if work == "release-check":
            return tuple(path for path in named if CHANGES.match(path))
        if set(task.requirements) <= self._demands:
            return self._proof(task, files)
        if work in BESIDE and (own := self._beside(work, named, files, " ".join(task.acceptance))):
            return own
        titled = self._quoted([task.title])
        if titled and not any(self._kinds[path] == "code" for path in titled):
            return tuple(titled[:SCOPE_MAX])
        if named and all(self._kinds[path] == "document" for path in named):
            return tuple(named[:SCOPE_MAX])
        return self._expected(task, work, named, files)

    def _proof(self, task: Task, files: Sequence[LikelyFile]) -> tuple[str, ...]:
        """Return where the test of what must hold goes; what stands stays."""
        text = " ".join([task.detail, *task.acceptance])
        if self._goes or not _TESTED.search(text):
            return ()  # The tests of what goes go with it; to compare a list changes no file.
        tests = [*self._grown, *(test for file in files for test in file.tests)]
        return tuple([path for path in tests if self._holds_tests(path)][:1])

    def _beside(
        self, work: str, named: Sequence[str], files: Sequence[LikelyFile], text: str
    ) -> tuple[str, ...]:
        """Return the tests or the documents that work beside the code changes."""
        covering = [path for path in named if f"`{path}` has the text" in text]
        if work == "documentation" and covering and self._kinds[covering[0]] == "code":
            return (covering[0],)  # The text is a comment there.
        expected = [file.path for file in files if file.is_expected]
        if work == "documentation" and expected[:1] and self._kinds[expected[0]] == "code":
            return (expected[0],)  # The text that changes is a comment.
        own = [path for path in (*named, *expected) if self._kinds.get(path) in BESIDE[work]]
        own = [path for path in own if path in named or not CHANGES.match(path)]
        own = [path for path in own if work != "tests" or self._holds_tests(path)]
        return tuple(dict.fromkeys(own))[:SCOPE_MAX]

    def _expected(
        self, task: Task, work: str, named: Sequence[str], files: Sequence[LikelyFile]
    ) -> tuple[str, ...]:
        """Return the files that a change should touch, the likeliest first.

        A test is among them where changes of this project usually have one.
        """
        code = [path for path in named if self._kinds[path] == "code"]
        found = [file.path for file in files if file.is_expected and file.path not in self._papers]
        named_in = [f.path for f in files if f.is_expected and is_named(f)]
        if len(task.requirements) > 1 and len(named_in) > 1:
            found = [f.path for f in files if f.path in named_in or f.chance >= UNSURE]
        if work == "refactoring":  # Its tests pass without an edit, unless they surely change.
            stays = {f.path for f in files if f.chance < CHANGE_CHANCE_MIN and not is_named(f)}
            found = [p for p in found if self._kinds[p] != "test" or p not in stays]
        if work in _DECLARED:
            found = [*(p for p in named if self._kinds[p] == "configuration"), *found]
        found = found or list(code[:1] or named)
        if (
            work != "refactoring"
            and self._adds_tests
            and not any(self._kinds[path] == "test" for path in found)
        ):
            first = next((file for file in files if file.path in found and file.tests), None)
            found += first.tests[:1] if first else ()
        return tuple(dict.fromkeys(found))[:SCOPE_MAX]

    def _work(self, task: Task) -> str:
        """Return what kind of work a task is; one that only shows what must hold is none."""
        own = [each for each in task.requirements if each not in self._demands]
        return next((self._works[each] for each in own if each in self._works), "")

    def _files_of(self, task: Task) -> list[LikelyFile]:
        own = [each for each in task.requirements if each not in self._demands]
        best: dict[str, LikelyFile] = {}
        for requirement in own or task.requirements:
            for file in self._likely.get(requirement, ()):
                if file.path not in best or file.share > best[file.path].share:
                    best[file.path] = file
        return sorted(best.values(), key=lambda file: (-file.share, file.path))

    def _quoted(self, texts: Iterable[str]) -> list[str]:
        """Return the files of the repository that are quoted, in their order."""
        found = (path for text in texts for path in _QUOTED.findall(text))
        return list(dict.fromkeys(path for path in found if path in self._kinds))


def _growing(plan: Plan) -> list[str]:
    """Return the test files that change with the code they check."""
    parts = plan.architecture.components
    return [each.path for each in parts if each.kind == "test" and each.change == "changed"]


def _asking(file: LikelyFile) -> str:
    """Say who knows the file, as the history counts it."""
    first, *others = file.knowers[:KNOWERS_MAX]
    asked = f"{first.name} ({_commits(first.commits)} of `{file.path}`)"
    more = "".join(f" or {each.name} ({each.commits:,})" for each in others)
    return f"Ask {asked}{more} for a review."


def _commits(count: int) -> str:
    return "1 commit" if count == 1 else f"{count:,} commits"
