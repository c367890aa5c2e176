"""The settings of an agent with the Agent Client Protocol."""

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from missioncontrol.adapters.agents.kind_support import bad_settings, relative_path, settings_of
from missioncontrol.domain.declaration import Declaration
from missioncontrol.domain.step import Risk


class AcpSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The settings of an agent of kind `acp`.

    In `variables` and `files`, {url}, {key} and {model} stand for the attempt's access to a model,
    and {cwd} for its tree. The URL has no path: add /v1 where the program needs it.
    """

    argv: Annotated[tuple[str, ...], Meta(min_length=1)]
    variables: dict[str, str] = {}
    files: dict[str, str] = {}  # by their path below the home directory of the program
    home: Literal["attempt", "kept"] = "attempt"  # kept: its sign-in persists
    writes: tuple[str, ...] = ()  # what it may write besides its tree and home: absolute paths
    network: bool = True  # whether it reaches more by TCP than its models
    sockets: bool = False  # whether it may connect to Unix sockets, of any program
    base_url: str = ""  # of models, while no gateway is open …
    key_variable: str = ""  # … and the variable with their key
    sign_in: str = ""  # the id of the sign-in method, if the program needs one
    modes: dict[Risk, str] = {}  # the mode of the session by the tier of its step
    connect_seconds_max: Annotated[float, Meta(gt=0, le=3600)] = 60.0


def acp_settings(declared: Declaration) -> AcpSettings:
    """Return the settings of a declared program.

    Raises:
        Rejected: `agent.bad_settings`.
    """
    found = settings_of(declared, AcpSettings)
    if not found.argv[0]:
        raise bad_settings(declared, "argv names no program.")
    if any("{key}" in text for text in found.argv):
        hint = "Every program on this machine can read arguments; use `variables` or `files`."
        raise bad_settings(declared, "argv holds {key}.", hint=hint)
    if bad := relative_path(found.writes):
        raise bad_settings(declared, f"writes names {bad!r}, a relative path.")
    for name in found.files:
        path = PurePosixPath(name)
        if not path.parts or path.is_absolute() or ".." in path.parts or "\0" in name:
            raise bad_settings(
                declared, f"files names {name!r}, which is not a relative path without `..`."
            )
    return found


def fill_placeholders(template: str, values: Mapping[str, str]) -> str:
    """Return `template` with {url} and the others replaced; other braces are JSON's."""
    for name, value in values.items():
        template = template.replace(f"{{{name}}}", value)
    return template
