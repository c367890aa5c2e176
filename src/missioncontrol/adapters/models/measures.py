"""What a model call used, in our words."""

from typing import TYPE_CHECKING

from missioncontrol.domain.work import Usage

if TYPE_CHECKING:
    from pydantic_ai.usage import RequestUsage


def usage_of(used: "RequestUsage", cost: int | None) -> Usage:
    """Return the usage of one call; input includes what was read from and written to a cache."""
    return Usage(
        used.input_tokens,
        used.cache_read_tokens,
        used.output_tokens,
        used.output_reasoning_tokens,
        cost,
        used.cache_write_tokens,
    )
