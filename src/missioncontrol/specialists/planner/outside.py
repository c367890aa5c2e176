"""Outside systems and dependencies that an ask names, and how the project declares them."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import msgspec

from missioncontrol.specialists.planner.ask import Ask
from missioncontrol.specialists.planner.ground import Ground, main_manifest
from missioncontrol.specialists.planner.playbook import listed, phrase_table
from missioncontrol.specialists.planner.source import ASIDE

if TYPE_CHECKING:
    from missioncontrol.specialists.manifests import Dependency


class Technology(msgspec.Struct, frozen=True):
    """An outside system that the goal names."""

    key: str
    label: str
    kind: str
    packages: Mapping[str, tuple[str, ...]]
    is_embedded: bool = False  # it is a library and a file: there is no server to reach


@cache
def technologies() -> tuple[Technology, ...]:
    """Return the outside systems that we know by name."""
    return tuple(
        Technology(
            key,
            entry["label"],
            entry["kind"],
            {name: tuple(entry.get(name, ())) for name in ("python", "javascript")},
            entry.get("embedded", False),
        )
        for key, entry in phrase_table("technologies.toml").items()
    )


def named_technologies(text: str) -> list[Technology]:
    """Return the outside systems that `text` names, in the order of our list."""
    data = phrase_table("technologies.toml")
    return [
        each
        for each in technologies()
        if any(
            re.search(rf"(?i)(?<![\w-]){re.escape(word)}(?![\w-])", text)
            for word in data[each.key].get("words", [each.key])
        )
    ]


def outside_facts(ground: Ground, ask: Ask) -> dict[str, str | None]:
    """Return what is known of the outside system and of the dependency that an ask names."""
    return _technology_facts(ground, ask) | _dependency_facts(ground, ask)


def _technology_facts(ground: Ground, ask: Ask) -> dict[str, str | None]:
    named = named_technologies(ask.text)
    if not named:
        return {}
    tech = named[0]
    if tech.is_embedded and _is_at_home(ground, tech):
        return {}  # Nothing is brought in: the code works with it already.
    facts: dict[str, str | None] = {"tech": tech.label, f"tech_{tech.kind}": tech.label}
    if tech.is_embedded:
        facts["tech_file"] = tech.label
    elif tech.kind in {"store", "service"}:
        facts["tech_network"] = tech.label
    stack = ground.stack
    if stack is None or not stack.packages:
        return facts
    packages = tech.packages.get(stack.packages[0].ecosystem, ())
    declared = [d for d in stack.dependencies if d.name.lower() in packages]
    product = [d for d in declared if d.manifest == main_manifest(stack)]
    if product:
        facts["tech_declared"] = f"`{product[0].name}{product[0].requirement}`"
        facts["tech_declared_place"] = f"`{product[0].manifest}:{product[0].line}`"
    elif packages:
        facts["tech_package"] = f"`{packages[0]}`"
    return facts


def _is_at_home(ground: Ground, tech: Technology) -> bool:
    """Whether the product's own code speaks of a technology."""
    if ground.sources is None:
        return False
    word = re.compile(rf"(?i){re.escape(tech.key)}")
    return any(
        not ASIDE.match(file.path) and word.search(ground.sources.tree.text(file.path) or "")
        for file in ground.sources.of_kind("code")
    )


def _dependency_facts(ground: Ground, ask: Ask) -> dict[str, str | None]:
    """Return what is declared about the first dependency that the ask names."""
    stack = ground.stack
    for dependency in stack.dependencies if stack else ():
        if dependency.name == ground.name or not _names(ask.text, dependency.name):
            continue
        users = _users(ground, dependency)
        return {
            "dependency": f"`{dependency.name}`",
            "dependency_requirement": f"`{dependency.requirement}`"
            if dependency.requirement
            else None,
            "dependency_free": "any version" if not dependency.requirement else None,
            "dependency_place": f"`{dependency.manifest}:{dependency.line}`",
            "dependency_inside": "yes" if _is_of_developers(ground, dependency.name) else None,
            "dependency_pinned": "pinned" if dependency.pinned else None,
            "users": listed([f"`{path}`" for path in users[:4]]) or None,
            "users_count": str(len(users)) if len(users) > 4 else None,
            "target": target_of(ask.text),
            "dependency_reached": _reached(dependency, target_of(ask.text)),
            "dependency_moves": None
            if _reached(dependency, target_of(ask.text))
            else f"`{dependency.name}`",
        }
    return {}


def _is_of_developers(ground: Ground, name: str) -> bool:
    """Whether only those who work on the project get a dependency: no user of it will miss it."""
    declared = ground.stack.dependencies if ground.stack else ()
    return all(each.who == "developer" for each in declared if each.name == name)


def dependency_files(ground: Ground, text: str) -> list[tuple[str, str]]:
    """Return the manifest and the users of the first dependency that a text names, with why.

    Where several packages of a repository declare such, the one whose folder the goal names is
    meant.
    """
    stack = ground.stack
    named = [
        each
        for each in (stack.dependencies if stack else ())
        if each.name != ground.name and _names(text, each.name)
    ]
    if not named:
        return []
    meant = (each for each in named if _names_folder(ground.goal.text, each.manifest))
    best = next(meant, named[0])
    declared = best.manifest, f"declares `{best.name}{best.requirement}` at line {best.line}"
    return [declared, *((path, f"imports `{best.name}`") for path in _users(ground, best))]


def _names_folder(text: str, manifest: str) -> bool:
    folder = PurePosixPath(manifest).parent.name
    return folder != "" and _names(text, folder)


def _reached(dependency: "Dependency", target: str | None) -> str | None:
    """Return what is declared where it allows nothing older than the version that is wanted."""
    floor = re.search(r"(?:>=|==|~=|\^)\s*v?(\d[\w.]*)", dependency.requirement)
    if floor is None or not target:
        return None
    at_least = [int(part) for part in re.findall(r"\d+", floor[1])]
    wanted = [int(part) for part in re.findall(r"\d+", target)]
    return f"`{dependency.requirement}`" if at_least >= wanted else None


def _names(text: str, name: str) -> bool:
    return (
        len(name) > 1 and re.search(rf"(?i)(?<![\w-]){re.escape(name)}(?![\w-])", text) is not None
    )


def _users(ground: Ground, dependency: "Dependency") -> list[str]:
    assert ground.sources is not None
    module = re.escape(dependency.name.replace("-", "_"))
    wanted = re.compile(
        rf"(?mi)^\s*(?:from|import)\s+{module}\b"
        rf"|\b(?:import_module|__import__)\(\s*['\"]{module}['\".]|(?:require\(|from\s+|import\s+)['\"]{re.escape(dependency.name)}['\"/]"
        rf"|^\s*(?:import\s+)?(?:[\w.]+\s+)?\"{re.escape(dependency.name)}(?:/[\w./-]+)?\"\s*$"
    )
    return [
        file.path
        for file in ground.sources.of_kind("code")
        if not ASIDE.match(file.path) and wanted.search(ground.sources.tree.text(file.path) or "")
    ]


def target_of(text: str) -> str | None:
    """Return the version that a text wants to move to."""
    match = re.search(r"(?i)\b(?:to|>=|version)\s*v?(\d[\w.]*)", text)
    return match[1] if match else None
