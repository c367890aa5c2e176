"""Commands that run some test files of JavaScript, as the project's own scripts run them."""

import json
import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from missioncontrol.specialists.tree import Tree

RUNNERS = ("vitest", "jest", "mocha", "ava", "tap", "borp")
"""Packages that run tests, each by a program of its own name."""
SUBCOMMANDS = {"vitest": ("run",)}
"""Without it, vitest waits for changes on a terminal."""
BY_NAME = {"vitest": "-t", "jest": "-t", "mocha": "-g", "ava": "--match"}
"""The option that runs the tests of a name alone."""
NODE_BY_NAME = "--test-name-pattern"
LOADED = frozenset(
    {"-r", "--require", "--import", "--loader", "--config", "-c", "--project", "--env"}
)
"""Options that tests cannot do without, each with a value: what is loaded before them."""


def javascript(files: Sequence[str], tree: "Tree", name: str = "") -> Iterator[tuple[str, ...]]:
    """Yield how the nearest package.json that names a runner runs `files`, or one test of them."""
    for parent in PurePosixPath(files[0]).parents:
        manifest = _manifest(tree, str(parent / "package.json"))
        runner = _runner(manifest)
        if not runner:
            continue
        if runner == "node":
            chosen: tuple[str, ...] = (f"{NODE_BY_NAME}={name}",) if name else ()
            yield ("node", *_loaded(manifest, "node"), "--test", *chosen, *files)
            return
        chosen = (BY_NAME[runner], name) if name and runner in BY_NAME else ()
        own = (*SUBCOMMANDS.get(runner, ()), *_loaded(manifest, runner), *chosen)
        yield _in_place(str(parent), ("npx", "--no-install", runner, *own), files)
        return


def fitting(files: Sequence[str], tree: "Tree") -> tuple[str, ...]:
    """Return those of `files` that the script of their runner takes; all where it takes none.

    One file that is another runner's, such as a test for browsers, keeps the rest from running.
    """
    for parent in PurePosixPath(files[0]).parents:
        manifest = _manifest(tree, str(parent / "package.json"))
        if runner := _runner(manifest):
            below = "" if str(parent) == "." else f"{parent}/"
            accepted = [below + each for each in _runner_directories(manifest, runner)]
            chosen = [path for path in files if path.startswith(tuple(accepted))]
            return tuple(chosen or files)
    return tuple(files)


def _runner_directories(manifest: dict[str, Any], runner: str) -> list[str]:
    """Return the directories that the scripts give to the runner, up to the first wildcard."""
    found: list[str] = []
    for script in _scripts(manifest):
        if _has_call(script, runner):
            words = _words(re.split(_called(runner), script, maxsplit=1)[1])
            places = (word.removeprefix("./") for word in words if "/" in word)
            found += [
                re.split(r"[*?{\[]", each, maxsplit=1)[0] for each in places if each[0] != "-"
            ]
    return found


def _in_place(directory: str, run: Sequence[str], files: Sequence[str]) -> tuple[str, ...]:
    """Run where the manifest lies: its settings count, and pnpm puts a runner there alone."""
    if directory == ".":
        return (*run, *files)
    inside = [str(PurePosixPath(path).relative_to(directory)) for path in files]
    return ("sh", "-c", f"cd {shlex.quote(directory)} && {shlex.join([*run, *inside])}")


def _runner(manifest: dict[str, Any]) -> str:
    """Return the runner that the scripts start, else the one that is installed."""
    for script in _scripts(manifest):
        if found := [name for name in RUNNERS if _has_call(script, name)]:
            return found[0]
        if re.search(r"\bnode\b.*--test\b", script):
            return "node"
    return next((name for name in RUNNERS if name in _needed(manifest)), "")


def _called(name: str) -> str:
    """Return the pattern of a program's name that is no part of a path or of another word."""
    return rf"(?<![\w/@.:-]){re.escape(name)}(?![\w/.:-])"


def _has_call(script: str, name: str) -> bool:
    return re.search(_called(name), script) is not None


def _loaded(manifest: dict[str, Any], runner: str) -> list[str]:
    """Return what the first script that starts the runner has it load before the tests."""
    for script in _scripts(manifest):
        if not _has_call(script, runner):
            continue
        words = _words(re.split(_called(runner), script, maxsplit=1)[1])
        found: list[str] = []
        for word, value in zip(words, [*words, ""][1:], strict=True):
            option, is_joined, _ = word.partition("=")
            if option in LOADED:
                found += [word] if is_joined else [word, value] if value else []
        return found
    return []


def _words(script: str) -> list[str]:
    """Return the words of a script up to the end of its command."""
    try:
        return shlex.split(re.split(r"&&|\|\||[;|]", script, maxsplit=1)[0])
    except ValueError:
        return []


def _scripts(manifest: dict[str, Any]) -> list[str]:
    """Return the scripts, those that are called for tests first."""
    scripts = manifest.get("scripts")
    listed = scripts.items() if isinstance(scripts, dict) else ()
    found = [(name, text) for name, text in listed if isinstance(text, str)]
    return [text for name, text in sorted(found, key=lambda pair: "test" not in pair[0])]


def _needed(manifest: dict[str, Any]) -> set[str]:
    tables = (manifest.get(name) for name in ("devDependencies", "dependencies"))
    return {name for table in tables if isinstance(table, dict) for name in table}


def _manifest(tree: "Tree", path: str) -> dict[str, Any]:
    try:
        found = json.loads(tree.text(path) or "")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
