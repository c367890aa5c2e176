"""One of every event in the life of an agent, and of a question, each field set."""

from missioncontrol.domain.agent import Shape
from missioncontrol.domain.declaration import Capability, Declaration, Limits
from missioncontrol.domain.gateway_key import KeyIssued, KeyRevoked
from missioncontrol.domain.lifecycle import events as a
from missioncontrol.domain.question import QuestionAnswered, QuestionAsked, QuestionWithdrawn
from missioncontrol.domain.step import Amount

DECLARED = Declaration(
    "reviewer",
    "codex",
    {"sandbox": "read-only"},
    "Reviews a change.",
    (Capability("review", Shape("object", {"diff": Shape("string")}), Shape("string")),),
    Shape("object", {"diff": Shape("string")}),
    Shape("string"),
    ("calls_model",),
    "gpt-5.5",
    "office",
    2,
    Limits(600.0, 20, 9_000, 1_000, True),
    ("read", "write"),
    ("/srv/code",),
    ("HTTP_PROXY",),
    {"OPENAI_API_KEY": "openai"},
    Amount(2_000_000, 400_000),
    120.0,
)
AGENT_EXAMPLES = (
    a.AgentAdded(DECLARED, "command", True),
    a.AgentChanged(DECLARED, "file"),
    a.AgentStarting(60.0, "Somebody asked."),
    a.AgentReady("0.169.0", "It answers."),
    a.AgentFailed("codex.absent", "There is no codex here.", "Install it."),
    a.AgentRested("Five attempts failed.", 1_790_000_030.0, 2),
    a.AgentDraining("An update.", 1_790_000_600.0, "start"),
    a.AgentStopped("Enough."),
    a.AgentLost("Nothing was heard for 30 s."),
    a.AgentScaled(4, "There is more to do."),
    a.AgentRemoved("Nobody needs it."),
    a.ElevationAsked(
        "elevation-1",
        ("network", "outside"),
        "npm needs the registry.",
        7_200.0,
        "user:ann",
        1_790_086_400.0,
        ("/srv/cache",),
        "root",
    ),
    a.ElevationGranted(
        "elevation-1",
        ("network", "outside"),
        "npm needs the registry.",
        1_790_007_200.0,
        "user:ann",
        "user:ben",
        ("/srv/cache",),
        "root",
        "For today.",
    ),
    a.ElevationEnded("elevation-1", "ended", "It is installed.", "user:ben"),
    QuestionAsked(
        "question-1", "run-1", "b", "Which?", {"about": 3}, {"type": "string"}, ("alice",)
    ),
    QuestionAnswered("user:alice", "This one."),
    QuestionWithdrawn("The attempt is over."),
    KeyIssued("laptop", "ab" * 32, "codex", "run-1", "w", "b", ("gpt-*",), 1_790_000_000.0, 60),
    KeyRevoked("laptop", "It was lost."),
)
