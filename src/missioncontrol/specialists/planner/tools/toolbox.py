"""The tools for planning: each is declared by what it takes, and answers with a bounded text."""

from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from missioncontrol.domain.errors import MissionControlError, NotFound, Rejected
from missioncontrol.domain.plan import Plan
from missioncontrol.ports.model import Tool
from missioncontrol.specialists.indexing import read_index
from missioncontrol.specialists.planner.precedents import precedents
from missioncontrol.specialists.planner.tools.commit_files import CommittedFiles
from missioncontrol.specialists.planner.tools.testing import Trying, run_test, try_plan
from missioncontrol.specialists.ranking.index import Index
from missioncontrol.specialists.ranking.ranker import ranked

ANSWER_MAX = 30_000
"""Characters of one answer."""
CALLS_MAX = 200
"""Calls in one session; a planner that asks for more goes round in circles."""
TESTS_MAX = 10
TEXT_MAX = 4_000

Path_ = Annotated[str, Meta(min_length=1, max_length=1_000)]
Line = Annotated[int, Meta(ge=1)]
Words = Annotated[str, Meta(min_length=1, max_length=TEXT_MAX)]
Few = Annotated[int, Meta(ge=1, le=20)]


class _Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a call of a tool says."""


class ReadFile(_Asked, frozen=True):
    """Read numbered lines of a file, at most 400 in one call."""

    path: Path_
    first_line: Line = 1
    last_line: Annotated[int, Meta(ge=0)] = 0  # 0: as many as one call may have

    def answer(self, box: "Toolbox") -> Iterable[str]:
        """Return the lines."""
        return box.files.lines(self.path, self.first_line, self.last_line)


class Search(_Asked, frozen=True):
    """Find lines with a text, or an extended regular expression, below a directory."""

    text: Words
    is_regex: bool = False
    directory: str = ""

    def answer(self, box: "Toolbox") -> Iterable[str]:
        """Return `path:line: text` for each place."""
        return box.files.found(self.text, is_regex=self.is_regex, below=self.directory)


class ListFiles(_Asked, frozen=True):
    """List the files below a directory, those that fit a pattern such as `*.py`."""

    directory: str = ""
    pattern: Annotated[str, Meta(min_length=1, max_length=200)] = "*"

    def answer(self, box: "Toolbox") -> Iterable[str]:
        """Return the paths."""
        return box.files.listed(self.directory, self.pattern)


class Blame(_Asked, frozen=True):
    """Say which commit changed each of some lines last, when and by whom."""

    path: Path_
    first_line: Line
    last_line: Line

    def answer(self, box: "Toolbox") -> Iterable[str]:
        """Return the lines with their commits."""
        return box.files.blamed(self.path, self.first_line, self.last_line)


class FileLog(_Asked, frozen=True):
    """List the newest commits that changed a file."""

    path: Path_
    limit: Annotated[int, Meta(ge=1, le=50)] = 20

    def answer(self, box: "Toolbox") -> Iterable[str]:
        """Return a line for each commit."""
        return box.files.changes(self.path, self.limit)


class Locate(_Asked, frozen=True):
    """Rank the files that a wish in words will most likely change, with chances and blocks.

    The ranking was learned from merged changes of many repositories.
    """

    text: Words
    limit: Few = 10

    def answer(self, box: "Toolbox") -> Iterable[str]:
        """Return the files as JSON, the likeliest first."""
        return _json(ranked(box.index, self.text, limit=self.limit))


class Precedents(_Asked, frozen=True):
    """Find the merged changes that are most like a wish in words, with the files they changed."""

    text: Words

    def answer(self, box: "Toolbox") -> Iterable[str]:
        """Return the changes as JSON, the most alike first."""
        return _json(precedents(box.index, self.text))


class ShowPlan(_Asked, frozen=True):
    """Show a part of the plan made from the facts, with what was tried for it; or all of it."""

    part: str = ""  # such as risks, phases or likely
    offset: Annotated[int, Meta(ge=0)] = 0  # of characters, where the last answer was cut

    def answer(self, box: "Toolbox") -> Iterable[str]:
        """Return JSON."""
        parts = msgspec.to_builtins(box.plan) if box.plan is not None else {}
        if self.part and self.part not in parts:
            raise NotFound(
                "tools.no_part",
                f"The plan has no part {self.part[:80]!r}.",
                hint=f"It has {', '.join(parts)}.",
            )
        yield from _json(parts[self.part] if self.part else parts, self.offset)


class RunTest(_Asked, frozen=True):
    """Run one test file of the repository as it is committed, in a disposable confined copy."""

    path: Path_

    def answer(self, box: "Toolbox") -> Iterable[str]:
        """Return how it ended, as JSON."""
        return _json(box.tested(self.path))


class TryPlan(_Asked, frozen=True):
    """Try the plan made from the facts in a disposable confined copy, once: a few minutes at most.

    What tests lack is installed in a stored environment, where that is allowed. It runs the
    tests nearest to the change, and the test, example or missing thing that the goal names. It
    reports how they end today, which of them run the lines the plan points at, and what is not
    installed. What is red today stands as the first criterion of the mission, for any planner.
    """

    def answer(self, box: "Toolbox") -> Iterable[str]:
        """Return JSON."""
        return _json(box.tried)


TOOLS: Mapping[str, Any] = {
    "read_file": ReadFile,
    "search": Search,
    "list_files": ListFiles,
    "blame": Blame,
    "file_log": FileLog,
    "locate": Locate,
    "precedents": Precedents,
    "show_plan": ShowPlan,
    "run_test": RunTest,
    "try_plan": TryPlan,
}


class Toolbox:
    """Answers calls of tools about one repository; nothing in it is changed.

    An answer is at most `ANSWER_MAX` characters long, and a session has at most `CALLS_MAX` calls.
    """

    def __init__(
        self,
        root: Path,
        *,
        plan: Plan | None = None,
        trying: Trying | None = None,
        tried: Mapping[str, Any] | None = None,
    ) -> None:
        """`plan` is shown on request; tests run as `trying` says, and without it none do.

        `tried` is what the plan showed already, where that is known.

        Raises:
            Rejected: `tools.no_commit`.
        """
        self.root = root
        self.files = CommittedFiles(root)
        self.plan = plan
        self._trying = trying
        self._tried = tried
        self._calls = self._tests = 0

    @cached_property
    def index(self) -> Index:
        """What the files are ranked by, read when it is first asked for."""
        return read_index(self.root)

    @property
    def tools(self) -> list[Tool]:
        """Every tool that may be called, with the schema of what it takes."""
        return [
            Tool(name, " ".join((form.__doc__ or "").split()), _schema(form))
            for name, form in TOOLS.items()
            if self._is_offered(form)
        ]

    def _is_offered(self, form: Any) -> bool:
        if form is TryPlan and self._tried is not None:
            return True
        runs = form in (RunTest, TryPlan)
        return not runs or (self._trying is not None and (form is RunTest or self.plan is not None))

    @property
    def can_try(self) -> bool:
        """Whether the plan can be tried."""
        return self._is_offered(TryPlan)

    def call(self, name: str, arguments: Any) -> str:
        """Return what a tool answers; a call that can't be answered says why and what to do."""
        try:
            return self._answer(name, arguments)
        except MissionControlError as error:
            return f"No answer ({error.code}): {error.reason} {error.hint}".rstrip()

    def _answer(self, name: str, arguments: Any) -> str:
        self._calls += 1
        if self._calls > CALLS_MAX:
            reason = f"There were {CALLS_MAX} calls already."
            raise Rejected("tools.too_many", reason, hint="Answer with the plan now.")
        names = [each.name for each in self.tools]
        if name not in names:
            reason = f"There is no tool {name[:80]!r}."
            raise NotFound("tools.unknown", reason, hint=f"There are {', '.join(names)}.")
        try:
            asked = msgspec.convert(arguments, TOOLS[name])
        except msgspec.ValidationError as error:
            raise Rejected("tools.bad_arguments", f"{name} can't take this: {error}.") from None
        text = "\n".join(asked.answer(self)) or "Nothing was found."
        return text if len(text) <= ANSWER_MAX else f"{text[:ANSWER_MAX]}\n… [cut here]"

    def tested(self, path: str) -> dict[str, Any]:
        """Run a test file, a few times in a session.

        Raises:
            Rejected: `tools.too_many`, or as `run_test`.
        """
        name = self.files.file(path)
        assert self._trying is not None, "the tool is offered with a sandbox alone"
        self._tests += 1
        if self._tests > TESTS_MAX:
            raise Rejected("tools.too_many", f"{TESTS_MAX} test files were run already.")
        return run_test(self.root, self.files.commit, name, self._trying)

    @cached_property
    def tried(self) -> Mapping[str, Any]:
        """What the plan shows when it is tried; it is tried once.

        Raises:
            Rejected: as `try_plan`.
        """
        if self._tried is not None:
            return self._tried
        assert self._trying is not None, "the tool is offered with a sandbox alone"
        assert self.plan is not None, "and with a plan"
        return try_plan(self.root, self.files.commit, self.plan, self._trying)


def _schema(form: Any) -> dict[str, Any]:
    schema = msgspec.json.schema(form)
    own: dict[str, Any] = schema["$defs"][form.__name__]
    return {
        "type": "object",
        "properties": own["properties"],
        "required": own["required"],
        "additionalProperties": False,
    }


def _json(value: Any, offset: int = 0) -> list[str]:
    return [msgspec.json.encode(value).decode()[offset:]]
