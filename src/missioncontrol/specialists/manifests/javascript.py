"""Reads package.json: dependencies, scripts, entry points and how the tests are run."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from missioncontrol.specialists.manifests.lines import line_of
from missioncontrol.specialists.manifests.stack import (
    Dependency,
    EntryPoint,
    ManifestStatement,
    Package,
    Runtime,
    TestCommand,
    Unreadable,
    Who,
)

if TYPE_CHECKING:
    from missioncontrol.specialists.tree import Tree

GROUPS = {
    "dependencies": "runtime",
    "peerDependencies": "peer",
    "optionalDependencies": "optional",
    "devDependencies": "dev",
}
WHO: dict[str, Who] = {
    "runtime": "user",
    "peer": "user",
    "optional": "extra",
    "dev": "developer",
}
EXACT = re.compile(r"=?v?\d+\.\d+\.\d+(?:[-+][\w.+-]+)?")
LOCKS = {"pnpm-lock.yaml": "pnpm", "yarn.lock": "yarn", "bun.lock": "bun", "bun.lockb": "bun"}
NO_TESTS = "no test specified"  # what `npm init` writes
PRINTS_ONLY = re.compile(r"\s*(?:echo\b[^&|;]*|true|exit 0|:)\s*")


def read_package_json(tree: "Tree", path: str, text: str) -> Iterator[ManifestStatement]:
    """Yield what a package.json says."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        yield Unreadable(path, f"it is not valid JSON: {error}")
        return
    if not isinstance(data, dict):
        yield Unreadable(path, "it holds no JSON object")
        return
    yield from _package(path, text, data)
    yield from _dependencies(path, text, data)
    yield from _entry_points(path, text, data)
    yield from _tests(tree, path, text, data)


def _package(path: str, text: str, data: Mapping[str, Any]) -> Iterator[ManifestStatement]:
    if isinstance(data.get("name"), str):
        licence = data.get("license")
        if isinstance(licence, dict):
            licence = licence.get("type")
        yield Package(
            data["name"],
            "javascript",
            path,
            line_of(text, _key("name")),
            _word(data.get("version")),
            "",
            _word(data.get("description")),
            _word(licence),
            line_of(text, _key("license")) if licence else 0,
        )
    engines = data.get("engines")
    if isinstance(engines, dict) and isinstance(engines.get("node"), str):
        yield Runtime(
            "Node.js", engines["node"], path, line_of(text, _key("engines"), _key("node"))
        )


def _dependencies(path: str, text: str, data: Mapping[str, Any]) -> Iterator[ManifestStatement]:
    for key, group in GROUPS.items():
        listed = data.get(key)
        for name, version in listed.items() if isinstance(listed, dict) else ():
            if isinstance(version, str):
                line = line_of(text, _key(key), _key(name))
                pinned = bool(EXACT.fullmatch(version))
                yield Dependency(name, version, group, path, line, pinned, "javascript", WHO[group])


def _entry_points(path: str, text: str, data: Mapping[str, Any]) -> Iterator[ManifestStatement]:
    commands = data.get("bin")
    if isinstance(commands, str):
        commands = {_word(data.get("name")) or "bin": commands}
    for name, target in commands.items() if isinstance(commands, dict) else ():
        line = line_of(text, _key("bin"), _key(name))
        yield EntryPoint(name, _word(target), "command", path, line)
    for key in ("main", "module"):
        if isinstance(data.get(key), str):
            yield EntryPoint(key, data[key], "main", path, line_of(text, _key(key)))
    scripts = data.get("scripts")
    for name, command in scripts.items() if isinstance(scripts, dict) else ():
        if isinstance(command, str):
            line = line_of(text, _key("scripts"), _key(name))
            yield EntryPoint(name, command, "script", path, line)


def _tests(
    tree: "Tree", path: str, text: str, data: Mapping[str, Any]
) -> Iterator[ManifestStatement]:
    scripts = data.get("scripts")
    command = scripts.get("test") if isinstance(scripts, dict) else None
    if not isinstance(command, str) or NO_TESTS in command or PRINTS_ONLY.fullmatch(command):
        return
    runner = _runner(tree, path, data)
    line = line_of(text, _key("scripts"), _key("test"))
    folder = str(PurePosixPath(path).parent)
    where = () if folder == "." else ("--prefix", folder)
    argv = (runner, *where, "test") if runner == "npm" else (runner, "run", "test")
    if folder == "." or runner == "npm":
        yield TestCommand(argv, runner, path, line, command)


def _runner(tree: "Tree", path: str, data: Mapping[str, Any]) -> str:
    named = _word(data.get("packageManager")).partition("@")[0]
    if named in {"npm", "pnpm", "yarn", "bun"}:
        return named
    base = PurePosixPath(path).parent
    return next((tool for lock, tool in LOCKS.items() if tree.file(str(base / lock))), "npm")


def _key(name: str) -> str:
    return f'"{re.escape(name)}"\\s*:'


def _word(value: Any) -> str:
    return value if isinstance(value, str) else ""
