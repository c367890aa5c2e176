"""Finds the home and the repository that a command line names."""

import argparse
import os
from pathlib import Path

from missioncontrol.adapters.home import Home
from missioncontrol.adapters.repositories import locate
from missioncontrol.app.settings import Settings, home_directory, sandbox_of
from missioncontrol.application.new_repository import new_directory
from missioncontrol.cli.identity import IN_ATTEMPT
from missioncontrol.confinement import available_confinement
from missioncontrol.domain.errors import Rejected, Unavailable
from missioncontrol.domain.product_design import asks_for_change
from missioncontrol.ports.confinement import Sandbox


def settings_of(arguments: argparse.Namespace) -> Settings:
    """Return the settings that a command line asks for.

    Raises:
        Rejected: `home.bad_path`.
    """
    chosen: str | None = getattr(arguments, "home", None)
    if chosen == "":
        raise Rejected("home.bad_path", "--home is empty.", hint="Name a directory.")
    path = home_directory(chosen)
    if not _is_text(str(path)):
        raise Rejected(
            "home.bad_path",
            f"The home {str(path)!r} is not valid UTF-8.",
            hint="Name another directory with --home or MISSION_HOME.",
        )
    _refuse_file(path)
    _refuse_step(path)
    return Settings(path, owns_process=True)


def _refuse_file(path: Path) -> None:
    try:
        is_there = path.exists() and not path.is_dir()
    except OSError as error:
        raise Unavailable(
            "home.unusable",
            f"The home {str(path)!r} can't be used: {error.strerror}.",
            hint="Name another directory with --home or MISSION_HOME.",
        ) from None
    if is_there:
        raise Rejected(
            "home.bad_path",
            f"The home {str(path)!r} is a file.",
            hint="Name a directory with --home or MISSION_HOME.",
        )


def _refuse_step(path: Path) -> None:
    """Refuse the program of a step without access to the data directory; list what it may do.

    Raises:
        Unavailable: `home.closed_to_steps`.
    """
    if IN_ATTEMPT not in os.environ:
        return
    try:
        with os.scandir(path):
            return
    except PermissionError:
        raise Unavailable(
            "home.closed_to_steps",
            f"Programs of steps can't reach the data directory {str(path)!r}.",
            hint="Ask the engine over HTTP: set MISSION_SERVER to the address of its console, and "
            "give the step a token of `mission user token new` as the secret MISSION_TOKEN.",
        ) from None
    except OSError:
        return  # It is reported as everywhere.


def sandbox_here(arguments: argparse.Namespace) -> Sandbox:
    """Return what keeps code that is tested out of the home that a command line means."""
    confinement = available_confinement(os.environ)
    return sandbox_of(confinement, settings_of(arguments).home)


def home_of(arguments: argparse.Namespace) -> Home:
    """Return the home that a command line means."""
    return Home(settings_of(arguments).home)


def repository_of(arguments: argparse.Namespace) -> str:
    """Return the absolute path of the repository, or "" for an idea or with --context alone.

    Raises:
        Rejected: `mission.bad_input`, or as `locate`.
    """
    if arguments.repo is None:
        if arguments.context.strip() or is_idea(arguments):
            return ""
        raise Rejected(
            "mission.bad_input",
            "There is no repository to work on.",
            hint="Give a checkout with --repo, or describe what there is with --context. A new "
            "product needs neither: say who does what with it.",
        )
    if not arguments.repo:
        raise Rejected("mission.bad_input", "--repo is empty.", hint="Give the path of a checkout.")
    path = str(locate(arguments.repo))
    if not _is_text(path):
        raise Rejected(
            "repository.bad_path",
            f"The path of the repository, {path!r}, is not valid UTF-8.",
            hint="Rename the directory.",
        )
    return path


def new_repository_of(arguments: argparse.Namespace) -> str:
    """Return the absolute path of the repository that is to be created.

    It is called like the product, in the current directory, where --repo does not name it.

    Raises:
        Rejected: `mission.bad_input`, `repository.not_empty`, `repository.bad_path`.
    """
    if arguments.repo == "":
        raise Rejected(
            "mission.bad_input", "--repo is empty.", hint="Give the path of a directory."
        )
    if arguments.repo is not None:
        return new_directory(Path(arguments.repo).expanduser().absolute())
    if not (arguments.goal or "").strip():
        raise Rejected(
            "mission.bad_input",
            "There is no directory to create the repository in.",
            hint="Name one with --repo.",
        )
    from missioncontrol.specialists.greenfield.composition import composed

    return new_directory(Path.cwd() / composed(arguments.goal).package.replace("_", "-"))


def is_idea(arguments: argparse.Namespace) -> bool:
    """Whether a command has a goal that describes a new product."""
    goal = getattr(arguments, "goal", None) or ""
    return bool(goal.strip()) and not asks_for_change(goal)


def _is_text(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)
