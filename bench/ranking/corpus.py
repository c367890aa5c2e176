"""Reads changes of clones as the ranking would have met them: the tree and the past before each."""

import re
import subprocess
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from missioncontrol.specialists.backtest.history import PastWork, suitable_changes
from missioncontrol.specialists.historian.log import COMMITS_MAX, as_past, read_log
from missioncontrol.specialists.kinds import HEAD_BYTES, classified
from missioncontrol.specialists.ranking.facts_cache import FactsCache, FileFacts
from missioncontrol.specialists.ranking.index import Index
from missioncontrol.specialists.ranking.past import PastChange
from missioncontrol.specialists.tree import SourceFile, Tree, compiled

LOG_SECONDS = 600.0
BLOB_BYTES_MAX = 1_000_000
LINK_MODE = "120000"
_HUNK = re.compile(r"^@@ -(\d+)(?:,(\d+))? ")


class Case(msgspec.Struct, frozen=True):
    """One change: what was known before it, and what it did."""

    index: Index
    goal: str
    changed: Mapping[str, list[tuple[int, int]]]  # path before it → lines that it changed


class _InMemory(FactsCache):
    """Facts of the contents of one clone, as long as the program runs."""

    def __init__(self) -> None:
        self._facts: dict[bytes, FileFacts] = {}

    def find(self, keys: Iterable[bytes]) -> dict[bytes, FileFacts]:
        return {key: self._facts[key] for key in keys if key in self._facts}

    def keep(self, fresh: Mapping[bytes, FileFacts], used: Iterable[bytes]) -> None:
        self._facts.update(fresh)


class _AtCommit(Tree, frozen=True, dict=True):
    """The files of one commit, read from git's objects."""

    def text(self, path: str) -> str | None:
        texts: dict[str, str] = self.__dict__["texts"]
        return texts.get(path)


class Corpus:
    """The changes of one clone, oldest first."""

    def __init__(self, root: Path, count: int) -> None:
        """Read the newest `count` suitable changes of the clone at `root`."""
        self._root = root
        self._kept = _InMemory()
        self._blobs: dict[str, bytes] = {}
        log = read_log(root, seconds=LOG_SECONDS)
        assert log is not None, f"{root} is no work tree of git"
        self._past = sorted(as_past(log.commits), key=lambda change: change.seconds)
        self._times = [change.seconds for change in self._past]
        when = {change.id: change.seconds for change in self._past}
        found = [each for each in suitable_changes(root, count) if each.commit in when]
        self._changes = sorted(found, key=lambda each: when[each.commit])
        self._when = when

    def cases(self, *, with_past: bool = True) -> Iterator[Case]:
        """Yield each change with the index of its parent, or with one that has no past."""
        for change in self._changes:
            past = self._before(change) if with_past else []
            index = Index(self._tree(change.parent), past, cache=self._kept)
            yield Case(index, change.goal, self._lines(change))

    def _before(self, change: PastWork) -> list[PastChange]:
        end = bisect_left(self._times, self._when[change.commit])
        known = self._past[max(0, end - COMMITS_MAX) : end]
        return [each for each in reversed(known) if each.id != change.commit]

    def _tree(self, commit: str) -> Tree:
        listed = self._git("ls-tree", "-r", "-l", "-z", commit).decode("utf-8", "replace")
        entries: list[tuple[str, str]] = []
        for line in filter(None, listed.split("\0")):
            about, _, path = line.partition("\t")
            mode, kind, blob, size = about.split()
            # The size of an object that the clone lacks is no number.
            known = kind == "blob" and mode != LINK_MODE and size.isdigit()
            if known and int(size) <= BLOB_BYTES_MAX:
                entries.append((path, blob))
        self._load({blob for _, blob in entries} - self._blobs.keys())
        files, texts = [], {}
        for path, blob in sorted(entries):
            data = self._blobs[blob]
            language, kind = classified(path, data[:HEAD_BYTES])
            lines = 0 if kind == "binary" else data.count(b"\n")
            files.append(SourceFile(path, len(data), language, lines, kind))
            if kind != "binary":
                texts[path] = data.decode("utf-8", "replace").replace("\r\n", "\n")
        made = compiled(file.path for file in files if file.kind in {"code", "test"})
        files = [
            msgspec.structs.replace(file, kind="generated") if file.path in made else file
            for file in files
        ]
        tree = _AtCommit(self._root, tuple(files), (), 0, commit, (), True, "")
        tree.__dict__["texts"] = texts
        return tree

    def _load(self, blobs: set[str]) -> None:
        asked = "".join(f"{blob}\n" for blob in sorted(blobs)).encode()
        data = self._git("cat-file", "--batch", given=asked) if blobs else b""
        at = 0
        while at < len(data):
            end = data.index(b"\n", at)
            name, *_, size = data[at:end].split()
            at = end + 1 + int(size) + 1
            self._blobs[name.decode()] = data[end + 1 : at - 1]

    def _lines(self, change: PastWork) -> dict[str, list[tuple[int, int]]]:
        """Return, by path before the change, the lines that it changed; new files are not there."""
        found: dict[str, list[tuple[int, int]]] = {}
        diff = self._git("diff", "--no-renames", "-U0", change.parent, change.commit)
        path = ""
        for line in diff.decode("utf-8", "replace").split("\n"):
            if line.startswith("--- "):
                path = line[6:].strip('"') if line.startswith("--- a/") else ""
                if path:
                    found.setdefault(path, [])
            elif path and (match := _HUNK.match(line)):
                first, count = int(match[1]), int(match[2] or 1)
                found[path].append((first, first + max(count - 1, 0) + (count == 0)))
        return found

    def _git(self, *args: str, given: bytes | None = None) -> bytes:
        command = ["git", "-C", str(self._root), *args]
        return subprocess.run(command, input=given, capture_output=True, check=True).stdout
