"""Where a request comes from, as far as its events need it."""

import msgspec

from missioncontrol.interfaces.capture.ids import MadeIds


class Origin(msgspec.Struct, frozen=True):
    """What holds for every event of one request."""

    source: str  # the id of the source whose key it came with
    received: int
    sent: int | None  # by the sender's clock
    agent: str  # of the browser that sent it; empty where a program did
    made: MadeIds
