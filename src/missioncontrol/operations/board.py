"""Operations on the board."""

from typing import Any

from missioncontrol.declarations import Body, Operation, Terminal
from missioncontrol.domain.work_item.commands import LimitStage
from missioncontrol.queries.board import BOARD

LIMIT = Operation(
    name="board.limit",
    title="Limit a stage",
    text="Say how many items are to be in a stage at most.\n\nThe limit warns and refuses "
    "nothing; 0 removes it.",
    command=LimitStage,
    returns=LimitStage,
    permission="operate",
    handle=lambda office, command, actor: office.work_items.limit(command, actor=actor),
    path="board/limits",
    operation_id="limit_stage",
    body=Body("StageLimit", "How many items are to be in a stage."),
    terminal=Terminal(
        noun=BOARD.command, positional=("stage",), done="{stage}: {limit} items at most."
    ),
)

OPERATIONS: tuple[Operation[Any, Any], ...] = (LIMIT,)
