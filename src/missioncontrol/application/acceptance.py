"""What an agent hands back, brought into the shape in which the log will tell it again."""

from typing import Any

import msgspec

from missioncontrol.domain.run.events import Failure
from missioncontrol.domain.work import NO_USAGE, Usage, Work

WORK_BYTES_MAX = 1024 * 1024
"""An event holds at most this much of an agent's work; more belongs into artifacts."""

REASON_MAX = 8_000
HINT_MAX = 2_000
DETAIL_BYTES_MAX = 64 * 1024
AMOUNT_MAX = 2**40
"""Tokens or micro-dollars in one report: sums of very many still fit into 64 bits."""

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Work).decode


def accept_work(work: Any) -> Work | Failure:
    """Return `work` as it will be read from the log, or why it can't be accepted."""
    if _is_plain(work):
        return work  # type: ignore[no-any-return]
    if not isinstance(work, Work):
        return Failure(
            "work.no_work",
            f"The agent handed back {type(work).__name__}, which is no work.",
            "Return a `Work`.",
            retryable=False,
        )
    try:
        content = _encode(work)
        if len(content) <= WORK_BYTES_MAX:
            return _decode(content)
    except (TypeError, ValueError, OverflowError, RecursionError, msgspec.MsgspecError) as error:
        return Failure(
            "work.not_json",
            f"The work can't be written as JSON and read again: {_text(str(error), 500)}.",
            "Hand back numbers, strings, lists and objects in the shape that `Work` asks for.",
            retryable=False,
        )
    return Failure(
        "work.too_large",
        f"The work takes {len(content):,} bytes; at most {WORK_BYTES_MAX:,} fit into the log.",
        "Keep large results as artifacts and hand back their references.",
        retryable=False,
    )


_NOTHING = ((), (), (), ())


def _is_plain(work: Any) -> bool:
    """Whether it is nothing but a small number or nothing, which needs no second look."""
    if type(work) is not Work or work.summary != "" or work.usage is not NO_USAGE:
        return False
    if (work.facts, work.findings, work.artifacts, work.evidence) != _NOTHING:
        return False
    output = work.output
    if type(output) is int:
        return -(2**53) < output < 2**53
    return output is None or output is True or output is False


def written_down(failure: Failure) -> Failure:
    """Return `failure` bounded, and in characters that can be stored."""
    detail = failure.detail
    if detail is not None:
        try:
            content = _encode(detail)
            detail = msgspec.json.decode(content) if len(content) <= DETAIL_BYTES_MAX else None
        except (TypeError, ValueError, OverflowError, RecursionError, msgspec.MsgspecError):
            detail = None
    return Failure(
        _text(failure.code, 200),
        _text(failure.reason, REASON_MAX),
        _text(failure.hint, HINT_MAX),
        bool(failure.retryable),
        detail,
    )


def _text(text: str, most: int) -> str:
    return str(text)[:most].encode("utf-8", "replace").decode()


def is_sound(usage: Any) -> bool:
    """Whether `usage` counts what can be counted."""
    if not isinstance(usage, Usage):
        return False
    amounts = [
        usage.input_tokens,
        usage.cached_tokens,
        usage.output_tokens,
        usage.reasoning_tokens,
        usage.cache_write_tokens,
        0 if usage.cost is None else usage.cost,
    ]
    if not all(type(amount) is int and 0 <= amount <= AMOUNT_MAX for amount in amounts):
        return False
    parts = usage.cached_tokens + usage.cache_write_tokens
    return usage.input_tokens >= parts and usage.output_tokens >= usage.reasoning_tokens
