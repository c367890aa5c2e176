"""Pages of reviews: what they answer where there is no change, and who settles comments."""

import asyncio
from pathlib import Path

from missioncontrol.declarations import OF_MODELS
from missioncontrol.operations.review import REOPEN, RESOLVE
from tests.console.houses import console_house


def test_only_what_exists_has_a_page(tmp_path: Path) -> None:
    async def story() -> None:
        async with console_house(tmp_path) as house, house.client("operator") as client:
            page = {"accept": "text/html"}
            for id_ in ("M-99.1", "run-00000000000000", "nothing"):
                answer = await client.get(f"/reviews/{id_}", headers=page)
                assert answer.status_code == 404, id_
                assert "<h1>" in answer.text
            goal = {"goal": "Add discount codes", "context": "a small shop", "execute": False}
            run = (await client.post("/api/v1/missions", json=goal)).json()["run"]
            answer = await client.get(f"/reviews/{run}", headers=page)
            assert answer.status_code == 200
            assert "No change yet" in answer.text

    asyncio.run(story())


def test_what_a_model_must_not_do_needs_more_than_a_model_may_have() -> None:
    for each in (RESOLVE, REOPEN):
        assert "mcp" not in each.surfaces
        assert each.permission not in OF_MODELS  # Else its token would do it over HTTP.
