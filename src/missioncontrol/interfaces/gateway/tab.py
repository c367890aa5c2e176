"""The cost of one call: reserved before it, settled once, estimated if no usage comes."""

import logging
from collections.abc import Callable

import msgspec

from missioncontrol.domain.errors import MissionControlError
from missioncontrol.domain.work import NO_USAGE, Usage
from missioncontrol.interfaces.gateway.keys import Caller
from missioncontrol.interfaces.gateway.model_answer import ReceivedAnswer, bounded_usage, shortfall
from missioncontrol.interfaces.gateway.model_choice import longest
from missioncontrol.interfaces.gateway.refusal import Refusal
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.ports.gateway import HELD, Roomy

_LOG = logging.getLogger(__name__)

BYTES_PER_TOKEN_MAX = 16
"""No text has more bytes a token over its length; so many bytes mean that a limit was passed."""

ROOM_SECONDS = 5.0
"""Until a call may be tried again for which other work left no room."""

MODEL_MAX = 200
"""Characters of the name of a model."""

Cost = Callable[[str, int, int], int | None]
"""What a model costs at most for so many input and output tokens, in micro-dollars, if known."""


Charge = Callable[[str, Usage, int], int | None]
"""The cost of a usage of a model with so many tokens cached for an hour, if it is known."""


class Tab:
    """The account of one call, over all upstreams that it tries one after the other."""

    def __init__(
        self, caller: Caller, cost: Cost = lambda *_: None, charge: Charge = lambda *_: None
    ) -> None:
        """Nothing is set aside."""
        self.usage = NO_USAGE  # of the last way that was settled
        self.is_estimated = False
        self.doubt = ""  # what the upstream reported that can't be true
        self.is_sent = False  # an upstream may have begun to work
        self.is_blind = False  # its answer can't be read
        self.model = ""  # that something is or was set aside for
        self.charged_as = ""  # the model whose price holds
        self._caller = caller
        self._cost = cost
        self._charge = charge
        self._reservation = ""
        self._limits = (0, 0)  # input and output tokens
        self._input_most = 0

    async def open(
        self, model: str, input_tokens: int, output_tokens: int, *, input_most: int = 0
    ) -> None:
        """Set the most aside that the call can use with a model.

        `input_most` is what its input can be at most where `input_tokens` relies on what an
        upstream reported before: what this one reports beyond that is charged all the same.

        Raises:
            Refusal: 402, in the words of the budget, 429 where it would fit once other work has
                ended, 403, or 503 where it can't be written down.
        """
        self.model, self._limits = model, (input_tokens, output_tokens)
        self._input_most = max(input_most, input_tokens)
        self.is_sent = self.is_blind = False
        try:
            self._reservation = await self._caller.account.admit(
                model, input_tokens=input_tokens, output_tokens=output_tokens
            )
        except AttemptFailed as error:
            raise _refused(error) from error
        except MissionControlError as error:
            raise Refusal(503, error.code, error.reason, hint=error.hint) from error

    def fitting(self, model: str, tokens: int, most: int) -> int:
        """Return how many output tokens the caps leave beside such an input, at most `most`."""
        account = self._caller.account
        if not isinstance(account, Roomy):
            return 0
        return longest(
            account.room(model), tokens, most, lambda length: self._cost(model, tokens, length)
        )

    @property
    def is_counted(self) -> bool:
        """Whether the usage that was settled is what an upstream counted, and can be true."""
        is_reported = not self.is_estimated and not self.doubt
        return is_reported and not self._reservation and self.usage.input_tokens > 0

    @property
    def is_beyond_bound(self) -> bool:
        """Whether the input that was charged is more than what was set aside for it."""
        return not self._reservation and self.usage.input_tokens > self._limits[0]

    def hold(self, received: ReceivedAnswer) -> None:
        """Cut an answer that goes on beyond what is set aside for it.

        Raises:
            Refusal: 402.
        """
        most = self._limits[1]
        reported = received.usage.output_tokens if received.usage is not None else 0
        if self._reservation and (reported > most or received.said > most * BYTES_PER_TOKEN_MAX):
            raise Refusal(
                402,
                "budget.exceeded",
                f"The answer of {self.model!r} went on beyond the {most:,} output tokens that were "
                "reserved for it, and was cut off.",
                hint="Ask for a higher limit, or look why the upstream does not keep to it.",
            )

    def settle(self, received: ReceivedAnswer, *, is_stream: bool) -> None:
        """Count what was used, once; where no usage came, the most that it can have been."""
        if not self._reservation:
            return
        reservation, self._reservation = self._reservation, ""
        self.charged_as, self.usage = self.model, NO_USAGE
        if self.is_sent:
            self.usage, self.doubt = self._used(received, is_stream=is_stream)
            self._name(received.model)
            self._add_long(received.cached_long)
        try:
            self._caller.account.settle(
                reservation, self.usage, model=self.charged_as, estimated=self.is_estimated
            )
        except (MissionControlError, AttemptFailed):
            name = self._caller.name
            _LOG.exception("What %s used could not be counted: %r.", name, self.usage)

    def _used(self, received: ReceivedAnswer, *, is_stream: bool) -> tuple[Usage, str]:
        """Return what is charged, and which reported numbers can't be true.

        No more is charged than can have been read and was seen: a byte is at most one token, so
        that nothing an upstream says can cost more than what it could have done.
        """
        reported, doubt = received.usage, ""
        self.is_estimated = reported is None or not _is_final(reported, received)
        if received.is_absurd:
            doubt = "The upstream gave a usage with less than no tokens."
        elif reported is not None and not self.is_estimated:
            doubt = shortfall(reported, received)
        if reported is None or self.is_estimated or doubt:
            reported = self._estimate(received, is_stream=is_stream)
        used, beyond = bounded_usage(
            reported, input_most=self._input_most, output_most=self._limits[1] + received.said
        )
        doubt = f"{doubt} {beyond}".strip()
        self.is_estimated = self.is_estimated or bool(doubt)
        return used, doubt

    def _name(self, named: str) -> None:
        """Charge as the model that answered, unless it is dearer than the one that was asked for.

        What was set aside is of the latter's price, and a name alone must not break a cap.
        """
        named = named[:MODEL_MAX] or self.model
        most = self._cost(self.model, *self._limits)
        dearest = self._cost(named, *self._limits)
        if most is None or dearest is None or dearest <= most:
            self.charged_as = named
            return
        self.is_estimated = True
        named = f"The upstream named the model {named!r}, dearer than {self.model!r}."
        self.doubt = f"{self.doubt} {named}".strip()

    def _add_long(self, tokens: int) -> None:
        """Name the cost where a part of the input is dearer than its price says.

        The cost is at most what the call can cost: the reported number may be anything.
        """
        long = min(tokens, self.usage.cache_write_tokens)
        charged = self._charge(self.charged_as, self.usage, long) if long else None
        if charged is not None:
            most = self._cost(self.model, self._input_most, self._limits[1])
            cost = charged if most is None else min(charged, most)
            self.usage = msgspec.structs.replace(self.usage, cost=cost)

    def _estimate(self, received: ReceivedAnswer, *, is_stream: bool) -> Usage:
        """Return the most that an answer can have used whose end was not received.

        A byte that was streamed is at most one token. An answer that would have come as a whole
        may have been ready, so that it counts as long as it could have become; so does one that
        can't be read. Input counts as reported, or as reserved.
        """
        most_in, most_out = self._limits
        is_seen = (is_stream or received.is_done) and not self.is_blind
        output = min(received.said, most_out) if is_seen else most_out
        least = received.usage.output_tokens if received.usage is not None else 0
        return Usage(
            input_tokens=received.input_reported or most_in,
            output_tokens=max(output, least),
            cost=None,
        )


def _refused(error: AttemptFailed) -> Refusal:
    if not error.code.startswith("budget."):
        return Refusal(403, error.code, error.reason, hint=error.hint)
    if error.code != HELD:
        return Refusal(402, error.code, error.reason, hint=error.hint)
    hint = f"It fits once that work has ended. {error.hint}"
    return Refusal(429, error.code, error.reason, hint=hint, retry_seconds=ROOM_SECONDS)


def _is_final(usage: Usage, received: ReceivedAnswer) -> bool:
    """Whether a usage is of the whole answer: the answer was whole, or it can't have been less."""
    return received.is_done or usage.output_tokens * BYTES_PER_TOKEN_MAX >= received.said
