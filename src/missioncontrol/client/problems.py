"""The server's report of a refusal, beside what was raised."""

from missioncontrol.adapters.server_line import ServerProblem
from missioncontrol.domain.errors import MissionControlError


def problem_of(error: MissionControlError) -> ServerProblem | None:
    """Return the problem that a server answered with; None where it never answered.

    try:
        client.runs.start("greeting", inputs={"name": 3})
    except Rejected as refused:
        problem = problem_of(refused)
    """
    cause = error.__cause__
    return cause if isinstance(cause, ServerProblem) else None
