"""One full example of every event of reviews."""

from typing import Any

from missioncontrol.domain import review as r

OF, BY, RUN, STEP = "repository-1/7", "user:alice", "run-1", "task-7/inspect"
AT: dict[str, Any] = {"run": RUN, "step": STEP, "round": 1, "digest": "ab" * 32}
LINE: dict[str, Any] = {"path": "shop/prices.py", "line": 2, "side": "old", "quote": "return total"}
REVIEW_EXAMPLES = (
    r.ReviewCommentAdded(OF, BY, comment=1, text="Say in which unit.", **AT, **LINE),
    r.ReviewCommentResolved(OF, BY, comment=1),
    r.ReviewCommentReopened(OF, BY, comment=1),
    r.ReworkRequested(OF, BY, **AT, comments=(1,), text="And test it.", next_run="run-2"),
)
