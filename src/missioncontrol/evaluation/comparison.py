"""Compares two evaluations by scenario and repetition, with a test of significance."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import sqrt

import msgspec

from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.evaluation import Evaluation, Judged
from missioncontrol.evaluation.scenario import differing
from missioncontrol.evaluation.score import COUNTED, Share, wilson
from missioncontrol.evaluation.trials import trials_of

ALPHA = 0.05
SUMS_MAX = 200_000
"""Different sums that the exact test follows; with more it is rounded to `GRAIN`."""

GRAIN = Fraction(1, 10_000)


class Pair(msgspec.Struct, frozen=True):
    """The results of two agents in one scenario."""

    scenario: str
    pairs: int  # repetitions that counted in both
    one: int  # passed
    other: int


class Compared(msgspec.Struct, frozen=True):
    """The comparison of two evaluations."""

    one: str
    other: str
    scenarios: tuple[Pair, ...]
    left_out: tuple[str, ...]  # scenarios that are not compared, each with the reason
    unpaired: int  # repetitions that are missing or an error in one of them
    one_share: Share
    other_share: Share
    difference: Share  # of the other from the one
    p_value: float
    can_be_told: bool
    verdict: str


def compare(one: Evaluation, other: Evaluation) -> Compared:
    """Compare two evaluations by the scenarios that are the same in both.

    Raises:
        Rejected: `evaluation.not_comparable`, naming what differs.
    """
    left_out, shared = _matched(one, other)
    tables = _by_repetition(one), _by_repetition(other)
    pairs: list[Pair] = []
    unpaired = 0
    for scenario in shared:
        both = [_counted(table[scenario]) for table in tables]
        same = both[0].keys() & both[1].keys()
        unpaired += max(one.begun.repeat, other.begun.repeat) - len(same)
        passed = [sum(each[number] for number in same) for each in both]
        if same:
            pairs.append(Pair(scenario, len(same), *passed))
        else:
            left_out.append(f"{scenario}: no repetition counted in both")
    if not pairs:
        raise Rejected(
            "evaluation.not_comparable",
            f"Nothing of {one.begun.evaluation} and {other.begun.evaluation} can be compared: "
            f"{'; '.join(left_out) or 'they share no scenario'}.",
            hint="Try both agents on the same scenarios.",
        )
    return _compared(one, other, tuple(pairs), tuple(left_out), unpaired)


def _matched(one: Evaluation, other: Evaluation) -> tuple[list[str], list[str]]:
    """Return which scenarios are left out, and which are the same in both."""
    known = {each.id: each for each in other.begun.scenarios}
    left_out, shared = [], []
    for each in one.begun.scenarios:
        again = known.pop(each.id, None)
        if again is None:
            left_out.append(f"{each.id}: only in {one.begun.evaluation}")
        elif again.digest != each.digest:
            parts = " and ".join(differing(each, again)) or "its digest"
            left_out.append(
                f"{each.id}: {parts} differ"
                if "and" in parts or parts.endswith("s")
                else f"{each.id}: {parts} differs"
            )
        else:
            shared.append(each.id)
    left_out += [f"{name}: only in {other.begun.evaluation}" for name in known]
    return left_out, shared


def _by_repetition(evaluation: Evaluation) -> Mapping[str, dict[int, Judged]]:
    found: defaultdict[str, dict[int, Judged]] = defaultdict(dict)
    for trial in trials_of(evaluation.begun):
        if (judged := evaluation.judged.get(trial.number)) is not None:
            found[evaluation.begun.scenarios[trial.scenario].id][trial.repetition] = judged
    return found


def _counted(judged: Mapping[int, Judged]) -> dict[int, bool]:
    """Return of the repetitions that counted whether they passed."""
    return {
        number: each.outcome == "passed"
        for number, each in judged.items()
        if each.outcome in COUNTED
    }


def _compared(
    one: Evaluation,
    other: Evaluation,
    pairs: tuple[Pair, ...],
    left_out: tuple[str, ...],
    unpaired: int,
) -> Compared:
    count = len(pairs)
    first = wilson(sum(each.one / each.pairs for each in pairs), count)
    second = wilson(sum(each.other / each.pairs for each in pairs), count)
    p_value = sign_flips([Fraction(each.other - each.one, each.pairs) for each in pairs])
    difference = _difference(first, second)
    is_decided = p_value < ALPHA
    names = (one.begun.evaluation, other.begun.evaluation)
    verdict = _verdict(names, pairs, difference, p_value) if is_decided else _no_verdict(pairs)
    return Compared(
        *names, pairs, left_out, unpaired, first, second, difference, p_value, is_decided, verdict
    )


def _difference(one: Share, other: Share) -> Share:
    """Return Newcombe's interval of a difference, made of the two of Wilson.

    It takes no account of both having met the same scenarios, and is rather too wide for that.
    """
    value = other.value - one.value
    down = sqrt((other.value - other.low) ** 2 + (one.high - one.value) ** 2)
    up = sqrt((other.high - other.value) ** 2 + (one.value - one.low) ** 2)
    return Share(value, max(value - down, -1.0), min(value + up, 1.0))


def sign_flips(differences: Sequence[Fraction]) -> float:
    """Return how likely so large a sum is if each difference could as well be the other way round.

    It is exact: all ways are counted. With one repetition of each scenario it is McNemar's exact
    test; with more, the repetitions of a scenario stay together, as they are no independent ones.
    """
    ways: dict[Fraction, int] = {Fraction(0): 1}
    for each in differences:
        if not each:
            continue
        step = each if len(ways) < SUMS_MAX else round(each / GRAIN) * GRAIN
        further: defaultdict[Fraction, int] = defaultdict(int)
        for total, count in ways.items():
            further[total + step] += count
            further[total - step] += count
        ways = further
    seen = abs(sum(differences, Fraction(0)))
    extreme = sum(count for total, count in ways.items() if abs(total) >= seen)
    return float(Fraction(extreme, sum(ways.values())))


def _verdict(
    names: tuple[str, str], pairs: Sequence[Pair], difference: Share, p_value: float
) -> str:
    better = names[1] if difference.value > 0 else names[0]
    return (
        f"{better} is better: {abs(difference.value):.0%} of the trials more passed, over "
        f"{len(pairs)} scenarios (p = {p_value:.3g})."
    )


def _no_verdict(pairs: Sequence[Pair]) -> str:
    unlike = sum(each.one != each.other for each in pairs)
    least = next(n for n in range(1, 50) if 2 * 0.5**n < ALPHA)
    words = f"No significant difference: {unlike} of {len(pairs)} scenarios came out differently"
    if unlike < least:
        return f"{words}, and at least {least} are needed."
    return f"{words}, and not all the same way."
