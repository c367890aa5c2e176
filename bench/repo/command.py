"""`mission` as a process of its own, in a checkout with a home beside it."""

import subprocess
import sys
from pathlib import Path

from bench.harness import folder_of_repository, quiet_environment


def mission(root: Path, home: Path, *words: str) -> None:
    """Run one command line to its end; raises where it fails."""
    environment = quiet_environment() | {
        "MISSION_HOME": str(home),
        "MISSION_ACTOR": "ada",
        "PYTHONPATH": str(folder_of_repository() / "src"),
    }
    argv = [sys.executable, "-m", "missioncontrol", *words]
    subprocess.run(argv, cwd=root, env=environment, check=True, stdout=subprocess.DEVNULL)
