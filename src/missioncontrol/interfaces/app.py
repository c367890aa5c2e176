"""The console as one application: the API, the pages, and what each request goes through."""

from copy import copy
from typing import Any

from litestar import Litestar, Request
from litestar.config.response_cache import ResponseCacheConfig
from litestar.datastructures import State
from litestar.di import NamedDependency, Provide

from missioncontrol.application.read_model import Present
from missioncontrol.domain.principal import Principal
from missioncontrol.interfaces.api.document import HANDLERS as DOCUMENT
from missioncontrol.interfaces.api.problems import answer_with
from missioncontrol.interfaces.api.resources import api_router
from missioncontrol.interfaces.capture.routes import HANDLERS as CAPTURE
from missioncontrol.interfaces.console import Console
from missioncontrol.interfaces.live import HANDLERS as LIVE
from missioncontrol.interfaces.sign_in.guard import permitted
from missioncontrol.interfaces.web import pages
from missioncontrol.interfaces.web.assets import HANDLERS as ASSETS
from missioncontrol.interfaces.web.pages.login import HANDLERS as SIGN_IN
from missioncontrol.interfaces.web.pages.shared import HANDLERS as SHARED
from missioncontrol.interfaces.web.rendering import problem_page

BODY_BYTES_MAX = 4 * 1024 * 1024


def copy_for(app: Litestar, console: Console) -> Litestar:
    """Return an application of another home with the routes of `app`.

    To build the routes takes most of a second. They hold no state; `state` is that of one home.
    """
    found = copy(app)
    found.state = State({"console": console, "version": app.state.version})
    return found


def build(console: Console, *, version: str = "") -> Litestar:
    """Return the application of one home. Each request comes in with its principal, or with None.

    The gate (`interfaces.sign_in.gate`) sets `user` and `state.request_id`.
    """

    async def the_console(request: Request[Principal, Any, Any]) -> Console:
        console: Console = request.app.state.console
        await console.present.catch_up()
        return console

    async def the_present(console: NamedDependency[Console]) -> Present:
        return console.present

    async def the_principal(request: Request[Principal, Any, Any]) -> Principal:
        return request.user

    return Litestar(
        [api_router(), *DOCUMENT, *SIGN_IN, *SHARED, *ASSETS, *LIVE, *CAPTURE, *pages.HANDLERS],
        dependencies={
            "console": Provide(the_console),
            "present": Provide(the_present),
            "principal": Provide(the_principal),
        },
        guards=[permitted],
        state=State({"console": console, "version": version}),
        exception_handlers={Exception: answer_with(problem_page)},
        openapi_config=None,  # `api.document` makes it, and says who may read it.
        request_max_body_size=BODY_BYTES_MAX,
        logging_config=None,
        response_cache_config=ResponseCacheConfig(),
    )
