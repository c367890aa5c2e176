"""What each rule means, from the data file beside this one."""

import functools
import tomllib
from pathlib import Path
from typing import Any

import msgspec

from missioncontrol.domain.work import Severity


class Rule(msgspec.Struct, frozen=True):
    """The weight of a rule, why it matters, and what to do."""

    severity: Severity
    title: str
    why: str
    remedy: str


@functools.cache
def rules() -> dict[str, Rule]:
    """Return every rule by its whole name, such as `bandit.B602`."""
    data: dict[str, Any] = tomllib.loads(
        Path(__file__).with_name("rules.toml").read_text(encoding="utf-8")
    )
    return {
        f"{group}.{name}": msgspec.convert(fields, Rule)
        for group, members in data.items()
        for name, fields in members.items()
    }
