"""Reads setup.py (only its syntax), setup.cfg, requirements files, tox.ini and the noxfile."""

import ast
import configparser
import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from missioncontrol.specialists.manifests.lines import key_line, line_of, table_line
from missioncontrol.specialists.manifests.python_project import parsed_requirement
from missioncontrol.specialists.manifests.stack import (
    BESIDE,
    Dependency,
    EntryPoint,
    ManifestStatement,
    Package,
    Runtime,
    TestCommand,
    Unreadable,
    Who,
)

PYTEST = ("python", "-m", "pytest")


def read_setup_py(path: str, text: str) -> Iterator[ManifestStatement]:
    """Yield what the call of `setup()` says in plain constants; nothing is executed."""
    try:
        module = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError) as error:
        yield Unreadable(path, f"it is not valid Python: {error}")
        return
    constants = _constants(module)
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and _called(node) == "setup":
            keywords = {word.arg: word.value for word in node.keywords if word.arg}
            yield from _setup_call(path, keywords, constants)
            return


def _setup_call(
    path: str, keywords: dict[str, ast.expr], constants: dict[str, ast.expr]
) -> Iterator[ManifestStatement]:
    values = {word: _value(node, constants) for word, node in keywords.items()}
    lines = {word: node.lineno for word, node in keywords.items()}
    if isinstance(values.get("name"), str):
        yield Package(
            values["name"],
            "python",
            path,
            lines["name"],
            _word(values.get("version")),
            "",
            _word(values.get("description")),
            _word(values.get("license")),
            lines.get("license", 0),
        )
    if _word(values.get("python_requires")):
        yield Runtime("Python", values["python_requires"], path, lines["python_requires"])
    for word, group in (
        ("install_requires", "runtime"),
        ("setup_requires", "build"),
        ("tests_require", "tests"),
    ):
        for item in _strings(values.get(word)):
            yield from _dependency(item, group, path, lines[word])
    extras = values.get("extras_require")
    for extra, items in extras.items() if isinstance(extras, dict) else ():
        for item in _strings(items):
            yield from _of_extra(item, str(extra), path, lines["extras_require"])
    yield from _setup_scripts(path, values.get("entry_points"), lines.get("entry_points", 0))


def _of_extra(text: str, extra: str, path: str, line: int) -> Iterator[Dependency]:
    """Yield what stands below `name` or `name:marker`; below `:marker` everybody gets it."""
    name = extra.partition(":")[0].strip()
    if name:
        yield from _dependency(text, name, path, line, extra=True)
    else:
        yield from _dependency(text, "runtime", path, line)


def _setup_scripts(path: str, points: Any, line: int) -> Iterator[ManifestStatement]:
    listed = points.get("console_scripts") if isinstance(points, dict) else None
    for item in _strings(listed):
        name, _, target = item.partition("=")
        yield EntryPoint(name.strip(), target.strip(), "command", path, line)


def _constants(module: ast.Module) -> dict[str, ast.expr]:
    return {
        target.id: node.value
        for node in module.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _value(node: ast.expr, constants: dict[str, ast.expr]) -> Any:
    if isinstance(node, ast.Name):
        node = constants.get(node.id, node)
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None


def _called(call: ast.Call) -> str:
    if isinstance(call.func, ast.Name):
        return call.func.id
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def read_setup_cfg(path: str, text: str) -> Iterator[ManifestStatement]:
    """Yield what setup.cfg says in `[metadata]` and `[options]`, and whether pytest is set up."""
    parser = _ini(text)
    if isinstance(parser, str):
        yield Unreadable(path, parser)
        return
    name = parser.get("metadata", "name", fallback="")
    if name:
        licence = parser.get("metadata", "license", fallback="")
        version = parser.get("metadata", "version", fallback="")
        yield Package(
            name,
            "python",
            path,
            line_of(text, table_line("metadata"), key_line("name")),
            "" if version.startswith(("attr:", "file:")) else version,
            "",
            parser.get("metadata", "description", fallback=""),
            licence,
            line_of(text, table_line("metadata"), key_line("license")) if licence else 0,
        )
    needed = parser.get("options", "python_requires", fallback="")
    if needed:
        yield Runtime("Python", needed, path, line_of(text, key_line("python_requires")))
    yield from _cfg_dependencies(path, text, parser)
    for item in parser.get("options.entry_points", "console_scripts", fallback="").split("\n"):
        script, _, target = item.partition("=")
        if target:
            line = line_of(text, table_line("options.entry_points"), key_line(script.strip()))
            yield EntryPoint(script.strip(), target.strip(), "command", path, line)
    yield from _pytest_section(path, text, "tool:pytest")


def _cfg_dependencies(
    path: str, text: str, parser: configparser.RawConfigParser
) -> Iterator[Dependency]:
    places = [("options", "install_requires", "runtime"), ("options", "tests_require", "tests")]
    places += [("options", "setup_requires", "build")]
    if parser.has_section("options.extras_require"):
        places += [("options.extras_require", key, key) for key in parser["options.extras_require"]]
    for section, key, group in places:
        for item in parser.get(section, key, fallback="").split("\n"):
            line = line_of(text, table_line(section), key_line(key), re.escape(item.strip()))
            if section == "options.extras_require":
                yield from _of_extra(item.strip(), group, path, line)
            else:
                yield from _dependency(item.strip(), group, path, line)


def read_requirements(path: str, text: str) -> Iterator[ManifestStatement]:
    """Yield the requirements of a requirements file; includes and options are passed over."""
    group = _requirements_group(path)
    for number, line in enumerate(text.split("\n"), 1):
        bare = re.sub(r"(^|\s)#.*$", "", line).strip().rstrip("\\").strip()
        if not bare or bare.startswith("-"):
            continue
        requirement = re.split(r"\s+--", bare, maxsplit=1)[0]
        yield from _dependency(requirement, group, path, number)


def _requirements_group(path: str) -> str:
    pure = PurePosixPath(path)
    stem = pure.stem.lower()
    words = [
        word for word in re.split(r"[-_.]", stem) if word not in {"requirements", "requirement"}
    ]
    aside = [part for part in pure.parent.parts if part.lower() in BESIDE]
    if aside:
        return aside[0].lower()  # What builds the documents is not needed to run.
    if words in ([], ["base"], ["main"], ["prod"], ["production"]):
        return "runtime"
    return "-".join(words)


def read_ini_with_tests(path: str, text: str) -> Iterator[ManifestStatement]:
    """Yield the commands that tox.ini and pytest.ini stand for, and what tox installs."""
    parser = _ini(text)
    if isinstance(parser, str):
        yield Unreadable(path, parser)
        return
    if PurePosixPath(path).name == "tox.ini" and parser.has_section("testenv"):
        commands = parser.get("testenv", "commands", fallback="").strip()
        line = line_of(text, table_line("testenv"), key_line("commands"))
        yield TestCommand(("tox",), "tox", path, line, commands.split("\n")[0])
        for item in parser.get("testenv", "deps", fallback="").split("\n"):
            line = line_of(text, table_line("testenv"), key_line("deps"), re.escape(item.strip()))
            yield from _dependency(item.strip(), "tox", path, line)
    yield from _pytest_section(path, text, "pytest")


def read_noxfile(path: str, text: str) -> Iterator[ManifestStatement]:
    """Yield a command for each nox session whose name speaks of tests."""
    try:
        module = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError) as error:
        yield Unreadable(path, f"it is not valid Python: {error}")
        return
    for node in module.body:
        if isinstance(node, ast.FunctionDef) and "test" in node.name and node.decorator_list:
            text_line = f"def {node.name}(…)"
            yield TestCommand(("nox", "-s", node.name), "nox", path, node.lineno, text_line)


def _pytest_section(path: str, text: str, section: str) -> Iterator[TestCommand]:
    line = line_of(text, table_line(section))
    if line:
        yield TestCommand(PYTEST, "pytest", path, line, f"[{section}]")


def _dependency(
    text: str, group: str, path: str, line: int, *, extra: bool = False
) -> Iterator[Dependency]:
    who: Who = "extra" if extra else "user" if group == "runtime" else "developer"
    read = parsed_requirement(text) if text else None
    if read:
        name, requirement, pinned = read
        yield Dependency(name, requirement, group, path, line, pinned, "python", who)


def _ini(text: str) -> configparser.RawConfigParser | str:
    parser = configparser.RawConfigParser(strict=False, inline_comment_prefixes=(" #", " ;"))
    try:
        parser.read_string(text)
    except configparser.Error as error:
        return f"it is not a valid INI file: {str(error).splitlines()[0]}"
    return parser


def _word(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [line.strip() for line in value.split("\n") if line.strip()]
    if isinstance(value, list | tuple):
        return [item for item in value if isinstance(item, str)]
    return []
