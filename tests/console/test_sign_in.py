"""How people come in, and how others do not."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from missioncontrol.domain.errors import MissionControlError
from missioncontrol.interfaces.sign_in import people as module
from missioncontrol.interfaces.sign_in.people import Caller
from tests.console.doors import BROWSER, PASSWORD, Door, closed_door
from tests.console.houses import ORIGIN


def with_door(root: Path, story: Callable[[Door], Awaitable[None]]) -> None:
    async def run_story() -> None:
        async with closed_door(root) as door:
            await story(door)

    asyncio.run(run_story())


class Later:
    """The clock of the people: it stands, as far ahead as a test wants."""

    def __init__(self, door: Door) -> None:
        self._began = door.people.now()
        self.seconds = 0.0
        door.people.now = self.now

    def now(self) -> float:
        return self._began + self.seconds


# Links.


def test_a_link_signs_the_owner_in_once(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        link = f"/sign-in/link?token={door.people.new_link()}"
        async with door.client() as client, door.client() as thief:
            answer = await client.get(link)
            assert (answer.status_code, answer.headers["location"]) == (303, "/inbox")
            cookie = answer.headers["set-cookie"]
            assert "HttpOnly" in cookie
            assert "SameSite=lax" in cookie
            me = (await client.get("/api/v1/me")).json()
            assert (me["name"], me["roles"]) == (door.people.owner, ["admin"])
            again = await thief.get(link)
            assert again.status_code == 401
            assert not thief.cookies
            assert (await client.get(link)).headers["location"] == "/inbox"

    with_door(tmp_path, story)


def test_a_link_ends_by_itself(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        link = f"/sign-in/link?token={door.people.new_link()}"
        Later(door).seconds = module.LINK_SECONDS + 1
        async with door.client() as client:
            assert (await client.get(link)).status_code == 401

    with_door(tmp_path, story)


def test_a_link_is_not_used_up_by_who_looks_ahead_or_links_to_it(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        token = door.people.new_link()
        async with door.client() as client:
            for headers in (
                {"sec-purpose": "prefetch;prerender"},
                {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"},
            ):
                shown = await client.get(f"/sign-in/link?token={token}", headers=headers)
                assert shown.status_code == 200
                assert not client.cookies
            head = await client.head(f"/sign-in/link?token={token}")
            assert not head.cookies
            answer = await client.post("/sign-in/link", data={"token": token})
            assert answer.status_code == 303
            assert client.cookies

    with_door(tmp_path, story)


# Passwords.


def test_a_password_signs_somebody_in_and_leads_on(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        await door.add("Alice", "viewer")
        async with door.client() as client:
            answer = await door.sign_in(client, "ALICE", there="/settings/roles")
            assert (answer.status_code, answer.headers["location"]) == (303, "/settings/roles")
            me = (await client.get("/api/v1/me")).json()
            assert (me["name"], me["way"], me["permissions"]) == ("Alice", "password", ["read"])

    with_door(tmp_path, story)


def test_who_is_wrong_is_not_told_about_what(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        await door.add("alice", "viewer")
        texts = set()
        tries = (("alice", "mistaken"), ("nobody", PASSWORD), ("alice", ""), ("", ""))
        for number, (name, password) in enumerate(tries):
            async with door.client(address=f"192.0.2.{number}") as client:
                answer = await door.sign_in(client, name, password)
                assert answer.status_code == 401
                assert not client.cookies
                texts.update(re.findall("The name or the password is wrong", answer.text))
                assert password == "" or password not in answer.text
        assert len(texts) == 1

    with_door(tmp_path, story)


def test_signing_in_does_not_lead_elsewhere(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        await door.add("alice", "viewer")
        async with door.client() as client:
            answer = await door.sign_in(client, "alice", there="//evil.example.com")
            assert answer.headers["location"] == "/inbox"
            shown = await client.get("/sign-in?next=https://evil.example.com")
            assert shown.headers["location"] == "/inbox"

    with_door(tmp_path, story)


def test_failures_cost_more_and_more_time(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        await door.add("alice", "viewer")
        later = Later(door)
        async with door.client(address="192.0.2.1") as client:
            for _ in range(module.FREE_FAILURES):
                assert (await door.sign_in(client, "alice", "wrong")).status_code == 401
            refused = await door.sign_in(client, "alice")
            assert refused.status_code == 429
            assert int(refused.headers["retry-after"]) >= 1
            assert not client.cookies
        async with door.client(address="192.0.2.2") as elsewhere:
            assert (await door.sign_in(elsewhere, "alice")).status_code == 429
            later.seconds = 2.0
            assert (await door.sign_in(elsewhere, "alice")).status_code == 303
        async with door.client(address="192.0.2.1") as client:
            for _ in range(12):
                later.seconds += 1_000
                await door.sign_in(client, "alice", "wrong")
            later.seconds += module.DELAY_SECONDS_MAX["user"] + 1
            assert (await door.sign_in(client, "alice")).status_code == 429
        async with door.client(address="192.0.2.3") as elsewhere:
            assert (await door.sign_in(elsewhere, "alice")).status_code == 303

    with_door(tmp_path, story)


def test_guesses_at_once_do_not_all_count_as_the_first(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        await door.add("alice", "viewer")
        Later(door)
        caller = Caller("192.0.2.1")

        async def guess() -> str:
            try:
                await door.people.by_password("alice", "wrong", caller)
            except MissionControlError as error:
                return error.code
            return "in"

        codes = await asyncio.gather(*(guess() for _ in range(10)))
        assert codes.count("sign_in.wrong") == module.FREE_FAILURES
        assert codes.count("sign_in.throttled") == 10 - module.FREE_FAILURES

    with_door(tmp_path, story)


# Sessions.


def test_signing_in_gives_a_new_session_and_ends_the_one_that_was_planted(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        await door.add("alice", "viewer")
        async with door.client() as attacker, door.client() as victim:
            await attacker.get(f"/sign-in/link?token={door.people.new_link()}")
            planted = attacker.cookies[door.people.cookie]
            victim.cookies.set(door.people.cookie, planted)
            form = {"name": "alice", "password": PASSWORD, "csrf": door.people.csrf(planted)}
            answer = await victim.post("/sign-in", data=form, headers={"origin": ORIGIN})
            assert answer.status_code == 303
            assert answer.cookies[door.people.cookie] != planted
            assert (await attacker.get("/api/v1/me")).status_code == 401
            made_up = {"cookie": f"{door.people.cookie}=chosen-by-an-attacker"}
            assert (await victim.get("/api/v1/me", headers=made_up)).status_code == 401

    with_door(tmp_path, story)


def test_signing_out_ends_the_session_where_it_is_kept(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        async with door.client() as client:
            await client.get(f"/sign-in/link?token={door.people.new_link()}")
            secret = client.cookies[door.people.cookie]
            assert (await client.post("/sign-out")).status_code == 403
            answer = await client.post("/sign-out", headers=door.csrf(client))
            assert answer.headers["clear-site-data"] == '"cache"'
            stolen = {"cookie": f"{door.people.cookie}={secret}"}
            assert (await client.get("/api/v1/me", headers=stolen)).status_code == 401

    with_door(tmp_path, story)


def test_a_session_ends_when_it_rests_and_in_any_case(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        later = Later(door)
        async with door.client() as client:
            await client.get(f"/sign-in/link?token={door.people.new_link()}")
            later.seconds = module.IDLE_SECONDS_MAX - 10
            assert (await client.get("/api/v1/me")).status_code == 200
            later.seconds += module.IDLE_SECONDS_MAX - 10
            assert (await client.get("/api/v1/me")).status_code == 200
            later.seconds += module.IDLE_SECONDS_MAX + 1
            assert (await client.get("/api/v1/me")).status_code == 401
        async with door.client() as client:
            await client.get(f"/sign-in/link?token={door.people.new_link()}")
            for _ in range(8):
                later.seconds += module.SESSION_SECONDS_MAX / 8
                last = await client.get("/api/v1/me")
            assert last.status_code == 401

    with_door(tmp_path, story)


def test_a_removed_user_is_out_at_once_and_stays_out_when_the_name_comes_again(
    tmp_path: Path,
) -> None:
    async def story(door: Door) -> None:
        await door.add("alice", "viewer")
        owner, do = f"user:{door.people.owner}", door.house.held.executor.perform
        async with door.client() as client:
            await door.sign_in(client, "alice")
            assert (await client.get("/api/v1/me")).status_code == 200
            await do("user.remove", {"name": "alice"}, owner)
            assert (await client.get("/api/v1/me")).status_code == 401
            await do("user.add", {"name": "alice", "roles": ["admin"]}, owner)
            assert await door.people.sessions("alice") == []
            assert (await client.get("/api/v1/me")).status_code == 401
            assert (await door.sign_in(client, "alice")).status_code == 401

    with_door(tmp_path, story)


def test_roles_that_change_hold_for_sessions_that_are_open(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        await door.add("alice", "operator")
        async with door.client() as client:
            await door.sign_in(client, "alice")
            cancel = "/api/v1/runs/run-none/cancel"
            assert (await client.post(cancel, headers=door.csrf(client))).status_code == 404
            ask = {"name": "alice", "roles": ["viewer"]}
            owner = f"user:{door.people.owner}"
            await door.house.held.executor.perform("user.change", ask, owner)
            assert (await client.post(cancel, headers=door.csrf(client))).status_code == 403

    with_door(tmp_path, story)


def test_sessions_are_listed_and_ended_by_their_owner(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        await door.add("alice", "viewer")
        await door.add("bob", "viewer")
        async with door.client() as one, door.client() as two, door.client() as bob:
            await door.sign_in(one, "alice")
            await door.sign_in(two, "alice")
            await door.sign_in(bob, "bob")
            found = (await one.get("/api/v1/sessions?everybody=true")).json()["items"]
            assert [each["user"] for each in found] == ["alice", "alice"]
            assert [each["is_this"] for each in found].count(True) == 1
            other = next(each["id"] for each in found if not each["is_this"])
            place = f"/api/v1/sessions/{other}"
            assert (await bob.delete(place, headers=door.csrf(bob))).status_code == 404
            assert (await one.delete(place, headers=door.csrf(one))).status_code == 204
            assert (await two.get("/api/v1/me")).status_code == 401
            assert (await one.get("/api/v1/me")).status_code == 200

    with_door(tmp_path, story)


# Invitations and other passwords.


def test_an_invitation_leads_to_a_password_once(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        owner = f"user:{door.people.owner}"
        do = door.house.held.executor.perform
        await do("user.add", {"name": "alice", "roles": ["viewer"]}, owner)
        token = (await do("user.invite", {"name": "alice"}, owner))["invitation"]
        async with door.client() as client:
            shown = await client.get(f"/sign-in/invited?token={token}")
            assert "Welcome, alice" in shown.text
            form = {"token": token, "password": PASSWORD, "again": PASSWORD}
            for weak in ("short", "aaaaaaaaaaaaaa", "alice in wonderland"):
                bad = await client.post(
                    "/sign-in/invited", data={**form, "password": weak, "again": weak}
                )
                assert bad.status_code == 422
            typo = await client.post("/sign-in/invited", data={**form, "again": "x"})
            assert typo.status_code == 422
            answer = await client.post("/sign-in/invited", data=form)
            assert answer.status_code == 303
            assert (await client.get("/api/v1/me")).json()["name"] == "alice"
        async with door.client() as again:
            assert (await again.get(f"/sign-in/invited?token={token}")).status_code == 401
            assert (await again.post("/sign-in/invited", data=form)).status_code == 401
            assert (await door.sign_in(again, "alice")).status_code == 303

    with_door(tmp_path, story)


def test_pages_elsewhere_keep_nobody_out_by_sending_them_with_wrong_invitations(
    tmp_path: Path,
) -> None:
    async def story(door: Door) -> None:
        await door.add("alice", "viewer")
        async with door.client() as client:
            for _ in range(2 * module.FREE_FAILURES):
                wrong = await client.get(
                    "/sign-in/invited?token=wrong",
                    headers={**BROWSER, "sec-fetch-site": "cross-site"},
                )
                assert wrong.status_code == 401
            assert (await door.sign_in(client, "alice")).status_code == 303

    with_door(tmp_path, story)


def test_nothing_of_a_password_or_a_secret_is_in_the_log(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        await door.add("alice", "viewer")
        async with door.client() as client:
            await door.sign_in(client, "alice")
            body = {"name": "ci", "scopes": ["read"]}
            made = await client.post("/api/v1/tokens", json=body, headers=door.csrf(client))
            token = made.json()["token"]
            invited = await door.house.held.executor.perform(
                "user.invite", {"name": "alice"}, f"user:{door.people.owner}"
            )
            secrets = [token, token.split("_", 2)[2], PASSWORD, invited["invitation"], "argon2"]
            secrets.append(client.cookies[door.people.cookie])
        rows = await door.house.console.present.store.read(limit=1_000)
        log = b"".join(row.body for row in rows)
        assert b"token_issued" in b"".join(row.type.encode() for row in rows)
        for secret in secrets:
            assert secret.encode() not in log
        stored = (tmp_path / "home" / "access.db").read_bytes()
        stored += (tmp_path / "home" / "access.db-wal").read_bytes()
        for secret in (token, PASSWORD, secrets[-1]):
            assert secret.encode() not in stored
        assert (tmp_path / "home" / "access.db").stat().st_mode & 0o777 == 0o600

    with_door(tmp_path, story)


def test_another_password_needs_the_present_one_and_ends_other_sessions(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        await door.add("alice", "viewer")
        async with door.client() as here, door.client() as there:
            await door.sign_in(here, "alice")
            await door.sign_in(there, "alice")
            form = {"current": "wrong", "password": "another long one", "again": "another long one"}
            headers = door.csrf(here)
            bad = await here.post("/settings/password", data=form, headers=headers)
            assert bad.status_code == 403
            form["current"] = PASSWORD
            good = await here.post("/settings/password", data=form, headers=headers)
            assert good.status_code == 303
            assert (await here.get("/api/v1/me")).status_code == 200
            assert (await there.get("/api/v1/me")).status_code == 401
            assert (await door.sign_in(there, "alice", "another long one")).status_code == 303

    with_door(tmp_path, story)


# Who came, and tokens.


def test_who_came_is_known_to_auditors(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        await door.add("alice", "auditor")
        async with door.client(address="192.0.2.7") as client:
            await door.sign_in(client, "alice", "wrong")
            await door.sign_in(client, "alice")
            found = (await client.get("/api/v1/arrivals?limit=2")).json()
            visits = [(each["user"], each["outcome"], each["address"]) for each in found["items"]]
            assert visits == [("alice", "in", "192.0.2.7"), ("alice", "refused", "192.0.2.7")]
            assert (await client.get("/api/v1/users")).status_code == 200
            more = {"name": "bob"}
            refused = await client.post("/api/v1/users", json=more, headers=door.csrf(client))
            assert refused.status_code == 403

    with_door(tmp_path, story)


def test_a_token_does_what_its_scopes_and_its_owner_may(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        await door.add("alice", "operator")
        owner, do = f"user:{door.people.owner}", door.house.held.executor.perform
        async with door.client() as client, door.client() as program:
            await door.sign_in(client, "alice")
            headers = door.csrf(client)
            beyond = {"name": "ci", "scopes": ["govern"]}
            refused = await client.post("/api/v1/tokens", json=beyond, headers=headers)
            assert refused.json()["code"] == "token.beyond"
            body = {"name": "ci", "scopes": ["read", "operate"]}
            made = (await client.post("/api/v1/tokens", json=body, headers=headers)).json()
            program.headers["authorization"] = f"Bearer {made['token']}"
            me = (await program.get("/api/v1/me")).json()
            assert (me["name"], me["way"]) == ("alice", "token")
            assert me["permissions"] == ["operate", "read"]
            assert (await program.post("/api/v1/runs/run-x/cancel")).status_code == 404
            more = await program.post("/api/v1/tokens", json={"name": "x", "scopes": ["read"]})
            assert more.json()["code"] == "token.by_token"
            await do("user.change", {"name": "alice", "roles": ["viewer"]}, owner)
            assert (await program.get("/api/v1/me")).json()["permissions"] == ["read"]
            assert (await program.post("/api/v1/runs/run-x/cancel")).status_code == 403
            seen = (await client.get("/api/v1/tokens")).json()["items"]
            assert seen[0]["last_used"] is not None
            gone = await client.delete(f"/api/v1/tokens/{made['id']}", headers=headers)
            assert gone.status_code == 204
            assert (await program.get("/api/v1/me")).status_code == 401

    with_door(tmp_path, story)


def test_a_token_that_is_lost_ends_no_other_one(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        lost, valid = await door.token("read"), await door.token("operate")
        async with door.client() as client:
            headers = {"authorization": f"Bearer {lost}"}
            refused = await client.delete("/api/v1/sessions/any", headers=headers)
            assert refused.json()["code"] == "session.by_token"
            for each, status in ((valid, 422), (lost, 204)):
                where = f"/api/v1/tokens/{each.split('_')[1]}"
                assert (await client.delete(where, headers=headers)).status_code == status

    with_door(tmp_path, story)


def test_a_token_ends(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        token = await door.token("read")
        async with door.client(headers={"authorization": f"Bearer {token}"}) as program:
            assert (await program.get("/api/v1/me")).status_code == 200
            Later(door).seconds = 91 * 86_400
            assert (await program.get("/api/v1/me")).status_code == 401

    with_door(tmp_path, story)


@pytest.mark.parametrize(
    "page", ["users", "users/root", "roles", "tokens", "sessions", "workspace"]
)
def test_the_pages_of_settings_are_there(tmp_path: Path, page: str) -> None:
    async def story(door: Door) -> None:
        await door.token("read")
        await door.add("<b>bob</b>"[:3] + "ob", "viewer")
        async with door.client() as client:
            await client.get(f"/sign-in/link?token={door.people.new_link()}")
            place = page.replace("root", door.people.owner)
            shown = await client.get(f"/settings/{place}", headers=BROWSER)
            assert shown.status_code == 200, shown.text
            assert "<b>ob" not in shown.text

    with_door(tmp_path, story)


def test_secrets_are_shown_on_a_page_once(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        await door.add("alice", "viewer")
        async with door.client() as client:
            await client.get(f"/sign-in/link?token={door.people.new_link()}")
            headers: dict[str, Any] = {**door.csrf(client), "hx-request": "true"}
            form = {"name": "ci", "scope": ["read", "operate"], "days": "30"}
            made = await client.post("/settings/tokens", data=form, headers=headers)
            assert re.search(r"mct_[0-9a-f]{8}_", made.text)
            assert "mct_" not in (await client.get("/settings/tokens", headers=BROWSER)).text
            invited = await client.post("/settings/users/alice/invite", headers=headers)
            assert f"{ORIGIN}/sign-in/invited?token=" in invited.text
            bad = await client.post(
                "/settings/users", data={"name": "x", "role": "king"}, headers=headers
            )
            assert bad.status_code == 422

    with_door(tmp_path, story)


def test_who_reads_the_log_can_not_use_an_invitation_that_stands_in_it(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        owner, do = f"user:{door.people.owner}", door.house.held.executor.perform
        await door.add("alice", "viewer")
        await do("user.add", {"name": "bob", "roles": ["admin"]}, owner)
        await do("user.invite", {"name": "bob"}, owner)
        invited = (await door.people.access()).users["bob"].invited
        assert invited is not None
        async with door.client() as client:
            await door.sign_in(client, "alice")
            ask = {"name": "bob", "invitation": invited.digest}
            place = "/api/v1/asks/user.set_password"
            told = await client.post(place, json=ask, headers=door.csrf(client))
            assert told.json()["code"] == "sign_in.by_page"
            shown = await client.get(f"/sign-in/invited?token={invited.digest}")
            assert shown.status_code == 401

    with_door(tmp_path, story)


def test_asking_for_anything_is_asking_for_what_one_may(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        await door.add("alice", "operator")
        async with door.client() as client:
            await door.sign_in(client, "alice")
            for verb, ask in (
                ("user.add", {"name": "eve", "roles": ["admin"]}),
                ("user.arrive", {"name": "alice", "subject": "x", "roles": ["admin"]}),
                ("user.set_password", {"name": "alice"}),
                ("gateway_key.issue", {"name": "x"}),
                ("StartAll", {"stage": "all"}),
            ):
                response = await client.post(
                    f"/api/v1/asks/{verb}", json=ask, headers=door.csrf(client)
                )
                assert response.status_code in (403, 422), verb
            roles = (await client.get("/api/v1/me")).json()["roles"]
            assert roles == ["operator"]

    with_door(tmp_path, story)


def test_a_request_with_a_key_is_done_once(tmp_path: Path) -> None:
    async def story(door: Door) -> None:
        async with door.client() as client:
            await client.get(f"/sign-in/link?token={door.people.new_link()}")
            headers = {**door.csrf(client), "idempotency-key": "7d8f"}
            body = {"name": "ci", "scopes": ["read"]}
            first = await client.post("/api/v1/tokens", json=body, headers=headers)
            again = await client.post("/api/v1/tokens", json=body, headers=headers)
            assert (first.status_code, again.status_code) == (201, 201)
            assert again.json() == {**first.json(), "token": None}
            other = await client.post("/api/v1/tokens", json={**body, "name": "x"}, headers=headers)
            assert (other.status_code, other.json()["code"]) == (422, "request.another")
            assert len((await client.get("/api/v1/tokens")).json()["items"]) == 1
            bad = await client.post(
                "/api/v1/tokens", json=body, headers={**headers, "idempotency-key": "x" * 300}
            )
            assert bad.status_code == 422

    with_door(tmp_path, story)
