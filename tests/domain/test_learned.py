"""Patterns of a library: learned once, renewed where they say something else, retired, used."""

import msgspec
import pytest

from missioncontrol.domain import learned as d
from missioncontrol.domain.errors import MissionControlError

ONE = d.Learned("codemod-1", "codemod", "python", "a → b", "Write `b`.", "/repo", "ab" * 32, 4, 4)


def after(*commands: d.PatternCommand) -> d.Library | None:
    library: d.Library | None = None
    for command in commands:
        for event in d.decide(command, library, 1.0):
            library = d.evolve(library, event, 1.0)
    return library


def refusal(command: d.PatternCommand, library: d.Library | None = None) -> str:
    with pytest.raises(MissionControlError) as refused:
        d.decide(command, library, 1.0)
    return refused.value.code


def test_the_same_pattern_is_learned_once() -> None:
    library = after(d.LearnPattern(ONE))
    assert library is not None
    assert d.decide(d.LearnPattern(ONE), library, 2.0) == []
    newer = msgspec.structs.replace(ONE, digest="cd" * 32)
    [event] = d.decide(d.LearnPattern(newer), library, 2.0)
    assert (event.pattern, getattr(event, "version", 0)) == ("codemod-1", 2)


def test_what_was_used_stays_counted_through_newer_versions() -> None:
    newer = msgspec.structs.replace(ONE, digest="cd" * 32)
    library = after(
        d.LearnPattern(ONE),
        d.NoteUse("codemod-1", "/repo", 1, 2, passed=True),
        d.NoteUse("codemod-1", "/repo", 1, 1, passed=False),
        d.LearnPattern(newer),
    )
    assert library is not None
    pattern = library.patterns["codemod-1"]
    assert (pattern.version, pattern.used, pattern.passed, pattern.state) == (2, 2, 1, "active")


def test_a_retired_pattern_is_used_no_more_and_may_be_learned_again() -> None:
    retire = d.RetirePattern("codemod-1", "Too wide.")
    library = after(d.LearnPattern(ONE), retire)
    assert library is not None
    assert d.decide(retire, library, 2.0) == []
    assert refusal(d.NoteUse("codemod-1", "/r", 1, 1, passed=True), library) == "pattern.retired"
    [event] = d.decide(d.LearnPattern(ONE), library, 2.0)
    assert d.evolve(library, event, 2.0).patterns["codemod-1"].state == "active"


def test_bad_input_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert refusal(d.RetirePattern("codemod-9", "Why not.")) == "pattern.unknown"
    library = after(d.LearnPattern(ONE))
    assert refusal(d.RetirePattern("codemod-1", " "), library) == "pattern.bad_input"
    for field in ("title", "statement", "repository"):
        odd = msgspec.structs.replace(ONE, **{field: "x" * 5_000})
        assert refusal(d.LearnPattern(odd)) == "pattern.bad_input"
    monkeypatch.setattr(d, "PATTERNS_MAX", 1)
    other = msgspec.structs.replace(ONE, id="codemod-2")
    assert refusal(d.LearnPattern(other), library) == "pattern.too_many"


def test_an_event_about_nothing_is_our_own_mistake() -> None:
    with pytest.raises(AssertionError):
        d.evolve(None, d.PatternRetired("codemod-1", "Why not."), 1.0)
