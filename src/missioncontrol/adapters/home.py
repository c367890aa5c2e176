"""The data directory: what lies where, and which process holds it."""

import fcntl
import os
import secrets
import shlex
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from missioncontrol.adapters.private_files import tighten
from missioncontrol.adapters.processes import start_time
from missioncontrol.domain.errors import Unavailable

TURN_LOOK_SECONDS = 0.01
EVALUATIONS = "evaluations"
PRIVATE = ("*.db", "*.db-*", "*.toml", "*.pem", "*.json", "*.jsonl", "analytics/*.duckdb*")


class Holder(msgspec.Struct, frozen=True):
    """The process that holds a home, and how to reach it on this machine."""

    pid: int
    started: float
    command: str
    socket: str = ""  # its path; empty while it cannot be reached yet
    token: str = ""
    run: str = ""  # the one that it works on, where it works on one
    console: str = ""  # where its console answers, once it does

    def may_work_on(self, run: str) -> bool:
        """Whether `run` may be at work there; a program that embeds the engine does not say."""
        return self.run in ("", run)


class Home:
    """A directory of Mission Control's own."""

    def __init__(self, root: Path) -> None:
        """Use `root`; nothing is written before `make`."""
        self.root = root
        self.log = root / "log.db"
        self.rows = root / "rows.db"
        self.output = root / "output.db"
        self.search = root / "search.db"
        self.measures = root / "measures.db"
        self.facts_cache = root / "kept-facts" / "facts.db"  # what specialists read of repositories
        self.memory = root / "memory.db"
        self.analytics = root / "analytics"  # events of products
        self.artifacts = root / "artifacts"
        self.scratch = root / "scratch"
        self.heads = root / "heads.jsonl"
        self.heads_sent = root / "heads-sent.json"
        self.key = root / "signing-key.pem"
        self.reports = root / "reports"
        self.agents = root / "agents.toml"
        self.workers = root / "workers.toml"  # digests of their tokens
        self.gateway = root / "gateway.toml"
        self.calls = root / "calls.db"
        self.sessions = root / "agent-sessions.db"  # what sessions that people started do now
        self.evaluations = root / EVALUATIONS  # where trials work
        self.environments = root / "environments"  # that tests of repositories run in
        self._lock = root / "engine.lock"
        self._turn = root / "engine.turn"
        self._holder = root / "engine.json"
        self._handle: int | None = None

    @property
    def exists(self) -> bool:
        """Whether anything was ever recorded here."""
        return self.log.exists() and self.log.stat().st_size > 0

    def make(self) -> None:
        """Make the directory, for its owner alone.

        Raises:
            Unavailable: `home.unusable`.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
            folders = (self.artifacts, self.scratch, self.reports, self.environments)
            for folder in (*folders, self.facts_cache.parent):
                folder.mkdir(exist_ok=True, mode=0o700)
            self._tighten()
            for file in (self.log, self.rows, self.output):
                # The directory may be open to others, so each file is its owner's from the start.
                # One that is there stays shut: to close it would drop the locks that SQLite holds
                # on it for an engine of this process, and a reader would take its log away.
                with suppress(FileExistsError):
                    os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        except OSError as error:
            raise self._unusable(error) from None

    def _tighten(self) -> None:
        """Take from others what an earlier release, or a backup that was put back, gave them."""
        for folder in (self.root, self.artifacts, self.scratch, self.reports, self.analytics):
            tighten(folder, 0o700)
        for pattern in PRIVATE:
            for path in self.root.glob(pattern):
                tighten(path, 0o600)

    def hold(self) -> None:
        """Take this home for the one engine that may write it.

        The lock is the operating system's: it ends with the process, however that ends.

        Raises:
            Unavailable: `home.held`, naming the process that holds it, or `home.unusable`.
        """
        self.make()
        try:
            handle = os.open(self._lock, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise self._unusable(error) from None
        if not _locked(handle):
            os.close(handle)
            raise self._held()
        self._handle = handle
        try:
            self.announce(socket="", token="")
        except OSError as error:
            self.release()
            raise self._unusable(error) from None

    @contextmanager
    def turn(self, seconds_max: float) -> Iterator[None]:
        """Wait for the commands before that hold this home for a moment, each for one change.

        An engine takes no turn. Without turns they would only find each other in possession, and
        look again and again.

        Raises:
            Unavailable: `home.held` after `seconds_max`, naming the process, or `home.unusable`.
        """
        self.make()
        try:
            handle = os.open(self._turn, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise self._unusable(error) from None
        try:
            end = time.monotonic() + seconds_max
            while not _try_lock(handle):
                if time.monotonic() > end:
                    raise self._held()
                time.sleep(TURN_LOOK_SECONDS)
            yield
        finally:
            os.close(handle)

    def sweep(self) -> None:
        """Remove what processes that are gone have left half done. Only for who holds the home."""
        for left in self.scratch.iterdir():
            shutil.rmtree(left, ignore_errors=True)
        drafts = [*self.root.glob("engine.????????"), *self.artifacts.glob("*/.draft-*")]
        for draft in drafts:
            draft.unlink(missing_ok=True)

    def announce(self, *, socket: str, token: str, run: str = "") -> None:
        """Write down who holds this home, where it listens, and what it works on."""
        started = start_time(os.getpid()) or 0.0
        self._write(Holder(os.getpid(), started, _command(), socket, token, run))

    def announce_console(self, url: str) -> None:
        """Write down where the console answers; who holds this home is announced already."""
        holder = msgspec.json.decode(self._holder.read_bytes(), type=Holder)
        self._write(msgspec.structs.replace(holder, console=url))

    def _write(self, holder: Holder) -> None:
        draft = self._holder.with_suffix(f".{secrets.token_hex(4)}")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(msgspec.json.encode(holder))
        draft.replace(self._holder)

    def holder(self) -> Holder | None:
        """Return the holder of this home, if there is one."""
        try:
            handle = os.open(self._lock, os.O_RDWR)
        except OSError:
            return None  # No other process could have locked it either.
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            with suppress(OSError, msgspec.DecodeError):
                return msgspec.json.decode(self._holder.read_bytes(), type=Holder)
            return Holder(0, 0.0, "a process that has just started")
        else:
            return None
        finally:
            os.close(handle)

    def _unusable(self, error: OSError) -> Unavailable:
        return Unavailable(
            "home.unusable",
            f"The home {str(self.root)!r} can't be used: {error.strerror}.",
            hint="Name another directory with --home or MISSION_HOME.",
        )

    def _held(self) -> Unavailable:
        holder = self.holder()
        for _ in range(10):
            if holder is None or holder.pid:
                break
            time.sleep(0.02)  # It has the lock and is about to say who it is.
            holder = self.holder()
        who = f"process {holder.pid} ({holder.command})" if holder else "another process"
        return Unavailable(
            "home.held",
            f"The home {str(self.root)!r} is held by {who}.",
            hint="Wait for it to end, or use another home with --home.",
        )

    def release(self) -> None:
        """Release the home."""
        if self._handle is not None:
            self._holder.unlink(missing_ok=True)
            os.close(self._handle)
            self._handle = None


def _command() -> str:
    """Return this process's command line as a person would type it, in characters that fit."""
    name = Path(sys.argv[0]).name
    words = ["mission" if name == "__main__.py" else name, *sys.argv[1:]]
    return shlex.join(words).encode("utf-8", "replace").decode()[:200]


def _locked(handle: int) -> bool:
    """Take the lock; who only looks holds it for an instant, so one refusal is no answer."""
    for _ in range(5):
        if _try_lock(handle):
            return True
        time.sleep(0.02)
    return False


def _try_lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
