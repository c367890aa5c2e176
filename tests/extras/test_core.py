"""The core starts, and is imported, without the libraries of any extra."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.extras.libraries import EXTRAS, ROOT, all_modules, blocking, modules

OPTIONAL = {
    "missioncontrol.adapters.agents.a2a": "agents",
    "missioncontrol.adapters.agents.acp": "agents",
    "missioncontrol.adapters.agents.model": "agents",
    "missioncontrol.mcp": "agents",
    "missioncontrol.surfaces.mcp": "agents",
    "missioncontrol.testing.mcp_suite": "agents",
    "missioncontrol.adapters.warehouses.duckdb": "analytics",
    "missioncontrol.learning.python": "learn",
    "missioncontrol.learning.python_imports": "learn",
    "missioncontrol.documents.printing.docx_process": "pdf",
    "missioncontrol.documents.printing.docx": "pdf",
    "missioncontrol.documents.printing.typst_process": "pdf",
}
"""Packages and modules that may import libraries of an extra at their top: each is imported by
what has asked for the extra first."""

IMPORT_ALL = """
import importlib, json, pkgutil, sys
import missioncontrol
missing = {}
for found in pkgutil.walk_packages(missioncontrol.__path__, "missioncontrol."):
    if not found.name.endswith("__main__"):
        try:
            importlib.import_module(found.name)
        except ModuleNotFoundError as error:
            missing[found.name] = error.name.split(".")[0]
json.dump(missing, sys.stdout)
"""


def run(place: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python where no library of an extra is found."""
    return subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, **blocking(place), "MISSION_HOME": str(place / "home")},
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_extra_names_libraries_and_all_names_every_extra() -> None:
    [everything] = EXTRAS["all"]
    named = re.fullmatch(r"missioncontrol\[(.*)\]", everything)
    assert named
    assert named[1].split(",") == sorted(set(EXTRAS) - {"all"})
    assert [extra for extra, found in modules().items() if not found] == ["telemetry"]  # is shared


def test_no_module_of_the_core_imports_a_library_of_an_extra(tmp_path: Path) -> None:
    done = run(tmp_path, "-c", IMPORT_ALL)
    assert done.returncode == 0, done.stderr
    missing: dict[str, str] = json.loads(done.stdout)
    wrong = {name: library for name, library in missing.items() if not _may_need(name, library)}
    assert wrong == {}
    unused = [each for each in OPTIONAL if not any(_is_in(name, each) for name in missing)]
    assert unused == [], "they need nothing any more: take them out of OPTIONAL"


def _may_need(module: str, library: str) -> bool:
    return any(
        _is_in(module, place) and library in modules()[extra] for place, extra in OPTIONAL.items()
    )


def _is_in(module: str, place: str) -> bool:
    return module == place or module.startswith(f"{place}.")


@pytest.mark.parametrize(
    "arguments", [("--version",), ("--help",), ("agent", "list"), ("runs",), ("template", "list")]
)
def test_the_command_line_works_without_any_extra(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    done = run(tmp_path, "-m", "missioncontrol", *arguments)
    assert "Traceback" not in done.stderr
    assert "pip install" not in done.stderr
    assert done.returncode in (0, 2), done.stderr  # 2: nothing is recorded yet


def test_the_lock_file_of_make_run_holds_every_extra() -> None:
    locked = (ROOT / "requirements.lock").read_text()
    for extra, required in EXTRAS.items():
        for each in required if extra != "all" else ():
            name = re.split(r"[\[><=]", each)[0]
            assert f"\n{name}==" in f"\n{locked}", (extra, name)


def test_blocking_takes_every_library_away(tmp_path: Path) -> None:
    names = sorted(all_modules())
    assert names
    program = f"from missioncontrol import extras; print(*filter(extras._is_installed, {names}))"
    assert run(tmp_path, "-c", program).stdout.strip() == ""
