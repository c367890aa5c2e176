"""One of each event of users, tokens, requests and webhooks, with every field set."""

from missioncontrol.domain import webhook as w
from missioncontrol.domain.access import events as a
from missioncontrol.domain.request import RequestAnswered, RequestRefused, RequestTaken
from missioncontrol.domain.retention import OutputBounded, OutputRemoved

DIGEST = "5e" * 32
UNTIL = 1_790_000_000.5

ACCESS_EXAMPLES = (
    a.UserAdded("alice", ("operator", "admin"), "https://id.example.com 4711"),
    a.RolesChanged("alice", ("viewer",)),
    a.UserInvited("alice", DIGEST, UNTIL),
    a.PasswordChanged("alice"),
    a.UserRemoved("alice", "She left."),
    a.TokenIssued("a1b2c3d4", "ci", "alice", DIGEST, ("read", "operate"), UNTIL),
    a.TokenRevoked("a1b2c3d4", "It leaked."),
    a.WorkspaceNamed("Payments"),
    a.SecondLookSet(600.0),
    RequestTaken("BeginRun", "password", "session-1", "192.0.2.1", "curl/8", DIGEST),
    RequestAnswered({"run": "run-1"}, False, ("token",)),
    RequestRefused("run.unknown", "There is no run 'run-1' here."),
    w.WebhookAdded("pager", "https://hooks.example.com/a", ("run_settled", "approval_*")),
    w.WebhookPaused("pager", "Too loud."),
    w.WebhookResumed("pager"),
    w.WebhookSecretChanged("pager"),
    w.WebhookRedelivered("pager", 17),
    w.WebhookTested("pager"),
    OutputBounded(5_000_000_000, "The disk is small."),
    OutputRemoved(("run-1", "run-2"), 1_200, 48_000),
    w.WebhookRemoved("pager", "Nobody listens."),
)
