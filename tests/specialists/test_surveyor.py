"""What the surveyor says of repositories, and what it finds wrong with them."""

import json
from pathlib import Path
from typing import Any

import pytest

from missioncontrol.domain.work import FilesRead, Finding, Work
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.specialists.specialist import Brief
from missioncontrol.specialists.surveyor import Surveyor
from missioncontrol.specialists.surveyor.licences import licences_in, meant
from missioncontrol.testing.local_workspace import LocalDesk
from tests.specialists.sample_repository import SampleRepository

MIT = """MIT License

Copyright (c) 2024 The Authors

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software, to deal in the Software without restriction, subject to the
following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.
"""
APACHE = "Apache License\n                        Version 2.0, January 2004\n"
PYPROJECT = """[project]
name = "shop"
version = "1.2.0"
description = "Sells *things*."
license = "MIT"
dependencies = ["flask>=3"]
[project.scripts]
shop = "shop.cli:main"
[tool.pytest.ini_options]
"""


def worked(root: Path | None, out: Path, goal: str = "") -> tuple[Work, dict[str, Any], str]:
    brief = Brief(goal, "title", (), "", root, None, None, {}, 60.0)
    work = Surveyor().work(brief, LocalDesk(out))
    data = json.loads((out / "survey.json").read_text())
    return work, data, (out / "survey.md").read_text()


def found(work: Work, rule: str) -> list[Finding]:
    return [item for item in work.findings if item.rule == f"survey.{rule}"]


@pytest.fixture
def shop(tmp_path: Path) -> SampleRepository:
    """A small, sound project."""
    sample = SampleRepository(tmp_path / "shop")
    sample.put("pyproject.toml", PYPROJECT)
    sample.put("LICENSE", MIT)
    sample.put("README.md", "# Shop\n")
    sample.put("shop/__init__.py", "")
    sample.put("shop/cli.py", "def main() -> None:\n    print('basket')\n")
    sample.put("shop/basket.py", "class Basket:\n    items = 0\n" * 3)
    sample.put("tests/test_basket.py", "def test_it() -> None:\n    pass\n")
    sample.put(".github/workflows/ci.yml", "jobs:\n  test:\n    steps: []\n")
    sample.commit("Begin")
    return sample


def test_a_sound_project_is_summed_up_without_findings(
    shop: SampleRepository, tmp_path: Path
) -> None:
    work, data, page = worked(shop.root, tmp_path / "out")
    assert work.summary == (
        "shop 1.2.0: 8 files, 8 lines of code in Python (100 %), 2 lines in 1 test file, "
        "1 runtime dependency, licence MIT."
    )
    assert work.findings == ()
    assert "What is wrong" not in page
    assert "“Sells \\*things\\*.” (`pyproject.toml`)" in page
    assert data["code_lines"] == 8
    assert data["test_lines"] == 2
    assert [item["target"] for item in data["entry_points"]] == ["shop.cli:main"]
    (evidence,) = work.evidence
    assert evidence == FilesRead(8, 0, shop.git("rev-parse", "HEAD").strip())


def test_every_fact_points_at_its_value(shop: SampleRepository, tmp_path: Path) -> None:
    work, data, _ = worked(shop.root, tmp_path / "out")
    checked = 0
    for fact in work.facts:
        value: Any = data
        for part in fact.pointer.strip("/").split("/"):
            value = value[int(part)] if isinstance(value, list) else value[part]
        if not isinstance(value, list | dict):
            assert value == fact.value
            checked += 1
    assert checked >= 5


def test_the_goal_leads_to_the_files_that_it_is_about(
    shop: SampleRepository, tmp_path: Path
) -> None:
    work, _, page = worked(shop.root, tmp_path / "out", goal="Empty the basket at night")
    assert work.output["places"][0] == "shop/basket.py"
    section = page.partition("## What this means for the goal")[2].partition("\n## ")[0]
    assert "| `shop/basket.py` | code | 6 |" in section
    assert "pyproject.toml" not in section


def test_a_licence_text_that_contradicts_the_manifest_is_found(
    shop: SampleRepository, tmp_path: Path
) -> None:
    shop.put("LICENSE", APACHE)
    work, _, page = worked(shop.root, tmp_path / "out")
    (item,) = found(work, "licence-contradiction")
    assert item.title == "pyproject.toml says 'MIT', but LICENSE is Apache-2.0"
    assert (item.path, item.line) == ("pyproject.toml", 5)
    assert "(`pyproject.toml:5`)" in page


def test_missing_licence_tests_ci_and_readme_are_found(tmp_path: Path) -> None:
    sample = SampleRepository(tmp_path / "bare")
    sample.put("app.py", "x = 1\n" * 150)
    sample.commit("Begin")
    work, _, _ = worked(sample.root, tmp_path / "out")
    assert [item.rule for item in work.findings] == [
        "survey.no-licence",
        "survey.no-tests",
        "survey.no-ci",
        "survey.no-readme",
    ]
    assert work.findings[1].title == "No test file in 150 lines of code"


def test_a_command_without_its_module_is_found(shop: SampleRepository, tmp_path: Path) -> None:
    (shop.root / "shop/cli.py").unlink()
    shop.commit("Lose the command")
    work, _, _ = worked(shop.root, tmp_path / "out")
    (item,) = found(work, "entry-point-missing")
    assert item.title == "The command 'shop' starts 'shop.cli:main', but there is no such module"
    assert (item.severity, item.line) == ("high", 8)


def test_manifests_that_disagree_are_found(shop: SampleRepository, tmp_path: Path) -> None:
    shop.put("setup.cfg", "[metadata]\nname = shop\nversion = 1.1.0\n")
    shop.put("requirements.txt", "flask==2.3.0\n")
    work, _, _ = worked(shop.root, tmp_path / "out")
    (versions,) = found(work, "versions-disagree")
    assert versions.title == "pyproject.toml says version 1.2.0, setup.cfg says 1.1.0"
    (needs,) = found(work, "requirements-disagree")
    assert needs.title == (
        "flask==2.3.0 in requirements.txt does not fit flask>=3 in pyproject.toml:6"
    )


def test_a_manifest_that_cannot_be_read_is_a_finding(
    shop: SampleRepository, tmp_path: Path
) -> None:
    shop.put("package.json", "{")
    work, _, _ = worked(shop.root, tmp_path / "out")
    (item,) = found(work, "manifest-unreadable")
    assert item.path == "package.json"


def test_a_submodule_that_is_not_checked_out_is_a_finding(
    shop: SampleRepository, tmp_path: Path
) -> None:
    shop.git("update-index", "--add", "--cacheinfo", "160000", "1" * 40, "theme")
    work, _, page = worked(shop.root, tmp_path / "out")
    (item,) = found(work, "submodule-missing")
    assert item.path == "theme"
    assert "- a submodule that is not checked out: `theme`" in page


def test_installed_packages_in_the_repository_are_a_finding(
    shop: SampleRepository, tmp_path: Path
) -> None:
    shop.put("web/node_modules/x/index.js", "x")
    shop.commit("Commit everything")
    work, data, _ = worked(shop.root, tmp_path / "out")
    (item,) = found(work, "packages-committed")
    assert item.path == "web/node_modules"
    assert [row["language"] for row in data["languages"]] == ["Python"]


def test_an_empty_directory_is_surveyed_in_one_sentence(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    work, _, page = worked(empty, tmp_path / "out", goal="Build a shop")
    assert work.summary == "The repository holds no file that could be surveyed."
    assert work.findings == ()
    assert "##" not in page


def test_a_directory_without_git_is_surveyed_and_says_so(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.mkdir()
    (plain / "run.sh").write_text("#!/bin/sh\n")
    work, _, page = worked(plain, tmp_path / "out")
    assert "it is not under git" in page
    assert found(work, "no-ci") == []


def test_signs_in_names_cannot_break_the_page(shop: SampleRepository, tmp_path: Path) -> None:
    shop.put("we`ird|na\nme.py", "x = 1\n" * 400)
    shop.commit("Odd")
    _, _, page = worked(shop.root, tmp_path / "out")
    assert "`` we`ird|na me.py ``" in page


def test_work_without_a_repository_fails_by_name(tmp_path: Path) -> None:
    with pytest.raises(AttemptFailed) as failed:
        worked(None, tmp_path / "out")
    assert failed.value.code == "surveyor.no_repository"


def test_the_same_repository_gives_the_same_bytes_wherever_it_lies(
    shop: SampleRepository, tmp_path: Path
) -> None:
    one, _, _ = worked(shop.root, tmp_path / "one", goal="basket")
    shop.root.rename(tmp_path / "moved")
    two, _, _ = worked(tmp_path / "moved", tmp_path / "two", goal="basket")
    assert one == two
    assert str(tmp_path) not in (tmp_path / "one/survey.json").read_text()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (MIT, ("MIT",)),
        (APACHE, ("Apache-2.0",)),
        ("                    GNU GENERAL PUBLIC LICENSE\n Version 3, 29 June 2007", ("GPL-3.0",)),
        ("All rights reserved.", ()),
    ],
)
def test_licences_are_known_by_their_text(text: str, expected: tuple[str, ...]) -> None:
    assert licences_in(text) == expected


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("MIT OR Apache-2.0", ("Apache-2.0", "MIT")),
        ("BSD License", ("BSD-2-Clause", "BSD-3-Clause")),
        ("GPL-3.0-or-later", ("GPL-3.0",)),
        ("MIT License", ("MIT",)),
        ("Our own", ()),
    ],
)
def test_licences_are_known_by_the_words_of_manifests(word: str, expected: tuple[str, ...]) -> None:
    assert meant(word) == expected


def test_what_several_manifests_declare_is_counted_once_and_told_for_each(
    shop: SampleRepository, tmp_path: Path
) -> None:
    shop.put("setup.py", "from setuptools import setup\nsetup(install_requires=['flask', 'x'])\n")
    shop.commit("Declare it twice")
    work, data, page = worked(shop.root, tmp_path / "out")
    assert ", 2 runtime dependencies, " in work.summary
    assert data["user_dependencies"] == 2
    assert "2 runtime dependencies (1 in `pyproject.toml` and 2 in `setup.py`): " in page
