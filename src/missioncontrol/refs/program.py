"""Git, started to move or read refs: no settings that name programs, no hooks, no network."""

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
"""By these an engine finds what an attempt has started, to end it."""

SETTINGS = (
    "safe.directory=*",
    "safe.bareRepository=all",
    "core.quotepath=off",
    "core.fsmonitor=false",
    f"core.hooksPath={os.devnull}",
    # It names a program that lists what an alternate has; this one says nothing.
    "core.alternateRefsCommand=true",
    "core.pager=cat",
    "color.ui=false",
    "diff.external=",
    "gc.auto=0",
    "log.showSignature=false",
    "maintenance.auto=false",
    "submodule.recurse=false",
)


class Said(msgspec.Struct, frozen=True):
    """What a git command said, and how it ended."""

    code: int
    out: str
    complaint: str  # on one line, and only its beginning


def git(
    root: Path,
    *args: str,
    more: Mapping[str, str] = MappingProxyType({}),
    fine: Sequence[int] = (0,),
    stdin: bytes = b"",
    is_apart: bool = False,
) -> Said:
    """Return what a git command said in `root`; `more` is added to its environment.

    One that is apart goes on to its end where we are killed with our process group and all that
    carries the mark of our attempt.

    Raises:
        Unavailable: `refs.no_git`, or `refs.git_failed` where it ended with a code not in `fine`.
    """
    argv = ["git", "--no-pager", *(part for each in SETTINGS for part in ("-c", each)), *args]
    try:
        done = subprocess.run(  # noqa: S603 - a fixed program, arguments never reach a shell
            argv,
            cwd=root,
            env={**_environment(without=MARKS if is_apart else ()), **more},
            input=stdin,
            capture_output=True,
            timeout=SECONDS_MAX,
            check=False,
            start_new_session=is_apart,
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
    said = Said(done.returncode, done.stdout.decode("utf-8", "surrogateescape"), complaint)
    if said.code not in fine:
        why = complaint or "it gave no reason"
        raise Unavailable("refs.git_failed", f"git {args[0]} ended with status {said.code}: {why}")
    return said


def common_directory(repository: Path) -> Path:
    """Return where git keeps the refs and objects of a checkout, linked or not, or a bare one.

    Raises:
        Rejected: `refs.no_repository`.
        Unavailable: `refs.no_git`.
    """
    said = git(repository, "rev-parse", "--git-common-dir", fine=range(256))
    if said.code:
        raise Rejected(
            "refs.no_repository",
            f"{str(repository)!r} is no git repository: {said.complaint}",
            hint="Give the path of a checkout or of a bare repository.",
        )
    return (repository / said.out.removesuffix("\n")).resolve()


def _environment(*, without: Sequence[str] = ()) -> dict[str, str]:
    """The surroundings without git settings of whoever started us, and without anyone's own."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GIT_") and name not in without
    }
    return kept | {
        "LC_ALL": "C",
        "LANGUAGE": "",
        "GIT_ALLOW_PROTOCOL": "none",
        "GIT_ATTR_NOSYSTEM": "1",
        # What a log of refs names as the one who moved them.
        "GIT_COMMITTER_NAME": AUTHOR,
        "GIT_COMMITTER_EMAIL": ADDRESS,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
    }
