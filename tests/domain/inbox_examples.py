"""One full example of every event of the inbox."""

from missioncontrol.domain import inbox as i

ITEM = "failed:workflow.nightly"
INBOX_EXAMPLES = (
    i.ItemSnoozed(ITEM, "user:ann", until=1_795_435_200.5),
    i.ItemDismissed(ITEM, "user:ann"),
    i.ItemMuted(ITEM, "user:ann"),
    i.ItemRestored(ITEM, "user:ann"),
    i.ItemAssigned(ITEM, "user:ann", to="ben", note="Please."),
    i.ItemCommented(ITEM, "user:ben", text="It was the network."),
)
