"""How a project records a change for its users: a change log, fragments of one, and its rule."""

import re
import tomllib
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from missioncontrol.specialists.tree import Tree

_FOLDERS = re.compile(
    r"(?i)^(?P<folder>(?:[\w.-]+/){0,2}?(?:newsfragments|news\.d|changelog\.d|changelogs?(?:/unreleased)?"
    r"|changes|\.changes|\.changeset))/[^/]+\.(?:rst|md|txt|ya?ml|toml)$"
)
_TYPED = re.compile(
    r"(?i)(?:^|[._/-])(?:fix|bug|bugfix|new|feature|feat|change|removal|doc|docs|misc|added|breaking"
    r"|deprecation|enhancement|security|internal|contrib)(?=[._-])"
)
"""Names of fragments say the type of the change: `3850.bugfix.rst`, `fix_a_flaky_spec.md`."""
_TYPES = {"bug-fix": "bugfix", "feature": "feature", "documentation": "doc", "removal": "removal"}
"""The types of towncrier, by kind of work."""
_GUIDE = re.compile(
    r"(?i)^(?:\.github/|docs?/)?(?:contributing|pull_request_template|agents|claude|development)\.\w+$"
)
_REQUIRES = re.compile(
    r"(?i)\b(?:add|adds|adding|update|include|write|create|put|mention|needs?|requires?|include)\b[^.\n]{0,60}"
    r"\b(?:change ?log|changes\.\w+|history\.\w+|news\.\w+|release notes?)\b"
)
_REFUSES = re.compile(
    r"(?i)\b(?:no need|not necessary|do not|don['\u2019]t|not needed|never|without)\b[^.\n]{0,60}"
    r"\b(?:change ?log|changes\.\w+|history\.\w+|news\.\w+|release notes?)\b"
)


class LogRule(msgspec.Struct, frozen=True):
    """What the project's guide says about entries: where it stands, and whether it asks for one."""

    place: str  # path and line
    asks: bool


def log_rule(tree: "Tree") -> LogRule | None:
    """Return what the guide for contributors says first about entries in the change log."""
    guides = sorted(file.path for file in tree.files if _GUIDE.search(file.path))
    for path in guides:
        for number, line in enumerate((tree.text(path) or "").split("\n"), 1):
            if _REFUSES.search(line):
                return LogRule(f"{path}:{number}", asks=False)
            if _REQUIRES.search(line):
                return LogRule(f"{path}:{number}", asks=True)
    return None


def fragments(tree: "Tree", kind: str) -> tuple[str, str] | None:
    """Return the folder in which each change leaves a file of its own, and how that is named.

    The name is that of the newest fragment there, or what towncrier wants; it may be empty.
    """
    folder = _of_towncrier(tree)
    if folder:
        return f"{folder}/", f"NUMBER.{_TYPES.get(kind, 'misc')}.{_ending(tree, folder)}"
    found: dict[str, list[str]] = {}
    for file in tree.files:
        if match := _FOLDERS.match(file.path):
            found.setdefault(match["folder"], []).append(file.path)
    for folder, paths in sorted(found.items()):
        names = [PurePosixPath(path).name for path in paths]
        typed = sorted(name for name in names if _TYPED.search(name))
        if folder.endswith(".changeset"):
            return f"{folder}/", ""
        if len(typed) * 2 >= len(names) and typed:
            return f"{folder}/", _alike(typed, kind)
    return None


def _of_towncrier(tree: "Tree") -> str:
    for path in ("towncrier.toml", "pyproject.toml"):
        text = tree.text(path) or ""
        if "towncrier" not in text:
            continue
        try:
            data = tomllib.loads(text)
        except tomllib.TOMLDecodeError:
            continue
        settings = data.get("tool", {}).get("towncrier", {})
        folder = settings.get("directory", "")
        if isinstance(folder, str) and folder.strip("/"):
            return folder.strip("/")
    return ""


def _ending(tree: "Tree", folder: str) -> str:
    ends = [file.path for file in tree.files if file.path.startswith(f"{folder}/")]
    return "md" if any(path.endswith(".md") for path in ends) else "rst"


def _alike(names: list[str], kind: str) -> str:
    """Return a name of the kind of the change, else the first one."""
    wanted = {"bug-fix": r"(?i)fix", "feature": r"(?i)new|feat|add"}.get(kind, r"(?i)change|misc")
    return next((name for name in names if re.search(wanted, name)), names[0])
