"""What agents, artifacts and repositories say is shown, never obeyed."""

import io
import re
import zipfile
from pathlib import PurePosixPath
from typing import Any

import msgspec
import pytest
from markdown_it import MarkdownIt

from missioncontrol.documents.exhibits import safe_path
from missioncontrol.documents.markup import visible
from missioncontrol.documents.prose import prose
from missioncontrol.documents.report import (
    report_html,
    report_json,
    report_markdown,
    report_zip,
)
from missioncontrol.domain.work import Work
from tests.documents.pages import Page
from tests.documents.records import Made, Store, redis_plan, redis_run, redis_works

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</title></style></textarea><svg onload=alert(1)>",
    "[click](javascript:alert(1)) ![pixel](https://evil.example/pixel.png)",
    "{{ 7 * 7 }}{% raw %}{% include '/etc/passwd' %}",
    "# heading\n\n- list\n| a | b |\n|---|---|\n",
    "`` ` code | <b>bold</b> ``",
    "&lt;script&gt; &#60;script&#62; &#x202e;",
    "safe\u202egnp.exe\u2066\u200b\U000e0041",
    "<!-- --> ]]> <a href='data:text/html,<script>'>x</a>",
    "x' onmouseover='alert(1)' style='background:url(https://evil.example)",
    "x" * 5000,
)
KEPT = frozenset({"kind", "change", "role", "severity", "likelihood", "impact", "media_type"})
"""Fields whose values the record's own types fix."""


def poisoned(value: Any, poison: str, name: str = "") -> Any:
    """Return `value` with every free text in it ending in `poison`."""
    if isinstance(value, dict):
        tag = value.get("type") in {"command", "tests", "files"}
        return {
            key: one if key in KEPT or (tag and key == "type") else poisoned(one, poison, key)
            for key, one in value.items()
        }
    if isinstance(value, list):
        return [poisoned(one, poison, name) for one in value]
    return f"{value}{poison}" if isinstance(value, str) else value


def hostile_run(poison: str) -> Made:
    """Return a run whose plan, work and events carry `poison` in every text."""
    store = Store()
    works = {
        key: work
        for key, work in redis_works(store).items()
        if key in {"modules", "baseline", "audit", "specification", "pack", "review"}
    }
    bad_md = store.keep("bad.md", f"# Title {poison}\n\n{poison}\n", "text/markdown", "bad")
    bad_svg = store.keep("bad.svg", f"<svg>{poison}</svg>", "image/svg+xml", "bad")
    works["survey"] = Work("survey", artifacts=(bad_md, bad_svg))
    plan = msgspec.convert(poisoned(msgspec.to_builtins(redis_plan()), poison), type(redis_plan()))
    keys = {one.task.key: one for one in redis_run().record.tasks}
    dirty = {
        f"{key}{poison}": msgspec.convert(_dirty(work, poison), Work)
        for key, work in works.items()
        if key in keys
    }
    made = redis_run(plan=plan, works=dirty, store=store)
    events = tuple(
        msgspec.structs.replace(
            one, type=f"{one.type}{poison}", actor=poison, data={poison: poison}
        )
        for one in made.record.events
    )
    log = tuple(
        msgspec.structs.replace(line, message=poison, task=f"{line.task}{poison}")
        for line in made.record.log
    )
    record = msgspec.structs.replace(
        made.record,
        events=events,
        log=log,
        repository=poison,
        context=poison,
        constraints=(poison,),
        program=poison,
        mission=poison,
        run=poison,
    )
    return Made(record, made.store)


def _dirty(work: Work, poison: str) -> Any:
    """Poison everything but the digests, which the store would not know any more."""
    built = poisoned(msgspec.to_builtins(work), poison)
    for one, artifact in zip(built.get("artifacts", ()), work.artifacts, strict=True):
        one["digest"] = artifact.digest
    return built


@pytest.mark.parametrize("poison", HOSTILE)
def test_nothing_hostile_becomes_part_of_the_page(poison: str) -> None:
    made = hostile_run(poison)
    source = report_html(made.record, made.store.read)
    page = Page(source)
    clean = Page(report_html(redis_run().record, redis_run().store.read))
    assert {one.tag for one in page.elements} <= {one.tag for one in clean.elements} | {"pre", "hr"}
    for element in page.elements:
        assert not [name for name in element.attributes if name.startswith("on")]
        assert "style" not in element.attributes
        href = element.attributes.get("href", "#")
        assert href.startswith(("#", "https://redis.io/", "https://evil.example/"))
        assert element.attributes.get("src", "data:image/svg+xml;base64,").startswith(
            "data:image/svg+xml;base64,"
        )
    ids = page.ids
    assert len(ids) == len(set(ids))
    inside = {one[1:] for one in page.hrefs if one.startswith("#")}
    assert inside <= set(ids)
    assert all(re.fullmatch(r"[a-z0-9-]+|i-[a-z-]+", one) for one in ids)


@pytest.mark.parametrize("poison", HOSTILE)
def test_nothing_hostile_becomes_markup_in_the_markdown_form(poison: str) -> None:
    made = hostile_run(poison)
    tokens = (
        MarkdownIt("commonmark")
        .enable("table")
        .parse(report_markdown(made.record, made.store.read))
    )
    inline = [child for token in tokens for child in token.children or ()]
    assert not [one for one in inline if one.type == "image"]
    html = {one.content for one in [*tokens, *inline] if one.type.startswith("html")}
    assert all(re.fullmatch(r'(<a id="[a-z0-9-]+">|</a>|\s)*', one) for one in html)
    links = {one.attrs["href"] for one in inline if one.type == "link_open"}
    assert all(str(one).startswith("#") for one in links)
    made = redis_run()
    clean = (
        MarkdownIt("commonmark")
        .enable("table")
        .parse(report_markdown(made.record, made.store.read))
    )
    headings = [one.tag for one in tokens if one.type == "heading_open"]
    assert headings == [one.tag for one in clean if one.type == "heading_open"]


@pytest.mark.parametrize("poison", HOSTILE)
def test_the_text_itself_is_still_there_to_be_read(poison: str) -> None:
    made = hostile_run(poison)
    text = Page(report_html(made.record, made.store.read)).all("body")[0].text
    assert visible(made.record.plan.goal) in text
    assert msgspec.json.decode(report_json(made.record))["record"]["goal"] == made.record.goal


def test_characters_that_reorder_or_hide_text_are_written_out() -> None:
    assert visible("a\u202egnp.exe") == "a⟨U+202E⟩gnp.exe"
    assert (
        visible("zero\u200bwidth \U000e0041 \x1b[31m") == "zero⟨U+200B⟩width ⟨U+E0041⟩ ⟨U+001B⟩[31m"
    )
    assert visible("pass\u200dword") == "pass⟨U+200D⟩word"
    assert visible("half \ud800") == "half ⟨U+D800⟩"
    assert visible("tab\tand\nline, שלום, 👩\u200d💻") == "tab\tand\nline, שלום, 👩\u200d💻"


def test_markdown_of_agents_keeps_its_form_and_loses_what_could_act() -> None:
    shown = prose(
        "# Title\n\n[ok](https://example.org/a) [bad](javascript:alert(1)) [file](file:///etc)\n\n"
        "![pixel](https://evil.example/p.png)\n\n<iframe src=x></iframe>\n\n"
        "|a|b|\n|--:|---|\n|1|2|\n"
    )
    page = Page(shown)
    assert [one.attributes["href"] for one in page.all("a")] == ["https://example.org/a"]
    assert not page.all("img")
    assert not page.all("iframe")
    assert not page.all("h1")
    assert "[image: pixel]" in shown
    assert "<td>2</td>" in shown


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("../../etc/passwd", "etc/passwd"),
        ("/absolute/file", "absolute/file"),
        ("C:\\Windows\\x.dll", "C_/Windows/x.dll"),
        ("a/./b/../c", "a/b/c"),
        ("..", "unnamed"),
        ("line\nbreak\u202e.md", "line_break_.md"),
        ("deep/" + "x" * 400, "x" * 180),
    ],
)
def test_a_path_in_the_zip_leads_nowhere_else(name: str, path: str) -> None:
    assert safe_path(name) == path


def test_hostile_artifact_names_stay_apart_and_inside_the_zip() -> None:
    store = Store()
    names = ("../../x.md", "x.md", "X.MD", "/x.md", "a\\..\\..\\x.md")
    stored = tuple(store.keep(name, f"text {n}", "text/plain") for n, name in enumerate(names))
    made = redis_run(works={"survey": Work("five files", artifacts=stored)}, store=store)
    with zipfile.ZipFile(io.BytesIO(report_zip(made.record, store.read))) as archive:
        inside = [one for one in archive.namelist() if one.startswith("artifacts/survey/")]
        contents = {archive.read(one) for one in inside}
    assert len({one.casefold() for one in inside}) == 5
    assert len(contents) == 5
    assert all(".." not in PurePosixPath(one).parts for one in inside)
