"""Digests of a product are stored as they were written, the newest of them."""

import pytest

from missioncontrol.domain.digest import (
    NO_DIGESTS,
    STORED_MAX,
    TEXT_MAX,
    Digests,
    DigestWritten,
    Passage,
    TakeDigest,
    Written,
    decide,
    evolve,
)
from missioncontrol.domain.errors import Rejected

WORDS = Written(Passage("Sign-ups fell.", ("headline",)))


def digest(facts: str, run: str = "run-1", **more: object) -> DigestWritten:
    return DigestWritten("shop", run, "2026-10-25", "2026-11-23", facts, "# Shop", **more)  # type: ignore[arg-type]


def kept(*digests: DigestWritten) -> Digests:
    found = NO_DIGESTS
    for each in digests:
        for event in decide(TakeDigest(each), found, 0.0):
            found = evolve(found, event, 0.0)
    return found


def test_a_run_says_the_same_once() -> None:
    written = digest("a")
    assert decide(TakeDigest(written), None, 0.0) == [written]
    assert decide(TakeDigest(written), kept(written), 0.0) == []
    assert decide(TakeDigest(digest("a", "run-2")), kept(written), 0.0)


def test_words_are_found_by_the_very_facts_they_are_of() -> None:
    by_rule, by_model = digest("a"), digest("a", "run-2", written_by="m", written=WORDS)
    refused = digest("a", "run-3", reason="It says 5.")
    found = kept(by_rule, by_model, refused, digest("b", "run-4"))
    assert found.of("a") == by_model
    assert found.tried("a") == refused
    assert found.of("b") is None
    assert found.tried("c") is None


def test_only_the_newest_are_kept() -> None:
    found = kept(*(digest(f"{n}") for n in range(STORED_MAX + 5)))
    assert [each.facts for each in found.kept] == [f"{n}" for n in range(5, STORED_MAX + 5)]


@pytest.mark.parametrize(
    "wrong",
    [
        DigestWritten("shop", "run-1", "", "", "a", "x" * (TEXT_MAX + 1)),
        digest("a", written=Written(WORDS.headline, (WORDS.headline,) * 7)),
    ],
)
def test_what_is_too_long_is_refused(wrong: DigestWritten) -> None:
    with pytest.raises(Rejected, match="passages of a part"):
        decide(TakeDigest(wrong), None, 0.0)
