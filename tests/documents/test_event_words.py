"""Every kind of event has a sentence, with the reason that the person gave."""

import re
from typing import Any

import pytest

from missioncontrol.documents.event_words import CLAUSES, SENTENCE_MAX, sentence
from missioncontrol.domain.register import NAMES

FIELDS = {name: kind.__struct_fields__ for kind, (name, _) in NAMES.items()}
EXPIRES = 1_790_000_000.0  # 2026-09-21 14:13:20 UTC


def test_every_kind_of_event_has_a_sentence_made_of_its_own_fields() -> None:
    assert set(CLAUSES) == set(FIELDS)
    for kind, parts in CLAUSES.items():
        named = set(re.findall(r"{(\w+)}", " ".join(parts)))
        assert named <= set(FIELDS[kind]), kind


@pytest.mark.parametrize(
    "kind", sorted(kind for kind, names in FIELDS.items() if "reason" in names)
)
def test_a_reason_is_always_told(kind: str) -> None:
    assert sentence(kind, {"reason": "Because of the audit."}).endswith("Because of the audit.")


@pytest.mark.parametrize(
    ("kind", "data", "expected"),
    [
        (
            "cap_set",
            {
                "scope": ["workflow", "release"],
                "period": "month",
                "amount": {"cost": 2_000_000},
                "before": {"cost": 1_000_000},
                "actor": "user:alice",
                "reason": "Month end.",
            },
            "the cap of workflow release, of each month, now $2.00, before $1.00: Month end.",
        ),
        (
            "cap_set",
            {"scope": ["workspace", ""], "period": "total", "amount": None, "reason": "Over."},
            "the cap of the workspace, of all time, now none: Over.",
        ),
        ("approval_given", {"by": "user:bob", "reason": "Fine."}, "bob agreed: Fine."),
        (
            "approval_requested",
            {"run": "run-1", "step": "ship", "expires": EXPIRES},
            "ship of run-1 waits for people, until 2026-09-21 14:13:20 UTC",
        ),
        (
            "rate_limit_set",
            {"kind": "workspace", "name": "", "starts": 0, "seconds": 3600.0, "reason": "Calm."},
            "starts of workspace, at most 0 in 1h: Calm.",
        ),
        (
            "slot_skipped",
            {"slot": EXPIRES, "reason": "overlap"},
            "slot 2026-09-21 14:13:20 UTC is skipped: a run had not ended",
        ),
        (
            "step_failed",
            {"step": "a", "fence": 1, "failure": {"code": "x", "reason": "No such file."}},
            "a failed: No such file.",
        ),
        (
            "usage_reported",
            {"step": "a", "fence": 1, "usage": {"input_tokens": 4}, "model": "m"},
            "a used 4 tokens, $0.00, model m",
        ),
        ("step_expanded", {"step": "a", "steps": [{"key": "b"}]}, "a became b"),
        (
            "steps_blocked",
            {"by": "a", "steps": list("bcdefgh")},
            "b, c, d, e, f and 2 more can never run, because a did not succeed",
        ),
        ("noted", {"note": "of another release"}, ""),
        ("run_settled", "taken out", ""),
    ],
)
def test_what_happened_is_told_in_words(kind: str, data: Any, expected: str) -> None:
    assert sentence(kind, data) == expected


def test_a_sentence_has_a_bound() -> None:
    assert len(sentence("run_halted", {"code": "x", "reason": "word " * 400})) <= SENTENCE_MAX


@pytest.mark.parametrize("odd", [7, -1.5, "…", [], {}, [{}], True, {"reason": 3}, 1e300])
def test_what_was_taken_out_of_an_event_breaks_nothing(odd: Any) -> None:
    for kind, names in FIELDS.items():
        assert "\n" not in sentence(kind, dict.fromkeys(names, odd))
