"""Finds the version of a Python project that keeps it outside its manifest, without running it."""

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from missioncontrol.specialists.tree import Tree

ASSIGNED = re.compile(
    r"""^(?:__version__|VERSION|version)\s*(?::\s*[\w.\[\]]+\s*)?=\s*["']([^"'\n]+)["']""",
    re.MULTILINE,
)
STATED = re.compile(r"^Version:\s*(\S+)\s*$", re.MULTILINE)


def find_referenced_version(
    tree: "Tree", manifest: str, data: Mapping[str, Any]
) -> tuple[str, str]:
    """Return the version and `path:line` of the file that the manifest refers to, or two ""."""
    base = PurePosixPath(manifest).parent
    for path in _candidates(data):
        found = _search(tree, str(base / path), ASSIGNED)
        if found[0]:
            return found
    # A source distribution says in PKG-INFO what the build found out.
    return _search(tree, str(base / "PKG-INFO"), STATED)


def _candidates(data: Mapping[str, Any]) -> Iterator[str]:
    tool = data.get("tool")
    tool = tool if isinstance(tool, dict) else {}
    for name in ("hatch", "pdm"):
        section = tool.get(name)
        version = section.get("version") if isinstance(section, dict) else None
        if isinstance(version, dict) and isinstance(version.get("path"), str):
            yield version["path"]
    yield from _setuptools(tool.get("setuptools"))
    yield from _flit(tool.get("flit"), data.get("project"))


def _setuptools(section: Any) -> Iterator[str]:
    dynamic = section.get("dynamic") if isinstance(section, dict) else None
    version = dynamic.get("version") if isinstance(dynamic, dict) else None
    attribute = version.get("attr") if isinstance(version, dict) else None
    if isinstance(attribute, str) and "." in attribute:
        module = attribute.rsplit(".", 1)[0].replace(".", "/")
        for folder in ("", "src/"):
            yield f"{folder}{module}.py"
            yield f"{folder}{module}/__init__.py"


def _flit(section: Any, project: Any) -> Iterator[str]:
    module = section.get("module") if isinstance(section, dict) else None
    name = module.get("name") if isinstance(module, dict) else None
    if not isinstance(name, str) and isinstance(project, dict):
        name = str(project.get("name", "")).replace("-", "_")
    if isinstance(name, str) and name:
        for folder in ("", "src/"):
            yield f"{folder}{name}/__init__.py"
            yield f"{folder}{name}.py"


def _search(tree: "Tree", path: str, pattern: re.Pattern[str]) -> tuple[str, str]:
    text = tree.text(path) or ""
    match = pattern.search(text)
    if match is None:
        return "", ""
    return match[1], f"{path}:{text.count(chr(10), 0, match.start()) + 1}"
