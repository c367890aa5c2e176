"""One full example of every event of work items."""

from missioncontrol.domain.work_item import events as w

ITEM, OTHER, BY = "mission-1/build", "mission-1/design", "user:alice"
WORK_ITEM_EXAMPLES = (
    w.WorkItemAssigned(ITEM, "user:bob", BY),
    w.WorkItemEdited(ITEM, BY, "high", ("checkout",), "2027-03-31", 2.5, OTHER),
    w.WorkItemBlocked(ITEM, OTHER, BY, "It needs the table."),
    w.WorkItemUnblocked(ITEM, OTHER, BY),
    w.WorkItemStarted(ITEM, BY),
    w.WorkItemStopped(ITEM, BY, "Something else first."),
    w.WorkItemFinished(ITEM, BY, "Looked at."),
    w.WorkItemDropped(ITEM, BY, "No longer wanted."),
    w.StageLimited("building", 4, BY),
)
