"""Reads the commits of a repository once for all that ask, and keeps them by the newest."""

from concurrent.futures import Future, ThreadPoolExecutor
from hashlib import blake2b
from pathlib import Path
from threading import Lock
from typing import NamedTuple

from missioncontrol.domain.errors import Unavailable
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.specialists.git import head_commit
from missioncontrol.specialists.historian.log import COMMITS_MAX, Log, as_past, read_log
from missioncontrol.specialists.ranking.facts_cache import FactsCache, open_facts_cache
from missioncontrol.specialists.ranking.past import PastChange
from missioncontrol.specialists.tree import Tree

VERSION = 4
"""Counted up whenever the same commits would give another log."""
LOG_SECONDS_MAX = 240.0
"""Ends a git that hangs. It is no bound of what is read: that is one of commits and bytes."""


class _Reading(NamedTuple):
    """One walk through the history of a repository, which may still be under way."""

    key: bytes
    log: "Future[Log | None]"


class _Newest:
    """The newest walk of this process, so that several who ask for one history share it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._reading: _Reading | None = None

    def reading(self, root: Path, cache: FactsCache | None) -> "Future[Log | None]":
        """Return the walk for what is checked out at `root`, begun here unless it is under way."""
        key = _key(root, head_commit(root) or "")
        with self._lock:
            if self._reading is None or self._reading.key != key or _has_failed(self._reading):
                thread = ThreadPoolExecutor(1, "history")
                self._reading = _Reading(key, thread.submit(_read, root, key, cache))
                thread.shutdown(wait=False)
            return self._reading.log

    def forget(self) -> None:
        """Forget the walk, so that the next caller walks again."""
        self._reading = None


def _has_failed(reading: _Reading) -> bool:
    """Whether a walk is over and has brought nothing that another one could not bring."""
    log = reading.log
    if not log.done():
        return False
    found = None if log.exception() else log.result()
    return found is None or found.is_late


def _read(root: Path, key: bytes, cache: FactsCache | None) -> Log | None:
    found = cache.find_whole(key, Log) if cache else None
    if found is not None:
        return found
    log = read_log(root, seconds=LOG_SECONDS_MAX)
    if cache and log and not log.is_late:
        cache.keep_whole(key, log)
    return log


def _key(root: Path, commit: str) -> bytes:
    content = f"log {VERSION} {COMMITS_MAX}\n{root.resolve()}\n{commit}"
    return blake2b(content.encode("utf-8", "surrogatepass"), digest_size=16).digest()


_NEWEST = _Newest()
forget_history = _NEWEST.forget


def begin_history(root: Path, *, cache: FactsCache | None = None) -> None:
    """Start reading the history of `root` beside what this process does meanwhile."""
    _NEWEST.reading(root, cache or open_facts_cache())


def read_history(root: Path, *, cache: FactsCache | None = None) -> Log | None:
    """Return the newest `COMMITS_MAX` commits that touch `root`; None outside of git.

    The answer depends on the repository alone and never on how fast git is.

    Raises:
        Unavailable: git refuses to read them.
        AttemptFailed: `history.too_slow`.
    """
    log = _NEWEST.reading(root, cache or open_facts_cache()).result()
    if log is not None and log.is_late:
        raise AttemptFailed(
            "history.too_slow",
            f"git could not read the history of {root.name!r} within {LOG_SECONDS_MAX:g} seconds.",
            hint="Run `git gc` there, or try again when the machine has less to do.",
        )
    return log


def read_past(tree: Tree, *, cache: FactsCache | None = None) -> list[PastChange]:
    """Return the commits of a repository without its merges, newest first; none without git.

    Raises:
        AttemptFailed: `history.too_slow`.
    """
    if not (tree.is_git and tree.commit):
        return []
    try:
        log = read_history(tree.root, cache=cache)
    except Unavailable:
        return []
    return list(as_past(log.commits)) if log else []
