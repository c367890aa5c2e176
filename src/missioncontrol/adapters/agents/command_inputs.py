"""The inputs of the command agent, checked before a process is started."""

import json
import os
import re
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import import_module
from pathlib import Path, PurePosixPath
from typing import Any, Literal, get_args

import msgspec

from missioncontrol.confinement.paths import is_within
from missioncontrol.domain.agent import AgentCard, Shape, misfit
from missioncontrol.domain.secrets import HARMLESS_NAME, REPLACEMENT, SECRET_NAME
from missioncontrol.ports.agent import Assignment, AttemptFailed

Scrub = Callable[[str], str]
"""Returns a text without the known secrets."""

OutputForm = Literal["auto", "text", "json", "lines"]
FORMS: tuple[OutputForm, ...] = get_args(OutputForm)
SHOWN_MAX = 120

CARD = AgentCard(
    "command",
    import_module("missioncontrol").__version__,
    "command",
    ("command",),
    "Runs a program, without a shell, in a process group of its own. It sees MISSION_RUN, "
    "MISSION_STEP, MISSION_ATTEMPT, MISSION_SCRATCH and MISSION_KEY, which is the same for every "
    "attempt at the step.",
    Shape(
        "object",
        {
            "argv": Shape(
                "list", items=Shape("any"), description="The program and its arguments, in texts."
            ),
            "cwd": Shape(
                "path",
                required=False,
                description="Where it starts; relative to `repository`. By default that "
                "repository itself, else, or where `files` are given, an empty scratch directory.",
            ),
            "repository": Shape(
                "path",
                required=False,
                description="Where it starts, unless `cwd` or `files` say otherwise.",
            ),
            "stdin": Shape(
                "any", required=False, description="A text; anything else is written as JSON."
            ),
            "env": Shape("object", required=False, description="Variables. They stand in the log."),
            "files": Shape(
                "object",
                required=False,
                description="By name: a text, an artifact of an earlier step, or anything else, "
                "which is written as JSON. They lie in the scratch directory.",
            ),
            "success": Shape(
                "list",
                items=Shape("integer"),
                required=False,
                description="Exit statuses that count as success; [0] by default.",
            ),
            "artifacts": Shape(
                "list",
                items=Shape("string"),
                required=False,
                description="Files to keep: names, or patterns such as `reports/*.xml`.",
            ),
            "output": Shape(
                "string",
                required=False,
                description="What stdout is: text, json, lines, or auto, which is json where it "
                "parses as such.",
                enum=FORMS,
            ),
            "reports": Shape(
                "boolean",
                required=False,
                description="Lines of stdout that are messages of type usage, progress, log or "
                "artifact are read as such.",
            ),
            "writes": Shape(
                "list",
                items=Shape("string"),
                required=False,
                description="Directories and files that it may write besides the directory where "
                "it starts: absolute paths. A directory that ends with / is made first.",
            ),
            "network": Shape(
                "boolean",
                required=False,
                description="Whether it may connect to other programs by TCP; by default it may.",
            ),
            "sockets": Shape(
                "boolean",
                required=False,
                description="Whether it may connect to Unix sockets, such as those of D-Bus, an "
                "SSH agent or a container engine; by default it may not.",
            ),
        },
        open=False,
    ),
    Shape(
        "object",
        {
            "exit_code": Shape("integer", description="-N where signal N ended it."),
            "stdout": Shape("string", description="Its beginning, at most 256 KiB."),
            "stderr": Shape("string", description="Its last lines."),
            "cut": Shape("boolean", description="Whether `stdout` is not all of it."),
            "seconds": Shape("number"),
            "json": Shape("any", required=False, description="The content of stdout, as JSON."),
            "lines": Shape("list", items=Shape("string"), required=False),
        },
        open=False,
    ),
    from_run=("repository",),
)


class Command(msgspec.Struct, frozen=True):
    """A program to run, with its inputs and expected results."""

    argv: tuple[str, ...]
    cwd: Path | None  # None is the scratch directory
    stdin: bytes
    env: Mapping[str, str]
    files: Mapping[str, Any]
    success: frozenset[int]
    artifacts: tuple[str, ...]
    output: OutputForm
    reports: bool
    writes: tuple[str, ...] = ()
    network: bool = True
    sockets: bool = False

    @property
    def shown(self) -> str:
        """The command in one line for people, cut to `SHOWN_MAX` characters."""
        line = shlex.join(self.argv)
        return line if len(line) <= SHOWN_MAX else f"{line[: SHOWN_MAX - 1]}…"


def command_of(assignment: Assignment, scrub: Scrub) -> Command:
    """Return the command that the inputs of a step describe; null counts as not given.

    Raises:
        AttemptFailed: `command.bad_input`, `command.bad_cwd`, `command.secret_in_argv` or
            `command.secret_in_env`; none is retryable.
    """
    given = {key: value for key, value in assignment.inputs.items() if value is not None}
    if fault := misfit(given, CARD.inputs):
        raise bad_input(f"{fault}.")
    argv = tuple(_argument(value, f"argv[{n}]") for n, value in enumerate(given["argv"]))
    if not argv or not argv[0]:
        raise bad_input("argv names no program.")
    _refuse_secrets(argv, scrub)
    env = _variables(given.get("env", {}), scrub)
    form = given.get("output", "auto")
    success = frozenset(given.get("success", [0]))
    if not success:
        raise bad_input("success is empty: no exit status would count as success.")
    files = given.get("files", {})
    return Command(
        argv,
        _place(given.get("cwd"), given.get("repository"), bool(files)),
        encode_input(given.get("stdin", "")),
        env,
        {_relative(name, "files"): value for name, value in files.items()},
        success,
        tuple(_relative(name, "artifacts") for name in given.get("artifacts", ())),
        form,
        given.get("reports", False),
        _writes(given.get("writes", ()), (given.get("repository"), given.get("cwd"))),
        given.get("network", True),
        given.get("sockets", False),
    )


def bad_input(fault: str) -> AttemptFailed:
    """Return an error about an input."""
    return AttemptFailed(
        "command.bad_input",
        f"The inputs of the command do not fit: {fault}",
        hint=f"It takes {', '.join(CARD.inputs.fields)}.",
        retryable=False,
    )


_KINDS = {list: "a list", dict: "an object", type(None): "null"}


def _argument(value: Any, place: str) -> str:
    """Return one argument as text."""
    # YAML reads 3.10 as 3.1 and yes as true, so floats and booleans have to be quoted.
    if isinstance(value, str) and "\0" not in value:
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, bool | float):
        raise bad_input(f"{place} is {json.dumps(value)} and no text: write it in quotes.")
    if isinstance(value, str):
        raise bad_input(f"{place} has to be a text without NUL.")
    raise bad_input(f"{place} has to be a text, and is {_KINDS.get(type(value), 'none')}.")


def _refuse_secrets(argv: Iterable[str], scrub: Scrub) -> None:
    for number, text in enumerate(argv):
        if _holds_secret(text, scrub):
            raise AttemptFailed(
                "command.secret_in_argv",
                f"argv[{number}] of the command holds a secret; every program on this machine "
                "can read it there, and the log would lose it.",
                hint="Have the program read it from a file or from a vault.",
                retryable=False,
            )


def _holds_secret(text: str, scrub: Scrub) -> bool:
    """Whether a text holds a secret, or the mark of one that was removed earlier."""
    return REPLACEMENT in text or scrub(text) != text


def _variables(env: Mapping[str, Any], scrub: Scrub) -> dict[str, str]:
    found = {}
    for name, value in env.items():
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) or name.startswith("MISSION_"):
            raise bad_input(f"env cannot set {name!r}.")
        found[name] = _argument(value, f"env.{name}")
        is_named_so = SECRET_NAME.search(name) and not HARMLESS_NAME.search(name)
        if is_named_so or _holds_secret(found[name], scrub):
            raise AttemptFailed(
                "command.secret_in_env",
                f"The variable {name!r} seems to be a secret, and inputs stand in the log.",
                hint="Have the program read it from a file or from a vault; call a variable "
                "with its path TOKEN_FILE or the like.",
                retryable=False,
            )
    return found


def _place(cwd: str | None, repository: str | None, has_files: bool) -> Path | None:
    """Return the working directory: `cwd`, else the repository, else None for the scratch one."""
    if cwd is None and (repository is None or has_files):
        return None
    place = Path(repository or "") / (cwd or "")
    named = "`repository`" if cwd is None else "`cwd`"
    if not place.is_absolute():
        reason = f"The command cannot start in {str(place)!r}, its {named}: it is a relative path."
    elif not place.is_dir():
        reason = f"The command cannot start in {str(place)!r}, its {named}: it is no directory."
    elif _leads_out(str(place), repository):
        reason = f"The command cannot start in {str(place)!r}: a link leads out of its repository."
    else:
        return place
    hint = "Give an absolute path of a directory."
    raise AttemptFailed("command.bad_cwd", reason, hint=hint, retryable=False)


def _writes(named: Sequence[str], tops: Sequence[str | None]) -> tuple[str, ...]:
    """Return the paths that a step may write besides its working directory."""
    paths = tuple(_absolute(path) for path in named)
    for path in paths:
        if any(_leads_out(path, top) for top in tops):
            raise bad_input(f"writes names {path!r}, and a link leads out of where it lies.")
    return paths


def _leads_out(path: str, top: str | None) -> bool:
    """Whether links lead from a path below `top` to a place outside of it."""
    # An earlier step may have left the link, to choose what the next step may write.
    if top is None or not is_within(os.path.normpath(path), os.path.normpath(top)):
        return False
    return not is_within(os.path.realpath(path), os.path.realpath(top))


def _absolute(path: str) -> str:
    """Return an absolute path, with `~` expanded."""
    if "\0" in path or not Path(path).expanduser().is_absolute():
        raise bad_input(f"writes names {path!r}, which is no absolute path.")
    # `Path` drops the slash at the end, which marks a directory that has to be made.
    return f"{Path(path).expanduser()}{'/' if path.endswith('/') else ''}"


def _relative(name: str, where: str) -> str:
    """Return a name or pattern that can't leave the directory in which it is looked up."""
    path = PurePosixPath(name)
    if not path.parts or path.is_absolute() or ".." in path.parts or "\0" in name:
        raise bad_input(f"{where} names {name!r}, which is no relative path without `..`.")
    return str(path)


def encode_input(value: Any) -> bytes:
    """Return a text as it is, and anything else as JSON."""
    return (
        value.encode("utf-8", "replace") if isinstance(value, str) else msgspec.json.encode(value)
    )
