"""Tells webhooks of events: each at least once, signed, and again where one does not take it.

The console's process does it, so a slow address never holds the engine up. What is due is
written down in the transaction that moves the place in the log; so neither a restart nor a crash
leaves anything out. Signatures follow the Standard Webhooks specification 1.0.
"""

import asyncio
import base64
import hashlib
import hmac
import logging
import random
import secrets
from collections.abc import Callable

from missioncontrol.application.cloud_event import cloud_event
from missioncontrol.application.read_model import Present
from missioncontrol.application.webhooks import STREAM, WEBHOOKS
from missioncontrol.domain.webhook import EVENTS as WEBHOOK_EVENTS
from missioncontrol.domain.webhook import NO_WEBHOOKS, Webhook, WebhookTested
from missioncontrol.ports.deliveries import Answered, Delivery, DeliveryStore, Sender

LOOK_SECONDS = 0.5
READ_AT_ONCE = 1_000
AT_ONCE_MAX = 8
"""Deliveries of one webhook under way at once; one that is slow keeps none of another back."""

WAITING_MAX = 5_000
"""Deliveries of one webhook that wait: from here on the log is not looked through further for it,
until some have been delivered."""

BETWEEN_SECONDS = (5.0, 30.0, 120.0, 600.0, 3_600.0, 7_200.0, 14_400.0)
"""Before each further attempt, with up to a fifth more by chance; after them it is dead."""

TRIAL = WEBHOOK_EVENTS[WebhookTested][0]
"""An event of this type is sent when it is asked for, to the one that is to be tested."""

SECRET_BYTES = 32
PREFIX = "whsec_"

_log = logging.getLogger(__name__)


class Deliveries:
    """All webhooks of one home."""

    def __init__(
        self,
        present: Present,
        store: DeliveryStore,
        sender: Sender,
        *,
        now: Callable[[], float],
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Nothing is delivered before `start`."""
        self.store = store
        self._present = present
        self._sender = sender
        self._now = now
        self._chance = chance
        self._task: asyncio.Task[None] | None = None
        self._made: dict[str, tuple[str, str]] = {}  # which request made the secret of a webhook
        self._in_flight: dict[str, asyncio.Task[None]] = {}  # by webhook
        self._changed = asyncio.Event()

    async def hooks(self) -> dict[str, Webhook]:
        """Return the webhooks that there are, by name."""
        return (await self._present.find(WEBHOOKS, STREAM) or NO_WEBHOOKS).hooks

    def new_secret(self, hook: str, request: str = "") -> str:
        """Sign with another secret from now on, and return it, this once.

        A repeat with the same `request`, because no answer came, returns the same secret.
        """
        if request and self._made.get(hook) == (request, self.store.secret(hook)):
            return self.store.secret(hook)
        secret = PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()
        self.store.keep_secret(hook, secret)
        self._made[hook] = request, secret
        return secret

    def again(self, hook: str, position: int | None = None) -> int:
        """Try one dead delivery, or all of them, once more; return how many."""
        count = self.store.again(hook, position, self._now())
        self._changed.set()
        return count

    async def trial(self, hook: Webhook, position: int) -> Answered:
        """Send one event at once, and once only; return what came of it."""
        return await self._sent(hook, position)

    async def start(self) -> None:
        """Look through the log, and deliver, until `stop`."""
        self._task = asyncio.create_task(self._work())

    async def stop(self) -> None:
        """Deliver no more; what was under way is tried again later."""
        if self._task is not None:
            under_way = [self._task, *self._in_flight.values()]
            for task in under_way:
                task.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)

    async def _work(self) -> None:
        while True:
            self._changed.clear()
            try:
                busy = await self.look()
                await self._set_out()
            except Exception:  # noqa: BLE001 - the edge: one fault must not silence all webhooks
                _log.exception("webhooks are not delivered")
                busy = 0
            if not busy:
                try:
                    async with asyncio.timeout(LOOK_SECONDS):
                        await self._changed.wait()
                except TimeoutError:
                    pass

    async def _set_out(self) -> None:
        """Send each webhook what is due, however long another one takes."""
        for name, hook in (await self.hooks()).items():
            if name in self._in_flight or hook.is_paused:
                continue
            if due := self.store.due(name, self._now(), limit=AT_ONCE_MAX):
                self._in_flight[name] = asyncio.create_task(self._deliver(hook, due))

    async def _deliver(self, hook: Webhook, due: list[Delivery]) -> None:
        try:
            await asyncio.gather(*(self._try(hook, each) for each in due))
        except Exception:  # noqa: BLE001 - the edge: one fault must not silence it for ever
            _log.exception("webhook %r is not notified", hook.name)
        finally:
            del self._in_flight[hook.name]
            self._changed.set()  # Perhaps more is due.

    async def look(self) -> int:
        """Queue what happened since; return how many events were looked at."""
        head = (await self._present.store.head()).position
        hooks = await self.hooks()
        for name in set(self.store.names()) - set(hooks):
            self.store.forget(name)
            self._made.pop(name, None)
        return sum([await self._look_for(hook, head) for hook in list(hooks.values())])

    async def _look_for(self, hook: Webhook, head: int) -> int:
        place = self.store.place(hook.name)
        if place is None or place > head:  # It is new, or the log was put back.
            self.store.queue(hook.name, (), head)
            return 0
        if place >= head or self.store.status(hook.name).waiting >= WAITING_MAX:
            return 0
        rows = await self._present.store.read(after=place, limit=READ_AT_ONCE)
        wanted = [row.position for row in rows if row.type != TRIAL and hook.wants(row.type)]
        self.store.queue(hook.name, wanted, rows[-1].position if rows else head)
        return len(rows)

    async def deliver(self) -> int:
        """Try what is due now; return how many were tried."""
        tried = [
            (hook, each)
            for hook in (await self.hooks()).values()
            if not hook.is_paused
            for each in self.store.due(hook.name, self._now(), limit=AT_ONCE_MAX)
        ]
        await asyncio.gather(*(self._try(hook, each) for hook, each in tried))
        return len(tried)

    async def _try(self, hook: Webhook, delivery: Delivery) -> None:
        answered = await self._sent(hook, delivery.position)
        if answered.is_taken:
            self.store.delivered(delivery, self._now())
            return
        attempts = delivery.attempts + 1
        is_dead = attempts > len(BETWEEN_SECONDS)
        wait = 0.0 if is_dead else BETWEEN_SECONDS[attempts - 1] * (1 + self._chance() / 5)
        self.store.failed(
            Delivery(
                hook.name,
                delivery.position,
                attempts,
                self._now() + wait,
                answered.status,
                answered.trouble,
                is_dead,
            )
        )

    async def _sent(self, hook: Webhook, position: int) -> Answered:
        rows = await self._present.store.read(after=position - 1, limit=1)
        if not rows:
            return Answered(0, f"The log has no event {position} any more.")
        secret = self.store.secret(hook.name)
        if not secret:
            return Answered(0, "It has no secret; make one, and enter it on the other side.")
        body = cloud_event(rows[0])
        name, moment = f"evt_{position}", str(int(self._now()))
        headers = {
            "content-type": "application/cloudevents+json",
            "user-agent": "MissionControl",
            "webhook-id": name,
            "webhook-timestamp": moment,
            "webhook-signature": signature(secret, name, moment, body),
        }
        return await self._sender.send(hook.url, body, headers)


def signature(secret: str, name: str, moment: str, body: bytes) -> str:
    """Return `v1,` and the HMAC-SHA256 of `name.moment.body` in base64."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = b"%b.%b.%b" % (name.encode(), moment.encode(), body)
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
