"""What tests need is read from all the places where projects say it, and nothing is run for it."""

from pathlib import Path

from missioncontrol.specialists.tester.environments import write_metadata
from missioncontrol.specialists.tester.test_requirements import imported_names, needed
from missioncontrol.specialists.tree import read_tree
from tests.specialists.tester.projects import written

PROJECT = """
[project]
name = "shop"
dynamic = ["version"]
requires-python = ">=3.9"
dependencies = ["attrs>=20", "colorama; platform_system == 'Windows'"]
[project.scripts]
shop = "shop.cli:main"
[project.entry-points."shop.plugins"]
one = "shop.one:One"
[project.optional-dependencies]
tests = ["shop[fast]", "pytest", "simplejson"]
fast = ["orjson"]
docs = ["sphinx"]
"""


def test_extras_for_tests_and_those_they_name_are_taken(tmp_path: Path) -> None:
    found = needed(read_tree(written(tmp_path, {"pyproject.toml": PROJECT})))
    assert found.requirements == ("attrs>=20", "orjson", "pytest", "simplejson")
    assert (found.sources, found.python) == (("pyproject.toml",), ">=3.9")


def test_what_the_tests_import_is_taken_from_any_group(tmp_path: Path) -> None:
    tree = read_tree(written(tmp_path, {"pyproject.toml": PROJECT}))
    assert "sphinx" in needed(tree, ["sphinx"]).requirements


def test_groups_may_include_others_and_developers_count_where_tests_have_none(
    tmp_path: Path,
) -> None:
    text = '[dependency-groups]\nlint = ["ruff"]\ndev = ["hypothesis", {include-group = "lint"}]\n'
    found = needed(read_tree(written(tmp_path, {"pyproject.toml": text})))
    assert found.requirements == ("hypothesis", "ruff", "pytest")


def test_requirements_files_and_tox_are_read_with_what_they_include(tmp_path: Path) -> None:
    files = {
        "setup.cfg": "[metadata]\nname = shop\n[options]\ninstall_requires =\n    attrs\n",
        "requirements/tests.txt": "-r base.txt\n-e .[fast]\npytest==8.0  # pinned\n--hash=x\n",
        "requirements/base.txt": "click\n",
        "docs/requirements.txt": "sphinx\n",
        "tox.ini": "[testenv]\ndeps =\n    trustme\n    {posargs}\n[testenv:lint]\ndeps = flake8\n",
    }
    found = needed(read_tree(written(tmp_path, files))).requirements
    assert set(found) == {"attrs", "click", "pytest==8.0", "trustme"}


def test_a_lock_file_fixes_versions_of_which_it_holds_one(tmp_path: Path) -> None:
    lock = "".join(
        f'[[package]]\nname = "{name}"\nversion = "{version}"\n'
        for name, version in (("attrs", "25.1"), ("numpy", "1"), ("numpy", "2"), ("shop", "0"))
    )
    files = {"pyproject.toml": PROJECT, "uv.lock": lock}
    assert needed(read_tree(written(tmp_path, files))).constraints == ("attrs==25.1",)


def test_addresses_of_code_that_would_be_built_are_left_out(tmp_path: Path) -> None:
    text = '[project]\nname = "shop"\ndependencies = ["e @ https://example.org/e.zip", "attrs"]\n'
    assert needed(read_tree(written(tmp_path, {"pyproject.toml": text}))).requirements == (
        "attrs",
        "pytest",
    )


def test_a_project_that_declares_nothing_needs_nothing(tmp_path: Path) -> None:
    assert needed(read_tree(written(tmp_path, {"a.py": ""}))).requirements == ()
    assert imported_names("import os.path\nfrom json import x\nfrom . import y\n") == {"os", "json"}
    assert imported_names("def (") == set()


def test_metadata_of_the_project_is_written_without_building_it(tmp_path: Path) -> None:
    files = {"pyproject.toml": PROJECT, "shop/__init__.py": '__version__ = "2.1"\n'}
    assert write_metadata(read_tree(written(tmp_path / "shop", files)), tmp_path / "own")
    [folder] = (tmp_path / "own").iterdir()
    assert folder.name.startswith("shop-")
    points = (folder / "entry_points.txt").read_text()
    assert "[shop.plugins]\none = shop.one:One" in points
    assert "[console_scripts]\nshop = shop.cli:main" in points
    assert not write_metadata(
        read_tree(written(tmp_path / "bare", {"a.py": ""})), tmp_path / "none"
    )
