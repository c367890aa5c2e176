"""Asks git about a repository, read only, and safely even where the repository is hostile."""

import os
import subprocess
import tempfile
import threading
from collections.abc import Collection, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import IO

import msgspec

from missioncontrol.domain.errors import Unavailable

SECONDS_MAX = 30.0
BYTES_MAX = 64 * 1024 * 1024
CHUNK_BYTES = 1024 * 1024
REASON_CHARACTERS_MAX = 300

# A repository's own configuration can name programs that git starts for it. Command-scope settings
# win over it, so each of those ways is closed here. Foreign ownership is fine: we only read.
SETTINGS = (
    "safe.directory=*",
    "safe.bareRepository=explicit",
    "core.quotepath=off",
    "diff.relative=false",
    "i18n.logOutputEncoding=UTF-8",
    "core.fsmonitor=false",
    "core.untrackedCache=keep",
    f"core.hooksPath={os.devnull}",
    f"core.attributesFile={os.devnull}",
    f"core.excludesFile={os.devnull}",
    "core.pager=cat",
    "core.askPass=",
    "core.sshCommand=false",
    "credential.helper=",
    "color.ui=false",
    "diff.external=",
    f"diff.orderFile={os.devnull}",
    "diff.ignoreSubmodules=all",
    "diff.renames=true",
    "gc.auto=0",
    "log.showSignature=false",
    "log.mailmap=true",
    "log.follow=false",
    "maintenance.auto=false",
    "protocol.allow=never",
    "submodule.recurse=false",
)
LATE = "it took longer"
"""How the reason begins where the clock ended git: another time it would have read more."""
COMMANDS_WITH_DIFF = frozenset({"log", "diff", "show", "diff-tree", "diff-index"})


class Answer(msgspec.Struct, frozen=True):
    """What git wrote, possibly only its beginning."""

    text: str
    cut: str = ""  # why it is only a part; "" where it is whole


def is_bare(root: Path) -> bool:
    """Whether `root` is the inside of a repository, without files that are checked out."""
    has_parts = (root / "objects").is_dir() and (root / "refs").is_dir()
    return has_parts and (root / "HEAD").is_file() and not (root / ".git").exists()


def git(root: Path, *args: str, seconds: float = SECONDS_MAX, bytes_max: int = BYTES_MAX) -> str:
    """Return the whole output of a git command in `root`; bytes that are not UTF-8 become U+FFFD.

    Raises:
        Unavailable: git is missing, refused, took too long or wrote too much.
    """
    answer = git_part(root, *args, seconds=seconds, bytes_max=bytes_max)
    if answer.cut:
        raise Unavailable("git.cut_short", f"git {args[0]} was stopped: {answer.cut}.")
    return answer.text


def git_part(
    root: Path,
    *args: str,
    seconds: float = SECONDS_MAX,
    bytes_max: int = BYTES_MAX,
    fine: Collection[int] = (0,),
) -> Answer:
    """Like `git`, but return the beginning where a limit is reached, and say which.

    `fine` are the exit codes that are no failure: `git grep` says by 1 that nothing matches.

    Raises:
        Unavailable: git is missing or refused.
    """
    with tempfile.TemporaryFile() as complaints:
        process = _start(root, args, complaints)
        late = threading.Event()
        alarm = threading.Timer(max(seconds, 0.01), _stop, (process, late))
        alarm.start()
        try:
            data, too_long = _read(process, bytes_max)
        finally:
            alarm.cancel()
            process.kill()
            process.wait()
        if late.is_set():
            return Answer(_decoded(data), f"{LATE} than {seconds:g} seconds")
        if too_long:
            return Answer(_decoded(data), f"it wrote more than {bytes_max:,} bytes")
        _refuse_failure(process, args, complaints, fine)
        return Answer(_decoded(data))


def git_bytes(
    root: Path,
    *args: str,
    more: Mapping[str, str],
    stdin: bytes = b"",
    seconds: float = SECONDS_MAX,
    fine: Collection[int] = (0,),
) -> bytes:
    """Return what a git command wrote; `more` is added to its environment.

    `fine` are the exit codes that are no failure: `git merge-tree` says by 1 that it conflicts.

    Raises:
        Unavailable: as `git`.
    """
    with tempfile.TemporaryFile() as complaints, tempfile.TemporaryFile() as asked:
        asked.write(stdin)
        asked.seek(0)
        process = _start(root, args, complaints, more, asked)
        alarm = threading.Timer(seconds, process.kill)
        alarm.start()
        try:
            data, too_long = _read(process, BYTES_MAX)
        finally:
            alarm.cancel()
            process.kill()
            process.wait()
        if too_long:
            raise Unavailable(
                "git.cut_short",
                f"git {args[0]} was stopped: it wrote over {BYTES_MAX:,} bytes.",
            )
        _refuse_failure(process, args, complaints, fine)
        return data


def is_repository(root: Path) -> bool:
    """Whether `root` is a work tree of git or lies in one."""
    return top_level(root) is not None


def top_level(root: Path) -> Path | None:
    """Return the top of the work tree that holds `root`, or None where there is none."""
    try:
        answer = git(root, "rev-parse", "--show-toplevel", seconds=10, bytes_max=65_536)
    except Unavailable:
        return None
    top = Path(answer.rstrip("\n")).resolve()
    # `core.worktree` may point anywhere; only a work tree around `root` is about `root`.
    return top if root.resolve().is_relative_to(top) else None


def head_commit(root: Path) -> str | None:
    """Return the full id of the checked-out commit; None without one, or without a repository."""
    if not is_repository(root):
        return None
    try:
        answer = git(
            root, "rev-parse", "--verify", "--quiet", "HEAD^{commit}", seconds=10, bytes_max=1024
        )
    except Unavailable:
        return None
    return answer.strip() or None


def _start(
    root: Path,
    args: tuple[str, ...],
    complaints: IO[bytes],
    more: Mapping[str, str] = MappingProxyType({}),
    stdin: IO[bytes] | None = None,
) -> "subprocess.Popen[bytes]":
    argv = ["git", "--no-pager", "--literal-pathspecs"]
    for setting in SETTINGS:
        argv += ["-c", setting]
    argv += args[:1]
    if args[:1] and args[0] in COMMANDS_WITH_DIFF:
        argv += ["--no-ext-diff", "--no-textconv"]
    argv += args[1:]
    try:
        # No session of its own: a signal to our process group ends git with us.
        return subprocess.Popen(  # noqa: S603 - fixed program, arguments never reach a shell
            argv,
            cwd=root,
            env={**_environment(), **more},
            stdin=subprocess.DEVNULL if stdin is None else stdin,
            stdout=subprocess.PIPE,
            stderr=complaints,
        )
    except FileNotFoundError as missing:
        raise Unavailable(
            "git.missing",
            f"git cannot be started in {root.name!r}.",
            hint="Install git, and check that the directory exists.",
        ) from missing
    except OSError as error:
        raise Unavailable(
            "git.not_started", f"git cannot be started in {root.name!r}: {error.strerror}."
        ) from error


def _environment() -> dict[str, str]:
    """The caller's surroundings without its own git settings, such as those inside a hook."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return inherited | {
        "LC_ALL": "C",
        "LANGUAGE": "",
        "GIT_ALLOW_PROTOCOL": "none",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_PAGER": "cat",
        "GIT_TERMINAL_PROMPT": "0",
    }


def _stop(process: "subprocess.Popen[bytes]", late: threading.Event) -> None:
    late.set()
    process.kill()


def _read(process: "subprocess.Popen[bytes]", bytes_max: int) -> tuple[bytes, bool]:
    assert process.stdout is not None
    parts: list[bytes] = []
    room = bytes_max
    with process.stdout as stream:
        while part := stream.read(min(CHUNK_BYTES, room + 1)):
            parts.append(part[:room])
            room -= len(part)
            if room < 0:
                return b"".join(parts), True
    process.wait()
    return b"".join(parts), False


def _refuse_failure(
    process: "subprocess.Popen[bytes]",
    args: tuple[str, ...],
    complaints: IO[bytes],
    fine: Collection[int] = (0,),
) -> None:
    if process.returncode in fine:
        return
    complaints.seek(0)
    reason = " ".join(_decoded(complaints.read(REASON_CHARACTERS_MAX)).split())
    raise Unavailable(
        "git.failed",
        f"git {args[0]} ended with status {process.returncode}: {reason or 'it gave no reason'}",
    )


def _decoded(data: bytes) -> str:
    return data.decode("utf-8", errors="replace")
