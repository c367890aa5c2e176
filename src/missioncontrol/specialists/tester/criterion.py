"""The first criterion of a change: a command that is red before it, where the goal allows one."""

import doctest
import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Literal

import msgspec

from missioncontrol.specialists.tester import report
from missioncontrol.specialists.tester.existence import existence_test
from missioncontrol.specialists.tester.named_tests import named_test
from missioncontrol.specialists.tester.shown import clipped
from missioncontrol.specialists.tester.trial import Trial

# Code that a goal holds as an example, and the errors that the goal tells of.

EXAMPLES_MAX = 2
LENGTH_MAX = 20_000
PYTHON = frozenset({"python", "py", "py3", "python3", "pycon", "python-console"})
_FENCED = re.compile(
    r"(?ms)^[ \t]*(?P<fence>```+|~~~+)[ \t]*(?P<word>[\w+-]*)[^\n]*\n(?P<text>.*?)^[ \t]*(?P=fence)"
)
_INDENTED = re.compile(r"(?m)(?:(?<=\n\n)|\A)(?:(?: {4}|\t)[^\n]*(?:\n|\Z)|[ \t]*\n(?= {4}|\t))+")
_BEGINS = re.compile(r"(?m)^\s*(?:>>> |import \w|from \w[\w.]* import )")
_ANY_RAISED = re.compile(r"(?m)^(?P<name>(?:\w+\.)*[A-Z]\w+)(?:: (?P<words>.*))?$")
_TO_RAISE = re.compile(
    r"(?i)\b(?:should|must|shall|ought to|expected to|to)\s+(?:raise|throw)\w*\s+(?:an?\s+)?"
    r"`?(?:\w+\.)*(?P<name>(?-i:[A-Z])\w+)"
)
WORDS_MIN = 8
"""Characters of an error's message that say which error it is."""


class Example(msgspec.Struct, frozen=True):
    """A program that a goal holds."""

    source: str


class Raised(msgspec.Struct, frozen=True):
    """The error that a program ended with."""

    name: str
    words: str = ""

    @property
    def line(self) -> str:
        """As Python tells it."""
        return f"{self.name}: {self.words}" if self.words else self.name


def examples(text: str) -> list[Example]:
    """Return the Python programs in `text` that can be read, in its order."""
    found: list[Example] = []
    for block in _blocks(text[:LENGTH_MAX]):
        source = _source(block)
        try:
            compile(source, "example", "exec")
        except (SyntaxError, ValueError, RecursionError):
            continue
        if source.strip():
            found.append(Example(source.strip("\n") + "\n"))
    return found[:EXAMPLES_MAX]


def raised(output: str) -> Raised | None:
    """Return the error behind the last traceback of what a program printed."""
    _, mark, last = output.rpartition("Traceback (most recent call last)")
    found = list(_ANY_RAISED.finditer(last)) if mark else []
    if not found:
        return None
    return Raised(found[0]["name"].rpartition(".")[2], (found[0]["words"] or "").strip())


def is_mentioned(text: str, error: Raised) -> bool:
    """Whether `text` tells of an error, by its class or by its message."""
    named = re.search(rf"(?<![\w]){re.escape(error.name)}(?!\w)", _without_code(text))
    _, mark, trace = text.partition("Traceback (most recent call last)")
    in_trace = mark and re.search(rf"(?m)^\s*(?:\w+\.)*{re.escape(error.name)}(?::|$)", trace)
    return bool(named) or bool(in_trace) or (len(error.words) >= WORDS_MIN and error.words in text)


def to_be_raised(text: str) -> str:
    """Return the class of the error that `text` wants to be raised; "" where it wants none."""
    found = _TO_RAISE.search(_without_code(text))
    return found["name"] if found else ""


def _without_code(text: str) -> str:
    return _INDENTED.sub("\n", _FENCED.sub("\n", text))


def _blocks(text: str) -> Iterator[str]:
    for match in _FENCED.finditer(text):
        word = match["word"].lower()
        if word in PYTHON or (not word and _BEGINS.search(match["text"])):
            yield _dedented(match["text"])
    for match in _INDENTED.finditer(_FENCED.sub("\n", text)):
        if _BEGINS.search(match[0]):
            yield _dedented(match[0])


def _dedented(text: str) -> str:
    import textwrap

    return textwrap.dedent(text.replace("\t", "    "))


def _source(block: str) -> str:
    """Return the program of a block: what was typed, where it is a session."""
    if not re.search(r"(?m)^>>> ", block):
        return block
    try:
        return "".join(each.source for each in doctest.DocTestParser().get_examples(block))
    except ValueError:
        return ""


if TYPE_CHECKING:
    from missioncontrol.specialists.tree import Tree

State = Literal["red", "green", "unclear"]
TEST_FILE, EXAMPLE_FILE = "test_goal.py", "reproducer.py"
RESULT_MAX = 240
_FAILURE = re.compile(r"(?m)^\W*(\w*(?:Error|Exception)\b[^:\n]{0,60}: .+|assert\w* .*failed.*)$")
"""How runners without a report say why a test failed."""

Run = Callable[[tuple[str, ...], str, str], Trial]
"""Runs a command in the copy; the second and the third are a file to be put there first."""


class Criterion(msgspec.Struct, frozen=True):
    """A command whose end tells whether the change is made, and how it ends today."""

    kind: Literal["named test", "example", "existence", "nearest tests"]
    command: tuple[str, ...]
    state: State
    said: str  # how it ends today
    after: str  # how it ends once the change is made
    file: str = ""  # the name of the artifact that the command runs
    source: str = ""
    output: str = ""  # the end of what it printed

    @property
    def line(self) -> str:
        """The command as it is typed."""
        return shlex.join(self.command)

    @property
    def sentence(self) -> str:
        """Return the criterion in words."""
        if self.kind == "nearest tests":
            return f"`{self.line}` ends today with {self.said}; {self.after}."
        if self.state == "red":
            return f"`{self.line}` fails today ({self.said}) and {self.after} after the change."
        if self.state == "green":
            return f"`{self.line}` ends today as it is to end after the change: {self.said}."
        return f"`{self.line}` says nothing yet: {self.said}."


def of_goal(
    goal: str,
    context: str,
    asked: Sequence[str],
    tree: "Tree",
    run: Run,
    *,
    has_python: bool = True,
) -> Criterion | None:
    """Return what the goal allows without guessing; a red one before others, None where none is.

    `asked` are the requirements of the plan in their words. Without an interpreter of Python, only
    a test that is named can be run.
    """
    text = f"{goal}\n\n{context}".strip()
    found: list[Criterion] = []
    for one in _tried(text, [goal, *asked], tree, run, has_python):
        if one.state == "red":
            return one
        found.append(one)
    return next((each for each in found if each.state == "green"), next(iter(found), None))


def of_nearest(trial: Trial, names: Sequence[str]) -> Criterion:
    """Return what the nearest tests hold the change to, where the goal allows no red test.

    `names` are those that fail today.
    """
    counts = trial.report
    passed = counts.passed if counts else trial.seen.passed
    failed = counts.failed + counts.errors if counts else trial.seen.failed
    result = f"{passed:,} passed" + (f" and {failed:,} failed" if failed else "")
    listed = f" ({', '.join(names[:5])}{', …' if len(names) > 5 else ''})" if names else ""
    beyond = "no other test fails after the change" if failed else "all of them pass after it"
    after = f"{beyond}, and a new test there fails without the change"
    state: State = "red" if failed else "green"
    return Criterion("nearest tests", trial.command.declared, state, result + listed, after)


def _tried(
    text: str, asked: Sequence[str], tree: "Tree", run: Run, has_python: bool
) -> Iterator[Criterion]:
    named = named_test(text, tree)
    if named:
        yield _of_test("named test", run(named.command, "", ""), named.command, named.name)
    if not has_python:
        return
    for example in examples(text):
        program = ("python", EXAMPLE_FILE)
        trial = run(program, EXAMPLE_FILE, example.source)
        yield _of_example(trial, program, text, example.source)
    for each in dict.fromkeys(asked):
        existence = existence_test(each, tree)
        if existence is not None:
            own = ("python", "-m", "pytest", TEST_FILE)
            one = _of_test("existence", run(own, TEST_FILE, existence.source), own, existence.thing)
            yield msgspec.structs.replace(one, file=TEST_FILE, source=existence.source)
            return


def _of_test(
    kind: Literal["named test", "existence"], trial: Trial, argv: tuple[str, ...], thing: str
) -> Criterion:
    end = _end(trial)
    counts = trial.report
    if counts is not None and counts.failed and counts.failures:
        result = report.cause(counts.failures[0])[:RESULT_MAX]
        # A module that cannot be imported, or a command that fails, says nothing of the thing.
        is_ours = kind == "named test" or result.startswith("AssertionError: ")
        return Criterion(kind, argv, "red" if is_ours else "unclear", result, "passes", output=end)
    if counts is not None and counts.passed:
        there = f"{thing} is there already" if kind == "existence" else f"{thing} passes"
        return Criterion(kind, argv, "green", there, "passes", output=end)
    if counts is None and trial.verdict.status in {"passed", "failed"} and trial.seen.any:
        return _of_counts(kind, trial, argv, thing)
    result = report.statement(trial).rstrip(".")
    return Criterion(kind, argv, "unclear", result[:RESULT_MAX], "passes", output=end)


def _of_counts(
    kind: Literal["named test", "existence"], trial: Trial, argv: tuple[str, ...], thing: str
) -> Criterion:
    """Judge by what a runner without a report printed."""
    if not trial.seen.failed:
        return Criterion(kind, argv, "green", f"{thing} passes", "passes", output=_end(trial))
    error = _FAILURE.search(clipped(trial.output))
    result = error[1].strip()[:RESULT_MAX] if error else f"{trial.seen.failed:,} failed"
    return Criterion(kind, argv, "red", result, "passes", output=_end(trial))


def _of_example(trial: Trial, argv: tuple[str, ...], text: str, source: str) -> Criterion:
    error = raised(trial.output)
    wanted = to_be_raised(text)
    has_ended = trial.ran is not None and not trial.ran.stopped
    state: State = "unclear"
    result, after = "it ends without an error, as the goal may not want", "ends without an error"
    if wanted and has_ended and error is None and trial.ran and not trial.ran.exit_code:
        state, result, after = "red", "it raises nothing", f"raises {wanted}"
    elif error is not None and wanted == error.name:
        state, result, after = "green", error.line[:RESULT_MAX], f"raises {wanted}"
    elif error is not None and is_mentioned(text, error):
        state, result = "red", error.line[:RESULT_MAX]
    elif error is not None:
        result = f"it ends with {error.line[:RESULT_MAX]}, of which the goal does not tell"
    elif not has_ended or (trial.ran and trial.ran.exit_code):
        result = report.statement(trial).rstrip(".")[:RESULT_MAX]
    return Criterion("example", argv, state, result, after, EXAMPLE_FILE, source, _end(trial))


def _end(trial: Trial) -> str:
    return "\n".join(trial.output.splitlines()[-40:])
