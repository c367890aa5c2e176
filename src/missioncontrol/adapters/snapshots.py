"""Snapshots: files of a scenario, read from beside it, and the same repository made from them.

Author, dates, branch and settings are fixed, so that the commit has the same id everywhere.
"""

import asyncio
import os
import shutil
import stat
import tarfile
import tempfile
from pathlib import Path

from missioncontrol.adapters.git import git
from missioncontrol.domain.errors import Rejected
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.ports.trials import File, Files

AT = "2026-01-01T00:00:00+0000"
BRANCH = "main"
WHO = {"NAME": "Mission Control", "EMAIL": "mission-control@localhost"}
MESSAGE = "The snapshot of a scenario"
FILES_MAX = 5_000
BYTES_MAX = 64 * 1024 * 1024


async def brought(folder: Path, name: str) -> Files:
    """Return the files of a directory, .tar, .tar.gz or git bundle in `folder`.

    Raises:
        Rejected: `scenario.no_snapshot`, `scenario.bad_snapshot`.
    """
    place = folder / name
    if Path(name).is_absolute() or ".." in Path(name).parts:
        raise _bad(name, "it does not lie beside the scenario")
    try:
        found = await asyncio.to_thread(_found, place, name)
        return await _of_bundle(place) if found is None else found
    except (tarfile.TarError, OSError, EOFError) as error:
        raise _bad(name, f"it can't be read: {error}") from None
    except AttemptFailed as error:
        raise _bad(name, error.reason) from None


def _found(place: Path, name: str) -> Files | None:
    """Return the files of a directory or tar; None where it is a bundle."""
    if place.is_dir():
        return _of_directory(place)
    if not place.is_file():
        raise Rejected(
            "scenario.no_snapshot",
            f"There is no {name!r} in {str(place.parent)!r}.",
            hint="Name a directory, .tar, .tar.gz or git bundle beside the scenario.",
        )
    return None if name.endswith(".bundle") else _of_tar(place, name)


def _bad(name: str, why: str) -> Rejected:
    return Rejected(
        "scenario.bad_snapshot",
        f"{name!r} can't be a snapshot: {why}.",
        hint="Name a directory, .tar, .tar.gz or git bundle beside the scenario.",
    )


def _of_directory(place: Path) -> Files:
    found: dict[str, File] = {}
    for directory, folders, names in os.walk(place):
        folders[:] = sorted(each for each in folders if each != ".git")
        links = [each for each in folders if (Path(directory) / each).is_symlink()]
        for name in sorted([*names, *links]):
            path = Path(directory) / name
            mode = path.lstat().st_mode
            if not (stat.S_ISREG(mode) or stat.S_ISLNK(mode)):
                raise _bad(place.name, f"{name!r} in it is no file")
            found[path.relative_to(place).as_posix()] = _file(path, mode)
            if len(found) > FILES_MAX:
                raise _bad(place.name, f"it has more than {FILES_MAX:,} files")
    return found


def _file(path: Path, mode: int) -> File:
    if stat.S_ISLNK(mode):
        return File(os.fsencode(path.readlink()), is_link=True)
    if path.stat().st_size > BYTES_MAX:
        raise _bad(path.name, f"it has more than {BYTES_MAX:,} bytes")
    return File(path.read_bytes(), bool(mode & 0o100))


def _of_tar(place: Path, name: str) -> Files:
    found: dict[str, File] = {}
    size = 0
    with tarfile.open(place, "r:*") as archive:
        for member in archive:
            size += member.size
            if len(found) >= FILES_MAX or size > BYTES_MAX:
                raise _bad(name, f"it holds more than {FILES_MAX:,} files or {BYTES_MAX:,} bytes")
            path = member.name.removeprefix("./")
            if member.issym():
                found[path] = File(os.fsencode(member.linkname), is_link=True)
            elif member.isfile():
                content = archive.extractfile(member)
                assert content is not None
                found[path] = File(content.read(), bool(member.mode & 0o100))
            elif not member.isdir():
                raise _bad(name, f"{path!r} in it is no file")
    return found


async def _of_bundle(place: Path) -> Files:
    """Return the files of what was checked out where a bundle was made."""
    with tempfile.TemporaryDirectory(prefix="mission-bundle-") as temporary:
        root = Path(temporary)
        await git(["init", "-q", "--bare", "--template=", "."], cwd=root)
        source = str(await asyncio.to_thread(place.resolve))
        heads = (await git(["bundle", "list-heads", source], cwd=root)).decode().split()
        if not heads:
            raise _bad(place.name, "it holds nothing")
        commit = heads[heads.index("HEAD") - 1] if "HEAD" in heads else heads[0]
        await git(["bundle", "unbundle", source], cwd=root)
        listed = await git(["ls-tree", "-r", "-z", "--full-tree", commit], cwd=root)
        found: dict[str, File] = {}
        for line in listed.decode("utf-8", "surrogateescape").split("\0")[:-1]:
            fields, _, path = line.partition("\t")
            mode, kind, blob = fields.split(" ")
            if kind != "blob":
                raise _bad(place.name, f"{path!r} in it is a repository of its own")
            content = await git(["cat-file", "blob", blob], cwd=root, bytes_max=BYTES_MAX)
            found[path] = File(content, mode == "100755", mode == "120000")
        return found


async def repository(files: Files, place: Path) -> str:
    """Make a repository of `files` in the new directory `place`; return the id of its commit.

    Raises:
        AttemptFailed: `worktree.failed`, `worktree.no_git`.
    """
    await asyncio.to_thread(place.mkdir, parents=True)
    await git(
        ["init", "-q", "--template=", f"--initial-branch={BRANCH}", "--object-format=sha1", "."],
        cwd=place,
    )
    await asyncio.to_thread(lay, files, place)
    more = {
        **{
            f"GIT_{role}_{name}": text
            for role in ("AUTHOR", "COMMITTER")
            for name, text in WHO.items()
        },
        "GIT_AUTHOR_DATE": AT,
        "GIT_COMMITTER_DATE": AT,
    }
    await git(["-c", "core.fileMode=true", "add", "--all", "--force", "."], cwd=place)
    commit = ["-c", "commit.gpgSign=false", "commit", "-q", "--no-verify", "-m", MESSAGE]
    await git(commit, cwd=place, more=more)
    return (await git(["rev-parse", "HEAD"], cwd=place)).decode().strip()


async def with_patch(files: Files, commit: str, patch: bytes, place: Path) -> None:
    """Rebuild the repository of `files` in `place`, and apply `patch` to it.

    It is made of what the scenario says and of nothing that an agent could have reached.

    Raises:
        AttemptFailed: `worktree.patch_misfit`, `worktree.failed`.
    """
    made = await repository(files, place)
    if made != commit:
        raise AttemptFailed("worktree.failed", f"The snapshot became commit {made}, not {commit}.")
    if not patch:
        return
    try:
        await git(["apply", "--index", "--whitespace=nowarn", "-"], cwd=place, stdin=patch)
    except AttemptFailed as error:
        raise AttemptFailed("worktree.patch_misfit", error.reason) from None


def lay(files: Files, place: Path) -> None:
    """Write `files` over what is in `place`, and through no link that lies there."""
    for path, file in files.items():
        target = place / path
        _clear_way(target, place)
        if file.is_link:
            target.symlink_to(os.fsdecode(file.content))
            continue
        mode = 0o755 if file.is_executable else 0o644
        handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
        with os.fdopen(handle, "wb") as stream:
            stream.write(file.content)
        target.chmod(mode)


def _clear_way(target: Path, place: Path) -> None:
    """Make the directory of `target`, and remove whatever stands where it or one above should."""
    for parent in reversed(target.relative_to(place).parents):
        way = place / parent
        if way.is_symlink() or (way.exists() and not way.is_dir()):
            way.unlink()
        way.mkdir(exist_ok=True)
    if target.is_symlink() or not target.is_dir():
        target.unlink(missing_ok=True)
    else:
        shutil.rmtree(target)
