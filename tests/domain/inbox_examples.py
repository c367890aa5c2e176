"""One full example of every event of the inbox, of notifications and of agent sessions."""

from missioncontrol.domain import agent_session as s
from missioncontrol.domain import inbox as i
from missioncontrol.domain import notification as n
from missioncontrol.domain import workspace as w

ITEM = "failed:workflow.nightly"
INBOX_EXAMPLES = (
    i.ItemSnoozed(ITEM, "user:ann", until=1_795_435_200.5),
    i.ItemDismissed(ITEM, "user:ann"),
    i.ItemMuted(ITEM, "user:ann"),
    i.ItemRestored(ITEM, "user:ann"),
    i.ItemAssigned(ITEM, "user:ann", to="ben", note="Please."),
    i.ItemCommented(ITEM, "user:ben", text="It was the network."),
)
SESSION = "5ad425f2-de07-4c9f-bba4-14ceef22c6e0"
SESSION_EXAMPLES = (
    s.AgentSessionSeen(
        SESSION,
        program="claude",
        person="user:ann",
        machine="laptop",
        directory="/code/shop",
        started=1_795_435_200.5,
        version="2.1.329",
        branch="main",
        title="Add discount codes",
    ),
    s.AgentSessionWaiting(SESSION, wait="permission", text="Bash: make test"),
    s.AgentSessionWorking(SESSION),
    s.AgentSessionEnded(SESSION, how="ended"),
    s.AgentSessionAdopted(SESSION, run="run-1", by="user:ann"),
)
WORKSPACE_EXAMPLES = (
    w.WorkspaceCreated("lab", person="carla"),
    w.WorkspaceArchived("lab"),
    w.WorkspaceRestored("lab"),
)
NOTIFICATION_EXAMPLES = (
    n.NotificationAdded("me", way="email", shown="a…@example.com", person="ann", kinds=("plan",)),
    n.NotificationRemoved("me"),
    n.NotificationTested("me"),
)
