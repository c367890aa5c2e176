"""The API takes what it declares, and refuses what only looks like it."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.console.houses import console_house
from tests.console.running import API, GREETING, saved


def _asked(tmp_path: Path, *requests: dict[str, Any]) -> list[httpx.Response]:
    async def live() -> list[httpx.Response]:
        async with console_house(tmp_path) as house, house.client("admin") as client:
            await saved(client, GREETING)
            return [await client.request(**each) for each in requests]

    return asyncio.run(live())


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b'{"execute": 0}', "$.execute"),
        (b'{"execute": "true"}', "$.execute"),
        (b'{"unknown": 1}', "unknown"),
        (b"{", "truncated"),
        (b'{"builder": "\xff"}', "invalid"),
    ],
)
def test_a_body_that_does_not_fit_is_refused_with_its_place(
    tmp_path: Path, content: bytes, place: str
) -> None:
    path = f"{API}/missions/estimate"
    headers = {"content-type": "application/json"}
    (answer,) = _asked(
        tmp_path, {"method": "POST", "url": path, "content": content, "headers": headers}
    )
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "request.malformed"
    assert place in answer.json()["detail"].lower()


def test_a_key_that_is_none_is_refused_wherever_it_is_sent(tmp_path: Path) -> None:
    headers = {"idempotency-key": "x" * 201}
    answers = _asked(
        tmp_path,
        {"method": "GET", "url": f"{API}/runs", "headers": headers},
        {"method": "POST", "url": f"{API}/audit/verification", "headers": headers},
    )
    for answer in answers:
        assert answer.status_code == 422
        assert answer.json()["code"] == "request.bad_key"


def test_what_is_known_is_not_sent_again_and_what_is_stale_is_not_changed(tmp_path: Path) -> None:
    path = f"{API}/workflows/greeting"
    first, stale = _asked(
        tmp_path,
        {"method": "GET", "url": path},
        {
            "method": "POST",
            "url": f"{API}/workflows",
            "json": {"text": GREETING.replace("Say hello", "Greet")},
            "headers": {"if-match": '"0"'},
        },
    )
    assert stale.status_code == 412
    assert stale.json()["code"] == "request.stale"
    (again,) = _asked(
        tmp_path / "again",
        {"method": "GET", "url": path, "headers": {"if-none-match": first.headers["etag"]}},
    )
    assert again.status_code == 304
    assert again.content == b""


def test_what_was_answered_is_answered_again_whatever_it_has_changed_meanwhile(
    tmp_path: Path,
) -> None:
    path = f"{API}/workflows/greeting"
    (read,) = _asked(tmp_path / "read", {"method": "GET", "url": path})
    change: dict[str, Any] = {
        "method": "POST",
        "url": f"{API}/workflows",
        "json": {"text": GREETING.replace("Say hello", "Greet")},
        "headers": {"if-match": read.headers["etag"], "idempotency-key": "once"},
    }
    spaced = {
        **change,
        "json": None,
        "content": b'{ "base_version": null, "text": %b}'
        % json.dumps(change["json"]["text"]).encode(),
        "headers": {**change["headers"], "content-type": "application/json"},
    }
    other = {**change, "json": {"text": GREETING.replace("Say hello", "Wave")}}
    another = {**change, "headers": {**change["headers"], "idempotency-key": "twice"}}
    first, again, written, refused, stale = _asked(tmp_path, change, change, spaced, other, another)
    assert first.status_code == 201
    for same in (again, written):
        assert (same.status_code, same.json()) == (201, first.json())
    assert (refused.status_code, refused.json()["code"]) == (422, "request.another")
    assert (stale.status_code, stale.json()["code"]) == (412, "request.stale")
