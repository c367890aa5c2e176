"""How much of an answer is taken in, whatever library reads it."""

from collections.abc import AsyncIterable, AsyncIterator

from missioncontrol.ports.agent import AttemptFailed

ANSWER_BYTES_MAX = 128 * 1024 * 1024
"""Of one answer, or of one stream; pictures and files within come as text, a third longer."""


async def bounded(
    chunks: AsyncIterable[bytes], *, url: str, bytes_max: int, code: str
) -> AsyncIterator[bytes]:
    """Pass an answer on while there is room.

    Raises:
        AttemptFailed: `code`.
    """
    taken = 0
    async for chunk in chunks:
        taken += len(chunk)
        if taken > bytes_max:
            raise AttemptFailed(
                code,
                f"{url} answers with more than {bytes_max:,} bytes.",
                hint="Let it hand back less, or where it lies.",
                retryable=False,
            )
        yield chunk
