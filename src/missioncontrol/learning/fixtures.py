"""Runs a pattern's own fixtures: does it still do what it was learned for, and once only?"""

import msgspec

from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.learned import Codemod, FileTemplate, Fixture, Pattern, Rule, Settings
from missioncontrol.learning.declared_settings import is_readable, without_secrets
from missioncontrol.learning.rewrite import rewritten_piece
from missioncontrol.learning.skeletons import is_whole
from missioncontrol.learning.tree import flat
from missioncontrol.ports.history import TextFile


class Case(msgspec.Struct, frozen=True):
    """How one fixture ended."""

    place: str
    passed: bool
    reason: str = ""  # why not


def cases_of(pattern: Pattern) -> list[Case]:
    """Return how each fixture ends now; a command has none, it is run where it is applied."""
    return [
        Case(_where(fixture), not (wrong := _wrong(pattern, number, fixture)), wrong)
        for number, fixture in enumerate(pattern.fixtures)
    ]


def _where(fixture: Fixture) -> str:
    place = fixture.place
    at = f"{place.path}:{place.line}" if place.line else place.path
    return f"{at} of {place.commit[:12]}" if place.commit else at


def _wrong(pattern: Pattern, number: int, fixture: Fixture) -> str:
    body = pattern.body
    match body:
        case Codemod():
            return _wrong_rewrite(body, pattern.language, fixture)
        case Rule(codemod=Codemod() as codemod):
            return _wrong_rule(codemod, pattern.language, fixture)
        case Rule():
            return "" if is_readable(body) else "these settings can't be read"
        case FileTemplate():
            file = TextFile(fixture.place.path, fixture.before)
            return "" if is_whole(body, number, file) else "filled, it is another file"
        case Settings():
            return "" if without_secrets(body.text)[1] == 0 else "it holds what looks like a secret"
    return ""


def _wrong_rewrite(codemod: Codemod, language: str, fixture: Fixture) -> str:
    try:
        once = rewritten_piece(codemod, language, fixture.before)
        twice = rewritten_piece(codemod, language, once.text)
    except Rejected as refused:
        return str(refused)
    if flat(once.text) != flat(fixture.after):
        return f"it makes {once.text!r}, and history made {fixture.after!r}"
    return f"applied again it makes {twice.text!r}" if twice.edits else ""


def _wrong_rule(codemod: Codemod, language: str, fixture: Fixture) -> str:
    try:
        if not rewritten_piece(codemod, language, fixture.before).edits:
            return f"it does not find {fixture.before!r}"
        if rewritten_piece(codemod, language, fixture.after).edits:
            return f"it finds something in {fixture.after!r}"
    except Rejected as refused:
        return str(refused)
    return ""
