"""Makes the files of a copy what a patch makes of them, whatever the checkout holds by now."""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

import msgspec

from missioncontrol.domain.building import PATCH
from missioncontrol.domain.errors import Unavailable
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.specialists.git import git, git_bytes, top_level
from missioncontrol.specialists.specialist import Brief

LINK, SUBMODULE = "120000", "160000"
EXECUTABLE = "100755"


class Built(msgspec.Struct, frozen=True):
    """What an agent has made of a commit."""

    step: str
    base: str  # the commit that the patch is made against; "" where there was none
    patch: Path | None  # None where nothing was changed


class _File(msgspec.Struct, frozen=True):
    """A file that is not what it was."""

    path: PurePosixPath
    mode: str  # as git has it; "" where the file is gone
    blob: str


def built(brief: Brief) -> Built | None:
    """Return what is to be tested, or None where that is the checkout itself.

    Raises:
        AttemptFailed: `tester.bad_input`, where the step that is named has left no changes.
    """
    if not brief.changes:
        return None
    up = brief.upstream.get(brief.changes)
    output = up.work.output if up is not None and up.state == "succeeded" else None
    if up is None or not isinstance(output, dict) or "patch" not in output:
        ended = "is not among the needs" if up is None else f"left no changes; it {up.state}"
        raise AttemptFailed(
            "tester.bad_input",
            f"Step {brief.changes!r} {ended}.",
            hint="Name a step among the needs whose agent changes code.",
            retryable=False,
        )
    return Built(brief.changes, str(output.get("base", "")), up.files.get(PATCH))


def build(what: Built, repository: Path, copy: Path, scratch: Path) -> int:
    """Make each changed file of `copy` what it was built to be; return how many there are.

    Git works out the files from the commit and the patch, with a store of objects of its own. So
    what is not committed in `repository` neither disturbs the patch nor is tested in its place.

    Raises:
        AttemptFailed: `tester.bad_patch`.
    """
    if what.patch is None:
        return 0
    count = 0
    with _report_bad_patch(what):
        for file, content in _files(what, what.patch, repository, scratch):
            _write(copy, file, content)
            count += 1
    return count


def uncommitted(what: Built, repository: Path, copy: Path, scratch: Path) -> int:
    """Return how many files of `copy`, where nothing is built yet, are not as the commit has them.

    Those that the patch leaves alone are tested as they lie in the checkout; and what was tested
    before the change was not the commit. Git compares them through a repository without settings:
    those of `repository` may name programs.

    Raises:
        AttemptFailed: `tester.bad_patch`.
    """
    if not what.base:
        return 0
    top = top_level(repository) or repository
    with _report_bad_patch(what):
        more = _isolated_git(top, scratch)
        below = repository.relative_to(top).as_posix()
        tree = f"{what.base}:{'' if below == '.' else below}"
        names = _different(tree, more, top, copy, scratch)
    # What is left out of a copy, such as an environment, is no change of the checkout.
    there = (n for n in names if os.path.lexists(copy / n) or not os.path.lexists(repository / n))
    return sum(1 for _ in there)


def _different(
    tree: str, theirs: Mapping[str, str], top: Path, copy: Path, scratch: Path
) -> list[str]:
    """Return the paths of the files that `copy` has otherwise than `tree`, or has not."""
    own = scratch / "own.git"
    form = git(top, "rev-parse", "--show-object-format").strip()
    git(scratch, "init", "-q", "--bare", "--template=", f"--object-format={form}", str(own))
    lent = (theirs["GIT_ALTERNATE_OBJECT_DIRECTORIES"], theirs["GIT_OBJECT_DIRECTORY"])
    more = {
        "GIT_DIR": str(own),
        "GIT_WORK_TREE": str(copy),
        "GIT_INDEX_FILE": str(scratch / "index-of-copy"),
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": os.pathsep.join((lent[0], _quoted(Path(lent[1])))),
    }
    git_bytes(copy, "read-tree", tree, more=more)
    asked = ("--name-only", "-z", "--no-renames", "--ignore-submodules=all")
    raw = git_bytes(copy, "diff", *asked, more=more)
    return [name for name in raw.decode("utf-8", "surrogateescape").split("\0") if name]


@contextmanager
def _report_bad_patch(what: Built) -> Iterator[None]:
    try:
        yield
    except Unavailable as error:
        raise AttemptFailed(
            "tester.bad_patch",
            f"What step {what.step!r} has changed can't be applied to {what.base[:12]}: "
            f"{error.reason}",
            retryable=False,
        ) from error


def _files(
    what: Built, patch: Path, repository: Path, scratch: Path
) -> Iterator[tuple[_File, bytes]]:
    """Yield what is to be written, with paths relative to `repository`."""
    top = top_level(repository) or repository
    more = _isolated_git(top, scratch)
    empty = git_bytes(top, "hash-object", "-w", "-t", "tree", "--stdin", more=more)
    base = what.base or empty.decode().strip()
    git_bytes(top, "read-tree", base, more=more)
    git_bytes(top, "apply", "--cached", "--whitespace=nowarn", str(patch), more=more)
    raw = git_bytes(top, "diff-index", "--cached", "--no-renames", "--raw", "-z", base, more=more)
    below = PurePosixPath(repository.relative_to(top))
    for file in _changed(raw):
        if file.path.is_relative_to(below) and file.mode != SUBMODULE:
            asked = ("cat-file", "blob", file.blob)
            content = git_bytes(top, *asked, more=more) if file.mode else b""
            yield _File(file.path.relative_to(below), file.mode, file.blob), content


def _isolated_git(top: Path, scratch: Path) -> dict[str, str]:
    """Return what makes git in `top` keep its index and new objects in `scratch`."""
    objects = scratch / "objects"
    objects.mkdir(parents=True, exist_ok=True)
    theirs = git(top, "rev-parse", "--git-path", "objects").rstrip("\n")
    return {
        "GIT_INDEX_FILE": str(scratch / "index"),
        "GIT_OBJECT_DIRECTORY": str(objects),
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": _quoted((top / theirs).resolve()),
    }


def _changed(raw: bytes) -> Iterator[_File]:
    """Read `:MODE MODE BLOB BLOB LETTER NUL PATH NUL` for each file."""
    parts = raw.decode("utf-8", "surrogateescape").split("\0")
    for head, path in zip(parts[0::2], parts[1::2], strict=False):
        _, mode, _, blob, letter = head.split(" ")
        yield _File(PurePosixPath(path), "" if letter == "D" else mode, blob)


def _write(copy: Path, file: _File, content: bytes) -> None:
    place = copy / file.path
    for above in reversed(file.path.parents[:-1]):
        if (copy / above).is_symlink() or (copy / above).is_file():
            (copy / above).unlink()  # The checkout has something else there than the commit.
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    place.unlink(missing_ok=True)
    if not file.mode:
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    if file.mode == LINK:
        place.symlink_to(content.decode("utf-8", "surrogateescape"))
        return
    place.write_bytes(content)
    place.chmod(0o755 if file.mode == EXECUTABLE else 0o644)


def _quoted(path: Path) -> str:
    """Write a path as git reads one in a list of them."""
    shown = str(path)
    if not {":", '"', "\n"}.intersection(shown):
        return shown
    escaped = shown.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
