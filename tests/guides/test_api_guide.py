"""What the guide to the API shows is asked of a real server as it stands."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.console.house_process import house_process
from tests.guides.test_guides import blocks
from tests.prefork import SOURCE

GUIDE = "docs/guides/api.md"


@pytest.mark.journey
@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")
def test_the_guide_to_the_api_works_as_written(tmp_path: Path) -> None:
    (shell,), (code,) = blocks(GUIDE, "sh"), blocks(GUIDE, "python")
    with house_process(tmp_path) as house:
        known = {"MISSION_URL": house.url, "MISSION_TOKEN": house.token, "PYTHONPATH": str(SOURCE)}
        env = {"PATH": "/usr/bin:/bin:/usr/local/bin", "HOME": str(tmp_path), **known}
        asked = subprocess.run(["sh", "-euc", shell], env=env, capture_output=True, text=True)
        assert asked.returncode == 0, asked.stderr + asked.stdout
        assert '"name":"hello"' in asked.stdout
        done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("succeeded ")
    assert "greet succeeded\nHello, Grace.\n" in done.stdout
