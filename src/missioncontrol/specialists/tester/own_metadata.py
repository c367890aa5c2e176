"""What an installed project would say of itself: name, version and entry points.

Tests ask `importlib.metadata` for it, and plugins are found by it. Installing the project would
run its build code; the same words are written from its manifests instead.
"""

import configparser
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from missioncontrol.specialists.tree import Tree

UNKNOWN = "0.0.0.dev0"
"""The version of a project that takes it from its tags."""


def write_metadata(tree: "Tree", place: Path) -> bool:
    """Write a `.dist-info` of the project into `place`; False where no manifest names it."""
    from missioncontrol.specialists.manifests import read_manifests

    packages = [each for each in read_manifests(tree).packages if each.ecosystem == "python"]
    named = next((each for each in packages if "/" not in each.manifest), None)
    if named is None or not re.fullmatch(r"[A-Za-z0-9][\w.-]*", named.name):
        return False
    version = named.version if re.fullmatch(r"\d[\w.+!-]*", named.version) else UNKNOWN
    folder = place / f"{re.sub(r'[-_.]+', '_', named.name).lower()}-{version}.dist-info"
    folder.mkdir(parents=True, exist_ok=True)
    metadata = f"Metadata-Version: 2.1\nName: {named.name}\nVersion: {version}\n"
    (folder / "METADATA").write_text(metadata)
    (folder / "entry_points.txt").write_text("\n".join(_entry_points(tree)))
    return True


def _entry_points(tree: "Tree") -> Iterator[str]:
    project = _project(tree.text("pyproject.toml") or "")
    groups = {
        "console_scripts": project.get("scripts"),
        "gui_scripts": project.get("gui-scripts"),
        **(project.get("entry-points") or {}),
    }
    for name, table in groups.items():
        if isinstance(table, dict) and table:
            yield f"[{name}]"
            yield from (f"{key} = {target}" for key, target in table.items())
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(tree.text("setup.cfg") or "")
    except configparser.Error:
        return
    if parser.has_section("options.entry_points"):
        for name, text in parser["options.entry_points"].items():
            yield f"[{name}]"
            yield from (line.strip() for line in text.split("\n") if "=" in line)


def _project(text: str) -> dict[str, Any]:
    try:
        found = tomllib.loads(text).get("project")
    except (tomllib.TOMLDecodeError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
