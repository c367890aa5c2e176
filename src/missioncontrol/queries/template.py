"""Queries of templates of missions."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec

from missioncontrol.application.templates import TemplateFile, Templates
from missioncontrol.declarations import (
    Column,
    ItemQuery,
    ListQuery,
    NoFilters,
    Query,
    Target,
    Terminal,
)
from missioncontrol.domain.template import TemplateQuestion


def templates_of(place: Any) -> Templates:
    """Return the templates of the data directory that a console or a command line works with."""
    return Templates(place.home if isinstance(place.home, Path) else place.home.root)


async def templates(source: Templates, _: NoFilters) -> list[TemplateFile]:
    """Return all templates by key, those of the data directory in place of built-in ones."""
    found = await asyncio.to_thread(source.all)
    return sorted(found, key=lambda each: each.template.key)


async def template(source: Templates, key: str) -> TemplateFile:
    """Return one template.

    Raises:
        NotFound: `template.unknown`.
    """
    return await asyncio.to_thread(source.get, key)


def _plain(found: TemplateFile) -> dict[str, Any]:
    fields: dict[str, Any] = msgspec.to_builtins(found.template)
    return {**fields, "file": found.file, "is_own": found.is_own}


def _lines(found: TemplateFile, _: int) -> list[str]:
    template = found.template
    lines = [f"{template.key}  {template.title}", f"  {template.summary}", ""]
    for question in template.question:
        lines += _question_lines(question)
    lines += ["", "goal", *(f"  {line}" for line in template.goal.strip().split("\n"))]
    lines += ["", "constraints", *(f"  {each}" for each in template.constraints)]
    required = [each for each in template.question if each.required and not each.default]
    answers = " ".join(f"--answer {each.name}=…" for each in required)
    return [*lines, "", f"mission run --repo PATH --template {template.key} {answers}".rstrip()]


def _question_lines(question: TemplateQuestion) -> list[str]:
    about = "one of these" if question.type == "choice" else str(question.type)
    about += ", required" if question.required and not question.default else ""
    lines = [f"  {question.name} ({about}): {question.text}"]
    lines += [f"      {each}" for each in question.choices]
    lines += [f"    by default: {question.default}"] if question.default else []
    lines += [f"    for example: {question.example}"] if question.example else []
    lines += [f"    {question.help}"] if question.help else []
    return lines


TEMPLATE = Target(
    noun="template",
    path="/templates",
    command="workflow template",
    help="as `mission workflow template list` prints it",
)

LIST = ListQuery(
    name="template.list",
    title="List templates",
    text="List the kinds of missions by key. Your own replace built-in ones of the same key.",
    target=TEMPLATE,
    filters=NoFilters,
    source=templates_of,
    find=templates,
    row=TemplateFile,
    key=lambda row: (row.template.key,),
    kinds=(str,),
    columns=(
        Column("template", 18, text=lambda it: it.key),
        Column("template", text=lambda it: it.summary),
        Column("is_own", text=lambda is_own: "(your own)" if is_own else ""),
    ),
    terminal=Terminal(json=_plain),
)

GET = ItemQuery(
    name="template.get",
    title="Get a template",
    text="Return the questions of a template, and the goal that waits for their answers.",
    target=TEMPLATE,
    source=templates_of,
    find=template,
    returns=TemplateFile,
    terminal=Terminal(verb="show", lines=_lines, json=_plain),
)

QUERIES: tuple[Query, ...] = (LIST, GET)
