"""Sign-in through a provider: only the users that it vouches for come in."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import msgspec
import pytest
from joserfc.jwk import OctKey, RSAKey

from missioncontrol.adapters.clocks import SystemClock
from missioncontrol.adapters.console_file import console_settings
from missioncontrol.adapters.oidc import OidcProvider
from missioncontrol.domain.errors import Rejected
from missioncontrol.interfaces.sign_in.providers import PENDING_MAX, PENDING_OF_ONE_MAX, Providers
from missioncontrol.ports.console_settings import ConsoleSettings, Provider
from missioncontrol.ports.identity_provider import Flow
from tests.application.parts import StandingClock
from tests.console.doors import BROWSER, Door, closed_door
from tests.console.oidc_provider import CLIENT, SECRET, OidcServer, oidc_server

ALICE = {"sub": "4711", "email": "alice@example.com", "email_verified": True}
PLAIN: dict[str, Any] = {"roles": ("viewer",)}


def with_provider(
    root: Path, story: Callable[[Door, OidcServer], Awaitable[None]], **options: Any
) -> None:
    async def run_story() -> None:
        async with oidc_server() as server, closed_door(root) as door:
            server.person = dict(ALICE)
            chosen = {**PLAIN, **options}
            provider = Provider("corp", server.url, CLIENT, "Corp", "oidc", **chosen)
            known = {"corp": (provider, OidcProvider(provider, SECRET, SystemClock()))}
            door.people.providers = Providers(known, SystemClock())
            await story(door, server)

    asyncio.run(asyncio.wait_for(run_story(), 60))


async def there(client: httpx.AsyncClient, where: str = "/") -> httpx.Response:
    """Go to the provider; return what it answers."""
    begun = await client.get("/sign-in/oidc/corp", params={"next": where}, headers=BROWSER)
    assert begun.status_code == 303, begun.text
    async with httpx.AsyncClient() as outside:
        return await outside.get(begun.headers["location"])


async def and_back(client: httpx.AsyncClient, where: str = "/") -> httpx.Response:
    """Go to the provider and come back; return our own answer."""
    back = urlsplit((await there(client, where)).headers["location"])
    site = {**BROWSER, "sec-fetch-site": "cross-site"}
    return await client.get(f"{back.path}?{back.query}", headers=site)


def test_who_the_provider_vouches_for_comes_in_and_is_written_down(tmp_path: Path) -> None:
    async def story(door: Door, server: OidcServer) -> None:
        async with door.client() as client:
            shown = await client.get("/sign-in?next=/settings/roles")
            assert "Continue with Corp" in shown.text
            answer = await and_back(client, "/settings/roles")
            assert (answer.status_code, answer.headers["location"]) == (303, "/settings/roles")
            me = (await client.get("/api/v1/me")).json()
            assert (me["name"], me["roles"], me["way"]) == ("alice@example.com", ["viewer"], "oidc")
        rows = await door.house.console.present.store.read(limit=100)
        (added,) = [row for row in rows if row.type == "user_added"]
        assert added.actor == "user:alice@example.com"
        request = next(row for row in rows if row.position == added.cause)
        assert msgspec.json.decode(request.body)["credential"] == "provider-corp"
        asked = server.asked[0]
        assert asked["redirect_uri"] == "http://127.0.0.1:8700/sign-in/oidc/corp/back"
        async with door.client() as again:
            assert (await and_back(again)).status_code == 303

    with_provider(tmp_path, story)


LIES = [
    {"aud": "another"},
    {"aud": ["console", "x"], "azp": "x"},
    {"iss": "https://evil.example.com"},
    {"nonce": "replayed"},
    {"exp": 1},
    {"exp": "soon"},
    {"iat": 9e12},
    {"sub": ""},
    {"email": None},
    {"email": "agent:x"},
    {"email_verified": False},
    {"email_verified": "true"},
]


@pytest.mark.parametrize("lie", LIES)
def test_an_id_token_that_is_not_for_us_lets_nobody_in(tmp_path: Path, lie: dict[str, Any]) -> None:
    async def story(door: Door, server: OidcServer) -> None:
        server.lies = lie
        async with door.client() as client:
            answer = await and_back(client)
            assert answer.status_code == 422
            assert door.people.cookie not in client.cookies

    with_provider(tmp_path, story)


@pytest.mark.parametrize("how", ["another key", "a shared secret"])
def test_an_id_token_that_somebody_else_signed_lets_nobody_in(tmp_path: Path, how: str) -> None:
    async def story(door: Door, server: OidcServer) -> None:
        if how == "another key":
            server.signer = RSAKey.generate_key(2048, {"kid": "one"})
        else:
            server.signer, server.algorithm = OctKey.generate_key(256), "HS256"
        async with door.client() as client:
            assert (await and_back(client)).status_code == 422
            assert door.people.cookie not in client.cookies

    with_provider(tmp_path, story)


def test_a_key_that_was_changed_is_found(tmp_path: Path) -> None:
    async def story(door: Door, server: OidcServer) -> None:
        async with door.client() as client:
            assert (await and_back(client)).status_code == 303
        server.key = RSAKey.generate_key(2048, {"kid": "one"})
        async with door.client() as client:
            assert (await and_back(client)).status_code == 303

    with_provider(tmp_path, story)


def test_what_comes_back_comes_back_to_the_browser_that_went_and_once(tmp_path: Path) -> None:
    async def story(door: Door, server: OidcServer) -> None:
        async with door.client() as victim, door.client() as attacker:
            back = urlsplit((await there(attacker)).headers["location"])
            url = f"{back.path}?{back.query}"
            assert (await victim.get(url)).status_code == 422
            assert door.people.cookie not in victim.cookies
            assert (await attacker.get(url)).status_code == 422  # used up by the one before
            query = parse_qs(back.query)
            forged = f"{back.path}?code={query['code'][0]}&state=made-up"
            assert (await victim.get(forged)).status_code == 422
            denied = await victim.get(f"{back.path}?error=access_denied")
            assert denied.status_code == 422
            unknown = await victim.get("/sign-in/oidc/nobody")
            assert unknown.status_code == 404
            assert len(server.codes) == 1
            # Who was at no provider is not written down: anybody could push out all others.
            assert not door.people.store.arrivals()

    with_provider(tmp_path, story)


def test_groups_of_the_provider_are_roles_here_each_time(tmp_path: Path) -> None:
    mapping = {"role_claim": "groups", "role_of": {"ops": ("operator",), "boss": ("admin",)}}

    async def story(door: Door, server: OidcServer) -> None:
        for groups, roles in (
            (["ops", "boss", "x", 1], ["viewer", "operator", "admin"]),
            ("ops", ["viewer", "operator"]),
            (None, ["viewer"]),
        ):
            server.person["groups"] = groups
            async with door.client() as client:
                assert (await and_back(client)).status_code == 303
                assert (await client.get("/api/v1/me")).json()["roles"] == roles

    with_provider(tmp_path, story, **mapping)


def test_only_domains_that_are_named_are_let_in(tmp_path: Path) -> None:
    async def story(door: Door, server: OidcServer) -> None:
        for email, status in (
            ("bob@example.org", 422),
            ("bob@sub.example.com", 422),
            ("bob@evil.com@example.com.evil.com", 422),
            ("bob@EXAMPLE.com", 303),
        ):
            server.person["email"] = email
            async with door.client() as client:
                assert (await and_back(client)).status_code == status, email

    with_provider(tmp_path, story, domains=("example.com",))


def test_a_provider_takes_nobody_over(tmp_path: Path) -> None:
    async def story(door: Door, server: OidcServer) -> None:
        await door.add("alice", "admin")
        owner = door.people.owner
        for name in ("alice", owner, owner.upper()):
            server.person["login"] = name
            async with door.client() as client:
                assert (await and_back(client)).status_code == 422
        server.person["login"] = "bob"
        async with door.client() as client:
            assert (await and_back(client)).status_code == 303
        server.person["sub"] = "somebody else"
        async with door.client() as client:
            assert (await and_back(client)).status_code == 422

    with_provider(tmp_path, story, user_claim="login")


def test_who_was_removed_comes_again_without_the_roles_of_before(tmp_path: Path) -> None:
    async def story(door: Door, server: OidcServer) -> None:
        del server
        async with door.client() as client:
            await and_back(client)
            do, owner = door.house.held.executor.perform, f"user:{door.people.owner}"
            await do("user.change", {"name": "alice@example.com", "roles": ["admin"]}, owner)
            await do("user.remove", {"name": "alice@example.com"}, owner)
            assert (await client.get("/api/v1/me")).status_code == 401
            await and_back(client)
            assert (await client.get("/api/v1/me")).json()["roles"] == ["viewer"]

    with_provider(tmp_path, story)


def test_a_provider_that_is_gone_is_told(tmp_path: Path) -> None:
    async def story(door: Door, server: OidcServer) -> None:
        del server
        provider = Provider("corp", "http://127.0.0.1:9", CLIENT)
        known = {"corp": (provider, OidcProvider(provider, "", SystemClock()))}
        door.people.providers = Providers(known, SystemClock())
        async with door.client() as client:
            assert (await client.get("/sign-in/oidc/corp")).status_code == 503

    with_provider(tmp_path, story)


# The file.


def test_the_file_of_the_console_is_read(tmp_path: Path) -> None:
    path = tmp_path / "console.toml"
    assert console_settings(path) == ConsoleSettings()
    path.write_text(
        """
hosts = ["mission.example.com"]
[limits]
token_burst = 10
[[oidc]]
name = "corp"
issuer = "https://id.example.com"
client_id = "console"
secret = "oidc"
role_claim = "groups"
[oidc.role_of]
ops = ["operator"]
"""
    )
    found = console_settings(path)
    assert found.hosts == ("mission.example.com",)
    assert found.limits.token_burst == 10
    assert found.oidc[0].role_of == {"ops": ("operator",)}


@pytest.mark.parametrize(
    "text",
    [
        "hosts = 1",
        "nonsense",
        "unknown = 1",
        "[limits]\ntoken_burst = 0",
        '[[oidc]]\nname = "a"\nissuer = "http://id.example.com"\nclient_id = "x"',
        '[[oidc]]\nname = "a b"\nissuer = "https://id.example.com"\nclient_id = "x"',
        '[[oidc]]\nname = "a"\nissuer = "https://id.example.com"\nclient_id = ""',
        '[[oidc]]\nname = "a"\nissuer = "https://x"\nclient_id = "x"\nroles = ["king"]',
    ],
)
def test_a_file_that_can_not_be_meant_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "console.toml"
    path.write_text(text)
    with pytest.raises(Rejected) as no:
        console_settings(path)
    assert no.value.code == "console.bad_file"


def test_who_begins_again_and_again_forgets_their_own_and_nobody_elses() -> None:
    class Elsewhere:
        async def address(self, flow: Flow) -> str:
            return flow.state

        async def claims(self, flow: Flow, code: str) -> Mapping[str, Any]:
            raise AssertionError((flow, code))

    async def story() -> None:
        known = {"x": (Provider("x", "https://x.example", "c"), Elsewhere())}
        clock = StandingClock()
        providers = Providers(known, clock)
        first, _ = await providers.begin("x", "", "/", "192.0.2.1")
        begun = [(await providers.begin("x", "", "/", "192.0.2.9"))[0] for _ in range(200)]
        assert set(providers._pending) == {first, *begun[-PENDING_OF_ONE_MAX:]}
        for number in range(PENDING_MAX + 5):
            providers._pending[f"s{number}"] = msgspec.structs.replace(
                providers._pending[begun[-1]], sender=f"10.{number}"
            )
        await providers.begin("x", "", "/", "192.0.2.9")
        assert len(providers._pending) == PENDING_MAX

    asyncio.run(story())


def test_a_sign_in_that_takes_too_long_is_over(tmp_path: Path) -> None:
    class Later(SystemClock):
        ahead = 0.0

        def now(self) -> float:
            return super().now() + self.ahead

    async def story(door: Door, server: OidcServer) -> None:
        clock = Later()
        provider = Provider("corp", server.url, CLIENT, "Corp", "oidc", roles=("viewer",))
        known = {"corp": (provider, OidcProvider(provider, SECRET, SystemClock()))}
        door.people.providers = Providers(known, clock)
        async with door.client() as client:
            back = urlsplit((await there(client)).headers["location"])
            clock.ahead = 601.0
            assert (await client.get(f"{back.path}?{back.query}")).status_code == 422

    with_provider(tmp_path, story)
