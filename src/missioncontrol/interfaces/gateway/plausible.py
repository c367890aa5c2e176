"""What an upstream tells of its usage, held against what can be true of the call."""

import msgspec

from missioncontrol.domain.work import Usage
from missioncontrol.interfaces.gateway.model_answer import ReceivedAnswer

IMPLAUSIBLE = "usage.implausible"

COUNT_MAX = 2**53 - 1
"""No count is higher: every reader of JSON still has it exactly."""

TOKEN_BYTES_MAX = 128
"""No token of a known tokenizer is longer: the longest ones are rows of 128 spaces."""


def bounded(usage: Usage, *, input_most: int, output_most: int) -> tuple[Usage, str]:
    """Return what is charged of a usage, and what of it can't be true; empty where all can be.

    `usage` keeps its parts within their wholes, see `heard.sound`. An input that can't be true
    gets no discount for what it says was cached.
    """
    input_most, output_most = min(input_most, COUNT_MAX), min(output_most, COUNT_MAX)
    doubts = [
        *_doubts("input", usage.input_tokens, input_most),
        *_doubts("output", usage.output_tokens, output_most),
    ]
    if usage.input_tokens > input_most:
        written = min(usage.cache_write_tokens, input_most)
        usage = msgspec.structs.replace(
            usage, input_tokens=input_most, cached_tokens=0, cache_write_tokens=written
        )
    output = min(usage.output_tokens, output_most)
    reasoning = min(usage.reasoning_tokens, output)
    usage = msgspec.structs.replace(usage, output_tokens=output, reasoning_tokens=reasoning)
    return usage, " ".join(doubts)


def shortfall(usage: Usage, received: ReceivedAnswer) -> str:
    """Return that an answer was longer than its reported usage; empty where it was not."""
    if usage.input_tokens and usage.output_tokens * TOKEN_BYTES_MAX >= received.said:
        return ""
    if not received.said:
        return ""  # Nothing was asked of the model, as where a response fails at once.
    return (
        f"The upstream gave {count(usage.input_tokens)} input and {count(usage.output_tokens)} "
        f"output tokens for an answer of {received.said:,} bytes."
    )


def count(tokens: int) -> str:
    """Return a number for people; one that has thousands of digits is not written out."""
    return f"{tokens:,}" if tokens <= COUNT_MAX else "more than 2^53"


def _doubts(kind: str, used: int, most: int) -> list[str]:
    if used <= most:
        return []
    return [f"The upstream gave {count(used)} {kind} tokens; at most {most:,} are possible."]
