"""The libraries of the extras, as pyproject.toml and what is installed say them."""

import re
import sys
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PROJECT: Mapping[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS: Mapping[str, list[str]] = PROJECT["optional-dependencies"]

SHARED = frozenset({"opentelemetry"})
"""Modules that several distributions share; blocked, they would take a part of another library."""

BLOCKER = """
import os, sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in os.environ["BLOCKED"].split(","):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Blocker())
"""
"""A `sitecustomize`: in a process that finds it, the modules named in BLOCKED are missing."""


def distribution(requirement: str) -> str:
    """Return the normal name of the distribution that a requirement asks for."""
    found = re.match(r"[\w.-]+", requirement)
    assert found
    return re.sub(r"[-_.]+", "-", found[0]).lower()


@cache
def modules() -> dict[str, frozenset[str]]:
    """Return the top modules of each extra's own libraries."""
    installed = {
        module: {distribution(each) for each in names}
        for module, names in packages_distributions().items()
    }
    return {
        extra: frozenset(
            module
            for module, names in installed.items()
            if names & set(map(distribution, required)) and module not in SHARED
        )
        for extra, required in EXTRAS.items()
        if extra != "all"
    }


def all_modules() -> frozenset[str]:
    """Return the top modules of the libraries of every extra."""
    return frozenset().union(*modules().values())


def blocking(place: Path) -> dict[str, str]:
    """Return variables with which a Python process finds no library of any extra."""
    (place / "sitecustomize.py").write_text(BLOCKER)
    path = f"{place}:{ROOT / 'src'}"
    return {"PYTHONPATH": path, "BLOCKED": ",".join(sorted(all_modules()))}


def without(monkeypatch: pytest.MonkeyPatch, extra: str) -> None:
    """Hide all libraries of an extra from this process, loaded or not."""
    for library in modules()[extra]:
        for name in [each for each in sys.modules if each.split(".")[0] == library]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setitem(sys.modules, library, None)
