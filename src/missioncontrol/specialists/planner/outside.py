"""Outside systems and dependencies that an ask names, and how the project declares them."""

import re
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

import msgspec

from missioncontrol.specialists.planner.ask import Ask
from missioncontrol.specialists.planner.filling import listed, table
from missioncontrol.specialists.planner.ground import Ground, main_manifest
from missioncontrol.specialists.planner.source import ASIDE

if TYPE_CHECKING:
    from missioncontrol.specialists.manifests import Dependency


class Technology(msgspec.Struct, frozen=True):
    """An outside system that the goal names."""

    key: str
    label: str
    kind: str
    packages: Mapping[str, tuple[str, ...]]


@cache
def technologies() -> tuple[Technology, ...]:
    """Return the outside systems that we know by name."""
    return tuple(
        Technology(
            key,
            entry["label"],
            entry["kind"],
            {name: tuple(entry.get(name, ())) for name in ("python", "javascript")},
        )
        for key, entry in table("technologies.toml").items()
    )


def named_technologies(text: str) -> list[Technology]:
    """Return the outside systems that `text` names, in the order of our list."""
    data = table("technologies.toml")
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
    facts: dict[str, str | None] = {"tech": tech.label, f"tech_{tech.kind}": tech.label}
    if tech.kind in {"store", "service"}:
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
            "dependency_pinned": "pinned" if dependency.pinned else None,
            "users": listed([f"`{path}`" for path in users[:4]]) or None,
            "users_count": str(len(users)) if users else None,
            "target": _target(ask.text),
        }
    return {}


def _names(text: str, name: str) -> bool:
    return (
        len(name) > 1 and re.search(rf"(?i)(?<![\w-]){re.escape(name)}(?![\w-])", text) is not None
    )


def _users(ground: Ground, dependency: "Dependency") -> list[str]:
    assert ground.sources is not None
    module = re.escape(dependency.name.replace("-", "_"))
    wanted = re.compile(
        rf"(?mi)^\s*(?:from|import)\s+{module}\b|(?:require\(|from\s+|import\s+)['\"]{re.escape(dependency.name)}['\"/]"
    )
    return [
        file.path
        for file in ground.sources.of_kind("code")
        if not ASIDE.match(file.path) and wanted.search(ground.sources.tree.text(file.path) or "")
    ]


def _target(text: str) -> str | None:
    match = re.search(r"(?i)\b(?:to|>=|version)\s*v?(\d[\w.]*)", text)
    return match[1] if match else None
