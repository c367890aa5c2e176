"""Confines the programs of steps with the means of the operating system."""

from missioncontrol.confinement.launch import start
from missioncontrol.confinement.sandbox import (
    UNCONFINED,
    UNCONFINING,
    HiddenDirectories,
    available_confinement,
    within,
)

__all__ = [
    "UNCONFINED",
    "UNCONFINING",
    "HiddenDirectories",
    "available_confinement",
    "start",
    "within",
]
