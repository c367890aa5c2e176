"""Which files belong to which package: a directory with a manifest, without packages below it."""

from collections import defaultdict
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import msgspec

from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.specialists.manifests import Package
from missioncontrol.specialists.manifests.stack import is_aside

if TYPE_CHECKING:
    from missioncontrol.specialists.manifests import Stack
    from missioncontrol.specialists.tree import Tree

TOP = "."
NAMED_MAX = 12


def package_paths(tree: "Tree", stack: "Stack") -> list[str]:
    """Return the directories of the packages; `.` is also what lies in none of the others.

    Together they hold every file once. Packages of examples, documents and tests are no packages
    of their own.
    """
    paths = {path_of(package) for package in own_packages(stack)}
    directories = {file.path.rpartition("/")[0] for file in tree.files}
    if any(owner(f"{directory}/_".lstrip("/"), paths) is None for directory in directories):
        paths.add(TOP)
    return sorted(paths, key=lambda path: (path != TOP, path))


def own_packages(stack: "Stack") -> list[Package]:
    """Return what the repository itself builds or publishes."""
    return [package for package in stack.packages if not is_aside(package.manifest)]


def path_of(package: Package) -> str:
    """Return the directory of `package`, `.` for the top."""
    return str(PurePosixPath(package.manifest).parent)


def owner(path: str, packages: Iterable[str]) -> str | None:
    """Return the deepest of `packages` that holds the file at `path`."""
    known = frozenset(packages)
    parents = (str(parent) for parent in PurePosixPath(path).parents)
    return next((parent for parent in parents if parent in known), None)


def chosen(asked: str, tree: "Tree", stack: "Stack") -> str:
    """Return the directory that `asked` means: a directory of the tree, or a package's name.

    Raises:
        AttemptFailed: `package.unknown` or `package.ambiguous`, naming what there is.
    """
    path = str(PurePosixPath(asked.strip()))
    if path == TOP or any(file.path.startswith(f"{path}/") for file in tree.files):
        return path
    places: dict[str, set[str]] = defaultdict(set)
    for package in own_packages(stack):
        places[package.name.lower()].add(path_of(package))
    found = sorted(places.get(asked.strip().lower(), ()))
    if len(found) == 1:
        return found[0]
    if found:
        reason = f"{len(found)} packages are called {asked!r}: {', '.join(found[:NAMED_MAX])}."
        hint = "Name the directory of one of them."
        raise AttemptFailed("package.ambiguous", reason, hint=hint, retryable=False)
    known = package_paths(tree, stack)
    more = f" and {len(known) - NAMED_MAX} more" if len(known) > NAMED_MAX else ""
    raise AttemptFailed(
        "package.unknown",
        f"The repository has no package and no directory {asked!r} with files in it.",
        hint=f"There are {', '.join(known[:NAMED_MAX])}{more}.",
        retryable=False,
    )


def part_of(tree: "Tree", path: str, stack: "Stack") -> "Tree":
    """Return `tree` with those files only that belong to the package at `path`."""
    packages = {*package_paths(tree, stack), path}
    files = tuple(file for file in tree.files if owner(file.path, packages) == path)
    left_out = tuple(each for each in tree.left_out if owner(each.path, packages) == path)
    return msgspec.structs.replace(
        tree, files=files, left_out=left_out, left_out_count=len(left_out)
    )
