"""What the exit status of `mission` says."""

from missioncontrol.domain.errors import MissionControlError, NotFound, Rejected

SUCCEEDED = 0
FAILED = 1
BAD_INPUT = 2
CANCELLED = 3
WAITING = 4
UNPROVEN = 5

OF_STATUS = {"succeeded": SUCCEEDED, "failed": FAILED, "cancelled": CANCELLED}


def of_error(error: MissionControlError) -> int:
    """Bad input is what another command line would mend; everything else is a failure."""
    return BAD_INPUT if isinstance(error, Rejected | NotFound) else FAILED
