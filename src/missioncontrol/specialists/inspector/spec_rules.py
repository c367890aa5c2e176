"""What the rules of the repository say of a change: those that ask for a spec."""

from collections.abc import Iterator

from missioncontrol.domain.errors import NotFound, Rejected, Unavailable
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.ports.spec_guard import SpecGuard
from missioncontrol.specialists.commits.borrowed_repository import Lent
from missioncontrol.specialists.commits.found import Found
from missioncontrol.specialists.inspector.seen import Change
from missioncontrol.specialists.markdown import counted

EACH_MAX = 50
WORDS_MAX = 600
"""Letters of a message or a remedy: a line that is quoted there may be long."""

BETTER = "Do without that where it can be; else a person decides, and never who builds. "


def of_rules(guard: SpecGuard, lent: Lent, change: Change, seconds: float) -> Iterator[Found]:
    """Tell where a rule asks for a spec that there is not; what is an error has to be mended.

    Raises:
        AttemptFailed: `guard.…`, where rules can't be read: what was not judged is not merged.
    """
    try:
        found = guard.objections(lent.path, change.base, change.commit, seconds=seconds)
    except (Rejected, NotFound) as error:
        raise AttemptFailed(error.code, error.reason, hint=error.hint, retryable=False) from None
    except Unavailable as error:
        raise AttemptFailed(error.code, error.reason, hint=error.hint) from None
    first = sorted(found, key=lambda each: not each.is_error)
    for each in first[:EACH_MAX]:
        remedy = (BETTER if each.is_error else "") + each.remedy
        yield Found(
            f"guard.{each.rule}",
            each.message[:WORDS_MAX].rstrip("."),
            each.path,
            each.line,
            remedy[:WORDS_MAX],
            each.is_error,
        )
    if rest := first[EACH_MAX:]:
        yield Found(
            "guard.more",
            f"{counted(len(rest), 'more finding', 'more findings')} of `mission guard`",
            remedy=f"`mission guard --range {change.base[:12]}..{change.commit[:12]}` tells all.",
            blocking=rest[0].is_error,
        )
