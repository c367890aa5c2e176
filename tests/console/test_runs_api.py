"""Runs through the API: begun, listed, looked at, ended, repeated, compared and replayed."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx

from tests.console.houses import console_house
from tests.console.running import API, FAILING, GREETING, begun, ended, saved


def in_a_house(tmp_path: Path, story: Callable[[httpx.AsyncClient], Awaitable[None]]) -> None:
    """Tell a story with the client of an operator, where the greeting is saved."""

    async def tell() -> None:
        async with console_house(tmp_path) as house, house.client("operator") as client:
            await saved(client, GREETING)
            await story(client)

    asyncio.run(tell())


async def got(client: httpx.AsyncClient, path: str, **query: Any) -> Any:
    answer = await client.get(f"{API}{path}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def refused(client: httpx.AsyncClient, path: str, **query: Any) -> tuple[int, str]:
    answer = await client.get(f"{API}{path}", params=query)
    return answer.status_code, answer.json()["code"]


def test_a_run_is_begun_and_told_in_full(tmp_path: Path) -> None:
    async def story(client: httpx.AsyncClient) -> None:
        run = await begun(client, workflow="greeting", inputs={"name": "Ada"})
        view = await ended(client, run)
        assert (view["status"], view["run"], view["workflow"]) == ("succeeded", run, "greeting")
        assert view["verdict"] == "Succeeded: 3 of 3 steps done."
        assert (view["inputs"], view["states"]) == ({"name": "Ada"}, {"succeeded": 3})
        assert view["outputs"] == {"said": "Hello, Ada.\n"}
        assert (view["author"], view["asks"], view["mission"]) == ("user:alice", 0, "")
        (item,) = (await got(client, "/runs"))["items"]
        assert (item["id"], item["title"], item["status"]) == (run, "greeting", "succeeded")
        assert (item["steps"], item["succeeded"]) == (3, 3)

    in_a_house(tmp_path, story)


def test_a_step_is_told_with_its_input_output_and_attempts(tmp_path: Path) -> None:
    async def story(client: httpx.AsyncClient) -> None:
        run = await begun(client, workflow="greeting", inputs={"name": "Ada"})
        await ended(client, run)
        page = await got(client, f"/runs/{run}/steps")
        assert [step["step"] for step in page["items"]] == ["greet", "check", "close"]
        step = await got(client, f"/runs/{run}/steps/greet")
        assert step["inputs"] == {"argv": ["echo", "Hello, Ada."]}
        assert step["given"] == {"argv": ["echo", "Hello, ${{ inputs.name }}."]}
        assert step["output"]["stdout"] == "Hello, Ada.\n"
        assert (step["dependants"], step["before"], step["after"]) == (["check"], "", "check")
        (attempt,) = step["attempts"]
        assert (attempt["number"], attempt["outcome"], attempt["refused"]) == (1, "succeeded", [])
        assert attempt["processes"][0]["pid"] > 0
        assert attempt["ended"] >= attempt["started"]
        assert (step["causes"], step["next"]) == ([], [])

    in_a_house(tmp_path, story)


def test_a_failure_is_told_with_its_causes_and_what_to_do(tmp_path: Path) -> None:
    async def story(client: httpx.AsyncClient) -> None:
        run = await begun(client, **FAILING)
        view = await ended(client, run)
        assert view["status"] == "failed"
        assert view["verdict"] == "Failed: check ended with exit status 1."
        assert view["failure"]["step"] == "check"
        assert view["failure"]["command"] == """sh -c 'test "$0" != nobody' nobody"""
        failed = await got(client, f"/runs/{run}/steps/check")
        assert failed["state"] == "failed"
        assert failed["causes"][0]["kind"] == "failure"
        assert [each["verb"] for each in failed["next"] if each["verb"]] == ["retry", "fork"]
        blocked = await got(client, f"/runs/{run}/steps/close")
        cause = blocked["causes"][0]
        assert (cause["kind"], cause["step"]) == ("step", "check")
        assert cause["text"] == "It needs 'check', which did not succeed."
        assert blocked["causes"][1]["step"] == "check"
        (action,) = blocked["next"]
        assert (action["verb"], action["step"]) == ("retry", "check")
        page = await got(client, f"/runs/{run}/steps", state=["failed", "blocked"])
        assert [step["step"] for step in page["items"]] == ["check", "close"]
        assert page["items"][0]["reason"]

    in_a_house(tmp_path, story)


def test_a_run_is_retried_forked_and_compared(tmp_path: Path) -> None:
    async def story(client: httpx.AsyncClient) -> None:
        run = await begun(client, **FAILING)
        await ended(client, run)
        again = await client.post(f"{API}/runs/{run}/retry")
        assert again.status_code == 201
        view = await ended(client, again.json()["run"])
        assert (view["retry_of"], view["status"]) == (run, "failed")
        asked = {"step": "check", "inputs": {"name": "Bo"}}
        fork = await client.post(f"{API}/runs/{run}/fork", json=asked)
        assert fork.status_code == 201
        forked = await ended(client, fork.json()["run"])
        assert (forked["fork_of"], forked["forked_at"]) == (run, "check")
        assert (forked["status"], forked["inputs"]) == ("succeeded", {"name": "Bo"})
        both = await got(client, f"/runs/{run}/compare/{forked['run']}")
        assert both["runs"]["inputs"] == [
            {"name": "name", "a": "nobody", "b": "Bo", "differs": True}
        ]
        found = {step["step"]: step["differs"] for step in both["items"]}
        assert "state" in found["check"]
        assert "inputs" in found["check"]
        assert "presence" not in found["close"]
        page = await got(client, f"/runs/{run}/compare/{run}", different=True)
        assert (page["items"], page["runs"]["different"]) == ([], 0)

    in_a_house(tmp_path, story)


def test_a_run_is_replayed_event_by_event(tmp_path: Path) -> None:
    async def story(client: httpx.AsyncClient) -> None:
        run = await begun(client, workflow="greeting")
        view = await ended(client, run)
        index = await got(client, f"/runs/{run}/replay/index")
        assert (index["count"], index["left_out"]) == (view["revision"], 0)
        assert index["positions"][-1] == view["position"]
        assert index["names"][index["types"][0]] == "run_created"
        first = await got(client, f"/runs/{run}/replay", at=index["positions"][0])
        assert (first["status"], first["type"]) == ("queued", "run_created")
        assert first["states"] == {"greet": "due", "check": "waiting", "close": "waiting"}
        last = await got(client, f"/runs/{run}/replay", at=view["position"])
        assert set(last["states"].values()) == {"succeeded"}
        early = await got(client, f"/runs/{run}/steps/greet", at=index["positions"][0])
        assert (early["state"], early["attempts"], early["output"]) == ("due", [], None)
        before = await refused(client, f"/runs/{run}/replay", at=index["positions"][0] - 1)
        assert before == (422, "replay.before_run")
        assert await refused(client, f"/runs/{run}/replay", at=10**9) == (422, "replay.after_log")

    in_a_house(tmp_path, story)


def test_lists_are_paged_and_filtered_by_the_address(tmp_path: Path) -> None:
    async def story(client: httpx.AsyncClient) -> None:
        names = [await begun(client, workflow="greeting") for _ in range(3)]
        names.append(await begun(client, **FAILING))
        for name in names:
            await ended(client, name)
        first = await got(client, "/runs", limit=3)
        second = await got(client, "/runs", limit=3, cursor=first["next"])
        assert [row["id"] for row in first["items"] + second["items"]] == names[::-1]
        assert second["next"] == ""
        failed = await got(client, "/runs", status="failed")
        assert [row["id"] for row in failed["items"]] == names[3:]
        assert len((await got(client, "/runs", text="GREET"))["items"]) == 4
        assert (await got(client, "/runs", author="user:bo"))["items"] == []
        counts = await got(client, "/run-counts")
        assert (counts["all"], counts["attention"]) == (4, 0)
        assert (counts["statuses"]["succeeded"], counts["statuses"]["failed"]) == (3, 1)
        steps = await got(client, f"/runs/{names[0]}/steps", limit=2)
        rest = await got(client, f"/runs/{names[0]}/steps", limit=2, cursor=steps["next"])
        assert [step["place"] for step in steps["items"] + rest["items"]] == [0, 1, 2]
        events = await got(client, f"/runs/{names[0]}/events", limit=2)
        assert [each["version"] for each in events["items"]] == [1, 2]
        more = await got(client, f"/runs/{names[0]}/events", limit=1, cursor=events["next"])
        assert more["items"][0]["version"] == 3
        assert len((await got(client, f"/runs/{names[0]}/timeline"))["items"]) == 3

    in_a_house(tmp_path, story)


def test_what_did_not_change_is_not_sent_again(tmp_path: Path) -> None:
    async def story(client: httpx.AsyncClient) -> None:
        run = await begun(client, workflow="greeting")
        await ended(client, run)
        for path in (f"{API}/runs/{run}", f"{API}/runs/{run}/graph"):
            answer = await client.get(path)
            again = await client.get(path, headers={"If-None-Match": answer.headers["etag"]})
            assert (again.status_code, again.content) == (304, b"")

    in_a_house(tmp_path, story)


def test_what_is_not_there_or_does_not_fit_is_refused(tmp_path: Path) -> None:
    async def story(client: httpx.AsyncClient) -> None:
        run = await begun(client, workflow="greeting")
        await ended(client, run)
        nothing = ("", "/steps", "/steps/x", "/events", "/graph", "/timeline", "/costs")
        for path in (*nothing, "/replay/index", f"/compare/{run}"):
            for stranger in ("run-none", "workflow-greeting", "mission-x"):
                found = await refused(client, f"/runs/{stranger}{path}")
                assert found == (404, "run.unknown"), (stranger, path)
        assert await refused(client, f"/runs/{run}/steps/none") == (404, "step.unknown")
        assert (await refused(client, "/runs", cursor="?"))[1] == "cursor.malformed"
        assert (await refused(client, "/runs", status="sleeping"))[0] == 400
        for body in ({}, {"workflow": "none"}, {"workflow": "greeting", "more": 1}):
            answer = await client.post(f"{API}/runs", json=body)
            assert answer.status_code in (400, 404), answer.text
        answer = await client.post(f"{API}/runs/{run}/fork", json={"step": "none"})
        assert answer.status_code == 404

    in_a_house(tmp_path, story)


def test_a_run_is_cancelled_once(tmp_path: Path) -> None:
    sleeping = GREETING.replace('argv: ["true"]', "argv: [sleep, '30']")

    async def story(client: httpx.AsyncClient) -> None:
        await saved(client, sleeping)
        run = await begun(client, workflow="greeting")
        answer = await client.post(f"{API}/runs/{run}/cancel", json={"reason": "Enough."})
        assert answer.status_code == 200
        view = await ended(client, run)
        assert (view["status"], view["cancel_reason"]) == ("cancelled", "Enough.")
        answer = await client.post(f"{API}/runs/{run}/cancel")
        assert (answer.status_code, answer.json()["code"]) == (409, "run.settled")

    in_a_house(tmp_path, story)
