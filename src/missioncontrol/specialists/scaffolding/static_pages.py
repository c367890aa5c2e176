"""Static pages with a small API: HTML that needs no build, served by the Python web scaffold."""

from collections.abc import Iterator
from html import escape

from missioncontrol.specialists.scaffolding.blueprint import Blueprint, Column, Table
from missioncontrol.specialists.scaffolding.names import identifier, kebab
from missioncontrol.specialists.scaffolding.python_web import web_files
from missioncontrol.specialists.scaffolding.stacks import database_of
from missioncontrol.specialists.scaffolding.templates import static_files, words_of

_INPUTS = {
    "integer": 'type="number" step="1"', "money": 'type="number" step="1"',
    "duration": 'type="number" step="1" min="0"', "decimal": 'type="number" step="any"',
    "boolean": 'type="checkbox"', "date": 'type="date"', "time": 'type="time"',
    "timestamp": 'type="datetime-local"', "email": 'type="email"', "url": 'type="url"',
}  # fmt: skip
_HINTS = {
    "money": "cents",
    "duration": "seconds",
    "digest": "SHA-256",
    "bytes": "base64",
    "point": "latitude,longitude",
    "json": "JSON",
}
_APP_IMPORTS = "from pathlib import Path\n\n"
_STATIC_IMPORT = "from fastapi.staticfiles import StaticFiles\n"
_STATIC_MOUNT = """\
    # The last route: what no operation answers is a file.
    pages = Path(__file__).with_name("pages")
    app.mount("/", StaticFiles(directory=pages, html=True), name="pages")
"""


def static_pages(plan: Blueprint) -> dict[str, str]:
    """Return the files of the product."""
    mounted = {
        "app_imports": _APP_IMPORTS,
        "static_import": _STATIC_IMPORT,
        "static_mount": _STATIC_MOUNT,
    }
    folder = f"src/{plan.package}/pages"
    others = dict(_other_pages(plan))
    found = {
        **web_files(plan, database_of(plan.design, "static-pages"), mounted),
        **static_files("static_pages", words_of(plan)),
        f"{folder}/index.html": _index(plan, others),
        "tests/test_pages.py": _test_pages(sorted(others)),
    }
    for path, (title, purpose) in others.items():
        body = [f"<p>{escape(purpose)}</p>", "<p>This page is not built yet.</p>"]
        found[f"{folder}/{path}"] = _page(plan, title, body, others)
    return found


def _other_pages(plan: Blueprint) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield the pages that the design names, by file, with title and purpose."""
    for each in plan.design.interfaces:
        if each.kind == "screen" and not each.inputs and each.name.startswith("Page"):
            stem = kebab(identifier(each.name.removeprefix("Page of the "), "page"))
            if stem != "index":
                yield f"{stem}.html", (each.name, each.purpose)


def _index(plan: Blueprint, others: dict[str, tuple[str, str]]) -> str:
    body: list[str] = []
    for table in plan.with_parents(plan.main.name):
        body += _section(plan, table)
    return _page(plan, plan.title, body, others)


def _section(plan: Blueprint, table: Table) -> list[str]:
    """Return the form and the list of a table."""
    paths = {each.verb: each.path for each in reversed(plan.of_table(table.name))}
    title = table.name.replace("_", " ").capitalize()
    lines = [
        f'<section data-create="{paths["create"]}" data-list="{paths["list"]}">',
        f"  <h2>{escape(title)}</h2>",
        f"  <p>{escape(table.purpose)}</p>",
        "  <form novalidate>",
    ]
    lists = {
        each.name: next((a.path for a in plan.of_table(each.name) if a.verb == "list"), "")
        for each in plan.tables
    }
    lines += [f"    {line}" for each in table.columns for line in _input(each, lists)]
    return [
        *lines,
        f"    <button>Store {escape(table.title)}</button>",
        '    <p role="alert"></p>',
        "  </form>",
        "  <table><thead></thead><tbody></tbody></table>",
        "</section>",
    ]


def _input(column: Column, lists: dict[str, str]) -> list[str]:
    name = column.name
    required = " required" if column.is_required and not column.default else ""
    hint = f" ({_HINTS[column.type]})" if column.type in _HINTS else ""
    label = escape(name.removesuffix("_id").replace("_", " ").capitalize() + hint)
    mark = f'name="{name}" data-type="{column.type}"{required}'
    if column.values:
        first = "" if required else '<option value=""></option>'
        options = "".join(f"<option>{escape(each)}</option>" for each in column.values)
        field = f"<select {mark}>{first}{options}</select>"
    elif column.table and lists[column.table]:
        field = f'<select {mark} data-options="{lists[column.table]}"></select>'
    else:
        field = f"<input {mark} {_INPUTS.get(column.type, '')}".rstrip() + ">"
    return [f"<label>{label} {field}", f'  <small data-error="{name}"></small></label>']


def _page(plan: Blueprint, title: str, body: list[str], others: dict[str, tuple[str, str]]) -> str:
    links = [f'<a href="/">{escape(plan.title)}</a>']
    links += [f'<a href="/{path}">{escape(name)}</a>' for path, (name, _) in others.items()]
    lines = [
        "<!doctype html>",
        '<html lang="en">',
        "<head>",
        '  <meta charset="utf-8">',
        '  <meta name="viewport" content="width=device-width, initial-scale=1">',
        f"  <title>{escape(title)}</title>",
        '  <link rel="icon" href="data:,">',
        '  <link rel="stylesheet" href="/style.css">',
        '  <script src="/script.js" type="module"></script>',
        "</head>",
        "<body>",
        f"<nav>{' '.join(links)}</nav>",
        "<main>",
        f"<h1>{escape(title)}</h1>",
        *body,
        "</main>",
        "</body>",
        "</html>",
    ]
    return "\n".join(lines) + "\n"


def _test_pages(others: list[str]) -> str:
    paths = ["/", "/script.js", "/style.css", *(f"/{each}" for each in others)]
    items = "\n".join(f'        "{each}",' for each in paths)
    return f'''"""The pages are served beside the API."""

import pytest
from fastapi.testclient import TestClient


@pytest.mark.parametrize(
    "path",
    [
{items}
    ],
)
def test_a_page_is_served(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 200


def test_an_unknown_page_is_not_found(client: TestClient) -> None:
    assert client.get("/no-such-page.html").status_code == 404
'''
