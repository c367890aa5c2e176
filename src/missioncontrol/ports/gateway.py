"""The gateway as those use it who call models through it."""

from contextlib import AbstractContextManager
from typing import Protocol, runtime_checkable

import msgspec

from missioncontrol.domain.step import Amount
from missioncontrol.domain.work import Usage
from missioncontrol.ports.agent import Assignment, Line

HELD = "budget.held"
"""The code where a call would fit under every cap once other work has ended."""


class Access(msgspec.Struct, frozen=True):
    """Where a tool finds its models, and by which key it is known."""

    url: str  # http://127.0.0.1:PORT; OpenAI's base address is this and `/v1`, Anthropic's is this
    key: str  # a secret: never in argv, never stored


class Spender(Protocol):
    """On whose account a model call goes. The line of an attempt is one."""

    async def admit(self, model: str, *, input_tokens: int, output_tokens: int) -> None:
        """Reserve the most that a call can use; returns once that is durable.

        Raises:
            AttemptFailed: `budget.exceeded`, `budget.beyond_limit` or `budget.unknown_price`; the
                call must not be made.
        """
        ...

    def usage(self, usage: Usage, *, model: str = "") -> None:
        """Tell what the call did use."""
        ...


class Account(Protocol):
    """Pays for calls that go on at the same time: each is set aside and settled by itself.

    `Spender` is the narrower promise: what it admits takes the place of what it admitted before.
    """

    async def admit(self, model: str, *, input_tokens: int, output_tokens: int) -> str:
        """Reserve the most that a call can use; return the reservation once that is durable.

        Nothing stays reserved where this raises, or is cancelled.

        Raises:
            AttemptFailed: `budget.exceeded`, `budget.held` or `budget.unknown_price`; the call
                must not be made.
        """
        ...

    def settle(
        self, reservation: str, usage: Usage, *, model: str, estimated: bool = False
    ) -> None:
        """Count what the call did use, and free the rest. `model` is as the upstream names it.

        `estimated` where the upstream did not report the usage, or reported an impossible one.
        """
        ...


@runtime_checkable
class Roomy(Protocol):
    """An account that knows what its caps leave, so that an answer can be limited to it."""

    def room(self, model: str) -> Amount:
        """Return what the next call of a model may use; None in a unit without a cap."""
        ...


class Gateway(Protocol):
    """Hands out keys. What is called with a key is admitted, metered and logged."""

    def access(
        self, assignment: Assignment, line: Line, *, models: tuple[str, ...] = ()
    ) -> AbstractContextManager[Access]:
        """Lend a key for one attempt; when the block ends it is void and its streams are cut.

        `models` are those that may be called; empty leaves that to the policy of the gateway.
        """
        ...
