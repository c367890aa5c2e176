"""Finds out by which means this machine can confine programs."""

import shutil
import sys
from collections.abc import Mapping
from functools import cache

from missioncontrol.confinement import landlock, seccomp
from missioncontrol.ports.confinement import Confinement

SWITCH = "MISSION_CONFINEMENT"
"""An operator sets it to `off` for an engine; steps can't, for it is read once, at start."""


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
