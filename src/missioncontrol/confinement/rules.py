"""The rules for programs that are kept out of a data directory."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from missioncontrol.confinement.detection import available_confinement
from missioncontrol.confinement.paths import is_within
from missioncontrol.ports.confinement import Confinement, Rules

UNCONFINED = Rules("none")
"""For programs of our own that carry out no step."""


class HiddenDirectories:
    """A `Sandbox` that keeps programs out of some directories and files."""

    def __init__(
        self, confinement: Confinement, hidden: Iterable[Path], shown: Iterable[Path] = ()
    ) -> None:
        """`hidden` holds what no step may reach unless it is handed a part of it.

        `shown` are directories in it of which steps may name parts as what they write.
        """
        self._means = confinement.means
        self._hidden = tuple(sorted(_real(hidden)))
        self._shown = _real(shown)

    def rules(
        self,
        *,
        own: Iterable[str | Path] = (),
        reads: Iterable[str | Path] = (),
        writes: Iterable[str | Path] = (),
        ports: Iterable[int] | None = None,
        unix_sockets: bool = False,
    ) -> Rules:
        """See `Sandbox.rules`."""
        named = _real(writes)
        shown = tuple(path for path in named if any(is_within(path, at) for at in self._shown))
        return Rules(
            self._means,
            self._hidden,
            (*_real(own), *shown),
            _real(reads),
            named,
            None if ports is None else tuple(sorted(set(ports))),
            unix_sockets,
        )


def within(environment: Mapping[str, str]) -> HiddenDirectories:
    """Return a sandbox for a program that is confined itself, and starts others.

    What is hidden from it stays so for them; it can't even list what lies beside that.
    """
    return HiddenDirectories(available_confinement(environment), ())


def _real(paths: Iterable[str | Path]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(os.path.realpath(path) for path in paths))


UNCONFINING = HiddenDirectories(Confinement("none"), ())
"""For agents that start no program of anybody else."""
