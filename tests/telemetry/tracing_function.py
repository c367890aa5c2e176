"""A function as an agent, which says what it sees of its trace."""

import os

from missioncontrol import StepContext


async def seen(step: StepContext) -> dict[str, str]:
    """Return the variables of the attempt."""
    return {name: of for name, of in os.environ.items() if name.startswith(("TRACE", "OTEL_"))}
