"""The guide to the console names every setting of `console.toml`, with its default."""

import json
import re
from pathlib import Path
from typing import Any

import msgspec

from missioncontrol.adapters.console_file import console_settings
from missioncontrol.ports.console_settings import ConsoleSettings, Limits, Mail, Provider

GUIDE = (Path(__file__).parents[2] / "docs/guides/console.md").read_text("utf-8")
PARTS = {"limits": Limits, "oidc": Provider, "mail": Mail}


def defaults() -> dict[str, Any]:
    found = {}
    parts: dict[Any, str] = {
        ConsoleSettings: "",
        **{kind: f"{name}." for name, kind in PARTS.items()},
    }
    for kind, prefix in parts.items():
        for field in msgspec.structs.fields(kind):
            if field.name not in PARTS:
                factory = field.default_factory
                is_made = factory is not msgspec.NODEFAULT
                found[prefix + field.name] = factory() if is_made else field.default
    return found


def test_every_setting_is_there_with_its_default() -> None:
    rows = re.findall(r"^\| `([a-z_.]+)` \| [^|]+ \| ([^|]+) \|$", GUIDE, re.MULTILINE)
    listed = dict(rows)
    assert list(listed) == [name for name in listed if name in defaults()]
    assert listed.keys() == defaults().keys()
    for name, default in defaults().items():
        value = listed[name].strip("`")
        if default is msgspec.NODEFAULT:
            assert value == "required", name
        elif name == "oidc.title":
            assert value == "its name"
        elif name == "url":
            assert value == "where it listens"
        else:
            assert value == ("none" if default in ((), "", {}) else json.dumps(default)), name


def test_the_example_can_be_used(tmp_path: Path) -> None:
    found = re.search(r"^```toml\n# console.toml\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
    assert found is not None
    (tmp_path / "console.toml").write_text(found[1])
    settings = console_settings(tmp_path / "console.toml")
    assert (settings.hosts, settings.oidc[0].name) == (("mission.example.com",), "google")
