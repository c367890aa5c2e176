"""What can be set from outside, and what holds where nothing is."""

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from missioncontrol.adapters.home import EVALUATIONS
from missioncontrol.adapters.workspaces_file import root_of
from missioncontrol.confinement import HiddenDirectories
from missioncontrol.domain.secrets import HARMLESS, HOME
from missioncontrol.ports.confinement import Confinement, Sandbox

ROOT = "MISSION_ROOT"
"""Names the root directory of several workspaces."""

PASSED_ON = HARMLESS
"""Variables that a specialist sees of ours; everything else may be a secret."""

COMMANDS_PASSED_ON = (*PASSED_ON, "SSH_AUTH_SOCK")
"""What a command sees besides what its step names: `git push` may need the agent of ssh."""

MODEL_NAME = "MISSION_MODEL_NAME"
MODEL_VARIABLES = ("MISSION_MODEL_URL", MODEL_NAME, "MISSION_MODEL_KEY")
"""Where a model is reached; only the planner sees them."""


class Settings(msgspec.Struct, frozen=True):
    """One home and its limits."""

    home: Path
    concurrency: int = 64  # attempts at work at once, all runs together
    specialist_concurrency: int = 2  # attempts of one specialist at once
    plan_seconds_max: float = 300.0
    task_seconds_max: float = 300.0
    workers_port: int | None = None  # where workers connect; 0 is any free port, None nowhere
    workers_address: str = "127.0.0.1"
    heads_to: str | None = None  # a file or an address that signed heads are sent to
    owns_process: bool = False  # whether all that this process starts is Mission Control's
    lease_seconds: float = 60.0  # a worker that is silent for longer has lost what it holds


def usual_home() -> Path:
    """Return the data directory of the platform, which holds where none is named."""
    from platformdirs import user_data_path

    return user_data_path("missioncontrol", appauthor=False)


def sandbox_of(confinement: Confinement, home: Path) -> Sandbox:
    """Return what keeps the programs of steps out of `home`, and out of the usual one.

    Of a workspace it is the root that is hidden, with the directories of all other workspaces.
    Trials of evaluations work in a directory of `home`, which their steps name.
    """
    hidden = (root_of(home) or home, usual_home())
    return HiddenDirectories(confinement, hidden, shown=(home / EVALUATIONS,))


def root_directory(chosen: str | None, environment: Mapping[str, str] = os.environ) -> Path:
    """Return the root of all workspaces: the one chosen, else MISSION_ROOT, else the platform's."""
    named = chosen or environment.get(ROOT)
    if named:
        return Path(named).expanduser().absolute()
    return usual_home().with_name("missioncontrol-workspaces")


def home_directory(chosen: str | None, environment: Mapping[str, str] = os.environ) -> Path:
    """Return the data directory: the one chosen, else MISSION_HOME, else the platform's."""
    named = chosen or environment.get(HOME)
    return Path(named).expanduser().absolute() if named else usual_home()
