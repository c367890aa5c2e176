"""Names: who counts as a person, and which names no person can have."""

import pytest

from missioncontrol.adapters.agents.kinds import OURS
from missioncontrol.app.builtin_agents import AGENT_CARDS
from missioncontrol.domain.person import can_decide, is_reserved


@pytest.mark.parametrize(
    "name",
    [
        "engine",
        "user:engine",
        "Engine",
        "ENGINE",
        "en-gine",
        "engine.",
        "e n g i n e",
        "engine\u0301",
        "eng\u0131ne".replace("\u0131", "1"),
        "3ngine".replace("3", "\u0435"),  # a Cyrillic letter that looks like e
        "\uff45\uff4e\uff47\uff49\uff4e\uff45",  # full width
        "\U0001d41e\U0001d427\U0001d420\U0001d422\U0001d427\U0001d41e",  # mathematical bold
        "c0ntro1",
        "Mission Control",
        "mission-control",
        "anonymous",
        "planner",
        "schedule",
        "webhook",
        "system",
        "rnission",
    ],
)
def test_a_name_that_is_read_as_a_part_of_the_program_is_no_name_of_a_person(name: str) -> None:
    assert is_reserved(name)
    assert not can_decide(name)


@pytest.mark.parametrize("name", ["alice", "user:bob", "Ann-Marie O'Neil", "李雷", "Ольга", "x"])
def test_names_of_people_are_theirs(name: str) -> None:
    assert can_decide(name)


@pytest.mark.parametrize("name", ["", " bob", "bob\u200b", "agent:writer", "b\u202eob", "a\nb"])
def test_what_hides_something_or_names_a_program_is_no_name(name: str) -> None:
    assert not can_decide(name)


@pytest.mark.parametrize("name", sorted({*AGENT_CARDS, *OURS}))
def test_every_agent_of_the_program_has_a_reserved_name(name: str) -> None:
    assert is_reserved(name)
