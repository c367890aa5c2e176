"""The files of a scaffold that are the same for every product, up to a few names."""

import re
from collections.abc import Iterator, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable

from missioncontrol.specialists.scaffolding.blueprint import Blueprint
from missioncontrol.specialists.scaffolding.layout import bracketed, quoted
from missioncontrol.specialists.scaffolding.names import kebab

RUFF, HATCHLING = "0.17.5", "1.33.0"
_SLOT = re.compile(r"\{\{([A-Za-z_]+)\}\}")
_DOTTED = {name: f".{name}" for name in ("dockerignore", "env.example", "github", "gitignore")}


def words_of(plan: Blueprint) -> dict[str, str]:
    """Return what the slots of the templates stand for."""
    names = bracketed("NAMES = frozenset(", _set(plan.event_names), ")")
    return {
        "name": plan.name,
        "package": plan.package,
        "PACKAGE": plan.package.upper(),
        "command": kebab(plan.package),
        "title": plan.title,
        "events_table": plan.events_table,
        "event_names": "\n".join(names),
        "ruff": RUFF,
        "hatchling": HATCHLING,
    }


def _set(names: tuple[str, ...]) -> list[str]:
    """Return the items of a set of names as the one argument that `frozenset` takes."""
    if not names:
        return []
    flat = ", ".join(map(quoted, names))
    if len(flat) < 70:
        return [f"{{{flat}}}"]
    inner = "".join(f"\n        {quoted(each)}," for each in names)
    return [f"{{{inner}\n    }}"]


def static_files(folder: str, words: Mapping[str, str]) -> dict[str, str]:
    """Return the files of one folder of templates, with the slots filled."""
    root = files("missioncontrol.specialists.scaffolding") / "templates" / folder
    found: dict[str, str] = {}
    for path, each in _walk(root, ""):
        parts = [_DOTTED.get(part, part) for part in path.removesuffix(".tmpl").split("/")]
        parts = [words["package"] if part == "package" else part for part in parts]
        found["/".join(parts)] = _SLOT.sub(lambda m: words[m[1]], each.read_text("utf-8"))
    return found


def python_files(plan: Blueprint, folder: str, words: Mapping[str, str]) -> dict[str, str]:
    """Return the files of one folder of templates, and those that each product in Python has."""
    found = {**static_files("python_any", words), **static_files(folder, words)}
    if not plan.event_names:
        del found["tests/test_events.py"]
    return found


def _walk(folder: Traversable, prefix: str) -> Iterator[tuple[str, Traversable]]:
    for each in sorted(folder.iterdir(), key=lambda one: one.name):
        if each.is_dir():
            yield from _walk(each, f"{prefix}{each.name}/")
        elif each.name.endswith(".tmpl"):
            yield f"{prefix}{each.name}", each
