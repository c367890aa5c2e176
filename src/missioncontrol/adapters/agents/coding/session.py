"""The session of a coding tool: its environment, and the record of what it did."""

import re
import shlex
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec

from missioncontrol.adapters.agents.attempt_process import run_program
from missioncontrol.adapters.agents.kind_support import BoundedLog
from missioncontrol.adapters.agents.output import OutputReader, line_text
from missioncontrol.adapters.processes import LINE_BYTES_MAX
from missioncontrol.domain.work import NO_USAGE, CommandRan, Usage
from missioncontrol.ports.agent import AttemptFailed, Line, LogLevel
from missioncontrol.ports.confinement import Rules
from missioncontrol.ports.gateway import Access

# Recognises commands that prove nothing, because they only show files or text.

_SHELLS = frozenset({"sh", "bash", "zsh", "dash"})
_JOINT = re.compile(r"[;|&()\n]+")
_ROUGH_JOINTS = re.compile(r"&&|\|\||[;|\n]")
_HEREDOC = re.compile(r"(?ms)<<-?\s*(['\"]?)(\w+)\1(?P<rest>[^\n]*)\n.*?^\s*\2\s*$")
_HIDDEN_FAILURE = re.compile(r"\|\|\s*(?:true|:|exit\s+0)\s*['\"]?\s*$")
_ASSIGNED = re.compile(r"\w+=")
_BEFORE_WORDS = "if then else elif while until do { ! time exec command builtin env nice nohup"
_BEFORE = frozenset(_BEFORE_WORDS.split())
"""Words that stand before a command and do nothing themselves."""
_SHOWS_WORDS = """
awk basename cat cd column cut dirname du echo egrep fd fgrep file find grep head jq less ls
more nl printf pwd readlink realpath rg sed sort stat tail tree type uniq wc which tr diff cmp
true : false sleep date exit return set unset export source . wait read shift fi done } for
case esac seq yes id whoami hostname uname printenv test [ [[ df ps nproc
touch mkdir rmdir cp mv rm ln tee chmod
"""
_SHOWS = frozenset(_SHOWS_WORDS.split())
"""Programs that show or do nothing, or write files, which the patch shows anyway."""
_GIT_SHOWS_WORDS = """
blame branch cat-file diff grep log ls-files rev-parse show status add commit fetch stash
remote config tag reflog describe shortlog rev-list checkout switch restore
"""
_GIT_SHOWS = frozenset(_GIT_SHOWS_WORDS.split())
_VERSION_FLAGS = frozenset({"--version", "-V", "-v", "version", "--help", "-h"})
NESTED_MAX = 5
"""Deepest nesting of shells that is parsed."""


def is_trivial(command: str, nested: int = 0) -> bool:
    """Whether a command proves nothing about the work, whatever its exit status.

    The names of its programs decide, not their arguments. A command that hides its failure
    (`… || true`) proves nothing either.
    """
    if _HIDDEN_FAILURE.search(command):
        return True
    return all(_shows(words, nested) for words in _commands(command))


def _commands(text: str) -> Iterator[list[str]]:
    """Yield the words of each command in a shell line; quoted operators separate nothing."""
    text = _HEREDOC.sub(r"\g<rest>", text)
    lexer = shlex.shlex(text, posix=True, punctuation_chars="();<>|&\n")
    lexer.whitespace, lexer.commenters = " \t\r", ""
    lexer.whitespace_split = True
    try:
        words = list(lexer)
    except ValueError:  # A quote is not closed.
        yield from (part.split() for part in _ROUGH_JOINTS.split(text))
        return
    found: list[str] = []
    for word in words:
        if _JOINT.fullmatch(word):
            yield found
            found = []
        else:
            found.append(word)
    yield found


def _shows(words: list[str], nested: int) -> bool:
    words = _own(words)
    if not words or words[0].startswith("#"):
        return True
    name, rest = PurePosixPath(words[0]).name, words[1:]
    if name in _SHELLS and len(rest) > 1 and rest[0].endswith("c"):
        return nested < NESTED_MAX and is_trivial(rest[1], nested + 1)
    if name == "git":
        return next((each for each in rest if not each.startswith("-")), "") in _GIT_SHOWS
    return name in _SHOWS or (len(rest) == 1 and rest[0] in _VERSION_FLAGS)


def _own(words: list[str]) -> list[str]:
    """Return a command without its prefixes: variables, `time`, `timeout 5`."""
    while words:
        if words[0] == "timeout":
            words = words[2:]
        elif words[0] in _BEFORE or _ASSIGNED.match(words[0]):
            words = words[1:]
        else:
            break
    return words


COMMANDS_MAX = 200
"""Most commands recorded as evidence in an event; the output of the attempt has all."""

FAILED_NAMES_MAX = 20
ARGUMENTS_MAX = 10
ARGUMENT_MAX = 500
TEXT_MAX = 65_536
"""Most characters logged of one message or of the output of one command."""

ERROR_LINE_BYTES_MAX = 65_536
ERROR_LINES = 10
NO_USAGE_YET: Mapping[str, Usage] = {}
UNREADABLE_SHOWN = 500
"""Most bytes logged of a line that is not an event."""


_ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-~]"
)
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")


class ReadOnlyTask(msgspec.Struct, frozen=True):
    """A task that only reads and answers: its MCP server and the schema of the answer."""

    name: str  # of the server
    argv: tuple[str, ...]  # of an MCP server over standard input and output
    schema: Mapping[str, Any]  # a JSON Schema, in the strict form that models need


class ToolSession:
    """The session of one attempt, shared by all coding tools."""

    def __init__(
        self,
        kind: str,
        line: Line,
        *,
        cwd: Path,
        home: Path,
        environment: Mapping[str, str],
        access: Access,
        model: str,
        scrub: Callable[[str], str],
        is_metered: bool,
        rules: Rules,
        calls_max: int = 0,
        used: Mapping[str, Usage] = NO_USAGE_YET,
        note: Callable[[str, Mapping[str, Usage]], None] | None = None,
    ) -> None:
        """`is_metered`: a gateway counts the tokens, so usage reported by the tool is ignored.

        `note` saves the conversation and what it `used` so far, for an attempt that resumes it.
        """
        self.kind = kind
        self.line = line
        self.cwd = cwd
        self.home = home
        self.environment = environment
        self.access = access
        self.model = model
        self.scrub = scrub
        self.is_metered = is_metered
        self.rules = rules
        self.commands: list[CommandRan] = []
        self.calls = 0  # of tools of any kind
        self.failed_calls: Counter[str] = Counter()  # of these, by the name of the tool
        self._proofs = 0  # commands that succeeded and did more than show something
        self.last_message = ""  # the last message
        self.reading: ReadOnlyTask | None = None  # set when the tool only answers a question
        self.is_announced = False  # whether the tool named its conversation
        self._thread = ""
        self._note = note
        self.errors: deque[str] = deque(maxlen=ERROR_LINES)
        self._calls_max = calls_max
        self._reported_usage: dict[str, Usage] = dict(used)
        self._output = BoundedLog(line)

    @property
    def thread(self) -> str:
        """The id by which the conversation is resumed; "" before it has one."""
        return self._thread

    @thread.setter
    def thread(self, thread: str) -> None:
        self._thread = thread
        self.is_announced = bool(thread)
        self._save()

    def resume(self, thread: str, used: Mapping[str, Usage] = NO_USAGE_YET) -> None:
        """Continue an earlier conversation, which has `used` so much; none with ""."""
        self._thread, self.is_announced = thread, False
        self._reported_usage.update(used)

    def _save(self) -> None:
        if self._note is not None and self._thread:
            self._note(self._thread, self._reported_usage)

    def log(self, level: LogLevel, text: str) -> None:
        """Log a text of the tool line by line, without secrets and control characters."""
        clean = strip_controls(self.scrub(text))
        shown = clean if len(clean) <= TEXT_MAX else f"{clean[:TEXT_MAX].rpartition(' ')[0]} [cut]"
        for each in shown.splitlines():
            self._output.log(level, each)

    def record_message(self, text: str) -> None:
        """Record a message of the model to its user."""
        if text.strip():
            self.last_message = strip_controls(self.scrub(text))
        is_form = self.reading is not None and text.lstrip().startswith("{")
        self.log("info", f"It answers with {len(text):,} characters." if is_form else text)

    def count_tool_call(self) -> None:
        """Count a call of a tool.

        Raises:
            AttemptFailed: `KIND.too_many_turns`.
        """
        self.calls += 1
        if self._calls_max and self.calls > self._calls_max:
            raise AttemptFailed(
                f"{self.kind}.too_many_turns",
                f"It called tools more than {self._calls_max} times.",
                hint="Raise `limits.turns_max` of the agent, or make the step smaller.",
            )

    def count_failed_call(self, name: str) -> None:
        """Count a failed tool call, including calls of tools that do not exist."""
        known = name in self.failed_calls or len(self.failed_calls) < FAILED_NAMES_MAX
        self.failed_calls[_short(strip_controls(self.scrub(name))) if known else "others"] += 1

    @property
    def has_worked(self) -> bool:
        """Whether any tool call succeeded, even one that only reads."""
        return self.calls > self.failed_calls.total()

    @property
    def has_proof(self) -> bool:
        """Whether a command succeeded that does more than show files or text."""
        return self._proofs > 0

    def record_command(
        self, command: str, exit_code: int, seconds: float, *, split: bool = True
    ) -> None:
        """Record a command that has ended; `split` separates its arguments.

        An exit status other than 0 counts as a failed call.
        """
        if exit_code:
            self.count_failed_call(command)
        elif not is_trivial(command):
            self._proofs += 1
        if len(self.commands) < COMMANDS_MAX:
            text = strip_controls(self.scrub(command))
            parts = _split(text)[:ARGUMENTS_MAX] if split else [text]
            argv = tuple(_short(part) for part in parts)
            self.commands.append(CommandRan(argv, exit_code, round(max(seconds, 0.0), 3)))

    def shown_command(self, command: str) -> str:
        """Return a command as `record_command` stores it without `split`."""
        return _short(strip_controls(self.scrub(command)))

    def record_total_usage(self, total: Usage, model: str = "") -> None:
        """Report new usage, unless a gateway counts it.

        `total` is the usage of the whole conversation so far, which is how all tools report it.
        """
        named = model or self.model
        before = self._reported_usage.get(named, NO_USAGE)
        self._reported_usage[named] = total
        self._save()
        new = _since(total, before)
        if not self.is_metered and new.tokens:
            self.line.usage(new, model=named)

    async def run(
        self,
        argv: Sequence[str],
        stdin: bytes,
        take: Callable[[bytes, bool], None],
        *,
        cwd: Path | None = None,
    ) -> int:
        """Run the tool to its end, in its tree or in `cwd`; pass its lines to `take`.

        Return its exit status.

        Raises:
            AttemptFailed: `program.cannot_start`, and exceptions of `take`.
        """
        async with run_program(
            argv,
            cwd=cwd or self.cwd,
            environment=self.environment,
            line=self.line,
            rules=self.rules,
        ) as program:
            process = program.process
            process.stdin.write(stdin)
            process.stdin.close()
            reader = OutputReader(program)
            return await reader.wait_for_exit(
                reader.read_lines(process.stdout, take, bytes_max=LINE_BYTES_MAX),
                reader.read_lines(
                    process.stderr, self.record_error, bytes_max=ERROR_LINE_BYTES_MAX
                ),
            )

    def decode_event(self, raw: bytes, tool: str, key: str = "") -> dict[str, Any] | None:
        """Return the JSON object in a line; log a line that is none, or lacks `key`."""
        try:
            event = msgspec.json.decode(raw)
        except (msgspec.DecodeError, RecursionError):
            event = None
        if isinstance(event, dict) and (not key or key in event):
            return event
        if text := raw[:UNREADABLE_SHOWN].decode("utf-8", "replace").strip():
            self.log("warning", f"{tool} wrote a line that is not an event: {text}")
        return None

    def record_error(self, raw: bytes, is_cut: bool) -> None:
        """Log a line of standard error, and remember it for messages of failures."""
        text = strip_controls(self.scrub(line_text(raw, is_cut=is_cut))).strip()
        if text:
            self.errors.append(text)
            self._output.log("warning", text)


def _since(now: Usage, before: Usage) -> Usage:
    return Usage(
        max(now.input_tokens - before.input_tokens, 0),
        max(now.cached_tokens - before.cached_tokens, 0),
        max(now.output_tokens - before.output_tokens, 0),
        max(now.reasoning_tokens - before.reasoning_tokens, 0),
        None,
        max(now.cache_write_tokens - before.cache_write_tokens, 0),
    )


def strip_controls(text: str) -> str:
    """Return `text` without terminal control sequences; tabs and line ends stay."""
    return _CONTROLS.sub("", _ESCAPES.sub("", text.replace("\r\n", "\n")))


def _split(command: str) -> list[str]:
    try:
        return shlex.split(command) or [command]
    except ValueError:
        return [command]


def _short(text: str) -> str:
    return text if len(text) <= ARGUMENT_MAX else f"{text[: ARGUMENT_MAX - 1]}…"
