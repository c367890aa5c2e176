"""Reads the past of a repository through git. Nothing is written."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path

from missioncontrol.adapters.git import git
from missioncontrol.domain.errors import Rejected, Unavailable
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.ports.history import Changed, Commit, TextFile

TEXT_MAX = 400_000
"""Bytes of a file that is looked at."""

FILES_MAX = 20_000
BYTES_MAX = 128 * 1024 * 1024
COMMIT_FILES_MAX = 400
READ_MAX = 256 * 1024 * 1024
FILE_MODE, PROGRAM_MODE = "100644", "100755"


class GitHistory:
    """A checkout and its past."""

    def __init__(self, root: Path, is_code: Callable[[str], bool]) -> None:
        """`is_code` says, by its path, whether the changes of a file are looked at."""
        self._root = root
        self._is_code = is_code

    @classmethod
    async def of(cls, place: Path, is_code: Callable[[str], bool]) -> "GitHistory":
        """Open the repository that `place` is in.

        Raises:
            Rejected: `learn.no_repository`.
        """
        try:
            output = await git(["rev-parse", "--show-toplevel"], cwd=place)
        except (AttemptFailed, OSError):
            raise Rejected(
                "learn.no_repository",
                f"{place} is in no checkout of git.",
                hint="Name the directory of one: patterns are learned from its commits.",
            ) from None
        return cls(Path(output.decode("utf-8", "surrogateescape").rstrip("\n")), is_code)

    @property
    def root(self) -> Path:
        """The top of the checkout."""
        return self._root

    async def head(self) -> str:
        """See `History.head`."""
        try:
            return (await git(["rev-parse", "-q", "--verify", "HEAD"], cwd=self._root)).decode()[
                :-1
            ]
        except AttemptFailed:
            return ""

    async def files(self) -> Sequence[TextFile]:
        """See `History.files`."""
        names = _split(await self._git_output("ls-files", "-z"))
        return await asyncio.to_thread(self._read, names[:FILES_MAX])

    async def names(self) -> list[str]:
        """Return the paths of all files that git knows."""
        return _split(await self._git_output("ls-files", "-z"))

    def _read(self, names: Sequence[str]) -> list[TextFile]:
        found, size = [], 0
        for name in names:
            text = text_of(self._root, name)
            if text is not None and is_text_name(name) and size + len(text) <= BYTES_MAX:
                size += len(text)
                found.append(TextFile(name, text))
        return found

    async def uncommitted(self, paths: Sequence[str]) -> list[str]:
        """Return which of `paths` are otherwise than the commit says, or unknown to it."""
        if not paths:
            return []
        pathspecs = [f":(literal,top){path}" for path in paths]
        output = await self._git_output(
            "status",
            "--porcelain=v1",
            "-z",
            "--no-renames",
            "--untracked-files=all",
            "--",
            *pathspecs,
        )
        return [entry[3:] for entry in _split(output)]

    async def commits(self, limit: int) -> AsyncIterator[Commit]:
        """See `History.commits`."""
        if not await self.head():
            return
        output = await self._git_output(
            *("log", "--no-merges", "--raw", "-z", "--no-abbrev", "--no-renames"),
            *("--diff-filter=M", "--format=%x01%H", f"--max-count={limit}", "HEAD", "--"),
        )
        for commit, raws in _logged(output):
            wanted = [each for each in raws if self._is_code(each[2]) and is_text_name(each[2])]
            wanted = wanted[:COMMIT_FILES_MAX]
            texts = await self._texts([name for each in wanted for name in each[:2]])
            files = [
                Changed(path, before, after)
                for one, other, path in wanted
                if (before := texts.get(one)) is not None
                and (after := texts.get(other)) is not None
            ]
            yield Commit(commit, tuple(files))

    async def _texts(self, names: Sequence[str]) -> dict[str, str]:
        if not names:
            return {}
        asked = "\n".join(dict.fromkeys(names)).encode() + b"\n"
        output = await self._git_output("cat-file", "--batch", stdin=asked)
        return dict(_batch(output))

    async def _git_output(self, *args: str, stdin: bytes = b"") -> bytes:
        try:
            return await git(list(args), cwd=self._root, stdin=stdin, bytes_max=READ_MAX)
        except (AttemptFailed, OSError) as error:
            raise Unavailable(
                "learn.unreadable",
                f"The repository {self._root} can't be read: {error}",
                hint="`git status` there tells more.",
            ) from error


def is_text_name(path: str) -> bool:
    """Whether a path can be shown as text: some are bytes that are no text."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def text_of(root: Path, path: str) -> str | None:
    """Return the text of a file below `root`; None where it is none, too large, or a link."""
    place = root / path
    try:
        if place.is_symlink() or not place.is_file() or place.stat().st_size > TEXT_MAX:
            return None
        if not place.parent.resolve().is_relative_to(root.resolve()):
            return None
        with place.open(encoding="utf-8", newline="") as opened:
            text = opened.read()
    except (OSError, UnicodeDecodeError, ValueError):
        return None
    return None if "\0" in text else text


def written(root: Path, path: str, text: str) -> None:
    """Replace a file by `text` atomically: readers see either the old file or the new one.

    Raises:
        Rejected: `pattern.outside`, where a link would lead somewhere else.
    """
    place = root / path
    inside = place.parent.resolve().is_relative_to(root.resolve())
    if not inside or place.is_symlink() or ".." in Path(path).parts or Path(path).is_absolute():
        raise Rejected(
            "pattern.outside",
            f"{path} leads out of {root}, and nothing is written there.",
            hint="Put a plain file in place of the link.",
        )
    place.parent.mkdir(parents=True, exist_ok=True)
    draft = place.with_name(f".{place.name[:200]}.{os.getpid()}.draft")
    try:
        with draft.open("x", encoding="utf-8", newline="") as opened:
            opened.write(text)
            opened.flush()
            os.fsync(opened.fileno())
        if place.exists():
            draft.chmod(place.stat().st_mode & 0o7777)
        draft.replace(place)
    finally:
        draft.unlink(missing_ok=True)


def _logged(output: bytes) -> Iterator[tuple[str, list[tuple[str, str, str]]]]:
    """Yield each commit with the names of contents before and after, and the path."""
    commit, raws = "", list[tuple[str, str, str]]()
    parts = iter(_split(output))
    for part in parts:
        text = part.lstrip("\n")
        if text.startswith("\x01"):
            if commit:
                yield commit, raws
            commit, raws = text[1:41], []
        elif text.startswith(":"):
            one, other, before, after, _ = text[1:].split()
            path = next(parts)
            if {one, other} <= {FILE_MODE, PROGRAM_MODE}:
                raws.append((before, after, path))
    if commit:
        yield commit, raws


def _batch(output: bytes) -> Iterator[tuple[str, str]]:
    at = 0
    while at < len(output):
        end = output.index(b"\n", at)
        head = output[at:end].decode().split()
        if len(head) != 3:  # It is missing: a shallow clone.
            at = end + 1
            continue
        size = int(head[2])
        content = output[end + 1 : end + 1 + size]
        at = end + 2 + size
        if size <= TEXT_MAX and b"\0" not in content[:8_000]:
            try:
                yield head[0], content.decode("utf-8")
            except UnicodeDecodeError:
                continue


def _split(output: bytes) -> list[str]:
    return output.decode("utf-8", "surrogateescape").split("\0")[:-1]
