"""Sends new items of inboxes by mail, into chats and to browsers: bounded, retried, while open.

The console's process does it. An item that is settled before its message is due is not sent, and
all that is due to one address is one message.
"""

import asyncio
import logging
import math
from collections.abc import Callable, Iterator, Sequence

import msgspec

from missioncontrol.application.access import access_of
from missioncontrol.application.concept import Concept
from missioncontrol.application.deliveries import BETWEEN_SECONDS
from missioncontrol.application.inbox.items import WORDS, InboxItem, Waiting
from missioncontrol.application.inbox.reader import items_of, needs, principal_of, waiting
from missioncontrol.application.read_model import Present
from missioncontrol.domain.access.states import Access
from missioncontrol.domain.inbox import Kind
from missioncontrol.domain.notification import (
    NO_NOTIFICATIONS,
    Notification,
    NotificationCommand,
    NotificationEvent,
    Notifications,
    decide,
    evolve,
    unknown,
)
from missioncontrol.ports.deliveries import Answered, Sender
from missioncontrol.ports.notices import Mailer, Notice, NoticeStore, Pusher

STREAM = "notifications"
LOOK_SECONDS = 3.0
QUIET_SECONDS = 20.0
"""An item waits so long before it is sent: what is settled at once disturbs no one."""

TITLE_MAX = 200
LISTED_MAX = 20
"""Items that one message names; the rest is counted."""

NO_MAIL = "No mail server is configured: add [mail] to console.toml, and start again."

GONE = (404, 410)
GONE_ADDRESS = "Its address is gone; remove it, and add it again."
UNSUBSCRIBED = "The browser has ended its subscription; remove it, and subscribe again there."
NOTIFICATIONS: Concept[Notifications, NotificationCommand, NotificationEvent] = Concept(
    decide, evolve, unknown
)

_log = logging.getLogger(__name__)


class Line(msgspec.Struct, frozen=True):
    """An item as a message names it."""

    id: str
    kind: Kind
    title: str
    detail: str
    since: float


class Notifier:
    """All notifications of one home."""

    def __init__(
        self,
        present: Present,
        store: NoticeStore,
        sender: Sender,
        mailer: Mailer | None,
        pusher: Pusher | None = None,
        *,
        owner: str,
        now: Callable[[], float],
    ) -> None:
        """Nothing is sent before `start`. Without a mailer, mail is refused with the reason.

        Without a pusher, nothing is sent to browsers.
        """
        self.store = store
        self.url = ""  # of the console, by which links begin
        self._present = present
        self._sender = sender
        self._mailer = mailer
        self.pusher = pusher
        self._owner = owner
        self._now = now
        self._task: asyncio.Task[None] | None = None

    @property
    def can_mail(self) -> bool:
        """Whether a mail server is configured."""
        return self._mailer is not None

    async def all(self) -> dict[str, Notification]:
        """Return the notifications that there are, by name."""
        return (await self._present.find(NOTIFICATIONS, STREAM) or NO_NOTIFICATIONS).all

    async def start(self) -> None:
        """Look for new items, and send them, until `stop`."""
        self._task = asyncio.create_task(self._work())

    async def stop(self) -> None:
        """Send no more; what is due is sent after the next start."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _work(self) -> None:
        while True:
            try:
                await self.look()
                await self.send()
            except Exception:  # noqa: BLE001 - the edge: one fault must not silence all of them
                _log.exception("notifications are not sent")
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Note what is new and what is settled for each notification."""
        known = await self.all()
        for name in set(self.store.names()) - set(known):
            self.store.forget(name)
        if not known:
            return
        await self._present.catch_up()
        access = await access_of(self._present)
        for each in known.values():
            if each.way != "push" or self.store.address(each.name):
                self._note(each, await self._lines(each, access))

    def _note(self, channel: Notification, lines: Sequence[Line]) -> None:
        seen = self.store.seen(channel.name)
        due = self._now() + QUIET_SECONDS
        before = seen or {}
        new = [
            Notice(line.id, line.since, 0, due)
            for line in lines
            if line.since > before.get(line.id, -math.inf)
        ]
        gone = [item for item in before if item not in {line.id for line in lines}]
        if new or gone or seen is None:
            self.store.note(channel.name, gone, new, is_first=seen is None)

    async def _lines(self, channel: Notification, access: Access) -> list[Line]:
        now = self._now()
        if channel.person:
            who = principal_of(access, self._owner, channel.person)
            own = needs(await items_of(self._present, self._owner, who, now))
            return [_line(each) for each in own if _is_wanted(each, channel)]
        every = await waiting(self._present, self._owner, now)
        return [_line(each) for each in every if _is_wanted(each, channel)]

    async def send(self) -> int:
        """Send what is due; return how many messages were tried."""
        tried = 0
        access = await access_of(self._present)
        for channel in (await self.all()).values():
            due = self.store.due(channel.name, self._now())
            if due:
                tried += 1
                await self._tell(channel, due, await self._lines(channel, access))
        return tried

    async def _tell(
        self, channel: Notification, due: Sequence[Notice], lines: Sequence[Line]
    ) -> None:
        wanted = {each.item for each in due}
        answered = await self._sent(channel, [line for line in lines if line.id in wanted])
        if channel.way == "push" and answered.status in GONE:
            # The browser has ended its subscription, and will never take a message by it again.
            self.store.keep_address(channel.name, "")
            due = [msgspec.structs.replace(each, attempts=len(BETWEEN_SECONDS)) for each in due]
            answered = Answered(answered.status, UNSUBSCRIBED)
        if answered.is_taken:
            self.store.sent(channel.name, [each.item for each in due], self._now())
            return
        self.store.failed(
            channel.name, [_again(each, self._now()) for each in due], answered.trouble
        )

    async def trial(self, name: str) -> Answered:
        """Send a message at once, and once only; return what came of it.

        Raises:
            NotFound: `notification.unknown`.
        """
        channel = (await self.all()).get(name)
        if channel is None:
            raise unknown(name)
        return await self._sent(channel, [])

    async def _sent(self, channel: Notification, lines: Sequence[Line]) -> Answered:
        address = self.store.address(channel.name)
        if not address:
            is_push = channel.way == "push"
            return Answered(0, UNSUBSCRIBED if is_push else GONE_ADDRESS)
        if channel.way == "push":
            if self.pusher is None:
                return Answered(0, "Nothing is sent to browsers here.")
            return await self.pusher.send(address, _push_message(lines), self.url)
        if channel.way == "chat":
            text = "\n".join(_chat_lines(lines, self.url))
            body = msgspec.json.encode({"text": text})
            headers = {"content-type": "application/json", "user-agent": "MissionControl"}
            return await self._sender.send(address, body, headers)
        if self._mailer is None:
            return Answered(0, NO_MAIL)
        text = "\n".join(_mail_lines(lines, self.url))
        return await self._mailer.send(address, subject_of(lines), text)


def _is_wanted(item: InboxItem | Waiting, channel: Notification) -> bool:
    return item.kind in channel.kinds if channel.kinds else item.group in ("now", "next")


def _line(item: InboxItem | Waiting) -> Line:
    return Line(item.id, item.kind, item.title, item.detail, item.since)


def _again(notice: Notice, now: float) -> Notice:
    """Return when to try once more; never after the last time."""
    attempts = notice.attempts + 1
    is_over = attempts > len(BETWEEN_SECONDS)
    due = math.inf if is_over else now + BETWEEN_SECONDS[attempts - 1]
    return Notice(notice.item, notice.since, attempts, due)


def subject_of(lines: Sequence[Line]) -> str:
    """Return what a message is about."""
    if not lines:
        return "Mission Control: test message"
    if len(lines) == 1:
        return f"{WORDS[lines[0].kind]}: {lines[0].title}"
    return f"{len(lines)} items need you"


def _push_message(lines: Sequence[Line]) -> bytes:
    """Return what the script of the browser shows, and the page that it opens."""
    place = f"/inbox/{lines[0].id}" if len(lines) == 1 else "/inbox"
    return msgspec.json.encode({"title": subject_of(lines)[:TITLE_MAX], "url": place})


def _mail_lines(lines: Sequence[Line], url: str) -> Iterator[str]:
    if not lines:
        yield f"Notifications of new items arrive here.\n\n{url}/inbox"
        return
    for line in lines[:LISTED_MAX]:
        yield f"{WORDS[line.kind]}: {line.title}"
        yield line.detail
        yield f"{url}/inbox/{line.id}\n"
    if len(lines) > LISTED_MAX:
        yield f"and {len(lines) - LISTED_MAX} more: {url}/inbox"


def _chat_lines(lines: Sequence[Line], url: str) -> Iterator[str]:
    if not lines:
        yield f"Notifications of new items arrive here: <{url}/inbox|Inbox>"
        return
    for line in lines[:LISTED_MAX]:
        yield f"{WORDS[line.kind]}: <{url}/inbox/{line.id}|{_plain(line.title)}>"
    if len(lines) > LISTED_MAX:
        yield f"and {len(lines) - LISTED_MAX} more: <{url}/inbox|Inbox>"


def _plain(text: str) -> str:
    """Return a text in which a chat finds no link, mention or other mark of its own."""
    line = " ".join(text.split()).replace("|", "¦")
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
