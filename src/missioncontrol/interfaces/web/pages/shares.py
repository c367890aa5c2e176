"""Links to the report of a run, made and revoked on the page of its mission."""

from typing import Any

from litestar import Request, Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from missioncontrol.application.queries import run_outcome
from missioncontrol.domain.principal import Principal
from missioncontrol.domain.share import DAY, NOTE_MAX, SECONDS_MAX, SECONDS_USUAL
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.sign_in.guard import needs
from missioncontrol.interfaces.sign_in.origins import home_page
from missioncontrol.interfaces.web.rendering import fragment, moved, page, prepare
from missioncontrol.operations.share import MAKE, REVOKE

AnyRequest = Request[Principal, Any, Any]
DONE: dict[str, Any] = {"status_code": 200, "include_in_schema": False}


@post("/missions/{mission:str}/share", **DONE, **needs("operate"))
async def share(
    request: AnyRequest, console: NamedDependency[Console], mission: FromPath[str]
) -> Response[str]:
    """Make a link to the report of a run, and show it this once."""
    form = await request.form()
    story = await run_outcome.load_run_report(console.present, mission, str(form.get("run", "")))
    days, note = str(form.get("days", "")), str(form.get("note", "")).strip()[:NOTE_MAX]
    seconds = min(int(days[:4]) * DAY, SECONDS_MAX) if days.isdecimal() else SECONDS_USUAL
    made = await console.run(request, MAKE, run=story.state.id, seconds=seconds, note=note)
    link = f"{home_page(request)}{made.path}" if made.path else ""
    values: dict[str, Any] = {
        "made": made,
        "link": link,
        "back": f"/missions/{mission}?view=documents&document=report&run={story.state.id}",
    }
    if request.headers.get("hx-request") == "true":
        return fragment(request, "missions/shared.html", "made", **values)
    await prepare(request)
    title = f"Link to the report of {story.mission.title[:80]}"
    return page(request, "missions/link.html", title=title, area="missions", **values)


@post("/missions/{mission:str}/share/{link:str}/revoke", **DONE, **needs("operate"))
async def revoke(
    request: AnyRequest,
    console: NamedDependency[Console],
    mission: FromPath[str],
    link: FromPath[str],
) -> Response[Any]:
    """Make a link show nothing any more."""
    await console.run(request, REVOKE, link)
    return moved(request, f"/missions/{mission}?view=documents&document=report")


HANDLERS: list[Any] = [share, revoke]
