"""Approvals through the console: exactly what was shown is answered, by people who may."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path

from tests.console.governed import got, waiting
from tests.console.houses import House, console_house
from tests.console.running import API, ended

Story = Callable[[House], Awaitable[None]]


def tell(tmp_path: Path, story: Story) -> None:
    async def told() -> None:
        async with console_house(tmp_path) as house:
            await story(house)

    asyncio.run(told())


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
            anew = await got(ann, f"/approvals/{rows[0]['id']}")
            assert anew["subject"]["inputs"] == {"argv": ["echo", "v2"]}
            assert anew["digest"] != shown["digest"]
            late = {"digest": shown["digest"], "reason": "as I saw it"}
            refused = await ann.post(f"{API}/approvals/{anew['approval']}/approve", json=late)
            assert refused.json()["code"] == "approval.changed"
            own = {"digest": anew["digest"], "reason": "my own change"}
            refused = await ann.post(f"{API}/approvals/{anew['approval']}/approve", json=own)
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
