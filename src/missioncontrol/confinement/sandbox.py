"""The sandbox of steps: the means of this machine, and the rules that hide a data directory."""

import os
import shutil
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from missioncontrol.confinement import landlock, seccomp
from missioncontrol.confinement.paths import is_within
from missioncontrol.ports.confinement import Confinement, Rules

SWITCH = "MISSION_CONFINEMENT"
"""An operator sets it to `off` for an engine. Steps can't: it is read once, at start."""


def available_confinement(environment: Mapping[str, str]) -> Confinement:
    """Return how the programs of steps are confined here."""
    if environment.get(SWITCH, "").strip().lower() == "off":
        return Confinement("none", f"{SWITCH}=off is set.")
    return _offered()


@cache
def _offered() -> Confinement:
    if sys.platform == "darwin" and shutil.which("sandbox-exec"):
        return Confinement(
            "sandbox-exec", covers_tcp=True, covers_signals=True, covers_sockets=True
        )
    abi = landlock.abi()
    if abi < landlock.ABI_MIN:
        return Confinement(
            "none",
            f"This system has no Landlock from ABI {landlock.ABI_MIN} on (Linux 6.2) and no "
            "sandbox-exec.",
        )
    missing = []
    if abi < landlock.ABI_TCP:
        missing.append("This kernel can't limit their network connections (Linux 6.7 can).")
    elif abi < landlock.ABI_SCOPES:
        missing.append("This kernel can't limit whom they send signals (Linux 6.12 can).")
    if not seccomp.is_available():
        missing.append("They can connect to Unix sockets: system calls can't be filtered here.")
    return Confinement(
        "landlock",
        " ".join(missing),
        covers_tcp=abi >= landlock.ABI_TCP,
        covers_signals=abi >= landlock.ABI_SCOPES,
        covers_sockets=seccomp.is_available(),
    )


UNCONFINED = Rules("none")
"""For our own programs that run no step."""


class HiddenDirectories:
    """A `Sandbox` that hides some directories and files from programs."""

    def __init__(
        self, confinement: Confinement, hidden: Iterable[Path], shown: Iterable[Path] = ()
    ) -> None:
        """Hide `hidden` from all steps but for the parts that a rule opens.

        Steps may name parts of `shown`, directories in `hidden`, as places that they write.
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

    The kernel passes its own rules on to them, so that none have to be repeated here.
    """
    return HiddenDirectories(available_confinement(environment), ())


def _real(paths: Iterable[str | Path]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(os.path.realpath(path) for path in paths))


UNCONFINING = HiddenDirectories(Confinement("none"), ())
"""For agents that start no program of another party."""
