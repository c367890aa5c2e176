"""Where a request comes from, as far as events need it, and whether a program sent it."""

from functools import lru_cache

import msgspec

from missioncontrol.extras import require_extra
from missioncontrol.interfaces.capture.ids import MadeIds

KNOWN_MAX = 10_000
AGENT_MAX = 1_000
"""Letters of a user agent that are looked at."""
PEOPLES = ("okhttp/", "Dalvik/", "CFNetwork/")
"""How apps on phones call themselves: people sit before those, although the list has them."""


class Origin(msgspec.Struct, frozen=True):
    """What holds for every event of one request."""

    source: str  # the id of the source whose key it came with
    received: int
    sent: int | None  # by the sender's clock
    agent: str  # of the browser that sent it; empty where a program did
    made: MadeIds


def is_bot(agent: str) -> bool:
    """Whether a user agent is that of a crawler, a monitor, a script or a browser without a screen.

    By the list of the package `crawler-user-agents`, which is read the first time.
    """
    return bool(agent) and _looked_up(agent[:AGENT_MAX])


@lru_cache(KNOWN_MAX)
def _looked_up(agent: str) -> bool:
    require_extra("analytics", "Telling crawlers from people", "crawleruseragents")
    from crawleruseragents import is_crawler  # type: ignore[import-untyped]

    return bool(is_crawler(agent)) and not agent.startswith(PEOPLES)
