"""A single import of Python, as a statement and as what it says."""

import re

import msgspec

from missioncontrol.domain.errors import Rejected

ANY = "$A"
_SAID = re.compile(
    r"from (?P<module>[.\w]+) import (?P<name>\w+|\$A)(?: as (?P<local>\w+))?"
    r"|import (?P<whole>[.\w]+)(?: as (?P<as>\w+))?"
)


class Import(msgspec.Struct, frozen=True):
    """One name that a module takes in."""

    module: str  # with the dots before it
    name: str = ""  # "" for the module as a whole, ANY for each name of it
    local: str = ""  # the name it has here, where that is another

    @property
    def text(self) -> str:
        """As a statement."""
        said = f"from {self.module} import {self.name}" if self.name else f"import {self.module}"
        return f"{said} as {self.local}" if self.local else said


def import_of(text: str) -> Import:
    """Return what a statement imports.

    Raises:
        Rejected: `pattern.bad_codemod`.
    """
    found = _SAID.fullmatch(text)
    if found is None:
        raise Rejected("pattern.bad_codemod", f"{text[:200]!r} imports no single name.")
    if found["whole"]:
        return Import(found["whole"], "", found["as"] or "")
    return Import(found["module"], found["name"], found["local"] or "")
