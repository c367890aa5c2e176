"""Imports a `run` step of GitHub, with the settings of its job and workflow."""

import re
import shlex

import msgspec

from missioncontrol.adapters.workflow_files.foreign.cel import (
    PLAIN_WORD,
    Unclear,
    Value,
    template,
)
from missioncontrol.adapters.workflow_files.foreign.draft import StepDraft, duration_text
from missioncontrol.adapters.workflow_files.foreign.left_out import TITLE_MAX, LeftOut, clean_prose
from missioncontrol.adapters.workflow_files.foreign.nodes import Node
from missioncontrol.adapters.workflow_files.foreign.scripts import (
    SCRIPT_BYTES_MAX,
    SHELLS,
    Carried,
    Filling,
    carried,
    guarded,
)
from missioncontrol.adapters.workflow_files.github_actions.conditions import without_success
from missioncontrol.adapters.workflow_files.github_actions.expressions import (
    Expression,
    Hole,
    Literally,
    parsed,
    pieces_of,
)
from missioncontrol.adapters.workflow_files.github_actions.scope import JobScope
from missioncontrol.adapters.workflow_files.github_actions.variables import (
    Variables,
    read_variables,
    template_of,
)

SHELL_WORDS = {
    "": ["bash", "-e", "-c"],  # what GitHub runs where no shell is named, unlike `shell: bash`
    "bash": ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c"],
    "sh": ["sh", "-e", "-c"],
    "python": ["python3", "-c"],
}
SET_HERE = {"GITHUB_STEP_SUMMARY": "/dev/stdout", "GITHUB_OUTPUT": "/dev/null"}
"""Files in which a step passes data to GitHub, which have no reader here."""


HANDS_BACK = """\
# Runs a script, and prints as JSON what it writes to GITHUB_OUTPUT; its own output is shown.
import json, os, subprocess, sys, tempfile

with tempfile.NamedTemporaryFile("r", encoding="utf-8") as file:
    environment = {**os.environ, "GITHUB_OUTPUT": file.name}
    code = subprocess.run(sys.argv[2:], env=environment, stdout=sys.stderr).returncode
    lines = iter(file.read().splitlines())
outputs = dict.fromkeys(sys.argv[1].split(), "")
for line in lines:
    name, _, value = line.partition("=")
    if "<<" in name:
        name, _, end = line.partition("<<")
        value = "\\n".join(iter(lambda: next(lines, end), end))
    outputs[name] = value
print(json.dumps(outputs))
sys.exit(code if code >= 0 else 128 - code)
"""


class Run(msgspec.Struct):
    """A script, and everything that decides how it runs."""

    node: Node
    id: str
    title: str
    shell: list[str]  # the script follows as the last argument
    script: Carried
    condition: Expression
    has_condition: bool = False
    why_unclear: str = ""  # its condition was not understood
    cwd: str = ""
    folder: str = ""  # its own working directory, as the file has it
    env: dict[str, str] = {}
    own_env: tuple[str, ...] = ()  # the names that only this step sets
    lost: dict[str, str] = {}
    timeout: Node | None = None
    tolerant: bool = False
    problems: list[str] = []  # why it must not run as it stands
    comments: list[str] = []


class Place(msgspec.Struct):
    """What a job gives to all of its steps."""

    env: Variables = msgspec.field(default_factory=Variables)
    shells: tuple[Node, ...] = ()  # the nearest first
    folders: tuple[Node, ...] = ()
    is_windows: bool = False
    names_of_outputs: dict[str, list[str]] = {}  # by step id: what others read


class RunReader:
    """Reads the `run` steps of one job."""

    def __init__(self, scope: JobScope, place: Place, listing: LeftOut) -> None:
        """`scope` learns of each step as it is added to the job."""
        self._scope = scope
        self._place = place
        self._listing = listing

    def read(self, step: Node) -> Run | None:
        """Return a step, or None where its shell is none that can be used here."""
        script, shell = step.get("run"), self._shell(step)
        if script is None or not script.is_scalar or shell is None:
            return None
        outer = self._scope.env
        own = read_variables(step.get("env"), self._scope, self._listing)
        variables = own.over(self._place.env)
        self._scope.env = variables.all
        try:
            run = self._read(step, script, shell, variables)
        finally:
            self._scope.env = outer
        if run is not None:
            run.own_env = tuple(own.parts)
        return run

    def _read(self, step: Node, script: Node, shell: list[str], variables: Variables) -> Run | None:
        if len(script.text.encode("utf-8", "replace")) > SCRIPT_BYTES_MAX:
            self._listing.leave(script, "It is longer than an argument of a program may be.")
            return None
        parts = self._scope.filled(script.text)
        env = variables.templates
        missing = {name: filling.expression for name, filling in variables.lost.items()}
        text = carried(parts, shell[0], {**env, **dict.fromkeys(missing, "")})
        run = Run(step, _text(step.get("id")), "", shell, text, Literally(True))
        run.env, run.lost = {**env, **text.env}, missing
        self._note_troubles(run, script)
        self._read_runner_variables(run, script)
        run.script = guarded(text, shell[0], run.lost)
        self._read_settings(run, step)
        script.carry()
        variables.carry()
        self._note_values(run)
        return run

    def _note_values(self, run: Run) -> None:
        if run.script.variables:
            came = (
                f"`{expression}` as {name}" for expression, name in run.script.variables.items()
            )
            run.comments.append(f"Values come in as variables: {', '.join(came)}.")
        if not run.script.runs:
            run.problems.append("Its script can't be run as it is; see the list of the import.")
        if run.lost and run.shell[0] in SHELLS:
            names = ", ".join(run.lost)
            run.comments.append(f"It ends at once while these are not set: {names}.")

    def _read_settings(self, run: Run, step: Node) -> None:
        name, own_id = step.get("name"), step.get("id")
        if name is not None:
            run.title = clean_prose(name, self._listing, TITLE_MAX, shown(name.text))
        if own_id is not None and own_id.is_text:
            own_id.carry()
        self._read_condition(run, step.get("if"))
        self._read_folder(run, step)
        run.timeout = step.get("timeout-minutes")
        tolerant = step.get("continue-on-error")
        if tolerant is not None and isinstance(tolerant.value, bool):
            run.tolerant = bool(tolerant.carry().value)

    # Its shell.

    def _shell(self, step: Node) -> list[str] | None:
        own = step.get("shell")
        node = own or next(iter(self._place.shells), None)
        shell_text = node.text if node is not None else ""
        words = _shell_words(shell_text)
        if node is None and self._place.is_windows:
            words = None
        if words is None:
            shell_text = shell_text or "pwsh"
            if step.get("run") is not None:
                reason = (
                    f"Its script is for {shell_text!r}, for which there is no counterpart here."
                )
                self._listing.leave(step, reason)
        elif node is not None:
            node.carry()
        return words

    # Its script.

    def _note_troubles(self, run: Run, script: Node) -> None:
        for trouble in run.script.troubles:
            self._listing.note(script, trouble.reason, line_in(script, trouble.offset))

    def _read_runner_variables(self, run: Run, script: Node) -> None:
        """Give the script what GitHub's runner sets for it, or list that it is not there."""
        text = script.text
        for found in re.finditer(r"\b(?:GITHUB|RUNNER|ACTIONS)_[A-Z_]+\b", text):
            name, line = found[0], line_in(script, found.start())
            if name in run.env:
                continue
            if name == "GITHUB_OUTPUT" and run.id in self._place.names_of_outputs:
                continue
            if name in SET_HERE:
                run.env[name] = SET_HERE[name]
            elif name == "GITHUB_WORKSPACE" and self._scope.workspace:
                run.env[name] = template([Value(self._scope.workspace, "string")])
            else:
                reason = f"`{name}` is set by GitHub's runner, and not here."
                self._listing.note(script, reason, line)
                if re.search(rf"\${name}\b|\$\{{{name}(?!:?[-+])\b", text):
                    run.lost[name] = name

    # Its settings.

    def _read_condition(self, run: Run, node: Node | None) -> None:
        if node is None:
            return
        try:
            run.condition = without_success(condition_in(node))
        except Unclear as unclear:
            run.why_unclear = str(unclear)
        run.has_condition = bool(run.why_unclear) or run.condition != Literally(True)

    def _read_folder(self, run: Run, step: Node) -> None:
        workspace = self._scope.workspace
        own = step.get("working-directory")
        node = own or next(iter(self._place.folders), None)
        if workspace:
            run.cwd = template([Value(workspace, "string")])
        if node is None or not node.text.strip():
            return
        parts = self._scope.filled(node.text)
        unclear = [part for part in parts if isinstance(part, Filling) and part.value is None]
        is_absolute = node.text.startswith("/") or node.text.startswith("${{")
        if unclear or not (workspace or is_absolute):
            why = unclear[0].why if unclear else _NO_FOLDER
            self._listing.leave(node, why)
            run.problems.append("It is not certain in which folder it has to run.")
            return
        node.carry()
        run.cwd = template_of(parts) if is_absolute else _below(workspace, parts)


_NO_FOLDER = "It lies in the folder that the job's steps share on GitHub, and none is here."


def _below(workspace: str, parts: list[str | Filling]) -> str:
    base: list[str | Filling] = [Filling("", Value(workspace, "string")), "/"]
    if isinstance(parts[0], str):
        first = parts[0].removeprefix("./")
        parts = [first, *parts[1:]] if first not in ("", ".") else parts[1:]
    return template_of([*base, *parts] if parts else base[:1])


def condition_in(node: Node) -> Expression:
    """Return what an `if` says.

    Raises:
        Unclear: it says why.
    """
    if isinstance(node.value, bool):
        if node.value:
            return Literally(True)
        raise Unclear("It is switched off.")
    pieces = pieces_of(node.text.strip())
    match pieces:
        case [Hole(source=source)]:
            return parsed(source)
        case [str(source)]:
            return parsed(source)
    raise Unclear("GitHub takes every text beside `${{ }}` for true.")


def shown(text: str) -> str:
    """Return a name for people; an expression in it stands as its own words."""
    try:
        pieces = pieces_of(text)
    except Unclear:
        pieces = [text[:200]]
    shell_text = (f"<{piece.source}>" if isinstance(piece, Hole) else piece for piece in pieces)
    return " ".join("".join(shell_text).split())


def line_in(node: Node, offset: int) -> int:
    """Return the line of the file on which the character at `offset` of a text stands."""
    return node.text_line + (node.text.count("\n", 0, offset) if node.style == "|" else 0)


def minutes(node: Node | None) -> str:
    """Return a limit in minutes as a duration; '' where it is none."""
    value = node.value if node is not None else None
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        return ""
    return duration_text(value * 60)


def words_of(run: Run) -> str:
    """Return what a step can be called after: its id, its name, or how its script begins."""
    if run.id or run.title:
        return run.id or run.title[:40]
    script = run.node.get("run")
    lines = script.text.strip().splitlines() if script is not None else []
    words = [word for word in (lines[0].split() if lines else []) if PLAIN_WORD.fullmatch(word)]
    return " ".join(words[:3])[:30]


def into_step(run: Run, key: str, outputs: list[str]) -> StepDraft:
    """Return the step that does `run`; what decides when it runs is still to be set.

    `outputs` are the names that others read of what it writes to GITHUB_OUTPUT.
    """
    argv = [*run.shell, template([run.script.text])]
    if outputs:
        argv = ["python3", "-c", HANDS_BACK, " ".join(outputs), *argv]
    draft = StepDraft(key, argv, title=run.title)
    draft.cwd = run.cwd
    draft.env = run.env
    draft.on_failure = "continue" if run.tolerant else ""
    for comment in run.comments:
        draft.remark(comment)
    for problem in run.problems:
        draft.hold(problem)
    return draft


def _text(node: Node | None) -> str:
    return node.text if node is not None else ""


def _shell_words(shell_text: str) -> list[str] | None:
    """Return how a shell is called with a script as its argument, or None where that is unknown."""
    if shell_text in SHELL_WORDS:
        return SHELL_WORDS[shell_text]
    try:
        words = shlex.split(shell_text)
    except ValueError:
        return None
    known = (*SHELLS, "python", "python3")
    if len(words) < 2 or words[0] not in known or words[-1] != "{0}":
        return None
    options = words[1:-1]
    if not all(re.fullmatch(r"-[A-Za-z]+|--[a-z]+|pipefail|errexit", each) for each in options):
        return None
    return ["python3" if words[0] == "python" else words[0], *options, "-c"]
