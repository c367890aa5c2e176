"""Runs git to move or read refs: without hooks, network and settings that name programs."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import msgspec

from missioncontrol.domain.errors import Rejected, Unavailable

SECONDS_MAX = 300.0
REASON_CHARACTERS_MAX = 400
AUTHOR = "Mission Control"
ADDRESS = "mission-control@localhost"

MARKS = ("MISSION_PLACE", "MISSION_MARK")
"""An engine finds and ends the processes of an attempt by these environment variables."""

SETTINGS = (
    "safe.directory=*",
    "safe.bareRepository=all",
    "core.quotepath=off",
    "core.fsmonitor=false",
    f"core.hooksPath={os.devnull}",
    # It names a program that lists the refs of an alternate; `true` lists none.
    "core.alternateRefsCommand=true",
    "core.pager=cat",
    "color.ui=false",
    "diff.external=",
    "gc.auto=0",
    "log.showSignature=false",
    "maintenance.auto=false",
    "submodule.recurse=false",
)


class GitResult(msgspec.Struct, frozen=True):
    """The exit code and the output of a git command."""

    code: int
    out: str
    error: str  # one line, at most `REASON_CHARACTERS_MAX` characters


def git(
    root: Path,
    *args: str,
    variables: Mapping[str, str] = MappingProxyType({}),
    expected_codes: Sequence[int] = (0,),
    stdin: bytes = b"",
    is_detached: bool = False,
) -> GitResult:
    """Run a git command in `root`, with `variables` added to its environment.

    A detached one runs to its end even where this process is killed with its process group and
    with all that carries the mark of its attempt.

    Raises:
        Unavailable: `refs.no_git`, or `refs.git_failed` for a code not in `expected_codes`.
    """
    argv = ["git", "--no-pager", *(part for each in SETTINGS for part in ("-c", each)), *args]
    try:
        done = subprocess.run(  # noqa: S603 - a fixed program, arguments never reach a shell
            argv,
            cwd=root,
            env={**_environment(without=MARKS if is_detached else ()), **variables},
            input=stdin,
            capture_output=True,
            timeout=SECONDS_MAX,
            check=False,
            start_new_session=is_detached,
        )
    except OSError as error:
        raise Unavailable(
            "refs.no_git",
            f"git cannot be started in {str(root)!r}: {error.strerror}.",
            hint="Install git, and check that the directory exists.",
        ) from None
    except subprocess.TimeoutExpired:
        reason = f"git {args[0]} took longer than {SECONDS_MAX:g} s in {str(root)!r}."
        raise Unavailable("refs.git_failed", reason) from None
    complaint = " ".join(done.stderr.decode("utf-8", "replace").split())[:REASON_CHARACTERS_MAX]
    # A file name need not be UTF-8, and may be passed to git again.
    result = GitResult(done.returncode, done.stdout.decode("utf-8", "surrogateescape"), complaint)
    if result.code not in expected_codes:
        why = complaint or "it gave no reason"
        raise Unavailable(
            "refs.git_failed", f"git {args[0]} ended with status {result.code}: {why}"
        )
    return result


def common_directory(repository: Path) -> Path:
    """Return where git keeps the refs and objects of a checkout, linked or not, or a bare one.

    Raises:
        Rejected: `refs.no_repository`.
        Unavailable: `refs.no_git`.
    """
    result = git(repository, "rev-parse", "--git-common-dir", expected_codes=range(256))
    if result.code:
        raise Rejected(
            "refs.no_repository",
            f"{str(repository)!r} is no git repository: {result.error}",
            hint="Give the path of a checkout or of a bare repository.",
        )
    return (repository / result.out.removesuffix("\n")).resolve()


def _environment(*, without: Sequence[str] = ()) -> dict[str, str]:
    """Return our environment without the git settings of the caller and of the user."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GIT_") and name not in without
    }
    return inherited | {
        "LC_ALL": "C",
        "LANGUAGE": "",
        "GIT_ALLOW_PROTOCOL": "none",
        "GIT_ATTR_NOSYSTEM": "1",
        # The reflog names them as the author of a move.
        "GIT_COMMITTER_NAME": AUTHOR,
        "GIT_COMMITTER_EMAIL": ADDRESS,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
    }
