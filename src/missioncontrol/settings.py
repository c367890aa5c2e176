"""What can be set from outside, and what holds where nothing is."""

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from missioncontrol.domain.secrets import HARMLESS, HOME

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
    plan_seconds_max: float = 120.0
    task_seconds_max: float = 90.0
    workers_port: int | None = None  # where workers are let in; 0 is one that is free, None nowhere
    workers_address: str = "127.0.0.1"
    lease_seconds: float = 60.0  # a worker that is silent for longer has lost what it holds


def home_directory(chosen: str | None, environment: Mapping[str, str] = os.environ) -> Path:
    """Return the data directory: the one chosen, else MISSION_HOME, else the platform's."""
    named = chosen or environment.get(HOME)
    if named:
        return Path(named).expanduser().absolute()
    from platformdirs import user_data_path

    return user_data_path("missioncontrol", appauthor=False)
