"""The HTML form: whole, closed in itself, and every number in it leads to its source."""

import base64
import hashlib
import re
from itertools import pairwise

import msgspec
import pytest

from missioncontrol.documents.report import report_html
from tests.documents.pages import Element, Page
from tests.documents.records import FAILED, Made, every_kind, redis_run

KINDS = tuple(every_kind())
NAMES = {"said", "id", "events", "log", "ax"}
"""Classes of text that is repeated word for word, of names, and of the record's own rows."""


@pytest.fixture(scope="module")
def pages() -> dict[str, Page]:
    return {kind: page(made) for kind, made in every_kind().items()}


def page(made: Made) -> Page:
    return Page(report_html(made.record, made.store.read))


@pytest.mark.parametrize("kind", KINDS)
def test_every_link_inside_the_page_leads_somewhere(pages: dict[str, Page], kind: str) -> None:
    ids = set(pages[kind].ids)
    inside = [href[1:] for href in pages[kind].hrefs if href.startswith("#")]
    assert len(inside) > 100
    assert [place for place in inside if place not in ids] == []


@pytest.mark.parametrize("kind", KINDS)
def test_no_id_stands_twice(pages: dict[str, Page], kind: str) -> None:
    ids = pages[kind].ids
    assert sorted(ids) == sorted(set(ids))


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_loaded_and_nothing_runs(pages: dict[str, Page], kind: str) -> None:
    loading = {"src", "srcset", "data", "poster", "action", "background", "xlink:href", "style"}
    for element in pages[kind].elements:
        assert element.tag not in {"script", "link", "iframe", "object", "embed", "base", "form"}
        for name in loading & set(element.attributes):
            assert element.attributes[name].startswith("data:image/svg+xml;base64,")
        assert not [name for name in element.attributes if name.startswith("on")]
    style = pages[kind].all("style")[0].text
    assert "url(" not in style
    assert "@import" not in style


def test_only_links_that_a_reader_follows_lead_out(pages: dict[str, Page]) -> None:
    outside = [one for one in pages["succeeded"].elements if not _is_inside(one)]
    assert [one.attributes["href"] for one in outside] == [
        "https://redis.io/docs/latest/commands/set/"
    ]
    assert outside[0].attributes["rel"] == "nofollow noopener noreferrer"


def _is_inside(element: Element) -> bool:
    return element.attributes.get("href", "#").startswith("#")


def test_the_policy_allows_exactly_the_style_that_is_there(pages: dict[str, Page]) -> None:
    (style,) = pages["succeeded"].all("style")
    digest = base64.b64encode(hashlib.sha256(style.text.encode()).digest()).decode()
    metas = pages["succeeded"].all("meta")
    (policy,) = [m for m in metas if m.attributes.get("http-equiv") == "Content-Security-Policy"]
    assert policy.attributes["content"] == (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; "
        "form-action 'none'"
    )


@pytest.mark.parametrize("kind", KINDS)
def test_every_number_is_a_link_to_its_source(pages: dict[str, Page], kind: str) -> None:
    unlinked = [
        text.strip()
        for text, parents in pages[kind].texts
        if re.search(r"\d", text.replace("SHA-256", "")) and not _is_explained(parents)
    ]
    assert unlinked == []


def _is_explained(parents: tuple[Element, ...]) -> bool:
    """Whether a text is a link, a name or a quotation, or counts what is folded below it."""
    if any(one.tag in {"a", "code", "style", "title", "desc", "summary"} for one in parents):
        return True
    # The id of a risk or a decision at the head of its own entry.
    own = parents[-1].classes >= {"tag", "plain"}
    return own or any(one.classes & NAMES for one in parents)


def test_every_fact_links_to_the_artifact_that_holds_it(pages: dict[str, Page]) -> None:
    rows = pages["succeeded"].with_class("fact")
    assert len(rows) == 9
    for row in rows:
        links = [one for one in pages["succeeded"].all("a") if row in one.parents]
        assert [one.attributes["href"].startswith("#artifact-") for one in links[1:]] == [True] * 2
    duration = pages["succeeded"].by_id("fact-2-of-task-baseline").text
    assert "6.13 s" in duration
    assert "test.log line 1" in duration


def test_the_verdict_is_the_only_first_heading_and_headings_are_in_order(
    pages: dict[str, Page],
) -> None:
    for kind in KINDS:
        levels = [int(one.tag[1]) for one in pages[kind].elements if re.match(r"h\d", one.tag)]
        assert levels.count(1) == 1
        assert levels[0] == 1
        assert all(after <= before + 1 for before, after in pairwise(levels)), kind


def test_the_sections_come_in_the_order_in_which_a_reader_asks(pages: dict[str, Page]) -> None:
    ids = pages["succeeded"].ids
    wanted = [
        "verdict",
        "needs-a-person",
        "outcome",
        "plan",
        "timeline",
        "requirements",
        "findings",
        "risks",
        "decisions",
        "architecture",
        "next-steps",
        "artifacts",
        "cost",
        "how",
        "record",
    ]
    assert [name for name in ids if name in wanted] == wanted


def test_what_needs_a_person_is_listed_gravest_first(pages: dict[str, Page]) -> None:
    titles = [one.text for one in pages["failed"].with_class("t") if one.tag == "span"]
    assert titles == [
        "1 task failed",
        "3 tasks are blocked",
        "1 finding of high severity",
        "4 tasks are handed over and not done",
        "2 questions are open",
        "3 gaps of the trace are open",
    ]
    assert (
        "mission runs retry R-01 baseline"
        in pages["failed"].by_id("needs-a-person").parents[-2].text
    )


def test_next_steps_name_the_execution_pack_and_the_tasks_in_order(
    pages: dict[str, Page],
) -> None:
    text = pages["succeeded"].by_id("next-steps").parents[-2].text
    names = [
        "Answer whether existing cookie sessions are migrated",
        "execution-pack.md",
        "Add RedisSessionInterface",
        "Read SESSION_REDIS_URL",
        "Test the backend",
        "Document when",
    ]
    places = [text.rindex(name) for name in names]
    assert places == sorted(places)
    assert "None of them is done" in text


def test_the_module_drawing_is_an_image_and_links_to_its_artifact(pages: dict[str, Page]) -> None:
    (image,) = pages["succeeded"].all("img")
    drawn = base64.b64decode(image.attributes["src"].removeprefix("data:image/svg+xml;base64,"))
    assert b"flask.sessions" in drawn
    assert image.attributes["alt"] == "Modules around flask.sessions"
    caption = pages["succeeded"].all("figcaption")[0]
    links = [one for one in pages["succeeded"].all("a") if caption in one.parents]
    assert links[0].attributes["href"] == "#artifact-1-of-task-modules"


def test_an_artifact_that_cannot_be_read_is_said_not_hidden() -> None:
    made = redis_run()
    made.store.contents.clear()
    text = page(made).all("body")[0].text
    assert "modules.svg Modules around flask.sessions: not shown, No artifact has" in text
    assert "Not shown: No artifact has the digest" in text


def test_an_artifact_with_other_bytes_than_its_digest_is_not_shown() -> None:
    made = redis_run()
    for digest in made.store.contents:
        made.store.contents[digest] = b"<svg><!-- exchanged --></svg>"
    source = report_html(made.record, made.store.read)
    assert "exchanged" not in source
    assert "is not what its SHA-256 names" in source


def test_only_a_part_of_a_long_event_table_is_shown_and_the_rest_is_counted() -> None:
    made = redis_run()
    last = made.record.events[-1]
    more = [msgspec.structs.replace(last, position=70 + n, time=last.time + n) for n in range(500)]
    record = msgspec.structs.replace(made.record, events=(*made.record.events, *more))
    shown = Page(report_html(record, made.store.read))
    rows = [name for name in shown.ids if re.fullmatch(r"event-\d+", name)]
    (gap,) = shown.with_class("gap")
    assert len(rows) == 80
    assert "440 events omitted, positions 90 to 529" in gap.text


def test_a_failed_task_shows_what_it_said_and_its_dependants_what_they_wait_for() -> None:
    shown = page(redis_run("failed", FAILED))
    assert "unrecognized arguments: --junitxml" in shown.by_id("task-baseline").text
    assert "needs a task that failed" in shown.by_id("task-pack").text
    assert shown.by_id("task-pack").attributes["data-s"] == "blocked"
