"""The work tree of an agent, made from the user's repository, and its files as git sees them."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import msgspec

from missioncontrol.adapters.git import LIST_BYTES_MAX, git
from missioncontrol.adapters.orphans import mark
from missioncontrol.ports.agent import Assignment, AttemptFailed
from missioncontrol.refs import as_file_name

_AGENTS_SETTINGS = {
    "core.fsmonitor": "false",
    "core.hooksPath": os.devnull,
    "commit.gpgSign": "false",
    "gc.auto": "0",
    "user.name": "Mission Control",
    "user.email": "mission-control@localhost",
}
"""Initial settings of the agent's repository; the agent may change them."""
SUBMODULE = "160000"
INDEX = "index"
"""The index of our repository, which caches the state of the tree."""


class Tree(msgspec.Struct, frozen=True):
    """A work tree, checked out at its base."""

    path: Path
    cwd: Path  # the requested directory in the tree, or its top
    branch: str  # exists in the tree's own repository alone
    base: str  # the full id of a commit; "" where the repository has none yet
    notes: tuple[str, ...]  # for people: what the tree lacks
    own: Path  # the repository through which we inspect the tree

    @property
    def place(self) -> Path:
        """The directory with everything of this tree."""
        return self.path.parent

    @property
    def begun(self) -> Path:
        """The index after the changes of an earlier step; missing without such changes."""
        return self.own / "index-begun"

    @property
    def environment(self) -> dict[str, str]:
        """The variables that mark every program in the tree, by which it is found and ended."""
        return mark(self.place)


def reopen_tree(place: Path, *, branch: str, base: str, cwd: str, notes: tuple[str, ...]) -> Tree:
    """Return the tree that an earlier attempt left in `place`."""
    path = place / "tree"
    return Tree(path, path / cwd, branch, base, notes, place / "own.git")


async def create_tree(place: Path, branch: str, repository: Path, base: str) -> Tree:
    """Create a tree in `place`, checked out at `base` of `repository`.

    Raises:
        AttemptFailed: see `worktree`.
    """
    source = await Source.found(repository)
    commit = await source.commit(base)
    path, own = place / "tree", place / "own.git"
    for begun, more in ((path, ()), (own, ("--bare",))):
        form = f"--object-format={source.object_format}"
        head = f"--initial-branch={branch}"
        await git(["init", "-q", "--template=", form, head, *more, str(begun)], cwd=place)
        source.lend(begun if more else begun / ".git")
    if commit:
        await git(["update-ref", f"refs/heads/{branch}", commit], cwd=own)
    await _check_out(path, branch, commit)
    if (path / ".git" / "index").exists():
        shutil.copyfile(path / ".git" / "index", own / "index")
    inside = path / source.below if source.below else path
    cwd = inside if inside.is_dir() else path
    notes = await source.notes(own, is_head=not base)
    return Tree(path, cwd, branch, commit, notes, own)


async def inspection_repository(place: Path, repository: Path) -> Path:
    """Create a repository in `place` that borrows the objects of a user's, and return it.

    Raises:
        AttemptFailed: `worktree.no_repository`, `worktree.failed`.
    """
    source, own = await Source.found(repository), place / "own.git"
    form = f"--object-format={source.object_format}"
    await git(["init", "-q", "--template=", "--bare", form, str(own)], cwd=place)
    source.lend(own)
    return own


async def _check_out(path: Path, branch: str, commit: str) -> None:
    """Configure the agent's repository, and check out `commit`."""
    for name, value in _AGENTS_SETTINGS.items():
        await git(["config", name, value], cwd=path)
    if commit:
        await git(["update-ref", f"refs/heads/{branch}", commit], cwd=path)
        await git(["reset", "--hard", "-q"], cwd=path)


def branch_of(assignment: Assignment) -> str:
    """Return a branch name; names of runs and steps are escaped, because users choose them."""
    run, step = as_file_name(assignment.run), as_file_name(assignment.step)
    return f"mission/{run}/{step}-{assignment.attempt}"


class Source(msgspec.Struct, frozen=True):
    """The user's repository, with the paths of its parts."""

    path: Path
    top: Path | None  # None if it is bare
    below: str  # the directory that was named, relative to the top
    objects: Path
    index: Path
    shallow: Path
    exclude: Path
    object_format: str

    @classmethod
    async def found(cls, path: Path) -> "Source":
        asked = ("objects", "index", "shallow", "info/exclude")
        ways = [part for name in asked for part in ("--git-path", name)]
        try:
            form = await git(["rev-parse", "--show-object-format", *ways], cwd=path)
            top = await git(["rev-parse", "--show-cdup", "--show-prefix"], cwd=path)
        except (AttemptFailed, OSError) as error:
            why = error.reason if isinstance(error, AttemptFailed) else str(error)
            raise AttemptFailed(
                "worktree.no_repository",
                f"{str(path)!r} is not a usable git repository: {why}",
                hint="Give the path of a checkout as `repository`.",
                retryable=False,
            ) from None
        object_format, *places = form.decode("utf-8", "surrogateescape").rstrip("\n").split("\n")
        objects, index, shallow, exclude = (path / place for place in places)
        up, below, *_ = [*top.decode("utf-8", "surrogateescape").split("\n"), "", ""]
        is_bare = (await git(["rev-parse", "--is-bare-repository"], cwd=path)).strip() == b"true"
        root = None if is_bare else (path / up).resolve()
        return cls(path, root, below, objects.resolve(), index, shallow, exclude, object_format)

    async def commit(self, base: str) -> str:
        """Return the commit id of `base`, or of HEAD; "" without any commit."""
        asked = ["rev-parse", "--verify", "--quiet", "--end-of-options"]
        try:
            found = await git([*asked, f"{base or 'HEAD'}^{{commit}}"], cwd=self.path)
        except AttemptFailed:
            if not base and await self._is_unborn():
                return ""
            raise AttemptFailed(
                "worktree.unknown_base",
                f"{str(self.path)!r} has no commit {base or 'HEAD'!r}.",
                hint="Give a branch, a tag or a commit as `base`; a shallow clone has only some.",
                retryable=False,
            ) from None
        return found.decode().strip()

    async def _is_unborn(self) -> bool:
        """Whether the checked-out branch has no commit."""
        try:
            name = await git(["symbolic-ref", "-q", "HEAD"], cwd=self.path)
            await git(["rev-parse", "--verify", "--quiet", name.decode().strip()], cwd=self.path)
        except AttemptFailed as error:
            return error.code == "worktree.failed"
        return False

    def lend(self, repository: Path) -> None:
        """Make `repository` borrow the objects of this one, with the same shallow history."""
        (repository / "objects" / "info").mkdir(exist_ok=True)
        shown = str(self.objects)
        if shown.startswith('"') or "\n" in shown:
            escaped = shown.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
            shown = f'"{escaped}"'
        line = f"{shown}\n".encode("utf-8", "surrogateescape")
        (repository / "objects" / "info" / "alternates").write_bytes(line)
        (repository / "info").mkdir(exist_ok=True)
        for file, name in ((self.shallow, "shallow"), (self.exclude, "info/exclude")):
            if file.is_file():
                shutil.copyfile(file, repository / name)

    async def notes(self, own: Path, *, is_head: bool) -> tuple[str, ...]:
        """Return notes on what the user's checkout has and the tree lacks."""
        if self.top is None or not is_head:
            return ()
        copy = own / "users-index"
        if self.index.is_file():
            shutil.copyfile(self.index, copy)
        environment = {
            "GIT_DIR": str(own),
            "GIT_WORK_TREE": str(self.top),
            "GIT_INDEX_FILE": str(copy),
        }
        asked = ["status", "--porcelain", "-z", "--no-renames", "--ignore-submodules=all"]
        try:
            # Through our repository, because the settings of theirs may name programs to start.
            output = await git(asked, cwd=self.top, more=environment, bytes_max=LIST_BYTES_MAX)
        except AttemptFailed:
            return ("Whether the checkout has uncommitted changes is not known.",)
        count = output.count(b"\0")
        if not count:
            return ()
        files = "1 file" if count == 1 else f"{count:,} files"
        return (f"Uncommitted changes of the checkout ({files}) are not in this tree.",)


class TreeState:
    """The files of a tree in our index; ignored and left-out files are as in the base."""

    def __init__(self, tree: Tree, index: str) -> None:
        """Use `read`."""
        self._path = tree.path
        self.own = tree.own
        self._base_index = tree.begun
        self._environment = inspection_environment(tree, index)
        self._commit = tree.base
        self.base = tree.base
        self.left_out: tuple[str, ...] = ()  # submodules, and repositories within the tree

    @classmethod
    async def read(cls, tree: Tree, index: str = INDEX) -> "TreeState":
        """Return the present state of `tree`, committed or not, and store it in `index`.

        Raises:
            AttemptFailed: `worktree.failed`.
        """
        state = cls(tree, index)
        await state._find_base()
        left_out = await state._add_all()
        against = ["--cached", "--no-renames", "--raw", "-z", "--ignore-submodules=none"]
        raw = await state.git("diff-index", *against, state.base)
        left_out += [path for path, modes in _raw(raw) if SUBMODULE in modes]
        for path in left_out:
            await state._reset(path)
        state.left_out = tuple(left_out)
        return state

    async def git(
        self, *args: str, stdin: bytes = b"", index: str = "", bytes_max: int = LIST_BYTES_MAX
    ) -> bytes:
        """Run git on the tree; `index` replaces our own index."""
        more = {**self._environment, **({"GIT_INDEX_FILE": index} if index else {})}
        return await git(args, cwd=self._path, more=more, stdin=stdin, bytes_max=bytes_max)

    async def diff(
        self, *options: str, bytes_max: int = LIST_BYTES_MAX, without: Sequence[str] = ()
    ) -> bytes:
        """Return the diff against the base, `without` some paths from the top."""
        plain = ("--no-color", "--no-ext-diff", "--no-textconv", "--find-renames")
        arguments = ("diff", "--cached", *plain, "--ignore-submodules=all", *options, self.base)
        paths = (".", *(f":(top,exclude,literal){each.rstrip('/')}" for each in without))
        more = ("--", *paths) if without else ()
        return await self.git(*arguments, *more, bytes_max=bytes_max)

    async def count_own_changes(self) -> int:
        """Return how many files differ from the initial tree, with the changes of earlier steps."""
        made = await self.git("write-tree", "--missing-ok", index=str(self._base_index))
        options = ("--cached", "--no-renames", "--name-only", "-z", "--ignore-submodules=all")
        named = await self.git("diff-index", *options, made.decode().strip())
        return named.count(b"\0")

    async def _find_base(self) -> None:
        """Use the empty tree as the base of a repository without commits."""
        if not self._commit:
            empty = await self.git("hash-object", "-w", "-t", "tree", "--stdin")
            self.base = empty.decode().strip()

    async def _add_all(self) -> list[str]:
        """Add the files to our index; return the repositories inside the tree."""
        others = await self.git("ls-files", "-z", "--others", "--exclude-standard")
        names = others.decode("utf-8", "surrogateescape").split("\0")
        within = [name.rstrip("/") for name in names if name.endswith("/")]
        paths = [".", *(f":(top,exclude,literal){name}" for name in within)]
        spec = "\0".join(paths).encode("utf-8", "surrogateescape")
        options = ("--pathspec-from-file=-", "--pathspec-file-nul")
        await self.git("add", "--all", *options, stdin=spec)
        return within

    async def _reset(self, path: str) -> None:
        """Reset `path` in our index to the base."""
        name = path.encode("utf-8", "surrogateescape")
        line = await self.git("ls-tree", "-z", "--full-tree", self.base, "--", path)
        none = b"0" * (64 if len(self.base) == 64 else 40)
        gone = b"0 " + none + b"\t" + name + b"\0"
        await self.git("update-index", "-z", "--index-info", stdin=gone + line)


def inspection_environment(tree: Tree, index: str = INDEX) -> dict[str, str]:
    """Return the environment for git to see the tree through our repository."""
    return {
        "GIT_DIR": str(tree.own),
        "GIT_WORK_TREE": str(tree.path),
        "GIT_INDEX_FILE": str(tree.own / index),
    }


def _raw(answer: bytes) -> list[tuple[str, tuple[str, str]]]:
    """Return the paths of a raw diff without renames, each with its mode before and after."""
    parts = answer.decode("utf-8", "surrogateescape").split("\0")
    heads, paths = parts[0::2], parts[1::2]
    modes = [tuple(head.lstrip(":").split(" ")[:2]) for head in heads if head]
    return [(path, (before, after)) for path, (before, after) in zip(paths, modes, strict=False)]
