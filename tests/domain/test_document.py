"""Documents: versions that never change, edits on the newest only, conflicts until decided."""

from typing import Any

import msgspec
import pytest

from missioncontrol.domain import document as d
from missioncontrol.domain.errors import Conflict, Corrupt, NotFound, Rejected

FIRST: dict[str, Any] = {
    "kind": "prd",
    "run": "run-1",
    "mission": "mission-1",
    "digest": "a" * 64,
    "characters": 10,
    "generated": "a" * 64,
    "typed": "b" * 64,
    "base": 0,
}
DISPUTE = d.Dispute("c1", "Risks", "mine", "theirs")


def generate(**changes: Any) -> d.GenerateDocument:
    return d.GenerateDocument(**{**FIRST, **changes})


def edit(**changes: Any) -> d.EditDocument:
    about = {"kind": "prd", "run": "run-1", "digest": "c" * 64, "characters": 12, "base": 1}
    return d.EditDocument(**{**about, **changes})


def after(*commands: d.DocumentCommand) -> d.StoredDocument:
    state: d.StoredDocument | None = None
    for at, command in enumerate(commands):
        for event in d.decide(command, state, float(at)):
            state = d.evolve(state, event, float(at))
    assert state is not None
    return state


def test_what_is_generated_first_is_version_one() -> None:
    state = after(generate())
    assert [each.number for each in state.versions] == [1]
    assert state.newest.made == "generated"
    assert not state.is_edited


def test_an_edit_is_the_next_version_and_says_what_it_was_made_of() -> None:
    state = after(generate(), edit(note="who"))
    assert (state.newest.number, state.newest.base, state.newest.note) == (2, 1, "who")
    assert state.is_edited


def test_what_was_made_of_an_older_version_is_refused_with_what_is_newer() -> None:
    state = after(generate(), edit())
    for command in (edit(base=1, digest="e" * 64), generate(base=1, digest="e" * 64)):
        with pytest.raises(Conflict, match="version 2 is there by now, edited") as refused:
            d.decide(command, state, 9.0)
        assert refused.value.code == "document.stale"
        assert "mission document diff run-1 prd --older 1" in refused.value.hint


def test_what_says_nothing_new_is_no_version() -> None:
    state = after(generate())
    assert d.decide(generate(base=1), state, 1.0) == []
    assert d.decide(edit(digest="a" * 64), state, 1.0) == []


def test_a_document_that_was_never_written_cannot_be_edited() -> None:
    with pytest.raises(NotFound) as refused:
        d.decide(edit(), None, 0.0)
    assert refused.value.code == "document.unknown"


def test_a_conflict_is_open_until_somebody_decides_it() -> None:
    state = after(generate(), edit(), generate(base=2, digest="d" * 64, disputes=(DISPUTE,)))
    assert state.disputes == (DISPUTE,)
    settled = edit(base=3, digest="f" * 64, settled=(("c1", "theirs"), ("unheard-of", "mine")))
    events = d.decide(settled, state, 5.0)
    assert [type(event).__name__ for event in events] == ["DocumentEdited", "ConflictSettled"]
    for event in events:
        state = d.evolve(state, event, 5.0)
    assert state.disputes == ()


def test_the_same_conflict_is_open_once() -> None:
    disputed = generate(base=2, digest="d" * 64, disputes=(DISPUTE,))
    state = after(generate(), edit(), disputed)
    again = generate(base=3, digest="e" * 64, disputes=(DISPUTE,))
    for event in d.decide(again, state, 6.0):
        state = d.evolve(state, event, 6.0)
    assert state.disputes == (DISPUTE,)


def test_a_conflict_can_be_decided_without_changing_a_word() -> None:
    state = after(generate(), edit(), generate(base=2, digest="d" * 64, disputes=(DISPUTE,)))
    events = d.decide(edit(base=3, digest="d" * 64, settled=(("c1", "mine"),)), state, 5.0)
    assert isinstance(events[-1], d.ConflictSettled)


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (edit(characters=d.CHARACTERS_MAX + 1), "document.too_long"),
        (edit(note="x" * (d.NOTE_MAX + 1)), "document.bad_note"),
    ],
)
def test_text_stays_bounded(command: d.EditDocument, code: str) -> None:
    with pytest.raises(Rejected) as refused:
        d.decide(command, after(generate()), 1.0)
    assert refused.value.code == code


def test_versions_stay_bounded() -> None:
    state = after(generate())
    many = (state.newest,) * d.VERSIONS_MAX
    full = msgspec.structs.replace(state, versions=many)
    with pytest.raises(Rejected) as refused:
        d.decide(edit(), full, 1.0)
    assert refused.value.code == "document.too_many_versions"


def test_a_log_that_begins_with_an_edit_is_corrupt() -> None:
    event = d.DocumentEdited("prd", "run-1", 1, digest="a", characters=1, base=0)
    with pytest.raises(Corrupt):
        d.evolve(None, event, 0.0)


def test_a_version_is_found_by_its_number() -> None:
    state = after(generate(), edit())
    assert d.version_of(state, None).number == 2
    assert d.version_of(state, 1).digest == "a" * 64
    for number in (0, 3):
        with pytest.raises(NotFound):
            d.version_of(state, number)
