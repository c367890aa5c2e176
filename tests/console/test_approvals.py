"""Approvals through the console: exactly what was shown is answered, by people who may."""

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

from tests.console.governed import RELEASE, got, waiting
from tests.console.houses import House, console_house
from tests.console.running import API, ended, saved

HTML = {"accept": "text/html"}
FORM = {"hx-request": "true"}
TWO = RELEASE.replace("{from: [approver], expires: 2h}", "{from: [approver], count: 2}")
BRIEF = RELEASE.replace("expires: 2h", "expires: 1s")
MANY = RELEASE.replace("    effects:", f"    for_each: ${{{{ {list(range(205))} }}}}\n    effects:")

Story = Callable[[House], Awaitable[None]]


def tell(tmp_path: Path, story: Story) -> None:
    async def run_story() -> None:
        async with console_house(tmp_path) as house:
            await story(house)

    asyncio.run(run_story())


def test_what_would_run_is_told_exactly_with_why_and_the_bytes_of_its_digest(
    tmp_path: Path,
) -> None:
    async def story(house: House) -> None:
        approval = await waiting(house, "v1.2.3")
        async with house.client("approver", name="ann") as ann:
            shown = await got(ann, f"/approvals/{approval}")
            assert shown["subject"]["inputs"] == {"argv": ["echo", "v1.2.3"]}
            assert (shown["state"], shown["needed"], shown["objection"]) == ("waiting", 1, "")
            assert shown["author"] == "user:olga"
            assert any("pushes" in each for each in shown["why"])
            raw = await ann.get(f"{API}/approvals/{approval}/subject")
            assert hashlib.sha256(raw.content).hexdigest() == shown["digest"]
            again = await ann.get(
                f"{API}/approvals/{approval}",
                headers={
                    "If-None-Match": (await ann.get(f"{API}/approvals/{approval}")).headers["etag"]
                },
            )
            assert again.status_code == 304

    tell(tmp_path, story)


def test_a_yes_to_what_was_shown_lets_exactly_that_run(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        approval = await waiting(house, "v7")
        async with house.client("approver", name="ann") as ann:
            shown = await got(ann, f"/approvals/{approval}")
            yes = {"digest": shown["digest"], "reason": "I read it"}
            after = await ann.post(f"{API}/approvals/{approval}/approve", json=yes)
            assert after.status_code == 200, after.text
            assert after.json()["state"] == "approved"
            assert after.json()["given"][0]["by"] == "user:ann"
            async with house.client("viewer") as viewer:
                assert (await ended(viewer, shown["run"]))["status"] == "succeeded"
            late = await ann.post(f"{API}/approvals/{approval}/approve", json=yes)
            assert late.status_code in (409, 422)

    tell(tmp_path, story)


def test_a_yes_to_something_else_than_is_asked_is_refused(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        approval = await waiting(house)
        async with house.client("approver", name="ann") as ann:
            yes = {"digest": "0" * 64, "reason": "looks right"}
            answer = await ann.post(f"{API}/approvals/{approval}/approve", json=yes)
            assert answer.json()["code"] == "approval.changed"
            assert (await got(ann, f"/approvals/{approval}"))["state"] == "waiting"

    tell(tmp_path, story)


def test_whoever_asked_can_not_agree_and_is_told_why_before_they_try(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        approval = await waiting(house, name="olga")
        async with house.client("operator", "approver", name="olga") as olga:
            shown = await got(olga, f"/approvals/{approval}")
            assert shown["objection_code"] == "approval.by_author"
            yes = {"digest": shown["digest"], "reason": "mine"}
            answer = await olga.post(f"{API}/approvals/{approval}/approve", json=yes)
            assert answer.json()["code"] == "approval.by_author"

    tell(tmp_path, story)


def test_an_operator_sees_it_and_may_not_answer(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        approval = await waiting(house)
        async with house.client("operator", name="otto") as otto:
            shown = await got(otto, f"/approvals/{approval}")
            yes = {"digest": shown["digest"], "reason": "go"}
            answer = await otto.post(f"{API}/approvals/{approval}/approve", json=yes)
            assert answer.status_code == 403

    tell(tmp_path, story)


def test_other_inputs_are_asked_about_anew_and_the_old_question_is_closed(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        approval = await waiting(house, "v1")
        async with house.client("approver", name="ann") as ann:
            shown = await got(ann, f"/approvals/{approval}")
            wanted = {"inputs": {"argv": ["echo", "v2"]}, "reason": "the other tag"}
            answer = await ann.post(f"{API}/approvals/{approval}/request-changes", json=wanted)
            assert answer.json()["state"] == "changed", answer.text
            for _ in range(200):
                rows = (await got(ann, "/approvals"))["items"]
                if rows:
                    break
                await asyncio.sleep(0.02)
            renewed = await got(ann, f"/approvals/{rows[0]['id']}")
            assert renewed["subject"]["inputs"] == {"argv": ["echo", "v2"]}
            assert renewed["digest"] != shown["digest"]
            late = {"digest": shown["digest"], "reason": "as I saw it"}
            refused = await ann.post(f"{API}/approvals/{renewed['approval']}/approve", json=late)
            assert refused.json()["code"] == "approval.changed"
            own = {"digest": renewed["digest"], "reason": "my own change"}
            refused = await ann.post(f"{API}/approvals/{renewed['approval']}/approve", json=own)
            assert refused.json()["code"] == "approval.by_author"

    tell(tmp_path, story)


def test_the_queue_puts_what_ends_first_first_and_what_is_put_off_last(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        first, second = await waiting(house, "a"), await waiting(house, "b")
        async with house.client("approver", name="ann") as ann:
            rows = (await got(ann, "/approvals"))["items"]
            assert [row["id"] for row in rows] == [first, second]
            until = rows[0]["requested"] + 600
            put_off = {"until": until, "reason": "after lunch"}
            answer = await ann.post(f"{API}/approvals/{first}/defer", json=put_off)
            assert answer.json()["deferred_until"] == until
            page = await got(ann, "/approvals", limit=1)
            assert [row["id"] for row in page["items"]] == [second]
            rest = await got(ann, "/approvals", limit=1, cursor=page["next"])
            assert [row["id"] for row in rest["items"]] == [first]
            every = await got(ann, "/approvals", state="all", limit=1)
            assert [row["id"] for row in every["items"]] == [second]

    tell(tmp_path, story)


def test_a_change_that_somebody_has_not_seen_is_refused_before_it_is_asked(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        approval = await waiting(house)
        async with house.client("approver", name="ann") as ann:
            tag = (await ann.get(f"{API}/approvals/{approval}")).headers["etag"]
            shown = await got(ann, f"/approvals/{approval}")
            async with house.client("approver", name="bob") as bob:
                no = {"reason": "not today"}
                assert (
                    await bob.post(f"{API}/approvals/{approval}/reject", json=no)
                ).status_code == 200
            yes = {"digest": shown["digest"], "reason": "go"}
            answer = await ann.post(
                f"{API}/approvals/{approval}/approve", json=yes, headers={"If-Match": tag}
            )
            assert answer.status_code == 412

    tell(tmp_path, story)


def test_two_people_who_answer_at_once_are_both_heard_and_one_answer_counts(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        approval = await waiting(house)
        async with (
            house.client("approver", name="ann") as ann,
            house.client("approver", name="bob") as bob,
        ):
            shown = await got(ann, f"/approvals/{approval}")
            yes = {"digest": shown["digest"], "reason": "go"}
            answers = await asyncio.gather(
                ann.post(f"{API}/approvals/{approval}/approve", json=yes),
                bob.post(f"{API}/approvals/{approval}/reject", json={"reason": "no"}),
            )
            assert sorted(answer.status_code for answer in answers) in ([200, 409], [200, 422])
            final = await got(ann, f"/approvals/{approval}")
            assert final["decision"]["outcome"] == final["state"]

    tell(tmp_path, story)


def test_the_queue_of_one_run_holds_only_what_waits_of_it_and_stays_that_of_it(
    tmp_path: Path,
) -> None:
    async def story(house: House) -> None:
        other, mine = await waiting(house, "a"), await waiting(house, "b")
        async with house.client("approver", name="ann") as ann:
            shown = await got(ann, f"/approvals/{mine}")
            query = {"run": shown["run"]}
            for state in ("open", "all"):
                rows = (await got(ann, "/approvals", **query, state=state))["items"]
                assert [row["id"] for row in rows] == [mine]
            assert (await got(ann, "/questions", **query))["items"] == []
            page = await ann.get("/approvals", params=query, headers=HTML)
            assert f"/approvals/{mine}?run={shown['run']}" in page.text
            assert "1 item pending for this run" in page.text
            assert other not in page.text
            part = await ann.get("/approvals/parts/queue", params=query, headers=FORM)
            assert other not in part.text
            yes = {"digest": shown["digest"], "run": shown["run"]}
            response = await ann.post(f"/approvals/{mine}/approve", data=yes, headers=FORM)
            assert response.headers["hx-redirect"] == f"/approvals?run={shown['run']}"
            after = await ann.get("/approvals", params=query, headers=HTML)
            assert "No pending approvals for this run" in after.text
            rows = (await got(ann, "/approvals", **query, state="all", limit=1))["items"]
            assert [row["state"] for row in rows] == ["approved"]
            assert [row["id"] for row in (await got(ann, "/approvals"))["items"]] == [other]

    tell(tmp_path, story)


def test_people_are_named_on_the_page_as_people_name_them(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        approval = await waiting(house)
        async with house.client("approver", name="ann") as ann:
            shown = await got(ann, f"/approvals/{approval}")
            until = {"until": shown["requested"] + 600, "reason": "after lunch"}
            await ann.post(f"{API}/approvals/{approval}/defer", json=until)
            wanted = {"inputs": {"argv": ["echo", "v2"]}, "reason": "the other tag"}
            await ann.post(f"{API}/approvals/{approval}/request-changes", json=wanted)
            old = (await ann.get(f"/approvals/{approval}", headers=HTML)).text
            rows = await asked_anew(house, shown["run"])
            new = (await ann.get(f"/approvals/{rows[0]['id']}", headers=HTML)).text
        for page in (old, new):
            assert "user:" not in page
        assert "put it off until 20" in old
        assert "ann changed its inputs since it was written." in new
        assert "assigned to command" in new

    tell(tmp_path, story)


async def asked_anew(house: House, run: str) -> list[dict[str, str]]:
    """Return what waits of a run, once something does."""
    async with house.client("viewer") as client:
        for _ in range(200):
            rows: list[dict[str, str]] = (await got(client, "/approvals", run=run))["items"]
            if rows:
                return rows
            await asyncio.sleep(0.02)
    raise AssertionError(f"{run} asks for nothing")


def test_where_two_have_to_agree_one_of_them_counts_once(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        approval = await waiting(house, text=TWO)
        async with (
            house.client("approver", name="ann") as ann,
            house.client("approver", name="bob") as bob,
        ):
            shown = await got(ann, f"/approvals/{approval}")
            yes = {"digest": shown["digest"], "reason": "go"}
            for _ in range(2):
                answer = await ann.post(f"{API}/approvals/{approval}/approve", json=yes)
                assert (answer.status_code, answer.json()["state"]) == (200, "waiting")
            seen = await got(ann, f"/approvals/{approval}")
            assert (len(seen["given"]), seen["objection_code"]) == (1, "approval.agreed")
            page = (await ann.get(f"/approvals/{approval}", headers=HTML)).text
            assert "You have agreed; 1 more person has to." in page
            assert "Reject and fail the step" in page
            answer = await bob.post(f"{API}/approvals/{approval}/approve", json=yes)
            assert answer.json()["state"] == "approved"

    tell(tmp_path, story)


def test_what_expires_leaves_the_queue_and_takes_no_answer(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        approval = await waiting(house, text=BRIEF)
        async with house.client("approver", name="ann") as ann:
            shown = await got(ann, f"/approvals/{approval}")
            await asyncio.sleep(max(0.0, shown["expires"] - house.console.instruments.now) + 0.05)
            assert (await got(ann, "/approvals"))["items"] == []
            late = {"digest": shown["digest"], "reason": "typed for long"}
            answer = await ann.post(f"/approvals/{approval}/approve", data=late, headers=FORM)
            assert answer.status_code == 422
            assert "Your decision was not recorded" in answer.text
            assert "typed for long" not in answer.text  # Nothing is left to answer.
            assert (await got(ann, f"/approvals/{approval}"))["state"] == "expired"
            assert (await ended(ann, shown["run"]))["status"] == "failed"

    tell(tmp_path, story)


def test_an_approval_lets_run_what_was_shown_and_nothing_that_was_saved_or_asked_since(
    tmp_path: Path,
) -> None:
    async def story(house: House) -> None:
        approval = await waiting(house, "v1")
        async with (
            house.client("approver", name="ann") as ann,
            house.client("operator", name="olga") as olga,
        ):
            shown = await got(ann, f"/approvals/{approval}")
            await saved(olga, RELEASE.replace("echo,", "printf,"))
            yes = {"digest": shown["digest"], "reason": "as shown"}
            await ann.post(f"{API}/approvals/{approval}/approve", json=yes)
            assert (await ended(ann, shown["run"]))["status"] == "succeeded"
            step = await got(ann, f"/runs/{shown['run']}/steps/publish")
            assert "printf" not in str(step)
            again = await olga.post(f"{API}/runs/{shown['run']}/retry", json={"step": "publish"})
            assert again.status_code == 201, again.text
            asks = await asked_anew(house, again.json()["run"])
            assert asks[0]["id"] != approval
            both = {"digest": shown["digest"], "reason": "the same as before"}
            used = await ann.post(f"{API}/approvals/{asks[0]['id']}/approve", json=both)
            assert used.json()["code"] == "approval.changed"

    tell(tmp_path, story)


def test_a_page_shows_the_most_urgent_and_says_how_many_more_there_are(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        await waiting(house, text=MANY)
        async with house.client("viewer") as viewer:
            for _ in range(300):
                page = (await viewer.get("/approvals", headers=HTML)).text
                if "205 items pending" in page:
                    break
                await asyncio.sleep(0.02)
            assert "Showing the 200 most urgent; 5 more are pending." in page
            assert len(re.findall("data-row", page)) == 200

    tell(tmp_path, story)


def test_a_reader_sees_all_of_it_and_no_button(tmp_path: Path) -> None:
    async def story(house: House) -> None:
        approval = await waiting(house)
        for roles in (("viewer",), ("operator",), ("auditor",)):
            async with house.client(*roles, name="vic") as client:
                page = (await client.get(f"/approvals/{approval}", headers=HTML)).text
                assert "Exactly what will run" in page
                assert "Approvers decide this." in page
                assert f"/approvals/{approval}/" not in page.replace("/notice", "|").replace(
                    f"/approvals/{approval}/subject", "|"
                ).replace(f"/approvals/{approval}|", "|")
                for verb in ("approve", "reject", "request-changes", "defer", "delegate"):
                    answer = await client.post(
                        f"/approvals/{approval}/{verb}", data={"reason": "x"}
                    )
                    assert answer.status_code == 403

    tell(tmp_path, story)
