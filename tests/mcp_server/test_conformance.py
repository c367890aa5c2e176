"""The protocol's public suite of conformance, against our server with what the suite looks for."""

import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import playwright
import pytest

from tests.cli.command import end_all, mission
from tests.mcp_server.house import GREETING, saved
from tests.workers.house import Talker

pytestmark = pytest.mark.journey

EXPECTED = tomllib.loads((Path(__file__).parent / "expected_failures.toml").read_text("utf-8"))
NODE = Path(playwright.__file__).parent / "driver" / "node"
"""The suite needs a newer one than many have; Playwright brings one."""

ROOM = "[limits]\naddress_per_second = 10000.0\ntoken_per_second = 10000.0\n"
SCENARIOS_MIN = {"2025-11-25": 33, "2026-07-28": 50}
ASKED = ("dns-rebinding-protection", "tools-call-with-progress")
"""Some that have to be among those that ran, at both revisions."""


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """Serve the build for a home; a token is put on every request that comes without."""
    home = tmp_path / "home"
    saved(home, GREETING)
    made = mission(home, "token", "new", "suite", "--scope", "read")
    assert made.returncode == 0, made.stderr
    (home / "console.toml").write_text(ROOM)
    token = made.stdout.decode().strip()
    argv = [sys.executable, "-m", "missioncontrol.testing.mcp_suite", str(home), token]
    yield Talker(argv, home).until(r"http://\S+")[0]
    end_all()


def failing(results: Path) -> tuple[set[str], set[str]]:
    """Return the scenarios that ran, and those of which a check failed or warned."""
    ran, failed = set(), set()
    for place in results.iterdir():
        name = place.name.removeprefix("server-").rpartition("-20")[0]
        ran.add(name)
        checks = json.loads((place / "checks.json").read_text("utf-8"))
        if {check["status"] for check in checks} & {"FAILURE", "WARNING"}:
            failed.add(name)
    return ran, failed


def test_the_public_suite_finds_nothing_that_is_not_argued(
    url: str, conformance_program: Path, tmp_path: Path
) -> None:
    for revision, fewest in SCENARIOS_MIN.items():
        results = tmp_path / revision
        argv = [str(NODE), str(conformance_program), "server", "--url", url]
        argv += ["--requirements", revision, "--output-dir", str(results)]
        done = subprocess.run(argv, capture_output=True, timeout=100, check=False)
        assert done.returncode == 0, done.stdout.decode()[-4_000:]
        ran, failed = failing(results)
        assert len(ran) >= fewest
        assert ran >= set(ASKED)
        assert failed == EXPECTED[revision].keys(), done.stdout.decode()[-4_000:]
