"""Scores and comparisons, held against formulas and against counting all ways."""

from collections.abc import Mapping
from fractions import Fraction
from itertools import product
from math import comb
from types import MappingProxyType

import pytest

from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.evaluation import Evaluation, Judged, Outcome, Played, Subject
from missioncontrol.evaluation.comparison import compare, sign_flips
from missioncontrol.evaluation.score import overall, score, wilson
from missioncontrol.evaluation.trials import plan_of, trials_of

D, E = "cd" * 32, "ef" * 32


def judged(text: str) -> list[Judged]:
    """`p` passed, `f` failed, `s` stuck, `o` over its budget, `e` an error."""
    words: dict[str, Outcome] = {
        "p": "passed",
        "f": "failed",
        "s": "stuck",
        "o": "over_budget",
        "e": "error",
    }
    return [Judged(words[c], tokens=10, seconds=n) for n, c in enumerate(text)]


def played(name: str, **parts: str) -> Played:
    return Played(
        **{
            "id": name,
            "title": name,
            "digest": D,
            "snapshot": "c0ffee",
            "task": D,
            "checks": D,
            "caps": D,
            **parts,
        }
    )


def evaluated(
    name: str,
    outcomes: dict[str, str],
    changed: Mapping[str, dict[str, str]] = MappingProxyType({}),
) -> Evaluation:
    """Return an evaluation in which the repetitions of each scenario came out so."""
    repeat = max(map(len, outcomes.values()))
    scenarios = [played(each, **changed.get(each, {})) for each in outcomes]
    begun = plan_of(name, Subject("a", "acp", D), scenarios, repeat, 7)
    found = Evaluation(begun, 0.0, {}, {})
    for trial in trials_of(begun):
        results = judged(outcomes[scenarios[trial.scenario].id])
        if trial.repetition < len(results):
            found.judged[trial.number] = results[trial.repetition]
    return found


@pytest.mark.parametrize(
    ("passed", "trials", "low", "high"),
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (8, 10, 0.4902, 0.9433), (1, 1, 0.2065, 1.0)],
)
def test_the_interval_is_that_of_wilson(passed: int, trials: int, low: float, high: float) -> None:
    found = wilson(passed, trials)
    assert found.low == pytest.approx(low, abs=1e-4)
    assert found.high == pytest.approx(high, abs=1e-4)


def test_errors_are_no_part_of_a_share_and_stuck_is_never_a_success() -> None:
    found = score(judged("ppfsoee"))
    assert found.share is not None
    assert (found.trials, found.error, found.share.value) == (7, 2, 0.4)
    assert (found.passed, found.failed, found.stuck, found.over_budget) == (2, 1, 1, 1)
    assert found.seconds == 2.0
    nothing = score(judged("ee"))
    assert (nothing.share, nothing.tokens, nothing.seconds) == (None, None, None)


def test_an_unknown_price_makes_the_median_unknown() -> None:
    assert score([Judged("passed", cost=5), Judged("passed", cost=7)]).cost == 6
    assert score([Judged("passed", cost=5), Judged("passed", cost=None)]).cost is None


def test_each_scenario_counts_alike_and_repetitions_make_nothing_surer() -> None:
    one = overall([judged("p"), judged("f"), judged("p"), judged("f")])
    many = overall([judged("p" * 50), judged("f" * 2), judged("p"), judged("f" * 9)])
    assert one.share == many.share == wilson(2, 4)
    assert overall([judged("e")]).share is None


@pytest.mark.parametrize("one_sided", [(5, 0), (6, 0), (8, 1), (3, 3), (0, 0)])
def test_with_one_repetition_each_the_test_is_that_of_mcnemar(one_sided: tuple[int, int]) -> None:
    more, less = one_sided
    count = more + less
    tail = sum(comb(count, k) for k in range(max(more, less), count + 1)) / 2**count
    differences = [Fraction(1)] * more + [Fraction(-1)] * less + [Fraction(0)] * 3
    assert sign_flips(differences) == pytest.approx(min(2 * tail, 1.0))


def test_the_test_counts_all_ways() -> None:
    differences = [Fraction(n, d) for n, d in ((1, 2), (2, 3), (-1, 3), (1, 1), (3, 5), (-1, 7))]
    seen: Fraction = abs(sum(differences, Fraction(0)))
    ways: list[Fraction] = [
        abs(sum((s * d for s, d in zip(signs, differences, strict=True)), Fraction(0)))
        for signs in product((1, -1), repeat=6)
    ]
    assert sign_flips(differences) == sum(way >= seen for way in ways) / len(ways)


def test_chance_alone_is_hardly_ever_taken_for_a_difference() -> None:
    """Both agents are alike: of all ways in which eight scenarios can come out, few tell more."""
    different = sum(
        sign_flips([Fraction(d) for d in signs]) < 0.05 for signs in product((1, -1), repeat=8)
    )
    assert different / 2**8 < 0.05


def test_one_agent_is_better_where_that_can_be_told() -> None:
    names = [f"s{n}" for n in range(8)]
    bad, good = dict.fromkeys(names, "fff"), dict.fromkeys(names, "ppf")
    found = compare(evaluated("evaluation-a", bad), evaluated("evaluation-b", good))
    assert found.can_be_told
    assert found.p_value == 2 / 2**8
    assert found.difference.value == pytest.approx(2 / 3)
    assert found.difference.low > 0
    assert "evaluation-b is better" in found.verdict
    back = compare(evaluated("evaluation-b", good), evaluated("evaluation-a", bad))
    assert "evaluation-b is better" in back.verdict


def test_no_difference_can_be_told_of_few_scenarios() -> None:
    names = ["a", "b", "c", "d", "e"]
    found = compare(
        evaluated("evaluation-a", dict.fromkeys(names, "f" * 20)),
        evaluated("evaluation-b", dict.fromkeys(names, "p" * 20)),
    )
    assert not found.can_be_told
    assert found.verdict == (
        "No significant difference: 5 of 5 scenarios came out differently, and at least 6 are "
        "needed."
    )


def test_scenarios_that_differ_are_named_and_not_compared() -> None:
    one = evaluated("evaluation-a", {"same": "p", "new": "p", "other": "p", "gone": "p"})
    changed = {"other": {"digest": E, "snapshot": "f00d", "checks": E}}
    two = evaluated("evaluation-b", {"same": "f", "other": "p", "more": "p"}, changed)
    found = compare(one, two)
    assert [each.scenario for each in found.scenarios] == ["same"]
    assert found.left_out == (
        "new: only in evaluation-a",
        "other: the snapshot and the checks differ",
        "gone: only in evaluation-a",
        "more: only in evaluation-b",
    )
    with pytest.raises(Rejected, match="other: the snapshot and the checks differ"):
        compare(evaluated("evaluation-a", {"other": "p"}), two)


def test_repetitions_without_a_counterpart_are_counted_and_left_out() -> None:
    one = evaluated("evaluation-a", {"a": "ppef", "b": "e"})
    two = evaluated("evaluation-b", {"a": "fp", "b": "p"})
    found = compare(one, two)
    [pair] = found.scenarios
    assert (pair.pairs, pair.one, pair.other, found.unpaired) == (2, 2, 1, 6)
    assert found.left_out == ("b: no repetition counted in both",)
    with pytest.raises(Rejected, match="no repetition counted"):
        compare(evaluated("evaluation-a", {"b": "e"}), two)


def test_the_order_follows_from_the_seed_and_two_agents_get_the_same_seeds() -> None:
    scenarios = [played(name) for name in "abcdef"]

    def trials(seed: int, of: list[Played] = scenarios) -> list[tuple[str, int, int]]:
        begun = plan_of("evaluation-1", Subject("a", "acp", D), of, 3, seed)
        return [(of[t.scenario].id, t.repetition, t.seed) for t in trials_of(begun)]

    assert trials(1) == trials(1)
    assert [each[:2] for each in trials(1)] != [each[:2] for each in trials(2)]
    assert len({each[2] for each in trials(1)}) == 18
    fewer = trials(1, scenarios[:2])
    assert set(fewer) < set(trials(1)), "what else is tried changes no seed"
