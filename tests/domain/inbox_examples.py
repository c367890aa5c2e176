"""One full example of every event of the inbox and of notifications."""

from missioncontrol.domain import inbox as i
from missioncontrol.domain import notification as n

ITEM = "failed:workflow.nightly"
INBOX_EXAMPLES = (
    i.ItemSnoozed(ITEM, "user:ann", until=1_795_435_200.5),
    i.ItemDismissed(ITEM, "user:ann"),
    i.ItemMuted(ITEM, "user:ann"),
    i.ItemRestored(ITEM, "user:ann"),
    i.ItemAssigned(ITEM, "user:ann", to="ben", note="Please."),
    i.ItemCommented(ITEM, "user:ben", text="It was the network."),
)
NOTIFICATION_EXAMPLES = (
    n.NotificationAdded("me", way="email", shown="a…@example.com", person="ann", kinds=("plan",)),
    n.NotificationRemoved("me"),
    n.NotificationTested("me"),
)
