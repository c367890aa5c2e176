"""What a home says of its gateway, and the keys that people issue."""

import asyncio
import re
from pathlib import Path

import pytest

from missioncontrol.adapters.clocks import SystemClock
from missioncontrol.adapters.event_stores.memory import MemoryEventStore
from missioncontrol.application.gateway_keys import STREAM, GatewayKeys, IssueKeyFor
from missioncontrol.application.journal import Journal
from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.domain.gateway_key import RevokeKey
from missioncontrol.interfaces.gateway.settings import read_settings

GUIDE = Path(__file__).parents[2] / "docs/guides/gateway.md"


def test_the_file_of_the_guide_is_understood(tmp_path: Path) -> None:
    (text,) = re.findall(r"```toml\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    path = tmp_path / "gateway.toml"
    path.write_text(text)
    settings = read_settings(path)
    assert settings is not None
    assert settings.port == 4180
    assert [each.name for each in settings.upstreams] == ["openai", "anthropic"]
    assert settings.upstreams[0].serves("gpt-5")
    assert not settings.upstreams[0].serves("claude-sonnet-4-5")


def test_no_file_is_no_gateway(tmp_path: Path) -> None:
    assert read_settings(tmp_path / "gateway.toml") is None


UPSTREAM = "[[upstreams]]\nname = 'a'\nbase_url = 'http://127.0.0.1:9'\napi = 'openai'\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("upstreams = 3\n", "upstreams"),
        ("port = 'x'\n", "port"),
        ("[[upstreams]]\nname = 'a'\n", "base_url"),
        ("prot = 1\n", "prot"),
        ("= 1\n", "it is no TOML"),
        (
            UPSTREAM * 2,
            "two upstreams have the same name",
        ),
        ("", "it names no upstream"),
        (UPSTREAM.replace("http:", "ftp:"), "'ftp://127.0.0.1:9', no http://"),
        ("port = -1\n" + UPSTREAM, "port"),
        (UPSTREAM + "failures_max = 0\n", "failures_max"),
        (UPSTREAM + "idle_seconds = 0\n", "idle_seconds"),
        (UPSTREAM + "[policy]\ncalls_per_minute = 0\n", "calls_per_minute"),
        (UPSTREAM + "[policy.retention]\ndays = -1\n", "retention"),
        (UPSTREAM + "[[policy.routing.routes]]\nname = 'r'\nmodels = []\n", "names no model"),
        (
            UPSTREAM + "[[policy.routing.routes]]\nname = 'r'\nmodels = ['a']\n" * 2,
            "two routes have the same name",
        ),
        (UPSTREAM + "[[policy.routing.rules]]\nmodels = ['a']\nagent = 'b'\n", "`agent`"),
    ],
)
def test_what_is_wrong_with_the_file_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "gateway.toml"
    path.write_text(text)
    with pytest.raises(Rejected) as refused:
        read_settings(path)
    assert str(path) in str(refused.value)
    assert message in str(refused.value)


@pytest.mark.parametrize("key", ["sk-ant-api03-0123456789abcdef", "0123456789abcdef" * 3])
def test_a_key_that_stands_in_the_file_itself_is_told_of_and_not_told(
    tmp_path: Path, key: str
) -> None:
    path = tmp_path / "gateway.toml"
    path.write_text(f"{UPSTREAM}key = '{key}'\n")
    with pytest.raises(Rejected, match="name of a secret") as refused:
        read_settings(path)
    assert key not in str(refused.value)
    path.write_text(f"{UPSTREAM}key = 'openai-of-the-team'\n")
    assert read_settings(path) is not None


def test_a_key_holds_across_restarts_until_it_is_revoked_and_is_stored_nowhere() -> None:
    store = MemoryEventStore()

    async def story() -> None:
        journal = Journal(store, SystemClock())
        keys = GatewayKeys(journal)
        await keys.open()
        key = str((await keys.issue(IssueKeyFor("laptop", agent="codex"), actor="user:alice")).key)
        with pytest.raises(Rejected):
            await keys.issue(IssueKeyFor("laptop"), actor="user:alice")
        await journal.commit()
        again = Journal(store, SystemClock())
        keys = GatewayKeys(again)
        await keys.open()
        found = keys.find(key)
        assert found is not None
        assert found.agent == "codex"
        assert keys.find(key + "x") is None
        rows = await store.read_stream(STREAM)
        assert all(key.encode() not in row.body for row in rows)
        keys.revoke(RevokeKey("laptop"), actor="user:alice")
        assert keys.find(key) is None
        with pytest.raises(NotFound):
            keys.revoke(RevokeKey("laptop"), actor="user:alice")

    asyncio.run(story())


def test_a_key_is_void_when_its_time_is_over() -> None:
    class Standing:
        time = 1_790_000_000.0

        def now(self) -> float:
            return self.time

    async def story() -> None:
        clock = Standing()
        keys = GatewayKeys(Journal(MemoryEventStore(), clock))
        await keys.open()
        key = str((await keys.issue(IssueKeyFor("laptop", seconds=60.0), actor="user:alice")).key)
        assert keys.find(key) is not None
        clock.time += 60.0
        assert keys.find(key) is None

    asyncio.run(story())
