"""How a page, or a part of one, is made from its template.

What every template may use: `ui` (all macros of `templates/macros/`, see there), the filters and
functions of `formats.py` (`|money`, `|tokens`, `|number`, `|size`, `|percent`, `|duration`,
`|short`, `ago(at)`, `clock(at)`, `day(at)`, `count(3, "run")`), and of the request `asset(path)`,
`csrf_field()`, `may("operate")`, `here(cursor="...")`, `request`, `principal`, `shell`.
"""

import gzip
from collections.abc import Callable, Iterable, Iterator
from functools import cache, lru_cache
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl, urlencode

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from litestar import Request, Response
from litestar.enums import MediaType
from litestar.response import Redirect
from markupsafe import Markup

from missioncontrol.application.inbox.reader import count_of
from missioncontrol.application.queries.reasons import parse_reason
from missioncontrol.application.queries.shell import SHOWN_MAX, Shell, last_shell, shell_of
from missioncontrol.domain.definition.quantities import duration_in_words
from missioncontrol.domain.money import of_which_estimated, plain_dollars
from missioncontrol.domain.principal import Permission
from missioncontrol.domain.visible import visible
from missioncontrol.interfaces.api.problems import MEDIA_TYPE, Problem
from missioncontrol.interfaces.base_path import FIND_WORKSPACES, base_of, based, page_based
from missioncontrol.interfaces.codings import takes
from missioncontrol.interfaces.sign_in.masking import masked
from missioncontrol.interfaces.web import formats
from missioncontrol.interfaces.web.artifact_view import file_url, glyph_of, viewer_url
from missioncontrol.interfaces.web.assets import asset, shelf
from missioncontrol.interfaces.web.diffs import diff_rows
from missioncontrol.interfaces.web.glyphs import icon, run_state, state
from missioncontrol.interfaces.web.hints import linked, on_page
from missioncontrol.interfaces.web.navigation import GROUPS, PLACES, SETTINGS, Here, badge, here
from missioncontrol.interfaces.web.navigation import visible as visible_tabs
from missioncontrol.interfaces.web.values import json_rows
from missioncontrol.interfaces.web.words import look_of, state_of_run

AnyRequest = Request[Any, Any, Any]

CACHED_MACROS = ("segs", "id")
"""Macros that lists have in every row; they say the same wherever they get the same."""

CACHED_MAX = 4_096
PACKED_FROM = 16_384
"""Bytes of a page from which on it is packed: below, the time costs more than the bytes."""

PACKED_LEVEL = 4
SWITCHER = "switcher"
MACROS = ("state", "panel", "table", "form", "figure", "record", "float")


def page(
    request: AnyRequest,
    template: str,
    *,
    title: str,
    area: str,
    status: int = 200,
    **values: Any,
) -> Response[str]:
    """Return a whole page: `title` is for the window, `area` marks its place in the navigation."""
    context = {**_of_request(request), "title": title, "area": area, **values}
    return _answer(request, _templates().get_template(template).render(context), status)


def fragment(
    request: AnyRequest, template: str, block: str, *, status: int = 200, **values: Any
) -> Response[str]:
    """Return one block of a page's template alone, for what htmx puts in place of the old one.

    A form that comes back with its faults has the status 422; it is put in place all the same.
    """
    return _answer(request, part_of(template, block, request, **values), status)


async def answered(
    request: AnyRequest,
    template: str,
    block: str,
    *,
    title: str,
    area: str,
    back: tuple[str, str],
    status: int = 200,
    **values: Any,
) -> Response[str]:
    """Return what a form answers with: a block for htmx, and without scripts a page around it.

    `back` is where the form stood: address and title. The answer is shown once, not stored, so
    it can't stand behind a redirection.
    """
    if request.headers.get("hx-request") == "true":
        return fragment(request, template, block, status=status, **values)
    await prepare(request)
    answer = part_of(template, block, request, **values)
    return page(request, "said.html", title=title, area=area, status=status, said=answer, back=back)


def macros_of(template: str, **values: Any) -> Any:
    """Return the macros of a template, which read `values` and nothing of a page."""
    return _templates().get_template(template).make_module(values)


def part_of(template: str, block: str, request: AnyRequest, **values: Any) -> Markup:
    """Return one block of a template, for a page that shows it with others."""
    found = _templates().get_template(template)
    context = found.new_context({**_of_request(request), **values})
    return Markup("".join(found.blocks[block](context)))  # noqa: S704 - the template escaped it


def moved(request: AnyRequest, url: str) -> Response[Any]:
    """Redirect the client to another page, after a form has succeeded."""
    if request.headers.get("hx-request") == "true":
        return Response(b"", status_code=200, headers={"HX-Redirect": url})
    return Redirect(url, status_code=303)


async def frame(request: AnyRequest, area: str) -> Response[str]:
    """Return the navigation as of now, for a page that is open."""
    return await _of_frame(request, "navigation.html", area=area)


async def stage_line(request: AnyRequest) -> Response[str]:
    """Return the state of the work stage, for a page that is open during an emergency stop."""
    return await _of_frame(request, "govern/stage.html")


async def _of_frame(request: AnyRequest, template: str, **values: Any) -> Response[str]:
    request.state.shell = await _shell(request)
    await workspaces(request)
    text = _templates().get_template(template)
    return _answer(request, text.render({**_of_request(request), **values}), 200)


def is_part(request: AnyRequest) -> bool:
    """Whether htmx asks for a part of a page, and not a person for all of it."""
    headers = request.headers
    return headers.get("hx-request") == "true" and headers.get("hx-request-type") != "full"


async def prepare(request: AnyRequest) -> None:
    """Count what the frame of a page shows, before the page's own handler."""
    if is_part(request) or request.scope.get("user") is None:
        return
    request.state.shell = await _shell(request)
    await workspaces(request)


async def workspaces(request: AnyRequest) -> tuple[Any, ...]:
    """Return the workspaces that a person can switch to; none where the console has only one."""
    find = request.state.get(FIND_WORKSPACES)
    found: tuple[Any, ...] = () if find is None else await find()
    request.state[SWITCHER] = found
    return found


async def _shell(request: AnyRequest) -> Shell:
    console = request.app.state.console
    shell = await shell_of(console.present, console.instruments)
    needed = await count_of(console.present, console.owner, request.user, console.now)
    return msgspec.structs.replace(shell, inbox=min(needed, SHOWN_MAX))


def problem_page(request: AnyRequest, problem: Problem) -> Response[Any] | None:
    """Return the page that tells a person of a problem, or None where a program asks.

    The shell of the pages counts as a program: it shows the problem without leaving the page.
    """
    if not _is_person(request):
        return _problem_on_page(request, problem)
    if problem.status == 401 and request.method == "GET":
        return Redirect(f"/sign-in?{urlencode({'next': _path(request)})}", status_code=303)
    return page(
        request,
        "problem.html",
        title=problem.title,
        area="",
        status=problem.status,
        problem=problem,
    )


def _problem_on_page(request: AnyRequest, problem: Problem) -> Response[Any] | None:
    """Return a problem that a page tells beside what it shows: it speaks of pages."""
    if request.headers.get("hx-request") != "true":
        return None
    answer = msgspec.structs.replace(
        problem, detail=on_page(problem.detail), hint=on_page(problem.hint)
    )
    return Response(msgspec.json.encode(answer), status_code=answer.status, media_type=MEDIA_TYPE)


def _is_person(request: AnyRequest) -> bool:
    headers = request.headers
    return (
        "text/html" in headers.get("accept", "")
        and headers.get("hx-request") != "true"
        and not request.url.path.startswith(("/api/", "/static/", "/live"))
    )


def _path(request: AnyRequest) -> str:
    query = request.url.query
    return f"{request.url.path}?{query}" if query else request.url.path


def _of_request(request: AnyRequest) -> dict[str, Any]:
    return {
        "request": request,
        "principal": request.scope.get("user"),
        "shell": request.state.get("shell") or _last_shell(request),
        "csrf": _csrf(request),
        "base": base_of(request.scope),
        "switcher": request.state.get(SWITCHER, ()),
    }


def _last_shell(request: AnyRequest) -> Shell | None:
    console = request.app.state.get("console")
    return last_shell(console.present) if console and request.scope.get("user") else None


def _csrf(request: AnyRequest) -> str:
    word = request.state.get("csrf", "")
    return masked(word) if word else ""


def _answer(request: AnyRequest, text: str, status: int) -> Response[Any]:
    # A page holds what its reader may see; the button "back" asks for it again.
    headers = {"Cache-Control": "no-store", "Vary": "Accept-Encoding"}
    content = page_based(text, base_of(request.scope)).encode()
    if len(content) >= PACKED_FROM and takes(request.headers.get("accept-encoding", ""), "gzip"):
        content = gzip.compress(content, PACKED_LEVEL, mtime=0)
        headers["Content-Encoding"] = "gzip"
    return Response(content, media_type=MediaType.HTML, status_code=status, headers=headers)


@pass_context
def _csrf_field(context: Context) -> Markup:
    """Return the hidden field that a form without htmx needs to be accepted."""
    return Markup('<input type="hidden" name="csrf" value="{}">').format(context["csrf"])


@pass_context
def _may(context: Context, permission: Permission) -> bool:
    principal = context["principal"]
    return principal is not None and principal.may(permission)


@pass_context
def _here(context: Context, **changes: str | int | None) -> str:
    """Return this page's address with parts of its query changed; None takes a part away."""
    url = context["request"].url
    parts = [(k, v) for k, v in parse_qsl(url.query or "") if k not in changes]
    parts += [(name, str(value)) for name, value in changes.items() if value not in (None, "")]
    return f"{url.path}?{urlencode(parts)}" if parts else str(url.path)


@pass_context
def _place(context: Context) -> Here:
    """Return the place of this page, with the tabs that the signed-in person sees."""
    return here(context["request"].url.path, context["principal"])


@pass_context
def _tab_places(context: Context) -> list[tuple[str, str, str, str]]:
    """Return the tabs and views that a person may see: title, address, icon and place of each."""
    return [
        (page.title, based(page.href, context["base"]), place.icon, place.title)
        for place in PLACES
        for tab in visible_tabs(place.tabs, context["principal"])
        for page in (tab, *visible_tabs(tab.views, context["principal"]))
        if page.title != place.title
    ]


@pass_context
def _go_keys(context: Context) -> dict[str, tuple[str, str, str]]:
    """Return where `g` and a letter lead: title, address and icon of each place, by its key."""
    base = context["base"]
    return {place.key: (place.title, based(place.href, base), place.icon) for place in PLACES}


@cache
def _templates() -> Environment:
    """Return the environment of all templates, made once."""
    environment = Environment(
        loader=PackageLoader("missioncontrol.interfaces.web", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
        extensions=["jinja2.ext.do"],
    )
    environment.policies["json.dumps_kwargs"] = {"sort_keys": False}
    environment.filters.update(
        money=formats.money,
        tokens=formats.tokens,
        number=formats.number,
        plain=msgspec.to_builtins,
        size=formats.size,
        percent=formats.percent,
        duration=formats.duration,
        lasting=duration_in_words,
        short=formats.short,
        wording=formats.wording,
        event_name=formats.event_name,
        person=formats.person,
        plainly=formats.plainly,
        visible=visible,
        own_run=formats.own_run,
        on_page=on_page,
        linked=linked,
    )
    environment.globals.update(
        ago=formats.ago,
        clock=formats.clock,
        day=formats.day,
        count=formats.count,
        span=formats.span,
        now=formats.now,
        look_of=look_of,
        state_of_run=state_of_run,
        taken_apart=parse_reason,
        plain_dollars=plain_dollars,
        of_which_estimated=of_which_estimated,
        viewer_url=viewer_url,
        file_url=file_url,
        glyph_of=glyph_of,
        asset=asset,
        islands=_islands,
        diff_rows=diff_rows,
        json_rows=json_rows,
        csrf_field=_csrf_field,
        may=_may,
        here=_here,
        go_keys=_go_keys,
        tab_places=_tab_places,
        badge=badge,
        groups=GROUPS,
        settings=SETTINGS,
        places=PLACES,
        place=_place,
    )
    # Macros that build on others find them as `ui` too, so they are filled in one by one.
    environment.globals["ui"] = ui = SimpleNamespace(icon=icon, state=state, run_state=run_state)
    for name in MACROS:
        module = environment.get_template(f"macros/{name}.html").module
        vars(ui).update({k: v for k, v in vars(module).items() if not k.startswith("_")})
    for name in CACHED_MACROS:
        setattr(ui, name, _made_once(getattr(ui, name)))
    return environment


def _made_once(macro: Callable[..., Markup]) -> Callable[..., Markup]:
    """Return the macro so that it makes what it made before only once.

    Lists have it with the same values again and again. What is markup already is like the text of
    it to a table of what is known, and is escaped no more, so it is always made again.
    """
    known = lru_cache(CACHED_MAX, typed=True)(macro)

    def make(*values: Any, **named: Any) -> Markup:
        fixed = [tuple(value) if isinstance(value, list) else value for value in values]
        if any(isinstance(value, Markup) for value in _single([*fixed, *named.values()])):
            return macro(*values, **named)
        return known(*fixed, **named)

    return make


def _single(values: Iterable[Any]) -> Iterator[Any]:
    for value in values:
        if isinstance(value, tuple):
            yield from _single(value)
        else:
            yield value


def _islands() -> dict[str, str]:
    """Return where the script of each island is."""
    folder = "js/islands/"
    return {name: asset(f"{folder}{name}.js") for name in shelf().names(folder, ".js")}
