"""What a project says of itself in its manifests: names, dependencies, commands, licences, CI."""

from missioncontrol.specialists.manifests.manifest_reader import read_manifests
from missioncontrol.specialists.manifests.stack import (
    CiFile,
    Dependency,
    EntryPoint,
    Package,
    Recognised,
    Runtime,
    Stack,
    TestCommand,
    Unreadable,
)

__all__ = [
    "CiFile",
    "Dependency",
    "EntryPoint",
    "Package",
    "Recognised",
    "Runtime",
    "Stack",
    "TestCommand",
    "Unreadable",
    "read_manifests",
]
