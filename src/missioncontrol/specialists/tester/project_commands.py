"""What a project says about its tests and its other commands."""

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import msgspec

from missioncontrol.specialists.tester.partial_commands import Offer, offers

if TYPE_CHECKING:
    from missioncontrol.specialists.manifests import Dependency
    from missioncontrol.specialists.tree import Tree


class Declared(msgspec.Struct, frozen=True):
    """What the project says about its tests."""

    commands: tuple[tuple[tuple[str, ...], str], ...]  # argv and source
    needed: tuple[str, ...]  # names of declared Python distributions
    offers: tuple[Offer, ...]  # what there is besides tests


def declared(tree: "Tree") -> Declared:
    """Read it from the manifests."""
    from missioncontrol.specialists.manifests import read_manifests

    stack = read_manifests(tree)
    commands = [(tuple(each.argv), each.source) for each in stack.test_commands]
    needed = {
        each.name
        for each in stack.dependencies
        if each.ecosystem == "python" and _is_for_tests(each)
    }
    return Declared(tuple(commands), tuple(sorted(needed)), tuple(offers(stack, tree)))


def _is_for_tests(dependency: "Dependency") -> bool:
    """Whether the project itself or its tests need it; examples and tools for release do not."""
    above = PurePosixPath(dependency.manifest).parts[:-1]
    if not {"requirements", "test", "tests"}.issuperset(above):
        return False
    return (dependency.group == "runtime" and not dependency.optional) or "test" in dependency.group
