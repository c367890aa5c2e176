"""The places in the code that a plan touches, with their definitions and who uses them."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from missioncontrol.domain.plan import Component
from missioncontrol.specialists.writer.command import Command
from missioncontrol.specialists.writer.parts import Part
from missioncontrol.specialists.writer.uses import Use

Standing = Literal["changed", "caller", "related", "test", "other"]


class Place(msgspec.Struct, frozen=True):
    """A file that the plan touches."""

    path: str
    language: str
    lines: int
    kind: str
    standing: Standing
    why: str  # in words, with the fact behind it
    component: Component | None
    parts: tuple[Part, ...]  # the most telling pieces first
    uses: tuple[Use, ...] = ()  # where its definitions are used; only for what is changed
    calls: tuple[Use, ...] = ()  # lines in here that use what is changed
    own: bool = False  # whether its pieces are tests of just what is changed


class Scene(msgspec.Struct, frozen=True):
    """All places of one mission, and what the repository says about itself."""

    places: tuple[Place, ...]
    by_requirement: Mapping[str, tuple[str, ...]]  # requirement → paths, the closest first
    commands: tuple[Command, ...]
    texts: Mapping[str, tuple[str, ...]]  # path → lines, for the places
    kept_out: tuple[tuple[str, str], ...]  # files that are not edited by hand, and why
    dependencies: tuple[tuple[str, str], ...]  # name and requirement → `manifest:line`
    doubt: str  # a place that the goal's words point to far more than to what is changed
    read: int  # files of the repository that were read
    left_out: int
    commit: str
    notes: tuple[str, ...]  # what was not looked at, and how all was obtained
    runtimes: tuple[tuple[str, str, str], ...] = ()  # language, which versions, `manifest:line`
    targets: tuple[Part, ...] = ()  # the definitions to be changed, as far as the goal says

    def standing(self, *standings: Standing) -> tuple[Place, ...]:
        """Return the places of these standings, in the order they were chosen."""
        return tuple(place for place in self.places if place.standing in standings)

    def place(self, path: str) -> Place | None:
        """Return the place at `path`."""
        return next((place for place in self.places if place.path == path), None)
