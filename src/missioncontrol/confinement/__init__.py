"""Confines the programs of steps with what the operating system offers."""

from missioncontrol.confinement.detection import available_confinement
from missioncontrol.confinement.rules import UNCONFINED, UNCONFINING, HiddenDirectories, within
from missioncontrol.confinement.starting import start

__all__ = [
    "UNCONFINED",
    "UNCONFINING",
    "HiddenDirectories",
    "available_confinement",
    "start",
    "within",
]
