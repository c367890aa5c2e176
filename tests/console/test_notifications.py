"""Notifications: new items are sent once, in one message, retried, and never when settled."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from missioncontrol.adapters.notices.sqlite import SqliteNotices
from missioncontrol.adapters.smtp_mailer import SmtpMailer
from missioncontrol.application.deliveries import BETWEEN_SECONDS
from missioncontrol.application.inbox.notifier import QUIET_SECONDS, Notifier
from missioncontrol.ports.console_settings import Mail
from missioncontrol.ports.deliveries import Answered
from tests.console.houses import House, console_house
from tests.console.running import API

Story = Callable[[House, "Post"], Awaitable[None]]
CHAT = "https://hooks.example.com/services/T0/B0/secret"


class Post:
    """Receives messages of both ways, under a clock of its own."""

    def __init__(self, house: House, store: SqliteNotices) -> None:
        self.now = house.console.now
        self.trouble = ""
        self.chats: list[str] = []
        self.mails: list[tuple[str, str, str]] = []
        self.store = store
        self.notifier = Notifier(
            house.console.present,
            store,
            Chat(self),
            Mailbox(self),
            owner=house.console.owner,
            now=lambda: self.now,
        )
        self.notifier.url = "https://mission.example.com"

    def answer(self) -> Answered:
        return Answered(500 if self.trouble else 200, self.trouble)

    async def after(self, seconds: float) -> None:
        """Let time pass: look before and after it, and send what is due."""
        await self.notifier.look()
        self.now += seconds
        await self.notifier.look()
        await self.notifier.send()


class Chat:
    def __init__(self, post: Post) -> None:
        self.post = post

    async def send(self, url: str, body: bytes, headers: dict[str, str]) -> Answered:
        del headers
        assert url == CHAT
        self.post.chats.append(json.loads(body)["text"])
        return self.post.answer()


class Mailbox:
    def __init__(self, post: Post) -> None:
        self.post = post

    async def send(self, to: str, subject: str, text: str) -> Answered:
        self.post.mails.append((to, subject, text))
        return self.post.answer()


def tell(root: Path, story: Story) -> None:
    async def run_story() -> None:
        async with console_house(root) as house:
            (house.held.home.root / "console.toml").write_text("webhooks_inside = true\n")
            with closing(SqliteNotices(root / "notices.db")) as store:
                house.console.notifier.store = store  # Where the API keeps addresses.
                await story(house, Post(house, store))

    asyncio.run(run_story())


async def added(house: House, name: str = "chat", **given: Any) -> None:
    asked = {"name": name, "way": "chat", "to": CHAT, "kinds": ["decision"], **given}
    async with house.client("admin", name="ada") as ada:
        made = await ada.post(f"{API}/notifications", json=asked)
        assert made.status_code == 201, made.text


async def proposed(house: House, title: str) -> None:
    async with house.client("operator", name="olga") as olga:
        made = await olga.post(f"{API}/decisions", json={"text": {"title": title}})
        assert made.status_code == 201, made.text


def test_new_items_are_one_message_and_those_there_before_are_none(tmp_path: Path) -> None:
    async def story(house: House, post: Post) -> None:
        await proposed(house, "Old")
        await added(house)
        await post.notifier.look()
        await proposed(house, "Use <SQLite>")
        await proposed(house, "One writer")
        await post.after(QUIET_SECONDS - 1)
        assert post.chats == []
        await post.after(2)
        [text] = post.chats
        inbox = "https://mission.example.com/inbox"
        assert sorted(text.splitlines()) == [
            f"Proposed decision: <{inbox}/decision:D2|D2: Use &lt;SQLite&gt;>",
            f"Proposed decision: <{inbox}/decision:D3|D3: One writer>",
        ]
        await post.after(10_000)
        assert len(post.chats) == 1
        assert post.store.status("chat").sent == 1

    tell(tmp_path, story)


def test_what_is_settled_or_snoozed_meanwhile_is_not_sent(tmp_path: Path) -> None:
    async def story(house: House, post: Post) -> None:
        await added(house, "mine", way="email", to="ada@example.com", person="ada")
        await post.notifier.look()
        await proposed(house, "Use SQLite")
        await proposed(house, "One writer")
        await post.notifier.look()
        async with house.client("admin", name="ada") as ada:
            await ada.post(f"{API}/decisions/D1/accept")
            await ada.post(f"{API}/inbox/decision:D2/mute")
        await post.after(QUIET_SECONDS + 1)
        assert post.mails == []

    tell(tmp_path, story)


def test_what_is_not_taken_is_tried_again_and_given_up_in_the_end(tmp_path: Path) -> None:
    async def story(house: House, post: Post) -> None:
        await added(house, "mine", way="email", to="ada@example.com", person="ada")
        await post.notifier.look()
        await proposed(house, "Use SQLite")
        post.trouble = "It is full."
        await post.after(QUIET_SECONDS + 1)
        for seconds in BETWEEN_SECONDS:
            assert post.store.status("mine").waiting == 1
            await post.after(seconds + 1)
        await post.after(100_000)
        assert len(post.mails) == 1 + len(BETWEEN_SECONDS)
        to, subject, text = post.mails[0]
        assert (to, subject) == ("ada@example.com", "Proposed decision: D1: Use SQLite")
        assert "https://mission.example.com/inbox/decision:D1" in text
        found = post.store.status("mine")
        assert (found.sent, found.waiting, found.failed, found.trouble) == (0, 0, 1, "It is full.")

    tell(tmp_path, story)


def test_people_add_their_own_and_no_address_is_in_the_log(tmp_path: Path) -> None:
    async def story(house: House, post: Post) -> None:
        own = {"name": "mine", "way": "email", "to": "vera@example.com", "person": "vera"}
        async with house.client("viewer", name="vera") as vera:
            assert (await vera.post(f"{API}/notifications", json=own)).status_code == 201
            for person in ("", "ada"):
                other = {**own, "name": "other", "person": person}
                refused = await vera.post(f"{API}/notifications", json=other)
                assert refused.json()["code"] == "notification.of_others"
            [row] = (await vera.get(f"{API}/notifications")).json()["items"]
            assert row["shown"] == "v…@example.com"
        await added(house)
        async with house.client("viewer", name="vera") as vera:
            gone = await vera.delete(f"{API}/notifications/chat")
            assert gone.json()["code"] == "notification.of_others"
            assert len((await vera.get(f"{API}/notifications")).json()["items"]) == 1
            page = await vera.get("/settings/notifications", headers={"accept": "text/html"})
            assert "v…@example.com" in page.text
        rows = await house.held.store.read(after=0, limit=10_000)
        log = b"".join(row.body for row in rows)
        assert b"vera@example.com" not in log
        assert b"services/T0" not in log
        async with house.client("admin", name="ada") as ada:
            tested = await ada.post(f"{API}/notifications/mine/test")
            assert tested.json()["trouble"].startswith("No mail server is configured")

    tell(tmp_path, story)


def test_mail_goes_through_the_server_that_is_named() -> None:
    async def story() -> None:
        taken: list[str] = []

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"220 ready\r\n")
            while line := (await reader.readline()).decode():
                taken.append(line)
                verb = line[:4].upper()
                if verb == "DATA":
                    writer.write(b"354 go\r\n")
                    taken.append((await reader.readuntil(b"\r\n.\r\n")).decode())
                    writer.write(b"250 ok\r\n")
                elif verb == "QUIT":
                    writer.write(b"221 bye\r\n")
                    break
                else:
                    writer.write(b"250 ok\r\n")
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        mailer = SmtpMailer(Mail("127.0.0.1", "m@example.com", port, "none"), lambda name: name)
        answered = await mailer.send("ada@example.com", "Approval:\nBcc: eve@example.com", "Hello")
        assert answered.is_taken, answered.trouble
        text = "".join(taken)
        assert "rcpt TO:<ada@example.com>" in text
        assert "\r\nBcc:" not in text
        server.close()
        await server.wait_closed()
        refused = await mailer.send("ada@example.com", "Again", "Hello")
        assert refused.trouble == "The mail server 127.0.0.1 failed: ConnectionRefusedError."

    asyncio.run(story())
