"""Sessions of agent programs: few events of each, and adoptions that are refused with a reason."""

from typing import Any

import msgspec
import pytest

from missioncontrol.domain import agent_session as a
from missioncontrol.domain.errors import NotFound, Rejected

NAME = "5ad425f2-de07-4c9f-bba4-14ceef22c6e0"
NOTE = a.NoteSession(
    NAME, "claude", "user:ann", "laptop", "/code/shop", 100.0, version="2.1", title="Add codes"
)


def folded(*events: Any) -> a.AgentSessions:
    state: a.AgentSessions | None = None
    for at, event in enumerate(events, 1):
        state = a.evolve(state, event, float(at))
    return state or a.AgentSessions()


def noted(state: a.AgentSessions, **standing: Any) -> list[Any]:
    changed = msgspec.structs.replace(NOTE, standing=a.Standing(**standing))
    return a.decide(changed, state, 0.0)


SEEN = a.decide(NOTE, None, 0.0)


def test_a_session_that_works_is_seen_once_and_no_more_than_that() -> None:
    assert [type(each) for each in SEEN] == [a.AgentSessionSeen]
    assert noted(folded(*SEEN)) == []


def test_what_it_waits_for_begins_and_ends_as_events() -> None:
    state = folded(*SEEN)
    begun = noted(state, wait="permission", text="Bash: make release")
    assert begun == [a.AgentSessionWaiting(NAME, wait="permission", text="Bash: make release")]
    waiting = folded(*SEEN, *begun)
    assert noted(waiting, wait="permission", text="Bash: make release") == []
    assert noted(waiting) == [a.AgentSessionWorking(NAME)]
    assert waiting.all[NAME].status == "waiting"


def test_a_session_ends_once_and_may_be_taken_up_again_by_its_person() -> None:
    ended = folded(*SEEN, a.AgentSessionEnded(NAME, how="lost"))
    assert noted(ended, end="lost") == []
    assert noted(ended) == [a.AgentSessionWorking(NAME)]


def test_no_person_reports_a_session_of_another() -> None:
    other = msgspec.structs.replace(NOTE, person="user:bob")
    with pytest.raises(Rejected) as refusal:
        a.decide(other, folded(*SEEN), 0.0)
    assert refusal.value.code == "agent_session.of_others"


def adopted(state: a.AgentSessions, **more: Any) -> list[Any]:
    given = {"by": "user:ann", "may_others": False, "has_changes": True, **more}
    return a.decide(a.AdoptSession(NAME, "run-1", **given), state, 0.0)


@pytest.mark.parametrize(
    ("after", "more", "code"),
    [
        ([a.AgentSessionAdopted(NAME, run="run-0", by="user:ann")], {}, "adopted"),
        ([], {"by": "user:bob"}, "not_yours"),
        ([a.AgentSessionEnded(NAME, how="ended")], {"has_changes": False}, "no_changes"),
    ],
)
def test_an_adoption_is_refused_with_its_reason(
    after: list[Any], more: dict[str, Any], code: str
) -> None:
    with pytest.raises(Rejected) as refusal:
        adopted(folded(*SEEN, *after), **more)
    assert refusal.value.code == f"agent_session.{code}"


def test_an_agent_continues_only_a_session_that_is_over() -> None:
    waiting = folded(*SEEN, a.AgentSessionWaiting(NAME, wait="prompt"))
    for state in (folded(*SEEN), waiting):
        with pytest.raises(Rejected) as refusal:
            adopted(state, continues=True)
        assert refusal.value.code == "agent_session.at_work"
    over = folded(*SEEN, a.AgentSessionEnded(NAME, how="lost"))
    assert adopted(over, continues=True, has_changes=False)


def test_an_adoption_names_the_run_and_who_asked() -> None:
    assert adopted(folded(*SEEN)) == [a.AgentSessionAdopted(NAME, run="run-1", by="user:ann")]
    by_admin = adopted(folded(*SEEN), by="user:bob", may_others=True)
    assert by_admin == [a.AgentSessionAdopted(NAME, run="run-1", by="user:bob")]
    with pytest.raises(NotFound):
        adopted(a.AgentSessions())


def test_sessions_at_hand_are_bounded_and_those_that_are_over_go_first() -> None:
    events: list[Any] = []
    for number in range(a.SESSIONS_MAX):
        note = msgspec.structs.replace(NOTE, session=f"session-{number:04}")
        events += a.decide(note, None, 0.0)
    events.append(a.AgentSessionEnded("session-0007", how="ended"))
    state = folded(*events, *SEEN)
    assert len(state.all) == a.SESSIONS_MAX
    assert "session-0007" not in state.all
    assert {"session-0000", NAME} <= state.all.keys()
