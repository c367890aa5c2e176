"""The requirements that a Python project declares for its tests, and the versions it has locked.

They are read as text. Nothing of the project is run, and its own name is never among them: what is
tested is the copy, and no release of it.
"""

import ast
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import msgspec

from missioncontrol.specialists.manifests.python_setup import read_setup_cfg, read_setup_py
from missioncontrol.specialists.manifests.stack import Dependency

if TYPE_CHECKING:
    from missioncontrol.specialists.tree import Tree

FOR_TESTS = frozenset({"test", "tests", "testing", "pytest", "unittest", "tox"})
FOR_DEVELOPERS = frozenset({"dev", "develop", "development", "default"})
"""Groups that are used where none is named for tests: they hold linters and more as well."""
LOCKS = ("uv.lock", "poetry.lock", "pdm.lock")
CONSTRAINTS = "constraints.txt"
PLACES = frozenset({"", "requirements", "test", "tests"})
"""Directories whose requirements files speak of the project or of its tests."""
REQUIREMENTS_MAX = 200
DEPTH_MAX = 4
_FILE = re.compile(r"(?:^|/)[\w.-]*requirements[\w.-]*\.(?:txt|in)$|^requirements/[\w.-]+\.txt$")
_INCLUDED = re.compile(r"^(?:-r|--requirement)[ =]*(\S+)")
_OWN = re.compile(r"^(?:-e|--editable)?\s*\.(?:\[([\w,\s-]+)\])?$")

Groups = dict[str, list[str]]
"""Requirements, as they are written, by their group; `""` holds what everybody needs."""


class Needed(msgspec.Struct, frozen=True):
    """What the tests of a project need to be installed."""

    requirements: tuple[str, ...] = ()  # as pip takes them, without the project itself
    constraints: tuple[str, ...] = ()  # `name==version` of the lock file
    sources: tuple[str, ...] = ()  # the files that say so
    python: str = ""  # versions of Python that the project asks for


def needed(tree: "Tree", imported: Iterable[str] = ()) -> Needed:
    """Return what the project at the top of `tree` declares for its tests.

    `imported` are top-level modules that the tests import: a requirement of any group that is
    called like one of them counts as well.
    """
    groups, sources, python = _declared(tree)
    own = normal(own_name(tree))
    names = [name for name in groups if groups[name] and FOR_TESTS & set(_words(name))]
    names = names or [name for name in groups if FOR_DEVELOPERS & set(_words(name)[:1])]
    written = [each for name in ("", *names) for each in groups.get(name, ())]
    asked = {normal(name) for name in imported} - {normal(each) for each in written}
    for each in (each for group in groups.values() for each in group if normal(each) in asked):
        written.append(each)
        asked.discard(normal(each))  # A group of the lowest versions may name it once more.
    wanted = dict.fromkeys(_expanded(written, groups, own))
    requirements = list(_whole(each for each in wanted if normal(each) != own))
    if requirements and not any(normal(each) == "pytest" for each in requirements):
        requirements.append("pytest")  # It runs the tests of unittest as well, and leaves a report.
    lock = next((path for path in (*LOCKS, CONSTRAINTS) if tree.text(path)), "")
    read = _pinned if lock == CONSTRAINTS else _locked
    constraints = tuple(read(tree.text(lock) or "", own)) if lock else ()
    found = [*sources, lock] if lock else sources
    return Needed(tuple(requirements[:REQUIREMENTS_MAX]), constraints, tuple(found), python)


def own_name(tree: "Tree") -> str:
    """Return the name of the project's distribution; "" where nothing says it."""
    from missioncontrol.specialists.manifests import read_manifests

    packages = [each for each in read_manifests(tree).packages if each.ecosystem == "python"]
    return next((each.name for each in packages if "/" not in each.manifest), "")


def _declared(tree: "Tree") -> tuple[Groups, list[str], str]:
    groups: Groups = {}
    sources: list[str] = []
    python = ""
    data = _toml(tree.text("pyproject.toml") or "")
    for name, written in _of_pyproject(data):
        groups.setdefault(name, []).extend(written)
        sources += ["pyproject.toml"] if "pyproject.toml" not in sources else []
    python = str(_table(data, "project").get("requires-python", ""))
    for path, read in (("setup.cfg", read_setup_cfg), ("setup.py", read_setup_py)):
        declared = [
            each for each in read(path, tree.text(path) or "") if isinstance(each, Dependency)
        ]
        for each in declared:
            name = "" if each.group == "runtime" else each.group
            groups.setdefault(name, []).append(f"{each.name}{each.requirement}")
        sources += [path] if declared else []
    for file in tree.files:
        if _FILE.search(file.path) and PurePosixPath(file.path).parent.name in PLACES:
            lines = list(_of_file(tree, file.path))
            groups.setdefault(_group_of(file.path), []).extend(lines)
            sources += [file.path] if lines else []
    tox = list(_of_tox(tree))
    groups.setdefault("tox", []).extend(tox)
    sources += ["tox.ini"] if tox else []
    return groups, sources, python


def _of_pyproject(data: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    project = _table(data, "project")
    yield "", _strings(project.get("dependencies"))
    for name, listed in _table(project, "optional-dependencies").items():
        yield name, _strings(listed)
    included = _table(data, "dependency-groups")
    for name in included:
        yield name, list(_of_group(name, included, DEPTH_MAX))
    for name, listed in _table(data, "tool", "pdm", "dev-dependencies").items():
        yield name, _strings(listed)
    yield "dev", _strings(_table(data, "tool", "uv").get("dev-dependencies"))
    for name in _table(data, "tool", "hatch", "envs"):
        environment = _table(data, "tool", "hatch", "envs", name)
        listed = [*_strings(environment.get("dependencies"))]
        listed += _strings(environment.get("extra-dependencies"))
        yield name, [*listed, *(f".[{extra}]" for extra in _strings(environment.get("features")))]
    poetry = _table(data, "tool", "poetry")
    yield "", list(_of_poetry(_table(poetry, "dependencies")))
    yield "dev", list(_of_poetry(_table(poetry, "dev-dependencies")))
    for name in _table(poetry, "group"):
        yield name, list(_of_poetry(_table(poetry, "group", name, "dependencies")))


def _of_group(name: str, groups: Mapping[str, Any], depth: int) -> Iterator[str]:
    listed = groups.get(name)
    for each in listed if isinstance(listed, list) else ():
        if isinstance(each, str):
            yield each
        elif isinstance(each, dict) and depth:
            yield from _of_group(str(each.get("include-group", "")), groups, depth - 1)


def _of_poetry(table: Mapping[str, Any]) -> Iterator[str]:
    """Yield requirements in the form of pip; what is optional or has another source is left out."""
    for name, value in table.items():
        fields = value if isinstance(value, dict) else {"version": value}
        version = fields.get("version")
        if name.lower() == "python" or not isinstance(version, str) or fields.get("optional"):
            continue
        extras = ",".join(_strings(fields.get("extras")))
        yield f"{name}[{extras}]{_caret(version)}" if extras else f"{name}{_caret(version)}"


def _caret(version: str) -> str:
    """Return `>=1.2,<2` for `^1.2`, and `~=1.2.0` for `~1.2.0`."""
    parts = []
    for each in version.replace(" ", "").split(","):
        number = re.match(r"[\^~]=?(\d+)(.*)", each)
        if each in {"", "*"}:
            continue
        if number and each[0] == "^":
            digits = [int(part) for part in re.findall(r"\d+", each)]
            place = next((at for at, digit in enumerate(digits) if digit), len(digits) - 1)
            above = [*digits[:place], digits[place] + 1]
            parts.append(f">={each[1:]},<{'.'.join(map(str, above))}")
        elif number and not each.startswith("~="):
            parts.append(f"~={each[1:]}" if "." in each else f"=={each[1:]}.*")
        else:
            parts.append(f"=={each}" if each[0].isdigit() else each)
    return ",".join(parts)


def _of_file(tree: "Tree", path: str, depth: int = DEPTH_MAX) -> Iterator[str]:
    """Yield the requirements of a file and of those that it includes."""
    text = re.sub(r"\\\n", " ", tree.text(path) or "")
    for line in text.split("\n"):
        bare = re.sub(r"(?:^|\s)#.*$", "", line).strip()
        included = _INCLUDED.match(bare)
        own = _OWN.match(bare)
        if included and depth:
            inside = str(PurePosixPath(path).parent / included[1])
            yield from _of_file(tree, inside, depth - 1)
        elif own:
            yield f".[{own[1] or ''}]"
        elif bare and not bare.startswith("-"):
            yield re.split(r"\s+--", bare, maxsplit=1)[0].strip()


def _of_tox(tree: "Tree") -> Iterator[str]:
    """Yield what tox installs for its own environment, without that of certain factors."""
    section = re.search(r"(?ms)^\[testenv\]$(.*?)(?=^\[|\Z)", tree.text("tox.ini") or "")
    listed = re.search(r"(?ms)^deps\s*=(.*?)(?=^\S|\Z)", section[1]) if section else None
    for line in listed[1].split("\n") if listed else ():
        bare = re.sub(r"(?:^|\s)#.*$", "", line).strip()
        included = _INCLUDED.match(bare)
        if included:
            yield from _of_file(tree, included[1])
        elif (
            bare and not bare.startswith("-") and "{" not in bare and ":" not in bare.split(";")[0]
        ):
            yield bare


def _group_of(path: str) -> str:
    pure = PurePosixPath(path)
    words = [word for word in re.split(r"[-_.]", pure.stem.lower()) if word]
    words = [word for word in words if word not in {"requirements", "requirement"}]
    if pure.parent.name in FOR_TESTS:
        return "tests"
    return "" if words in ([], ["base"], ["main"]) else "-".join(words)


def _expanded(written: Iterable[str], groups: Groups, own: str, depth: int = 4) -> Iterator[str]:
    """Yield requirements with those of the project's own extras in place of `project[extra]`."""
    for each in written:
        extras = re.match(r"[\w.-]*\s*\[([^\]]*)\]", each)
        is_own = each.startswith(".") or bool(own and normal(each) == own)
        if is_own and extras and depth:
            for extra in filter(None, (part.strip() for part in extras[1].split(","))):
                yield from _expanded(groups.get(extra, ()), groups, own, depth - 1)
        elif not is_own:
            yield each


def _whole(written: Iterable[str]) -> Iterator[str]:
    """Yield what is a requirement by name; addresses of code that is yet to be built are not."""
    from packaging.requirements import InvalidRequirement, Requirement

    for each in written:
        try:
            requirement = Requirement(each)
        except InvalidRequirement:
            continue
        if requirement.url is None and (
            requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        ):
            yield each


def _locked(text: str, own: str) -> Iterator[str]:
    """Yield the one version that a lock file holds of each package."""
    found: dict[str, set[str]] = {}
    listed = _toml(text).get("package")
    for each in listed if isinstance(listed, list) else ():
        if isinstance(each, dict) and isinstance(each.get("version"), str):
            found.setdefault(normal(str(each.get("name", ""))), set()).add(each["version"])
    for name, versions in sorted(found.items()):
        if name and name != own and len(versions) == 1:
            yield f"{name}=={versions.pop()}"


def _pinned(text: str, own: str) -> Iterator[str]:
    """Yield the lines of a file of constraints that pin one version."""
    for line in text.splitlines():
        found = re.fullmatch(
            r"([A-Za-z0-9][\w.-]*==[\w.+!-]+)(?:\s*;.*)?", line.split("#")[0].strip()
        )
        if found and normal(found[1]) != own:
            yield found[1]


def imported_names(text: str) -> set[str]:
    """Return the top-level modules that a Python text imports; none where it cannot be read."""
    try:
        module = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return set()
    names: set[str] = set()
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return names


def normal(requirement: str) -> str:
    """Return the name of a requirement as an index knows it."""
    name = re.match(r"\s*([A-Za-z0-9][\w.-]*)", requirement)
    return re.sub(r"[-_.]+", "-", name[1]).lower() if name else ""


def _words(name: str) -> list[str]:
    return re.split(r"[-_.]+", name.lower()) if name else []


def _toml(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return {}


def _table(data: Mapping[str, Any], *keys: str) -> Mapping[str, Any]:
    value: Any = data
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def _strings(value: Any) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
