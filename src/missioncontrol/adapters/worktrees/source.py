"""The user's repository, of which an agent gets a tree. It is read, and never written to."""

import shutil
from pathlib import Path

import msgspec

from missioncontrol.adapters.git import LIST_BYTES_MAX, git
from missioncontrol.ports.agent import AttemptFailed


class Source(msgspec.Struct, frozen=True):
    """A repository, and where git keeps its parts."""

    path: Path
    top: Path | None  # None where it is bare
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
                f"{str(path)!r} is no git repository that can be worked on: {why}",
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
        """Return the id of the commit that `base` names, or of what is checked out."""
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
        """Whether nothing was ever committed on the branch that is checked out."""
        try:
            name = await git(["symbolic-ref", "-q", "HEAD"], cwd=self.path)
            await git(["rev-parse", "--verify", "--quiet", name.decode().strip()], cwd=self.path)
        except AttemptFailed as error:
            return error.code == "worktree.failed"
        return False

    def lend(self, repository: Path) -> None:
        """Let `repository` find all objects of this one, and know as little of the past."""
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
        """Say what the user's checkout has and the tree has not."""
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
            # Through our repository: the settings of theirs may name programs for it to start.
            said = await git(asked, cwd=self.top, more=environment, bytes_max=LIST_BYTES_MAX)
        except AttemptFailed:
            return ("Whether the checkout has uncommitted changes could not be told.",)
        count = said.count(b"\0")
        if not count:
            return ()
        files = "1 file" if count == 1 else f"{count:,} files"
        return (f"Uncommitted changes of the checkout ({files}) are no part of it.",)
