"""What a form answers with once is a whole page where scripts are off, and a part for those."""

import asyncio
from pathlib import Path
from typing import Any

from missioncontrol.interfaces.web.places_view import TASKS_NAMED_MAX, _tasks_in
from tests.console.houses import console_house
from tests.domain.plans import a_plan, a_task

HTMX = {"HX-Request": "true"}
FORMS: tuple[tuple[str, dict[str, str], str], ...] = (
    ("/settings/tokens", {"name": "laptop", "scope": "read", "days": "7"}, "shown only once"),
    ("/settings/users/ann/invite", {}, "Invitation link"),
    ("/settings/webhooks", {"name": "pager", "url": "https://example.org/h"}, "Secret of pager"),
    ("/settings/webhooks/pager/secret", {}, "shown only once"),
)


def test_secrets_are_told_on_a_whole_page_without_scripts(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with console_house(tmp_path) as house, house.client("admin") as client:
            await client.post("/settings/users", data={"name": "ann", "role": "viewer"})
            for address, fields, words in FORMS:
                await _looked_at(client, address, fields, words)
            stop = (await client.get("/stop")).text
            assert 'method="post" action="/stop"' in stop
            assert '<noscript><a class="btn danger" href="/stop">' in stop
            verified = await client.post("/audit/verify")
            assert (verified.status_code, verified.headers["location"]) == (303, "/audit")
            async with house.client("viewer", name="bob") as reader:
                assert (await reader.get("/stop")).status_code == 403

    asyncio.run(scenario())


async def _looked_at(client: Any, address: str, fields: dict[str, str], words: str) -> None:
    whole = await client.post(address, data=fields)
    assert whole.status_code == 200, whole.text
    assert whole.text.lstrip().startswith("<!doctype html>")
    assert words in whole.text
    assert '<nav class="nav"' in whole.text
    if "name" in fields:
        fields = {**fields, "name": f"{fields['name']}-2"}
        words = words.replace("pager", "pager-2")
    part = await client.post(address, data=fields, headers=HTMX)
    assert words in part.text
    assert "<!doctype" not in part.text


def test_a_file_that_hundreds_of_tasks_change_names_those_that_matter_there() -> None:
    tasks = [a_task(f"t{n}", scope=("a.py",), requirements=(f"R{n % 2 + 1}",)) for n in range(40)]
    named = _tasks_in(a_plan(*tasks))
    shown, left_out = named("a.py", "R2")
    assert {each.requirements for each in shown} == {("R2",)}
    assert (len(shown), left_out) == (TASKS_NAMED_MAX, 40 - TASKS_NAMED_MAX)
    assert named("b.py", "R1") == ([], 0)
