"""The health check looks at each package by itself and says where care is needed."""

from pathlib import Path

import msgspec
import pytest

from missioncontrol.domain.run.states import Run, StepState, Succeeded
from tests.cli.command import commit
from tests.examples.shop import Shop, live, output, states

FILES = {
    "pyproject.toml": '[project]\nname = "whole"\nversion = "1.0.0"\n',
    "whole.py": "def one():\n    return 1\n",
    "tests/__init__.py": "",
    "tests/test_whole.py": (
        "import unittest\n\nfrom whole import one\n\n\nclass TestOne(unittest.TestCase):\n"
        "    def test_one(self):\n        self.assertEqual(one(), 1)\n"
    ),
    "packages/alpha/pyproject.toml": '[project]\nname = "alpha"\nversion = "1.0.0"\n',
    "packages/alpha/alpha/__init__.py": (
        "import yaml\n\n\ndef load(path):\n    return yaml.load(open(path))\n"
    ),
    "packages/beta/pyproject.toml": '[project]\nname = "beta"\nversion = "1.0.0"\n',
    "packages/beta/beta/__init__.py": "def add(a, b):\n    return a + b\n",
}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "repository"
    for name, content in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    commit(root)
    return root


def kept_from(run: Run, key: str) -> StepState:
    """Return the state of a step of a fork that did not run again."""
    state = run.states[key]
    assert isinstance(state, Succeeded)
    return msgspec.structs.replace(state, kept_from=run.id)


@pytest.mark.journey
def test_a_grave_finding_is_told_with_its_package(tmp_path: Path, repository: Path) -> None:
    async def story(shop: Shop) -> None:
        await shop.save("repository-health")
        run = await shop.run("repository-health", repository=str(repository))
        outputs = shop.outputs(run)
        assert outputs["packages"] == [".", "packages/alpha", "packages/beta"]
        assert outputs["healthy"] is False
        assert outputs["problems"] == ["high findings: 1, at most 0 allowed; in packages/alpha"]
        audits = output(run, "packages")
        assert [audit["package"] for audit in audits] == outputs["packages"]
        page = shop.file(run, "summary", "health.md")
        assert "| packages/alpha | 2 | 0 | 1 |" in page
        assert "| packages/beta | 2 | 0 | 0 |" in page
        # What was looked at need not be looked at again to judge it otherwise.
        mild = await shop.fork(run, "summary", high_max=1)
        assert shop.outputs(mild)["healthy"] is True
        reused = [key for key, state in mild.states.items() if state == kept_from(run, key)]
        assert reused == ["survey", "packages", "architecture", "history", "tests"]

    live(tmp_path / "home", story)


@pytest.mark.journey
def test_what_is_not_there_is_left_out_and_told(tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    (bare / "one.py").write_text("def one():\n    return 1\n")

    async def story(shop: Shop) -> None:
        await shop.save("repository-health")
        run = await shop.run("repository-health", repository=str(bare))
        assert states(run)["history"] == "skipped"
        assert states(run)["tests"] == "skipped"
        assert shop.outputs(run)["problems"] == ["no command for tests was found"]

    live(tmp_path / "home", story)
