"""What work is made of."""

from missioncontrol.domain.errors import Corrupt, MissionControlError, Rejected
from missioncontrol.domain.work import NO_USAGE, Usage


def test_usage_adds_up() -> None:
    assert Usage(1, 2, 3, 4, 5) + Usage(10, 20, 30, 40, 50) == Usage(11, 22, 33, 44, 55)
    assert Usage(1) + NO_USAGE == Usage(1)


def test_an_unknown_price_is_never_taken_for_free() -> None:
    assert (Usage(cost=None) + Usage(cost=5)).cost is None
    assert (Usage(cost=5) + Usage(cost=None)).cost is None


def test_an_error_is_one_sentence_and_what_to_do() -> None:
    error = Rejected("step.bad", "It is bad.", hint="Mend it.")
    assert str(error) == "It is bad. Mend it."
    assert str(Corrupt("log.bad", "It is bad.")) == "It is bad."
    assert isinstance(error, MissionControlError)
