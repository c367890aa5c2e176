"""One full example of every event of the log of decisions."""

from missioncontrol.domain import decision as d
from missioncontrol.domain.decision_text import DecisionOption, DecisionText

OPTION = DecisionOption("SQLite", "One file.", ("It is there.",), ("It is C.",), ("One writer.",))
TEXT = DecisionText(
    "Where rows are kept",
    "Rows are many.",
    ("Speed",),
    (OPTION,),
    "SQLite",
    "it is there",
    "It stays so for a year.",
    "Backups copy one file.",
    ("Nothing to install",),
    ("Files grow",),
    ("One writer at a time",),
    "A test opens it.",
    "See the notes.",
    ("Ada",),
    ("Grace",),
    ("everybody",),
)
DECISION_EXAMPLES = (
    d.DecisionRecorded(
        "mission-1/D1",
        1,
        TEXT,
        "proposed",
        "2026-11-23",
        "mission-1",
        "run-1",
        "/repo",
        "docs/adr/0001-rows.md",
        ("mission-1/build",),
        ("src/rows.py",),
    ),
    d.DecisionRevised("D1", TEXT, "accepted", "2026-11-24"),
    d.DecisionAccepted("D1", "It was measured."),
    d.DecisionRejected("D2", "It is slow."),
    d.DecisionDeprecated("D1", "Nobody needs it."),
    d.DecisionSuperseded("D1", "D3", "It grew.", "2026-11-25"),
    d.DecisionLinked("D1", ("mission-1/build",), ("src/rows.py",)),
    d.DecisionUnlinked("D1", ("mission-1/build",), ("src/rows.py",)),
)
