"""What a mission lacks, in words, and how many waivers it may have."""

import pytest

from missioncontrol.domain.coverage_gaps import Asked, RiskOwner, Waiver
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.waivers import (
    WAIVERS_MAX,
    AssignRisk,
    Lacking,
    Traced,
    WaiveGap,
    decide,
    lacking,
)
from tests.domain.plans import a_plan

PLAN = a_plan()
ASKED = Asked("Make search fast.")
GAP = "risk.unowned:K1"


def test_without_a_plan_the_plan_is_lacking() -> None:
    assert lacking(Traced(None, ASKED), ()) == Lacking(("plan",), ())


def test_what_is_lacking_is_told_in_words() -> None:
    found = lacking(Traced(PLAN, ASKED), ())
    assert found.words == (
        "no checked evidence for survey, report; gaps in the trace: requirement.unasked:R1, "
        "risk.unowned:K1"
    )
    assert Lacking((), ()).words == "nothing"
    assert Lacking(tuple("abcdefg"), ()).words == "no checked evidence for a, b, c, d, e and 2 more"


def test_waivers_and_owners_are_bounded() -> None:
    waivers = (Waiver("other", "0", "What", "Why", "user:bob", 1.0),) * WAIVERS_MAX
    with pytest.raises(Rejected) as no:
        decide(WaiveGap(GAP, "It is small.", "user:bob"), Traced(PLAN, ASKED, waivers))
    assert no.value.code == "mission.too_many_waivers"
    owners = (RiskOwner("K9", "0", "Mara", "user:bob", 1.0),) * WAIVERS_MAX
    with pytest.raises(Rejected) as no:
        decide(AssignRisk("K1", "Mara", "user:bob"), Traced(PLAN, ASKED, owners=owners))
    assert no.value.code == "mission.too_many_waivers"
