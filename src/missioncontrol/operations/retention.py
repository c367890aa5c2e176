"""Operations of retention."""

from typing import Any

from missioncontrol.application.queries.storage import RetentionView, retention_of
from missioncontrol.declarations import SERVED, Body, Operation
from missioncontrol.domain.retention import BoundOutput

BOUND_OUTPUT = Operation(
    name="retention.bound_output",
    title="Bound the output",
    text="Keep so many bytes of what agents say. Beyond it the output of the oldest runs that "
    "ended is removed.\n\nThe log, which has what every step did and gave, is never shortened.",
    permission="govern",
    surfaces=SERVED,
    command=BoundOutput,
    method="PUT",
    path="retention",
    operation_id="bound_output",
    returns=RetentionView,
    handle=lambda office, command, actor: office.retention.bound(command, actor=actor),
    finish=lambda console, _, __, ___: retention_of(console.present, console.home),
    body=Body("NewBound", "How many bytes of output are stored."),
    former="OutputBound",
)

OPERATIONS: tuple[Operation[Any, Any], ...] = (BOUND_OUTPUT,)
