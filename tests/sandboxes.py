"""Sandboxes for tests that start programs without an engine."""

from collections.abc import Iterable
from pathlib import Path

from missioncontrol.confinement import HiddenDirectories, available_confinement
from missioncontrol.ports.confinement import Rules


class OpenBelow(HiddenDirectories):
    """Confines as an engine does, and allows programs to write in the directory of a test."""

    def __init__(self, root: Path, hidden: Iterable[Path] = ()) -> None:
        super().__init__(available_confinement({}), hidden)
        self._root = root

    def rules(
        self,
        *,
        own: Iterable[str | Path] = (),
        reads: Iterable[str | Path] = (),
        writes: Iterable[str | Path] = (),
        ports: Iterable[int] | None = None,
        unix_sockets: bool = False,
    ) -> Rules:
        return super().rules(
            own=own,
            reads=reads,
            writes=(*writes, self._root),
            ports=ports,
            unix_sockets=unix_sockets,
        )
