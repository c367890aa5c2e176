"""The actions of the command palette: what each is called, asks for, needs and does."""

import tomllib
from pathlib import Path
from typing import Any

import msgspec

from missioncontrol.domain.principal import Needed


class Choice(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that an action can be done to."""

    value: str
    title: str
    detail: str = ""
    state: str = ""
    fields: dict[str, str] = {}  # sent along: what it is bound to


class Argument(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What an action asks for: one of `choices` by its name, or a text where there are none."""

    name: str
    label: str
    choices: str = ""  # a key of `Palette.choices`
    optional: bool = False
    is_number: bool = False


class Action(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Something to be done: exactly one of `href`, `post`, `opens` and `command` says how.

    `{run}` in an address stands for the argument of that name; what no address takes is the body.
    """

    id: str
    title: str
    group: str
    icon: str
    href: str = ""
    post: str = ""  # a route of the API
    method: str = "POST"
    then: str = ""  # a page to go to when it is done
    opens: str = ""  # a dialog of the page
    arguments: tuple[Argument, ...] = ()
    sure: str = ""  # asked before; `{title}` stands for what was chosen
    words: str = ""  # by which it is found too
    needs: Needed = "read"
    covers: tuple[str, ...] = ()  # operations, and requests of the engine, that it stands for
    command: str = ""  # of the terminal, to be copied: what no page does


def _read_actions() -> tuple[Action, ...]:
    found = tomllib.loads(Path(__file__).with_name("actions.toml").read_text("utf-8"))["action"]
    for each in found:
        each["arguments"] = [_argument(declared) for declared in each.get("arguments", ())]
    return msgspec.convert(found, tuple[Action, ...])


def _argument(declared: str | dict[str, Any]) -> dict[str, Any]:
    """A word alone asks for one of the things of that kind."""
    if isinstance(declared, str):
        return {"name": declared, "label": declared.capitalize(), "choices": declared}
    return declared


ACTIONS = _read_actions()
"""Every action but the places of the navigation, which a page knows itself."""
