"""One full example of every event."""

from missioncontrol.domain import mission as m
from missioncontrol.domain import operation as o
from missioncontrol.domain import waivers as w
from missioncontrol.domain.definition import Definition, StepDefinition
from missioncontrol.domain.elevation import Elevated
from missioncontrol.domain.finding import Finding as ToMend
from missioncontrol.domain.plan import ExpectedArtifact
from missioncontrol.domain.register import Event
from missioncontrol.domain.run import events as r
from missioncontrol.domain.scope import ScopeChanged
from missioncontrol.domain.step import Amount, Retry, Slot, Step
from missioncontrol.domain.work import (
    ArtifactRef,
    CommandRan,
    Fact,
    FilesRead,
    Finding,
    TestsRan,
    Usage,
    Work,
)
from missioncontrol.domain.workflow_library import WorkflowListed, WorkflowSaved
from tests.domain.access_examples import ACCESS_EXAMPLES
from tests.domain.agent_examples import AGENT_EXAMPLES
from tests.domain.approval_examples import APPROVAL_EXAMPLES
from tests.domain.decision_examples import DECISION_EXAMPLES
from tests.domain.inbox_examples import (
    INBOX_EXAMPLES,
    NOTIFICATION_EXAMPLES,
    SESSION_EXAMPLES,
    WORKSPACE_EXAMPLES,
)
from tests.domain.knowledge_examples import KNOWLEDGE_EXAMPLES
from tests.domain.ledgers import BUDGET_EXAMPLES, PRICE_EXAMPLES
from tests.domain.plans import a_plan
from tests.domain.product_examples import PRODUCT_EXAMPLES
from tests.domain.review_examples import REVIEW_EXAMPLES
from tests.domain.schedules import EXAMPLES as SCHEDULE_EXAMPLES
from tests.domain.work_item_examples import WORK_ITEM_EXAMPLES

DIGEST = "ab" * 32
FAILURE = r.Failure("agent.crashed", "It broke: “ü”.", "Mend it.", False, {"tried": [1]})
CHECKS = (r.Check("there", True), r.Check("whole", False, "It is half."))
USAGE = Usage(10, 4, 5, 2, None)
SLOT = Slot("deploy", 2)
AUDIT = Definition("audit", 1, "Looks.", steps={"a": StepDefinition(agent="auditor")})
WORK = Work(
    "Measured.",
    {"rows": [1, 2.5, None, True, "ü"]},
    (Fact("files", 3, "files", "a.json", "/files", "counted"), Fact("ratio", 0.5)),
    (Finding("bandit.B602", "high", "A shell", "src/x.py", 3, "why", "how", "bandit"),),
    (ArtifactRef("a.json", DIGEST, 12, "application/json", "Files", "counted"),),
    (
        CommandRan(("make", "test"), 2, 1.5, "log.txt"),
        TestsRan("junit.xml", 1, 2, 3, 4),
        FilesRead(9, 1, "c0ffee"),
    ),
    USAGE,
)
STEP = Step(
    "b",
    "writer",
    ("a",),
    "any",
    {"depth": 3},
    "Write",
    Retry(3, 0.5, 3.0, 9.0),
    90.0,
    5.0,
    (ExpectedArtifact("a.json", "application/json"),),
)

EXAMPLES: tuple[Event, ...] = (
    m.MissionCreated(
        "mission-1", "Search", "Make it fast.", "/repo", "Slow.", ("No service",), "feature"
    ),
    m.PlanAccepted("run-1", a_plan()),
    m.MissionStarted("run-1"),
    m.MissionSettled("run-1", "failed"),
    w.MissionCompleted("run-1"),
    w.GapWaived("risk.unowned:K1", DIGEST, "Nobody sees to K1.", "It is small.", "user:bob"),
    w.WaiverWithdrawn("risk.unowned:K1", DIGEST, "It has grown.", "user:alice"),
    w.RiskAssigned("K1", DIGEST, "Mara Lind", "user:bob"),
    ScopeChanged("cache", DIGEST, ("src/cache.py",), "user:alice", "The cache moved."),
    r.RunCreated(
        "run-2",
        "mission",
        (Step("a", "surveyor"), STEP),
        4,
        600.0,
        {"goal": "Make it fast."},
        "mission-1",
        "api",
        "run-1",
        {"a": r.ReusedResult("run-1", WORK, CHECKS)},
        3,
        "user:alice",
        "user:bob",
        {"passed": "${{ steps.a.output.passed }}"},
        Amount(2_000_000, 400_000),
        "nightly",
        1_790_000_000.0,
        "run-0",
        "b",
        "root",
    ),
    r.StepReadied("b", {"depth": 3}, (SLOT,)),
    r.StepClaimed("b", "other"),
    r.StepStuck("b", "writer", "It is stopped."),
    r.StepSkipped("b", "It was sent back.", (ToMend("Mend it.", "a.py", 2, "a = 1"),)),
    r.StepHeld("b", "approval-1", DIGEST, {"depth": 3}, (SLOT,)),
    r.StepReleased("b", "approval-1", DIGEST),
    r.StepRevised("b", "approval-1", {"depth": 4}, "user:bob"),
    r.StepExpanded("b", (STEP,), {"depth": 3}),
    r.StepRepeated("b", 7, 1, WORK),
    r.RunHalted("budget.exceeded", "It costs too much."),
    r.RunStarted(),
    r.RunResumed(),
    r.StepStarted(
        "b",
        2,
        7,
        "coder",
        WORK.artifacts,
        Elevated("elevation-1", ("outside",), ("/srv/cache",), 1_790_007_200.0),
    ),
    r.StepsAdded("a", (STEP,)),
    r.ProcessStarted("b", 7, 4711, 1_790_000_000.25, 4711),
    r.UsageReported("b", 7, USAGE, "gpt-5", "genai-prices 0.2.3", True),
    r.StepSucceeded("b", 7, WORK, CHECKS),
    r.AttemptFailed("b", 7, FAILURE, 1_790_000_009.5),
    r.AttemptInterrupted("b", 7, "The engine ended.", False),
    r.StepFailed("b", 7, FAILURE, CHECKS),
    r.StepCancelled("b", 7),
    r.StepsBlocked("a", ("b", "c")),
    r.StepsCancelled(("b", "c"), "d", FAILURE),
    r.CancelRequested("Enough.", "failed"),
    r.ReportRefused("b", 6, "success"),
    r.RunSettled("failed"),
    o.EmergencyStopped("Something is wrong."),
    o.StageEntered("drain", "Looked at."),
    o.RateLimitSet("agent", "writer", 3, 60.0, "It is slow."),
    o.RateLimitRemoved("agent", "writer", "It is quick."),
    WorkflowSaved("audit", 1, DIGEST, "name: audit", AUDIT),
    WorkflowListed("audit", 1, DIGEST, 1, "Looks."),
    *APPROVAL_EXAMPLES,
    *BUDGET_EXAMPLES,
    *PRICE_EXAMPLES,
    *SCHEDULE_EXAMPLES,
    *AGENT_EXAMPLES,
    *ACCESS_EXAMPLES,
    *DECISION_EXAMPLES,
    *INBOX_EXAMPLES,
    *NOTIFICATION_EXAMPLES,
    *WORKSPACE_EXAMPLES,
    *SESSION_EXAMPLES,
    *KNOWLEDGE_EXAMPLES,
    *PRODUCT_EXAMPLES,
    *WORK_ITEM_EXAMPLES,
    *REVIEW_EXAMPLES,
)
