"""What the product is built from: dependencies without versions, moving images and actions."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from missioncontrol.specialists.auditor.issue import (
    Confidence,
    Issue,
    Scope,
    Topic,
    rules,
    scope_of,
)

if TYPE_CHECKING:
    from missioncontrol.specialists.manifests import Dependency, Stack
    from missioncontrol.specialists.tree import Tree

OBTAINED = "manifests, Dockerfiles and workflow files, read as text"
LOCKS: Mapping[str, tuple[str, ...]] = {
    "python": ("uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "pylock.toml"),
    "javascript": (
        *("package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml"),
        *("bun.lock", "bun.lockb"),
    ),
    "rust": ("Cargo.lock",),
    "php": ("composer.lock",),
    "ruby": ("Gemfile.lock",),
    "elixir": ("mix.lock",),
}
"""Go and Java name exact versions in the manifest itself."""
NAMED_MAX = 8
_FROM = re.compile(r"(?im)^FROM\s+(?:--\S+\s+)*(?P<image>\S+)(?:\s+AS\s+(?P<name>\S+))?")
_USES = re.compile(
    r"(?m)^\s*(?:-\s*)?uses:\s*['\"]?(?P<action>[\w.-]+/[\w./-]+)@(?P<ref>[^\s'\"#]+)"
)
_SHA = re.compile(r"[0-9a-f]{40}")
_VERSION = re.compile(r"v?\d")
_STRANGERS = re.compile(
    r"\$\{\{[^}]*github\.(?:head_ref|event\.(?:issue|pull_request|comment|review|discussion)"
    r"\.(?:title|body|head\.ref|head\.label))\b"
)
_TARGET = re.compile(r"(?m)^\s*pull_request_target\s*:|^on:.*\bpull_request_target\b")
_HEAD = re.compile(r"ref:.*github\.event\.pull_request\.head\.")


def supply(tree: "Tree", stack: "Stack") -> Iterator[Issue]:
    """Yield what is not fixed, and what workflows do with strangers' text."""
    yield from _dependencies(tree, stack)
    for file in tree.files:
        name = PurePosixPath(file.path).name
        if name.startswith(("Dockerfile", "Containerfile")) or name.endswith(".dockerfile"):
            yield from _images(file.path, tree.text(file.path) or "", scope_of(file))
        elif file.path.startswith(".github/workflows/") and name.endswith((".yml", ".yaml")):
            yield from _workflow(file.path, tree.text(file.path) or "")


def _issue(
    name: str, path: str, line: int, detail: str, scope: Scope, sure: Confidence = "high"
) -> Issue:
    rule = rules()[name]
    title = f"{rule.title}: {detail}" if detail else rule.title
    topic: Topic = "security" if rule.severity == "high" else "supply"
    return Issue(
        name,
        topic,
        rule.severity,
        sure,
        title,
        path,
        line,
        scope=scope,
        why=rule.why,
        remedy=rule.remedy,
        tool="manifests",
    )


def _dependencies(tree: "Tree", stack: "Stack") -> Iterator[Issue]:
    by_manifest: dict[str, list[Dependency]] = {}
    for each in stack.dependencies:
        if each.group == "runtime" and not each.optional:
            by_manifest.setdefault(each.manifest, []).append(each)
    for manifest, needed in sorted(by_manifest.items()):
        file = tree.file(manifest)
        scope = scope_of(file) if file else "product"
        if needed[0].ecosystem in {"go", "java", "container"} or _is_locked(tree, needed[0]):
            continue
        if _is_list_beside(tree, stack, needed[0]):
            continue  # What is installed with the library stands in its own manifest.
        if _is_library(tree, stack, manifest):
            loose = [each for each in needed if not each.requirement and not each.pinned]
            if loose:
                detail = _names(loose, len(needed))
                yield _issue("supply.unbounded", manifest, loose[0].line, detail, scope)
            continue
        open_ones = [each for each in needed if not each.pinned]
        if open_ones:
            detail = _names(open_ones, len(needed))
            yield _issue("supply.unpinned", manifest, open_ones[0].line, detail, scope)


def _is_locked(tree: "Tree", dependency: "Dependency") -> bool:
    """Whether a lock file stands beside the manifest or above it."""
    places = [PurePosixPath(dependency.manifest).parent]
    places += list(places[0].parents)
    locks = LOCKS.get(dependency.ecosystem, ())
    return any(tree.file(str(place / lock)) for place in places for lock in locks)


def _is_list_beside(tree: "Tree", stack: "Stack", dependency: "Dependency") -> bool:
    """Whether a requirements file lies in a library, where only those who work on it read it."""
    file = PurePosixPath(dependency.manifest)
    if dependency.ecosystem != "python" or file.suffix not in {".txt", ".in"}:
        return False
    near = {file.parent}
    if file.parent.name.startswith("req"):
        near.add(file.parent.parent)
    return any(
        package.ecosystem == "python"
        and PurePosixPath(package.manifest).parent in near
        and _is_library(tree, stack, package.manifest)
        for package in stack.packages
    )


def _is_library(tree: "Tree", stack: "Stack", manifest: str) -> bool:
    """Whether others install it beside their own choice of versions: then ranges are right.

    What is built into a package is made for that; so is a project without a program to start.
    """
    text = tree.text(manifest) or ""
    name = PurePosixPath(manifest).name
    if name == "package.json":
        return '"private": true' not in text and '"version"' in text
    if name == "pyproject.toml":
        if re.search(r"(?m)^\s*package-mode\s*=\s*false", text):
            return False
        starts = any(
            each.manifest == manifest and each.kind == "command" for each in stack.entry_points
        )
        is_named = any(each.manifest == manifest for each in stack.packages)
        return "[build-system]" in text or (is_named and not starts)
    return name in {"setup.py", "setup.cfg", "Cargo.toml"} or name.endswith(".gemspec")


def _names(some: "Sequence[Dependency]", total: int) -> str:
    shown = ", ".join(each.name for each in some[:NAMED_MAX])
    more = f" and {len(some) - NAMED_MAX} more" if len(some) > NAMED_MAX else ""
    return f"{len(some)} of {total} ({shown}{more})"


def _images(path: str, text: str, scope: Scope) -> Iterator[Issue]:
    stages: set[str] = set()
    for match in _FROM.finditer(text):
        image = match["image"]
        line = text.count("\n", 0, match.start()) + 1
        if not (image in stages or image == "scratch" or "$" in image or "@sha256:" in image):
            tag = image.rpartition("/")[2].partition(":")[2]
            if tag in {"", "latest"}:
                yield _issue("container.latest", path, line, image, scope)
        if match["name"]:
            stages.add(match["name"])


def _workflow(path: str, text: str) -> Iterator[Issue]:
    yield from _actions(path, text)
    if _TARGET.search(text):
        head = _HEAD.search(text)
        if head:
            line = text.count("\n", 0, head.start()) + 1
            yield _issue("ci.target-checkout", path, line, "", "product", "medium")
    for number, line_text in _run_lines(text):
        if _STRANGERS.search(line_text):
            yield _issue("ci.script-injection", path, number, "", "product", "medium")


def _actions(path: str, text: str) -> Iterator[Issue]:
    """Say once a file which actions of others follow a tag; branches one by one."""
    tagged: dict[str, int] = {}
    for match in _USES.finditer(text):
        action, ref = match["action"], match["ref"]
        line = text.count("\n", 0, match.start("action")) + 1
        if _SHA.fullmatch(ref) or "$" in ref:
            continue
        if not _VERSION.match(ref):
            yield _issue("ci.moving-branch", path, line, f"{action}@{ref}", "product")
        elif action.partition("/")[0] not in {"actions", "github"}:
            tagged.setdefault(f"{action}@{ref}", line)
    if tagged:
        names = sorted(tagged)
        detail = ", ".join(names[:NAMED_MAX])
        yield _issue("ci.moving-tag", path, min(tagged.values()), detail, "product")


def _run_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield the lines of `run:` steps, by their indentation."""
    inside = -1
    for number, line in enumerate(text.split("\n"), start=1):
        depth = len(line) - len(line.lstrip())
        if inside >= 0 and line.strip() and depth <= inside:
            inside = -1
        start = re.match(r"\s*(?:-\s*)?run:\s*(.*)", line)
        if start:
            inside = line.index("run:")
            yield number, start[1]
        elif inside >= 0:
            yield number, line
