"""Reads what a change does to a repository through git, and asks around it. Nothing is written."""

import asyncio
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

from missioncontrol.adapters.git import git
from missioncontrol.domain.errors import Rejected, Unavailable
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.ports.changes import Change, FileChange, Line, Listing, Status

TEXT_MAX = 1024 * 1024
"""Bytes of a file whose text is looked at; of a larger one, only its path is."""

READ_MAX = 256 * 1024 * 1024
LINK, MODULE = "120000", "160000"
STATES: Mapping[str, Status] = {"A": "added", "D": "deleted", "R": "renamed"}
CODE = ("*.py", "*.pyi", "*.[cm]js", "*.[cm]ts", "*.js", "*.ts", "*.jsx", "*.tsx")
_HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@")


class _Raw(NamedTuple):
    """A line of `git diff --raw`."""

    before_mode: str
    after_mode: str
    before: str  # names of contents
    after: str
    letter: str
    came_from: str
    path: str

    @property
    def is_text(self) -> bool:
        """Whether both sides are files, and no links or other repositories."""
        return not {self.before_mode, self.after_mode} & {LINK, MODULE}


class GitChanges:
    """A repository, and one change of it: what is staged, or what a range of commits does."""

    def __init__(self, root: Path, change: Change, listing: Listing, after: str) -> None:
        """Use `staged` or `between`."""
        self.change = change
        self.listing = listing  # with the change
        self._root = root
        self._after = after  # the commit with the change; "" for what is staged

    @classmethod
    async def staged(cls, root: Path) -> "GitChanges":
        """Read what would be committed now.

        Raises:
            Rejected: `guard.no_repository`, `guard.unmerged`.
            Unavailable: `guard.unreadable`.
        """
        head = await commit_of(root, "HEAD", is_asked=False)
        entries, listing = await asyncio.gather(
            changed(root, "--cached", *filter(None, [head])), _index(root)
        )
        return cls(root, Change("what is staged", head, entries), listing, "")

    @classmethod
    async def between(cls, root: Path, revisions: str) -> "GitChanges":
        """Read what the commits of `A..B` do, seen from where they began.

        Raises:
            Rejected: `guard.no_repository`, `guard.bad_range`, `guard.no_commit`.
            Unavailable: `guard.unreadable`.
        """
        found = re.fullmatch(r"(?P<since>.+?)\.{2,3}(?P<until>.*)", revisions)
        if found is None:
            raise Rejected(
                "guard.bad_range",
                f"{revisions!r} is no range of commits.",
                hint="Say --range A..B, for example --range origin/main..HEAD.",
            )
        # One after the other: where one is not there, no git is left behind half begun.
        since = await commit_of(root, found["since"])
        until = await commit_of(root, found["until"] or "HEAD")
        base = await git_output(root, "merge-base", since, until, fine=(0, 1))
        begun = base.decode().strip() or since
        entries, listing = await asyncio.gather(changed(root, begun, until), _tree(root, until))
        return cls(root, Change(revisions, begun, entries), listing, until)

    async def texts(self, paths: Sequence[str]) -> dict[str, str]:
        """Return the text of files as they are with the change."""
        names = [self.listing.files[path] for path in paths]
        contents = await _contents(self._root, names)
        return {path: contents.get(name) or "" for path, name in zip(paths, names, strict=True)}

    async def base_listing(self) -> Listing:
        """Return the files as they were before the change."""
        return await _tree(self._root, self.change.base) if self.change.base else Listing({})

    async def contents(self, paths: Sequence[str]) -> dict[str, frozenset[str]]:
        """See `ChangedRepository.contents`."""
        between = f"{self.change.base}..{self._after}"
        if not self._after or not paths:
            return {}
        output = await git_output(
            self._root,
            *("log", "--raw", "-z", "-m", "--no-abbrev", "--no-renames", "--format=", between),
        )
        wanted = set(paths)
        found: dict[str, set[str]] = {path: set() for path in paths}
        parts = iter(_split(output))
        for part in parts:
            if not part.lstrip("\n").startswith(":"):
                continue  # A commit ends.
            _, _, *contents, _ = part.split()
            path = next(parts)
            if path in wanted:
                found[path].update(name if _is_there(name) else "" for name in contents)
        return {path: frozenset(names) for path, names in found.items()}

    async def import_lines(self, words: Sequence[str]) -> str:
        """See `ChangedRepository.import_lines`."""
        if not self.change.base or not words:
            return ""
        output = await self._grep("-h", words, self.change.base)
        return output.decode("utf-8", "replace")

    async def importing(self, words: Sequence[str]) -> list[str]:
        """See `ChangedRepository.importing`."""
        if not words:
            return []
        output = await self._grep("-lz", words, self._after or "--cached")
        return [each.removeprefix(f"{self._after}:") for each in _split(output)]

    async def _grep(self, option: str, words: Sequence[str], where: str) -> bytes:
        """Look for lines that import; quick, and true only of what they may mean."""
        named = "|".join(re.escape(each) for each in words)
        statement = r"^[[:space:]]*(from|import)[[:space:]]|\b(from|import|require)\b[^'\"]*['\"]"
        pattern = f"({statement}).*({named})"
        args = ("grep", "-I", option, "-E", "-e", pattern, where, "--", *CODE)
        return await git_output(self._root, *args, fine=(0, 1))


async def top_of(place: Path) -> Path:
    """Return the top of the checkout that `place` is in.

    Raises:
        Rejected: `guard.no_repository`.
    """
    try:
        output = await git(["rev-parse", "--show-toplevel"], cwd=place)
    except (AttemptFailed, OSError):
        raise Rejected(
            "guard.no_repository",
            f"{place} is in no checkout of git.",
            hint="Go into one, or name it with --repo.",
        ) from None
    return Path(output.decode("utf-8", "surrogateescape").rstrip("\n"))


async def ignored(root: Path, *places: str) -> list[str]:
    """Return those of `places` that git leaves out of commits by what the checkout says.

    Raises:
        Unavailable: `guard.unreadable`.
    """
    names = "\0".join(places).encode()
    return _split(await git_output(root, "check-ignore", "-z", "--stdin", stdin=names, fine=(0, 1)))


async def commit_of(root: Path, revision: str, *, is_asked: bool = True) -> str:
    """Return the full name of a commit; "" where it is not there and was not asked for by name.

    Raises:
        Rejected: `guard.no_commit`.
    """
    spec = f"{revision}^{{commit}}"
    try:
        found = await git(["rev-parse", "--verify", "--quiet", "--end-of-options", spec], cwd=root)
    except AttemptFailed:
        if not is_asked:
            return ""
        raise Rejected(
            "guard.no_commit",
            f"There is no commit {revision!r} here.",
            hint="Fetch it first; a checkout of a pipeline often has the newest commit alone.",
        ) from None
    return found.decode().strip()


async def changed(root: Path, *between: str) -> tuple[FileChange, ...]:
    """Return what `git diff` says of two commits, or of what is staged."""
    output = await git_output(
        root,
        "diff",
        "--patch-with-raw",
        "-z",
        "-U0",
        "-M",
        "--no-abbrev",
        "--no-ext-diff",
        "--no-textconv",
        "--no-color",
        "--ignore-submodules=none",
        *between,
        "--",
    )
    raws, patch = _parted(output)
    lines = _by_file(patch.decode("utf-8", "replace"))
    names = [
        name for raw in raws if raw.is_text for name in (raw.before, raw.after) if _is_there(name)
    ]
    texts = await _contents(root, names)
    return tuple(_file(raw, _hunks_of(raw, lines), texts) for raw in raws)


def _hunks_of(raw: _Raw, lines: Iterator[list[str]]) -> list[str]:
    """Return the hunks of a file; Git reports a change of file type in two parts."""
    return [*next(lines, []), *(next(lines, []) if raw.letter == "T" else [])]


def _parted(output: bytes) -> tuple[list[_Raw], bytes]:
    """Cut the list of files from the patch behind it."""
    raws: list[_Raw] = []
    at = 0
    while output[at : at + 1] == b":":
        end = output.index(b"\0", at)
        before_mode, after_mode, before, after, letter = output[at + 1 : end].decode().split()
        paths = []
        for _ in range(2 if letter[0] in "RC" else 1):
            at, end = end + 1, output.index(b"\0", end + 1)
            paths.append(_named(output[at:end]))
        if letter[0] == "U":
            raise Rejected(
                "guard.unmerged",
                f"{paths[0]} has a conflict that is not settled.",
                hint="Settle it and stage the file.",
            )
        raws.append(_Raw(before_mode, after_mode, before, after, letter[0], paths[0], paths[-1]))
        at = end + 1
    return raws, output[at:].removeprefix(b"\0")


def _by_file(patch: str) -> Iterator[list[str]]:
    """Yield the lines of each file's hunks, in the order of the list."""
    lines = iter(patch.split("\n"))
    for line in lines:
        if line.startswith("diff --git "):
            break
    else:
        return
    while True:
        part = list(takewhile(lambda line: not line.startswith("diff --git "), lines))
        yield part
        if not part or part[-1] == "":
            return


def _file(raw: _Raw, patch: Iterable[str], texts: Mapping[str, str | None]) -> FileChange:
    added, removed = _lines(patch)
    before, after = texts.get(raw.before), texts.get(raw.after)
    sides = [name for name in (raw.before, raw.after) if _is_there(name)]
    return FileChange(
        raw.path,
        STATES.get(raw.letter, "changed"),
        raw.came_from if raw.letter == "R" else "",
        tuple(added),
        tuple(removed),
        before or "",
        after or "",
        is_text=raw.is_text and all(texts.get(name) is not None for name in sides),
    )


def _is_there(name: str) -> bool:
    """Tell whether a name is one of a content: noughts, 40 or 64 of them, stand for none."""
    return bool(name.strip("0"))


def _lines(patch: Iterable[str]) -> tuple[list[Line], list[Line]]:
    added: list[Line] = []
    removed: list[Line] = []
    old = new = 0
    is_hunk = False
    for line in patch:
        hunk = _HUNK.match(line)
        if hunk:
            old, new, is_hunk = int(hunk[1]), int(hunk[2]), True
        elif is_hunk and line.startswith("+"):
            added.append(Line(new, line[1:]))
            new += 1
        elif is_hunk and line.startswith("-"):
            removed.append(Line(old, line[1:]))
            old += 1
    return added, removed


async def _contents(root: Path, names: Sequence[str]) -> dict[str, str | None]:
    """Return texts by the names of contents; None for what is no text, or too large."""
    wanted = list(dict.fromkeys(names))
    if not wanted:
        return {}
    sizes = await git_output(
        root,
        "cat-file",
        "--batch-check=%(objectname) %(objectsize)",
        stdin="\n".join(wanted).encode() + b"\n",
    )
    small = [
        name
        for name, size in (line.split() for line in sizes.decode().splitlines())
        if size.isdigit() and int(size) <= TEXT_MAX
    ]
    found: dict[str, str | None] = dict.fromkeys(wanted)
    if small:
        output = await git_output(
            root, "cat-file", "--batch", stdin="\n".join(small).encode() + b"\n"
        )
        found.update(_batch(output))
    return found


def _batch(output: bytes) -> Iterator[tuple[str, str | None]]:
    at = 0
    while at < len(output):
        end = output.index(b"\n", at)
        name, _, size = output[at:end].decode().split()
        content = output[end + 1 : end + 1 + int(size)]
        at = end + 2 + int(size)
        yield name, None if b"\0" in content[:8_000] else content.decode("utf-8", "replace")


async def _index(root: Path) -> Listing:
    output = await git_output(root, "ls-files", "-s", "-z")
    files = {}
    for entry in _split(output):
        head, _, path = entry.partition("\t")
        files[path] = head.split()[1]
    return Listing(files)


async def _tree(root: Path, commit: str) -> Listing:
    output = await git_output(root, "ls-tree", "-r", "-z", commit)
    files = {}
    for entry in _split(output):
        head, _, path = entry.partition("\t")
        files[path] = head.split()[2]
    return Listing(files)


def _split(output: bytes) -> list[str]:
    return _named(output).split("\0")[:-1]


def _named(raw: bytes) -> str:
    """Return names of files; bytes that are no UTF-8 are escaped, so that they can be written."""
    return raw.decode("utf-8", "backslashreplace")


async def git_output(
    root: Path, *args: str, stdin: bytes = b"", fine: Sequence[int] = (0,)
) -> bytes:
    """Return what git says.

    Raises:
        Unavailable: `guard.unreadable`.
    """
    try:
        return await git(
            list(args), cwd=root, more=_index_of_hook(), stdin=stdin, bytes_max=READ_MAX, fine=fine
        )
    except (AttemptFailed, OSError) as error:
        raise Unavailable(
            "guard.unreadable",
            f"The repository {root} can't be read: {error}",
            hint="`git status` there tells more.",
        ) from error


def _index_of_hook() -> dict[str, str]:
    """Return where git keeps what is about to be committed: a hook may look at another index."""
    index = os.environ.get("GIT_INDEX_FILE")
    return {"GIT_INDEX_FILE": str(Path(index).absolute())} if index else {}
