"""One full example of every event about documents, memory and links to reports."""

from missioncontrol.domain import document as d
from missioncontrol.domain import evaluation as e
from missioncontrol.domain import memory as m
from missioncontrol.domain import share as s
from missioncontrol.domain.learned import PatternLearned, PatternRetired, PatternUsed
from missioncontrol.domain.plan_answers import PlanAnswer, PlanAnswered
from missioncontrol.domain.register import Event
from missioncontrol.domain.repository import events as r
from missioncontrol.domain.repository.process import PhaseRule, Process
from missioncontrol.domain.spec import SpecAccepted

DIGEST, OTHER = "cd" * 32, "ef" * 32
PLACE, WHO = "repository-01", r.Who("user:ada", "ada")
PROCESS = Process(
    {"prd": PhaseRule((), ("Goal",), ("product",)), "review": PhaseRule(("prd",))},
    {"product": ("ada",)},
    own=True,
)
SUBJECT = e.Subject("builder", "codex", DIGEST, "0.169.0", "gpt-5.5", ("a", "b"), OTHER)
PLAYED = e.Played("fix", "Fix it", DIGEST, "c0ffee" * 6, OTHER, DIGEST, OTHER)
JUDGED = e.Judged(
    "failed",
    "The check ended with status 1.",
    "the check",
    (e.Checked("the check", False, 1, 0.5, "No."),),
    1_200,
    34_000,
    12.5,
    ("a.py",),
    DIGEST,
)

KNOWLEDGE_EXAMPLES: tuple[Event, ...] = (
    d.DocumentGenerated(
        kind="prd",
        run="run-1",
        version=2,
        mission="mission-1",
        digest=DIGEST,
        characters=4_000,
        generated=OTHER,
        typed=DIGEST,
        base=1,
    ),
    d.DocumentEdited(
        kind="prd",
        run="run-1",
        version=3,
        digest=DIGEST,
        characters=4_100,
        base=2,
        note="Said it shorter.",
    ),
    d.DocumentConflicted(
        kind="prd", run="run-1", version=4, disputes=(d.Dispute("c1", "Goal", "Mine.", "Theirs."),)
    ),
    d.ConflictSettled(kind="prd", run="run-1", version=5, dispute="c1", choice="mine"),
    d.DocumentSigned(kind="prd", run="run-1", version=5, digest=DIGEST, by="user:ada"),
    PlanAnswered(
        "run-2",
        (PlanAnswer("Q1", "Who may ask?", "Only the owner."),),
        ("Q1: Only the owner.",),
        "user:ada",
    ),
    m.MemoryAdded(
        "memory-1", "lesson", "Time it", "It is slow.", "/repo", ("a.py",), ("speed",), 1.8e9
    ),
    m.MemoryCorrected("memory-1", "Time it twice", "It is slow at first.", ("b.py",), ("speed",)),
    m.MemoryExpirySet("memory-1", 1.9e9, "The machine is replaced then."),
    m.MemoryForgotten("memory-1", "It was wrong."),
    s.ReportShared("share-1", "mission-1", "run-1", DIGEST, 1.8e9, 41, "for the board"),
    s.ShareRevoked("share-1", "It went too far."),
    SpecAccepted("/repo", "tasks/1/spec.md", DIGEST, OTHER, DIGEST, 3, 1.8e9, "c0ffee", "Read."),
    PatternLearned(
        "codemod-0123456789ab",
        2,
        "codemod",
        "python",
        "a → b",
        "Where `a` stands, write `b`.",
        "/repo",
        DIGEST,
        7,
        5,
    ),
    PatternRetired("codemod-0123456789ab", "It found too much."),
    PatternUsed("codemod-0123456789ab", 2, "/repo", 3, 9, passed=True),
    e.EvaluationBegun("evaluation-1", DIGEST, SUBJECT, (PLAYED,), 3, 7),
    e.EvaluationListed("evaluation-1", DIGEST, "builder", 3, 7),
    e.TrialBegun(2, "run-1"),
    e.TrialJudged(2, "run-1", JUDGED),
    e.EvaluationEnded("evaluation-1", 2, 3),
    r.RepositoryAdopted(PLACE, "/repo", PROCESS),
    r.ProcessChanged(PLACE, PROCESS),
    r.RepositoryTaskAdded(PLACE, 1, "log-in", "Log in", WHO, "With a code.", ("It is sent.",)),
    r.RepositoryTaskEdited(PLACE, 1, WHO, "Log in by code", "With a code.", ("It is sent.",)),
    r.TaskDocumentTaken(
        PLACE,
        1,
        "prd",
        2,
        DIGEST,
        400,
        r.Outline(("goal",), ("brief",), ("TBD (line 3)",)),
        WHO,
        OTHER,
        OTHER,
        1,
    ),
    r.TaskDocumentSigned(PLACE, 1, "prd", "product", DIGEST, {"tasks": OTHER}, WHO, "Fine."),
    r.RepositoryTaskStarted(PLACE, 1, {"prd": DIGEST}, WHO),
    r.RepositoryTaskDone(PLACE, 1, {"prd": DIGEST}, WHO, "Seen."),
    r.RepositoryTaskDropped(PLACE, 1, WHO, "Too dear."),
    r.RepositoryTaskScoped(PLACE, 1, ("src/login.py",), WHO, "ranking", "Looked up."),
    r.RepositoryTasksRun(
        PLACE,
        "run-1",
        (1, 2),
        {1: ("src/login.py",), 2: ("src/mail/**",)},
        {"builder": "coder", "tester": "local", "reviewer": "reader"},
        "mission/main",
        WHO,
        "merge",
        r.SessionAtWork(
            id="session-1",
            name="Claude Code of ann",
            person="user:ann",
            follows=True,
            waits="a permission",
        ),
    ),
)
