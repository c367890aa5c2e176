"""Knows which dependencies and images are well-known frameworks, services and tools."""

import functools
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from missioncontrol.specialists.manifests.stack import Dependency, Recognised, What

WHATS: tuple[What, ...] = ("framework", "service", "tool")


@functools.cache
def _known() -> Mapping[str, Any]:
    path = Path(__file__).with_name("known.toml")
    return tomllib.loads(path.read_text(encoding="utf-8"))


def recognised(dependencies: Iterable[Dependency]) -> Iterator[Recognised]:
    """Yield what is known among `dependencies`, in their order."""
    for item in dependencies:
        for what in WHATS:
            name = _name(item, what)
            if name:
                yield Recognised(
                    name, what, item.name, item.manifest, item.line, item.group, item.who
                )


def service_of_image(image: str) -> str:
    """Return the service behind a container image such as `postgres:16`, "" where unknown."""
    bare = image.rsplit("@", 1)[0].rsplit("/", 1)[-1].partition(":")[0].lower()
    return str(_known()["image"]["service"].get(bare, ""))


def _name(item: Dependency, what: What) -> str:
    names = _known().get(item.ecosystem, {}).get(what, {})
    return str(names.get(_normal(item), ""))


def _normal(item: Dependency) -> str:
    if item.ecosystem == "python":
        return re.sub(r"[-_.]+", "-", item.name).lower()
    if item.ecosystem == "go":
        return re.sub(r"/v\d+$", "", item.name)
    return item.name
