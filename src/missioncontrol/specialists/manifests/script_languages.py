"""Reads the manifests of Ruby, PHP and Elixir."""

import json
import re
from collections.abc import Iterator
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

GEM = re.compile(r"""^\s*gem\s+["']([\w\-.]+)["']((?:\s*,\s*["'][^"']+["'])*)""")
GEM_GROUP = re.compile(r"^\s*group\s+(.+?)\s+do\b")
GEM_SPEC = re.compile(
    r"""^\s*\w+\.add_(runtime_|development_)?dependency\s*\(?\s*["']([\w\-.]+)["']((?:\s*,\s*["'][^"']+["'])*)"""
)
GEM_FIELD = re.compile(r"""^\s*\w+\.(name|version|summary|license)\s*=\s*["']([^"']+)["']""")
HEX = re.compile(r"""^\s*\{:(\w+),\s*"([^"]+)"(.*)\}""")


def read_gemfile(tree: "Tree", path: str, text: str) -> Iterator[ManifestStatement]:
    """Yield the gems of a Gemfile, and how its tests are started."""
    groups: list[str] = []
    for number, line in enumerate(text.split("\n"), 1):
        if match := GEM_GROUP.match(line):
            groups.append("-".join(re.findall(r"\w+", match[1])))
        elif groups and re.match(r"^\s*end\b", line):
            groups.pop()
        elif match := re.match(r"""^\s*ruby\s+["']([^"']+)["']""", line):
            yield Runtime("Ruby", match[1], path, number)
        elif match := GEM.match(line):
            requirement = ", ".join(re.findall(r"""["']([^"']+)["']""", match[2]))
            group = groups[-1] if groups else "runtime"
            pinned = bool(re.fullmatch(r"=?\s*\d[\w.]*", requirement))
            yield Dependency(
                match[1], requirement, group, path, number, pinned, "ruby", _who(group)
            )
            if match[1].startswith("rspec") and tree.file(".rspec"):
                argv = ("bundle", "exec", "rspec")
                yield TestCommand(argv, "rspec", path, number, line.strip())


def read_gemspec(path: str, text: str) -> Iterator[ManifestStatement]:
    """Yield what a .gemspec says in plain strings."""
    fields: dict[str, tuple[str, int]] = {}
    for number, line in enumerate(text.split("\n"), 1):
        if match := GEM_FIELD.match(line):
            fields.setdefault(match[1], (match[2], number))
        elif match := GEM_SPEC.match(line):
            group = "dev" if match[1] == "development_" else "runtime"
            requirement = ", ".join(re.findall(r"""["']([^"']+)["']""", match[3]))
            pinned = bool(re.fullmatch(r"=?\s*\d[\w.]*", requirement))
            yield Dependency(
                match[2], requirement, group, path, number, pinned, "ruby", _who(group)
            )
    if "name" in fields:
        name, line_number = fields["name"]
        version = fields.get("version", ("", 0))[0]
        summary = fields.get("summary", ("", 0))[0]
        licence, licence_line = fields.get("license", ("", 0))
        yield Package(name, "ruby", path, line_number, version, "", summary, licence, licence_line)


def read_composer_json(path: str, text: str) -> Iterator[ManifestStatement]:
    """Yield what a composer.json says."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        yield Unreadable(path, f"it is not valid JSON: {error}")
        return
    if not isinstance(data, dict):
        yield Unreadable(path, "it holds no JSON object")
        return
    if isinstance(data.get("name"), str):
        licence = data.get("license")
        if isinstance(licence, list):
            licence = " OR ".join(str(item) for item in licence)
        yield Package(
            data["name"],
            "php",
            path,
            line_of(text, '"name"'),
            _word(data.get("version")),
            "",
            _word(data.get("description")),
            _word(licence),
            line_of(text, '"license"') if licence else 0,
        )
    yield from _composer_dependencies(path, text, data)
    scripts = data.get("scripts")
    for name, command in scripts.items() if isinstance(scripts, dict) else ():
        line = line_of(text, '"scripts"', f'"{re.escape(name)}"')
        words = command if isinstance(command, str) else json.dumps(command)
        yield EntryPoint(name, words, "script", path, line)
        if name in {"test", "tests"}:
            yield TestCommand(("composer", name), "composer", path, line, words)


def _composer_dependencies(
    path: str, text: str, data: dict[str, Any]
) -> Iterator[ManifestStatement]:
    for key, group in (("require", "runtime"), ("require-dev", "dev")):
        listed = data.get(key)
        for name, version in listed.items() if isinstance(listed, dict) else ():
            if not isinstance(version, str):
                continue
            line = line_of(text, f'"{key}"', f'"{re.escape(name)}"')
            if name == "php":
                yield Runtime("PHP", version, path, line)
            elif "/" in name:
                pinned = bool(re.fullmatch(r"v?\d+\.\d+\.\d+", version))
                yield Dependency(name, version, group, path, line, pinned, "php", _who(group))


def read_mix(path: str, text: str) -> Iterator[ManifestStatement]:
    """Yield what a mix.exs says."""
    app = re.search(r"\bapp:\s*:(\w+)", text)
    version = re.search(r'\bversion:\s*"([^"]+)"', text)
    if app:
        line = text.count("\n", 0, app.start()) + 1
        yield Package(app[1], "elixir", path, line, version[1] if version else "")
        yield TestCommand(("mix", "test"), "mix", path, line, app[0])
    for number, line_text in enumerate(text.split("\n"), 1):
        if match := HEX.match(line_text):
            group = "dev" if "only:" in match[3] else "runtime"
            pinned = bool(re.fullmatch(r"(==\s*)?\d+\.\d+\.\d+", match[2]))
            yield Dependency(match[1], match[2], group, path, number, pinned, "elixir", _who(group))


def _who(group: str) -> Who:
    return "user" if group == "runtime" else "developer"


def _word(value: Any) -> str:
    return value if isinstance(value, str) else ""
