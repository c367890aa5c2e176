"""The files of a tree, seen through the repository that its agent does not know."""

from collections.abc import Sequence

from missioncontrol.adapters.git import LIST_BYTES_MAX, git
from missioncontrol.adapters.worktrees.tree import Tree

SUBMODULE = "160000"
INDEX = "index"
"""The index of our repository, which caches the state of the tree."""


def inspection_environment(tree: Tree, index: str = INDEX) -> dict[str, str]:
    """Return the environment for git to see the tree through our repository."""
    return {
        "GIT_DIR": str(tree.own),
        "GIT_WORK_TREE": str(tree.path),
        "GIT_INDEX_FILE": str(tree.own / index),
    }


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


def _raw(answer: bytes) -> list[tuple[str, tuple[str, str]]]:
    """Return the paths of a raw diff without renames, each with its mode before and after."""
    parts = answer.decode("utf-8", "surrogateescape").split("\0")
    heads, paths = parts[0::2], parts[1::2]
    modes = [tuple(head.lstrip(":").split(" ")[:2]) for head in heads if head]
    return [(path, (before, after)) for path, (before, after) in zip(paths, modes, strict=False)]
