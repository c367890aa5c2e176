"""The processes that the engine's measures share, started when they are first needed."""

from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from bench.harness import Worker

APPEND = "bare group-committed append"
DISK = "8 KiB appended and fdatasync"

CONTENDERS = {
    "ours": ("bench.engine.ours", "Ours"),
    "append": ("bench.engine.append", "Append"),
    "disk": ("bench.engine.append", "Disk"),
    "dbos": ("bench.engine.dbos_peer", "Dbos"),
    "langgraph": ("bench.engine.langgraph_peer", "LangGraph"),
}


class Bench:
    """Contenders by name; each keeps its files under `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stack = ExitStack()
        self._workers: dict[str, Worker] = {}
        self._started = 0

    def shared(self, name: str) -> Worker:
        """Return the process of a contender, the same each time."""
        if name not in self._workers:
            self._workers[name] = self._stack.enter_context(self.fresh(name))
        return self._workers[name]

    def fresh(self, name: str) -> Worker:
        """Return a new process of a contender; the caller closes it."""
        self._started += 1
        module, kind = CONTENDERS[name]
        return Worker(module, kind, self._folder / f"{name}-{self._started}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()
