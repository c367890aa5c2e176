"""Reads the manifests of Go, Rust, Java, Kotlin and .NET."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import msgspec

from missioncontrol.specialists.manifests.lines import key_line, line_of, table_line
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

# Reads project files in XML with their line numbers, and without resolving a single entity.


class Element(msgspec.Struct):
    """An element with its attributes and its own text; names are in lower case."""

    number: int  # its place among all elements
    path: str  # such as `project/dependencies/dependency`
    line: int
    attributes: dict[str, str]
    text: str = ""


def elements(text: str) -> list[Element]:
    """Return the elements in the order in which they open."""
    # The parser of HTML expands no entity definitions and never fails, which suits strange files.
    reader = _Elements()
    reader.feed(text)
    reader.close()
    return reader.found


def children(found: list[Element], parent: Element) -> Iterator[Element]:
    """Yield the elements directly inside `parent`."""
    for number in range(parent.number + 1, len(found)):
        item = found[number]
        if not item.path.startswith(parent.path + "/"):
            return
        if "/" not in item.path[len(parent.path) + 1 :]:
            yield item


class _Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[Element] = []
        self._open: list[Element] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        above = f"{self._open[-1].path}/" if self._open else ""
        values = {name: value or "" for name, value in attrs}
        element = Element(len(self.found), above + tag, self.getpos()[0], values)
        self.found.append(element)
        self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        for depth in range(len(self._open) - 1, -1, -1):
            if self._open[depth].path.rpartition("/")[2] == tag:
                del self._open[depth:]
                return

    def handle_data(self, data: str) -> None:
        if self._open:
            self._open[-1].text += data.strip()


if TYPE_CHECKING:
    from missioncontrol.specialists.tree import Tree

REQUIRED = re.compile(r"^(?:require\s+)?([\w.\-~/]+\.[\w.\-~/]+)\s+(v\S+)(\s*//\s*indirect)?\s*$")
GRADLE = re.compile(
    r"""^\s*(\w*(?:implementation|api|compileOnly|runtimeOnly|Implementation|Only|Api|kapt|ksp))"""
    r"""\s*\(?\s*["']([\w.\-]+):([\w.\-]+)(?::([^"'@]+))?["']"""
)


def read_go_mod(path: str, text: str) -> Iterator[ManifestStatement]:
    """Yield what a go.mod says; its versions are exact by design."""
    for number, line in enumerate(text.split("\n"), 1):
        bare = line.strip()
        if bare.startswith("module "):
            yield Package(bare.split()[1].strip('"'), "go", path, number)
            yield TestCommand(("go", "test", "./..."), "go", path, number, bare)
        elif re.fullmatch(r"go \d[\w.]*", bare):
            yield Runtime("Go", bare.split()[1], path, number)
        elif match := REQUIRED.match(bare):
            group = "indirect" if match[3] else "runtime"
            yield Dependency(match[1], match[2], group, path, number, True, "go")


def read_cargo_toml(path: str, text: str) -> Iterator[ManifestStatement]:
    """Yield what a Cargo.toml says."""
    try:
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        yield Unreadable(path, f"it is not valid TOML: {error}")
        return
    package = _table(data, "package")
    name = package.get("name")
    heading = table_line("package")
    if isinstance(name, str):
        yield Package(
            name,
            "rust",
            path,
            line_of(text, heading, key_line("name")),
            _word(package.get("version")),
            "",
            _word(package.get("description")),
            _word(package.get("license")),
            line_of(text, heading, key_line("license")) if "license" in package else 0,
        )
    if _word(package.get("rust-version")):
        line = line_of(text, heading, key_line("rust-version"))
        yield Runtime("Rust", package["rust-version"], path, line)
    if PurePosixPath(path).parent == PurePosixPath("."):
        line = line_of(text, r"^\s*\[(package|workspace)\]")
        yield TestCommand(("cargo", "test"), "cargo", path, line, text.split("\n")[line - 1])
    yield from _crates(path, text, data)


def _crates(path: str, text: str, data: Mapping[str, Any]) -> Iterator[ManifestStatement]:
    tables = {
        "dependencies": "runtime",
        "dev-dependencies": "dev",
        "build-dependencies": "build",
    }
    places: list[tuple[tuple[str, ...], str]] = [((key,), group) for key, group in tables.items()]
    places.append((("workspace", "dependencies"), "workspace"))
    for keys, group in places:
        for name, value in _table(data, *keys).items():
            inside = value if isinstance(value, dict) else {"version": value}
            version = _word(inside.get("version"))
            line = line_of(text, table_line(".".join(keys)), key_line(name))
            who: Who = "developer" if group in {"dev", "build"} else "user"
            who = "extra" if inside.get("optional") is True else who
            yield Dependency(name, version, group, path, line, version.startswith("="), "rust", who)
    binaries = data.get("bin")
    for binary in binaries if isinstance(binaries, list) else ():
        if isinstance(binary, dict) and _word(binary.get("name")):
            line = line_of(text, r"^\s*\[\[bin\]\]", re.escape(binary["name"]))
            yield EntryPoint(binary["name"], _word(binary.get("path")), "command", path, line)


def read_pom(path: str, text: str) -> Iterator[ManifestStatement]:
    """Yield what a pom.xml says."""
    found = elements(text)
    top = {item.path: item for item in found if item.path.count("/") == 1}
    name = top.get("project/artifactid")
    if name is None:
        yield Unreadable(path, "it has no project with an artifactId")
        return
    version = top.get("project/version")
    licence = next((i for i in found if i.path == "project/licenses/license/name"), None)
    yield Package(
        name.text,
        "java",
        path,
        name.line,
        version.text if version else "",
        "",
        top["project/description"].text if "project/description" in top else "",
        licence.text if licence else "",
        licence.line if licence else 0,
    )
    for item in found:
        if item.path in {
            "project/properties/maven.compiler.release",
            "project/properties/maven.compiler.source",
            "project/properties/java.version",
        }:
            yield Runtime("Java", item.text, path, item.line)
        elif item.path == "project/dependencies/dependency":
            yield _artifact(
                path, item, {i.path[len(item.path) + 1 :]: i.text for i in children(found, item)}
            )
    if PurePosixPath(path).parent == PurePosixPath("."):
        yield TestCommand(("mvn", "test"), "mvn", path, name.line, f"<artifactId>{name.text}")


def _artifact(path: str, item: Element, data: Mapping[str, str]) -> Dependency:
    version = data.get("version", "")
    pinned = bool(re.fullmatch(r"\d[\w.\-]*", version))
    name = f"{data.get('groupid', '')}:{data.get('artifactid', '')}"
    group = {"": "runtime", "compile": "runtime"}.get(data.get("scope", ""), data.get("scope", ""))
    return Dependency(name, version, group, path, item.line, pinned, "java", _who(group))


def read_gradle(tree: "Tree", path: str, text: str) -> Iterator[ManifestStatement]:
    """Yield the dependencies that a Gradle build states as `group:name:version`."""
    for number, line in enumerate(text.split("\n"), 1):
        match = GRADLE.match(line)
        if match:
            group = "test" if match[1].startswith(("test", "androidTest")) else "runtime"
            version = match[4] or ""
            pinned = bool(re.fullmatch(r"\d[\w.\-]*", version))
            name = f"{match[2]}:{match[3]}"
            yield Dependency(name, version, group, path, number, pinned, "java", _who(group))
    if PurePosixPath(path).parent == PurePosixPath("."):
        start = "./gradlew" if tree.file("gradlew") else "gradle"
        yield TestCommand((start, "test"), "gradle", path, 1, text.split("\n", 1)[0])


def read_msbuild(path: str, text: str) -> Iterator[ManifestStatement]:
    """Yield what a .csproj, .fsproj or .vbproj says."""
    name = PurePosixPath(path).stem
    found = elements(text)
    version = next((i.text for i in found if i.path == "project/propertygroup/version"), "")
    licence = next(
        (i for i in found if i.path == "project/propertygroup/packagelicenseexpression"), None
    )
    yield Package(
        name,
        "dotnet",
        path,
        1,
        version,
        "",
        "",
        licence.text if licence else "",
        licence.line if licence else 0,
    )
    tests = False
    for item in found:
        if item.path.startswith("project/propertygroup/targetframework"):
            yield Runtime(".NET", item.text, path, item.line)
        elif item.path == "project/itemgroup/packagereference":
            package = item.attributes.get("include", "")
            version = item.attributes.get("version", "")
            tests = tests or package == "Microsoft.NET.Test.Sdk"
            pinned = bool(re.fullmatch(r"\[?\d[\w.\-]*\]?", version))
            yield Dependency(package, version, "runtime", path, item.line, pinned, "dotnet")
    if tests:
        line = line_of(text, "Microsoft.NET.Test.Sdk")
        yield TestCommand(("dotnet", "test", path), "dotnet", path, line, "Microsoft.NET.Test.Sdk")


def _who(group: str) -> Who:
    return "developer" if group == "test" else "user"


def _table(data: Mapping[str, Any], *keys: str) -> Mapping[str, Any]:
    value: Any = data
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def _word(value: Any) -> str:
    return value if isinstance(value, str) else ""
