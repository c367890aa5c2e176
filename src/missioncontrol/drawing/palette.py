"""The colours of a drawing that is a file: those of the pages, written out for light and dark."""

import msgspec


class Palette(msgspec.Struct, frozen=True):
    """One theme."""

    page: str
    frame: str
    frame_line: str
    box: str
    line: str
    text: str
    note: str
    wire: str
    new: str
    changed: str
    goal: str
    goal_fill: str
    cycle: str


LIGHT = Palette(
    page="#fcfefd",
    frame="#f2f5f4",
    frame_line="#c2c9c6",
    box="#ffffff",
    line="#7f8985",
    text="#18201d",
    note="#5d6764",
    wire="#7f8985",
    new="#007142",
    changed="#995c00",
    goal="#005db1",
    goal_fill="#ecf5fa",
    cycle="#ae1320",
)
DARK = Palette(
    page="#121615",
    frame="#0c100f",
    frame_line="#3c4542",
    box="#181e1c",
    line="#656e6b",
    text="#e9eeec",
    note="#8a9390",
    wire="#656e6b",
    new="#65cb94",
    changed="#ebb353",
    goal="#72b7ff",
    goal_fill="#161c25",
    cycle="#ff8981",
)
