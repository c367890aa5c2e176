"""The protocol's public suite of conformance, against our server with what the suite looks for."""

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import playwright
import pytest

from tests.cli.command import end_all, mission
from tests.mcp_server.house import GREETING, saved
from tests.some import some
from tests.workers.house import Talker

pytestmark = pytest.mark.journey

EXPECTED = tomllib.loads((Path(__file__).parent / "expected_failures.toml").read_text("utf-8"))
NODE = Path(playwright.__file__).parent / "driver" / "node"
"""The suite needs a newer one than many have; Playwright brings one."""

TIMERS = Path(__file__).parent / "patient_timers.cjs"
SUITE_SECONDS_MAX = 280

ROOM = "[limits]\naddress_per_second = 10000.0\ntoken_per_second = 10000.0\n"
SCENARIOS_MIN = {"2025-11-25": 33, "2026-07-28": 50}
ASKED = ("dns-rebinding-protection", "tools-call-with-progress")
"""Some that have to be among those that ran, at both revisions."""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve the build for a home; a token is put on every request that comes without."""
    home = tmp_path_factory.mktemp("suite") / "home"
    saved(home, GREETING)
    made = mission(home, "token", "new", "suite", "--scope", "read")
    assert made.returncode == 0, made.stderr
    (home / "console.toml").write_text(ROOM)
    token = made.stdout.decode().strip()
    argv = [sys.executable, "-m", "missioncontrol.testing.mcp_suite", str(home), token]
    yield Talker(argv, home).until(r"http://\S+")[0]
    end_all()


class Suite:
    """The suite, as it looks at one server."""

    def __init__(self, program: Path, url: str, root: Path) -> None:
        self.argv = [str(NODE), "--require", str(TIMERS), str(program), "server", "--url", url]
        self.root = root

    def run(self, *options: str) -> tuple[set[str], dict[str, str]]:
        """Return the scenarios that ran, and what was wrong with those that found something."""
        results = self.root / "results"
        argv = [*self.argv, *options, "--output-dir", str(results)]
        done = subprocess.run(argv, capture_output=True, timeout=SUITE_SECONDS_MAX, check=False)
        assert results.is_dir(), done.stdout + done.stderr
        findings = {_scenario(place): _wrong(place) for place in results.iterdir()}
        return set(findings), {each: wrong for each, wrong in findings.items() if wrong}


def _scenario(place: Path) -> str:
    return re.split(r"-\d{4}-\d\d-\d\dT", place.name.removeprefix("server-"))[0]


def _wrong(place: Path) -> str:
    checks = json.loads((place / "checks.json").read_text("utf-8"))
    wrong = [each for each in checks if each["status"] in ("FAILURE", "WARNING")]
    return "; ".join(f"{each['id']}: {each.get('errorMessage')}" for each in wrong)


@pytest.mark.parametrize("revision", some(list(SCENARIOS_MIN), 1))
def test_the_public_suite_finds_nothing_that_is_not_argued(
    url: str, conformance_program: Path, tmp_path: Path, revision: str
) -> None:
    suite = Suite(conformance_program, url, tmp_path)
    ran, failed = suite.run("--requirements", revision)
    assert len(ran) >= SCENARIOS_MIN[revision]
    assert ran >= set(ASKED)
    assert failed.keys() == EXPECTED[revision].keys(), failed
