"""The meaning of a measure does not change under its version."""

import hashlib

import msgspec
import pytest

from missioncontrol.analytics.definition import NAMES, Definition, definition

KNOWN: dict[str, str] = {
    "active 1": "3ad5c613712fba43",
    "active 2": "5bda196233c39a79",
    "active 3": "c574098e7f1b6a1a",
    "anomalies 1": "f218536ba6fe9dc7",
    "anomalies 2": "48cfbcd90dad29c4",
    "funnel 1": "28c9d61f3ede98db",
    "kpis 1": "dbef32d9d907feaa",
    "kpis 2": "4145d59dcd433e40",
    "kpis 3": "79b7fc052ad2f7cd",
    "kpis 4": "f5883db46292e97d",
    "lifecycle 1": "2cbe7601d1d1cd2b",
    "lifecycle 2": "818831d2d48fff70",
    "paths 1": "49be9dce71f78c55",
    "retention 1": "4285eb6bd91cf6cb",
    "retention 2": "bb3a9ecc9b0d94ce",
    "trend 1": "fe0c4e3f5984c841",
    "trend 2": "f4f07f59996724d6",
    "trend 3": "9909c5df2e4e89b3",
}
"""What each version says. Who changes what a file says gives it the next version and adds a line
here; a line that is here is never changed: answers that were given name it."""


def digest(found: Definition) -> str:
    """Return a digest of all that a definition says but its version."""
    content = msgspec.to_builtins(msgspec.structs.replace(found, version=0))
    return hashlib.sha256(msgspec.json.encode(content, order="deterministic")).hexdigest()[:16]


@pytest.mark.parametrize("name", NAMES)
def test_a_version_says_what_it_has_always_said(name: str) -> None:
    found = definition(name)
    assert KNOWN.get(found.stamp) == digest(found), (
        f"{name}.toml says something else than {found.stamp} did: give it the next version, and "
        f"add {found.name!r} with {digest(found)!r} to KNOWN."
    )


@pytest.mark.parametrize("name", NAMES)
def test_versions_follow_each_other(name: str) -> None:
    last = definition(name).version
    versions = {int(each.split()[1]) for each in KNOWN if each.split()[0] == name}
    assert max(versions) == last
    assert len({KNOWN[f"{name} {each}"] for each in versions}) == len(versions)
