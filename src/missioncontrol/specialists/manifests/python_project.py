"""Reads pyproject.toml: the standard tables, requirements, versions; Poetry, PDM, Hatch and tox."""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from missioncontrol.specialists.manifests.lines import key_line, line_of, quoted, table_line
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

ASSIGNED = re.compile(
    r"""^(?:__version__|VERSION|version)\s*(?::\s*[\w.\[\]]+\s*)?=\s*["']([^"'\n]+)["']""",
    re.MULTILINE,
)
STATED = re.compile(r"^Version:\s*(\S+)\s*$", re.MULTILINE)
PYTEST = ("python", "-m", "pytest")


def read_pyproject(tree: "Tree", path: str, text: str) -> Iterator[ManifestStatement]:
    """Yield what a pyproject.toml says."""
    try:
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        yield Unreadable(path, f"it is not valid TOML: {error}")
        return
    project = _table(data, "project")
    poetry = _table(data, "tool", "poetry")
    yield from _packages(tree, path, text, data, project or poetry)
    yield from _standard(path, text, data, project)
    yield from _poetry(path, text, poetry)
    yield from _hatch(path, text, _table(data, "tool", "hatch", "envs"))
    yield from _pdm(path, text, _table(data, "tool", "pdm", "dev-dependencies"))
    yield from _commands(path, text, _table(data, "tool"))


def _packages(
    tree: "Tree", path: str, text: str, data: Mapping[str, Any], project: Mapping[str, Any]
) -> Iterator[ManifestStatement]:
    name = project.get("name")
    if not isinstance(name, str):
        return
    heading = table_line("project" if "project" in data else "tool.poetry")
    version, source = project.get("version"), ""
    if not isinstance(version, str):
        version, source = find_referenced_version(tree, path, data)
    licence = licence_word(project)
    yield Package(
        name,
        "python",
        path,
        line_of(text, heading, key_line("name")),
        version,
        source,
        _word(project.get("description")),
        licence,
        line_of(text, heading, key_line("license")) if project.get("license") else 0,
    )
    needed = _word(project.get("requires-python"))
    if needed:
        line = line_of(text, heading, key_line("requires-python"))
        yield Runtime("Python", needed, path, line)
    for kind, target, table in _entry_tables(project):
        for script, value in _table(project, *table).items():
            line = line_of(text, key_line(script))
            if isinstance(value, str):
                yield EntryPoint(script, value, kind, path, line)
            else:
                for key, inner in _table(_table(project, *table), script).items():
                    yield EntryPoint(key, _word(inner), target, path, line_of(text, key_line(key)))


def _entry_tables(project: Mapping[str, Any]) -> Iterator[tuple[Any, Any, tuple[str, ...]]]:
    yield "command", "command", ("scripts",)
    yield "command", "command", ("gui-scripts",)
    yield "plugin", "plugin", ("entry-points",)


def licence_word(project: Mapping[str, Any]) -> str:
    """Return the licence as the `project` table names it: the field, else the classifiers."""
    field = project.get("license")
    if isinstance(field, str):
        return field
    if isinstance(field, dict):
        text = _word(field.get("text"))
        if text and len(text) < 100:
            return text
    return " OR ".join(
        classifier.rsplit("::", 1)[-1].strip()
        for classifier in _words(project.get("classifiers"))
        if classifier.startswith("License ::")
    )


def _standard(
    path: str, text: str, data: Mapping[str, Any], project: Mapping[str, Any]
) -> Iterator[ManifestStatement]:
    yield from _listed(
        path,
        text,
        project.get("dependencies"),
        "runtime",
        (table_line("project"), r"^\s*dependencies\s*="),
    )
    for extra, listed in _table(project, "optional-dependencies").items():
        needles = (table_line("project.optional-dependencies"), key_line(extra))
        yield from _listed(path, text, listed, extra, needles, who="extra")
    for group, listed in _table(data, "dependency-groups").items():
        needles = (table_line("dependency-groups"), key_line(group))
        yield from _listed(path, text, listed, group, needles, who="developer")
    needles = (table_line("build-system"), key_line("requires"))
    listed = _table(data, "build-system").get("requires")
    yield from _listed(path, text, listed, "build", needles, who="developer")
    listed = _table(data, "tool", "uv").get("dev-dependencies")
    needles = (table_line("tool.uv"), key_line("dev-dependencies"))
    yield from _listed(path, text, listed, "dev", needles, who="developer")


def _listed(
    path: str,
    text: str,
    listed: Any,
    group: str,
    needles: Sequence[str],
    *,
    who: Who = "user",
) -> Iterator[Dependency]:
    for requirement in _words(listed):
        read = parsed_requirement(requirement)
        if read:
            line = line_of(text, *needles, quoted(requirement))
            name, specifier, pinned = read
            yield Dependency(name, specifier, group, path, line, pinned, "python", who)


def _poetry(path: str, text: str, poetry: Mapping[str, Any]) -> Iterator[ManifestStatement]:
    places = [("runtime", "tool.poetry.dependencies", _table(poetry, "dependencies"))]
    places += [("dev", "tool.poetry.dev-dependencies", _table(poetry, "dev-dependencies"))]
    for group in _table(poetry, "group"):
        inside = _table(poetry, "group", group, "dependencies")
        places.append((group, f"tool.poetry.group.{group}.dependencies", inside))
    for group, heading, listed in places:
        for name, value in listed.items():
            version = _word(
                value if isinstance(value, str) else _table(listed, name).get("version")
            )
            line = line_of(text, table_line(heading), key_line(name))
            if name.lower() == "python":
                yield Runtime("Python", version, path, line)
                continue
            pinned = version[:1].isdigit() or version.startswith("==")
            extra = _table(listed, name).get("optional") is True
            who: Who = "developer" if group != "runtime" else "extra" if extra else "user"
            yield Dependency(name, version, group, path, line, pinned, "python", who)


def _hatch(path: str, text: str, environments: Mapping[str, Any]) -> Iterator[ManifestStatement]:
    for name in environments:
        environment = _table(environments, name)
        for key in ("dependencies", "extra-dependencies"):
            needles = (table_line(f"tool.hatch.envs.{name}"), key_line(key))
            yield from _listed(path, text, environment.get(key), name, needles, who="developer")
        for script, command in _table(environment, "scripts").items():
            if script in {"test", "tests"}:
                line = line_of(
                    text, table_line(f"tool.hatch.envs.{name}.scripts"), key_line(script)
                )
                where = () if name == "default" else ("--env", name)
                argv = ("hatch", *where, "run", script)
                yield TestCommand(argv, "hatch", path, line, _first_word(command))


def _pdm(path: str, text: str, groups: Mapping[str, Any]) -> Iterator[ManifestStatement]:
    for group, listed in groups.items():
        needles = (table_line("tool.pdm.dev-dependencies"), key_line(group))
        yield from _listed(path, text, listed, group, needles, who="developer")


def _commands(path: str, text: str, tool: Mapping[str, Any]) -> Iterator[ManifestStatement]:
    if _table(tool, "pytest"):
        line = line_of(text, r"^\s*\[tool\.pytest")
        yield TestCommand(PYTEST, "pytest", path, line, text.split("\n")[line - 1].strip())
    if _table(tool, "tox"):
        line = line_of(text, r"^\s*\[tool\.tox")
        yield TestCommand(("tox",), "tox", path, line, text.split("\n")[line - 1].strip())
    for runner in ("poe", "taskipy", "pdm"):
        names = ("tasks",) if runner != "pdm" else ("scripts",)
        for script, command in _table(tool, runner, *names).items():
            if script in {"test", "tests"}:
                line = line_of(text, rf"^\s*\[tool\.{runner}", key_line(script))
                start = {"poe": ("poe",), "taskipy": ("task",), "pdm": ("pdm", "run")}[runner]
                yield TestCommand((*start, script), runner, path, line, _first_word(command))


def _first_word(command: Any) -> str:
    if isinstance(command, str):
        return command
    words = _words(command)
    return words[0] if words else ""


def _table(data: Mapping[str, Any], *keys: str) -> Mapping[str, Any]:
    """Return the table at `keys`; an empty one where there is none or something else stands."""
    value: Any = data
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def _word(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _words(value: Any) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


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


def parsed_requirement(text: str) -> tuple[str, str, bool] | None:
    """Return name, version part and whether only one version fits; None where it is no requirement.

    Pinned are `==1.2.3`, `===…` and an address that ends in a full commit or carries a digest.
    """
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        requirement = Requirement(text)
    except InvalidRequirement:
        return None
    if requirement.url:
        return (
            requirement.name,
            f"@ {_without_password(requirement.url)}",
            _is_fixed(requirement.url),
        )
    specifiers = list(requirement.specifier)
    pinned = any(
        item.operator == "===" or (item.operator == "==" and not item.version.endswith(".*"))
        for item in specifiers
    )
    return requirement.name, _as_written(text) if specifiers else "", pinned


def _as_written(text: str) -> str:
    """Return the version part in the order and spacing in which the author wrote it."""
    return re.sub(r"^\s*[\w.\-]+\s*(\[[^\]]*\])?", "", text.partition(";")[0]).strip(" ()")


def _is_fixed(url: str) -> bool:
    return bool(re.search(r"@[0-9a-f]{40}\b|[#&]sha256=[0-9a-f]{64}", url))


def _without_password(url: str) -> str:
    """Return the address without user and password: reports travel further than manifests."""
    return re.sub(r"(?<=://)[^/@\s]*:[^/@\s]*@", "", url)
