"""Which files each task that changes the repository is expected to change, and whom to ask."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from missioncontrol.domain.foresight import LikelyFile
from missioncontrol.domain.plan import STUDIES, Phase, Plan, Task
from missioncontrol.specialists.planner.filling import listed
from missioncontrol.specialists.planner.ground import CHANGES, Ground
from missioncontrol.specialists.planner.likely import BESIDE
from missioncontrol.specialists.planner.source import PAPERS

SCOPE_MAX = 10
CODE_MAX, TESTS_MAX = 5, 3
CODE_SHARE_MIN, OTHER_SHARE_MIN = 0.5, 0.4
"""Shares of the likeliest file's score from which on a file belongs to a task."""
TEST_SHARE_SURE = 0.8
"""From this share on a test is taken for the one that grows, whatever it is called after."""
ASKED_MAX = 2
_DECLARED = frozenset({"dependency"})
"""Work that changes what the project declares, before it changes code."""
_TESTED = re.compile(r"\btests?\b")
_TOLD = re.compile(r"^the goal names|\bchanged (?:it|with)\b")
_NAME = re.compile(r"`([\w.]+)(?:\(\))?`")
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
    reader = _Reader(plan, kinds, works, homes or {}, tests, ground.arrows)
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
        arrows: Mapping[str, Sequence[str]],
    ) -> None:
        self._kinds = kinds
        self._works = works
        self._homes = homes
        self._holds_tests = holds_tests
        self._arrows = arrows
        self._likely = {each.requirement: each.files for each in plan.likely}
        self._goes = plan.kinds[:1] == ("removal",)
        self._grown = _growing(plan)
        self._texts = [each.text for each in plan.requirements]
        self._demands = {each.id for each in plan.requirements if each.kind == "constraint"}

    def scoped(self, task: Task) -> Task:
        """Return a change with its scope, and with who should see it where somebody knows it."""
        if not task.is_change or task.scope:
            return task
        files = self._files_of(task)
        scope = self._scope(task, files)
        near = next((file for file in files if file.path in scope and file.knowers), None)
        detail = f"{task.detail} {_asking(near)}" if near else task.detail
        return msgspec.structs.replace(task, scope=scope, detail=detail)

    def _scope(self, task: Task, files: Sequence[LikelyFile]) -> tuple[str, ...]:
        titled = self._quoted([task.title])
        named = self._quoted([task.title, task.detail, *task.acceptance])
        code = [path for path in named if self._kinds[path] == "code"]
        work = self._work(task)
        homes = [self._homes[each] for each in task.requirements if each in self._homes]
        if homes:
            return tuple(filter(None, homes[:1]))  # A document that is not there yet has no path.
        if work in STUDIES:
            return ()  # What comes of it is a list or an account.
        if work == "release-check":
            return tuple(path for path in named if CHANGES.match(path))
        if work in BESIDE:
            likely = [*named, *(file.path for file in files)]
            own = [path for path in likely if self._kinds.get(path) in BESIDE[work]]
            own = [path for path in own if not PAPERS.search(path)]
            own = [path for path in own if path in named or not CHANGES.match(path)]
            own = [path for path in own if work != "tests" or self._holds_tests(path)]
            return tuple(dict.fromkeys(own))[:TESTS_MAX]
        if titled and not any(self._kinds[path] == "code" for path in titled):
            return tuple(titled[:SCOPE_MAX])
        if set(task.requirements) <= self._demands:
            said = " ".join([task.detail, *task.acceptance])
            if self._goes or not _TESTED.search(said):
                return ()  # The tests of what goes go with it; to compare a list changes no file.
            tests = [*self._grown, *(test for file in files for test in file.tests)]
            own = [path for path in tests if self._holds_tests(path)]
            return tuple(own[:1])  # Here goes the new test; what stands stays.
        if named and not code:
            return tuple(named[:SCOPE_MAX])
        declared = [path for path in named if self._kinds[path] == "configuration"]
        scope = self._code_scope(named, code[:1], files)
        return (*declared[:1], *scope)[:SCOPE_MAX] if work in _DECLARED else scope

    def _work(self, task: Task) -> str:
        """Return what kind of work a task is; one that only shows what must hold is none."""
        own = [each for each in task.requirements if each not in self._demands]
        return next((self._works[each] for each in own if each in self._works), "")

    def _code_scope(
        self, named: Sequence[str], first: Sequence[str], files: Sequence[LikelyFile]
    ) -> tuple[str, ...]:
        """Return where a change of code begins, what else is likely, and the tests of both."""
        likely = [file for file in files if self._kinds.get(file.path) == "code"]
        begins = [*first, *(file.path for file in likely)][:1]
        code = [*first, *(file.path for file in likely if self._belongs(file, begins))]
        code = list(dict.fromkeys(code))[:CODE_MAX]
        tests = [path for path in named if self._kinds[path] == "test"]
        tests += [test for file in likely if file.path in code[:2] for test in file.tests[:1]]
        tests = [path for path in tests if self._holds_tests(path)]
        tests += [
            file.path
            for file in files
            if self._kinds.get(file.path) == "test"
            and file.share >= OTHER_SHARE_MIN
            and self._holds_tests(file.path)
            and (not tests or self._is_told(file) or file.share >= TEST_SHARE_SURE)
        ]
        return (*code, *list(dict.fromkeys(tests))[:TESTS_MAX])[:SCOPE_MAX]

    def _belongs(self, file: LikelyFile, begins: Sequence[str]) -> bool:
        """Whether a likely file is one that the change reaches, and not only full of its words.

        Words alone lead to files that have nothing to do with where the change begins: it has to
        be named, to have changed with it, to import it or to be imported by it.
        """
        if file.share < CODE_SHARE_MIN:
            return False
        tied = not begins or file.path in begins or self._is_told(file) or not self._arrows
        return tied or any(
            file.path in self._arrows.get(each, ()) or each in self._arrows.get(file.path, ())
            for each in begins
        )

    def _is_told(self, file: LikelyFile) -> bool:
        """Whether the goal names a file or what it defines, or the past ties it to the change.

        A part of a dotted name is none: `Table.search` says nothing of another file's `search`.
        """
        defined = [reason for reason in file.reasons if reason.startswith("defines ")]
        names = {name for reason in defined for name in _NAME.findall(reason)}
        whole = names & {name for text in self._texts for name in _NAME.findall(text)}
        return bool(whole) or any(_TOLD.search(reason) for reason in file.reasons)

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
    known = file.knowers[:ASKED_MAX]
    names = listed([f"{each.name} ({_commits(each.commits)})" for each in known])
    them = "let one of them review it" if len(known) > 1 else "a review by them is worth most"
    return f"Most often `{file.path}` was changed by {names}: {them}."


def _commits(count: int) -> str:
    return "1 commit" if count == 1 else f"{count:,} commits"
