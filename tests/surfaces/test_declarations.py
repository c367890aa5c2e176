"""Each declaration is reachable on every surface that it claims, and all of them say the same."""

import argparse
import asyncio
import inspect
from pathlib import Path
from typing import Annotated, Any, cast

import msgspec
import pytest

from missioncontrol import operations, queries
from missioncontrol.application.authority import NEEDED
from missioncontrol.cli.arguments import parser
from missioncontrol.client import Client
from missioncontrol.declarations import Declared, ItemQuery, ListQuery, Operation, Query
from missioncontrol.documents.event_words import sentence
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.request import RequestTaken, verb_now
from missioncontrol.interfaces.api.document import document
from missioncontrol.mcp.catalogue import whole
from missioncontrol.surfaces import cli, client, docs, remote
from missioncontrol.surfaces.fields import fields_of, in_list
from missioncontrol.surfaces.mcp import schema_of
from tests.surfaces.examples import BEYOND, COMMANDS, EXAMPLES, INSIDE

ROOT = Path(__file__).parents[2]
EVERY: tuple[Declared, ...] = (*queries.every(), *operations.every())


def named(declarations: Any) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("declared", declarations, ids=lambda each: each.name)


def claiming(surface: str) -> pytest.MarkDecorator:
    return named([each for each in EVERY if surface in each.surfaces])


def given_of(declared: Declared) -> list[str]:
    """Return the names of what callers say besides the target."""
    return list(declared.given.__struct_fields__)


def test_names_are_unique_and_found_by_themselves() -> None:
    names = [each.name for each in EVERY]
    assert len(names) == len(set(names))
    for each in EVERY:
        assert (operations.find(each.name) or queries.find(each.name)) is each
    assert operations.find("decision.nothing") is operations.find("nothing.accept") is None


@claiming("http")
def test_a_route_says_what_is_declared(declared: Any) -> None:
    method = declared.method.lower() if isinstance(declared, Operation) else "get"
    route = document("")["paths"][f"/api/v1{declared.route}"][method]
    assert route["operationId"] == declared.routine
    assert route["summary"] == declared.title
    assert route["description"] == declared.text
    assert route["x-permission"] == declared.permission
    names = {each["name"] for each in route["parameters"]}
    if isinstance(declared, Operation):
        assert ("if-match" in names) == (declared.unless_changed is not None)
        assert "idempotency-key" in names
        in_body = set(() if declared.in_address else declared.sent.__struct_fields__)
        assert ("requestBody" in route) == bool(in_body)
        assert set(given_of(declared)) - in_body <= names
    else:
        assert set(given_of(declared)) <= names


@claiming("client")
def test_the_client_has_a_method_with_what_callers_may_say(declared: Any) -> None:
    with Client("http://127.0.0.1:1", "token") as known:
        method = getattr(getattr(known, declared.resource), declared.verb)
    expected = {*given_of(declared)}
    expected |= {each.placeholder for each in (declared.named.chain if declared.named else ())}
    if isinstance(declared, Operation):
        expected |= {"key", *(["if_match"] if declared.unless_changed else [])}
    assert set(inspect.signature(method).parameters) == expected
    assert " ".join(str(inspect.getdoc(method)).split()) == " ".join(declared.text.split())


def test_the_modules_of_the_client_are_fresh() -> None:
    """`python -m missioncontrol.surfaces.client` generates them."""
    made = client.modules()
    stored = {each.name: each.read_text("utf-8") for each in client.FOLDER.glob("[a-z]*.py")}
    assert stored == made


def test_the_reference_of_operations_is_fresh() -> None:
    """`python -m missioncontrol.surfaces.docs` generates it."""
    page = ROOT / "docs" / "reference" / "operations.md"
    assert page.read_text("utf-8") == docs.reference()


def verbs_of(top: argparse.ArgumentParser) -> Any:
    return next(each for each in top._actions if isinstance(each, argparse._SubParsersAction))


@claiming("cli")
def test_a_command_takes_what_callers_may_say(declared: Any) -> None:
    verbs = verbs_of(parser())
    for word in declared.command_noun.split():
        verbs = verbs_of(verbs.choices[word])
    texts = {each.dest: each.help for each in verbs._choices_actions}
    assert texts[declared.command_verb] == in_list(declared.sentence)
    verb = verbs.choices[declared.command_verb]
    assert verb.get_default("declared") == declared.name
    options = {each.dest for each in verb._actions}
    assert ("id" in options) == (declared.named is not None)
    terminal = declared.terminal
    hidden = {terminal.flatten, *terminal.fixed}
    hidden |= {each.field for each in terminal.switches.values()}
    for name in set(given_of(declared)) - hidden:
        assert terminal.names.get(name, name).replace("-", "_") in options
    assert set(terminal.switches) <= options


@named([each for each in EVERY if each.tool])
def test_a_tool_says_what_is_declared(declared: Any) -> None:
    found = asyncio.run(whole(cast("Any", None), "").list_tools())
    tool = next(each for each in found if each.name == declared.routine)
    assert tool.description == declared.text
    assert tool.annotations is not None
    assert tool.annotations.read_only_hint == isinstance(declared, Query)
    properties = tool.input_schema["properties"]
    assert set(given_of(declared)) <= set(properties)
    for field in fields_of(declared.given):
        for name, value in schema_of(field.annotation).items():
            assert properties[field.name][name] == value


@claiming("mcp")
def test_tools_find_what_has_no_tool_of_its_own(declared: Any) -> None:
    async def found() -> list[str]:
        server = whole(cast("Any", None), "")
        answer: Any = await server.call_tool("find_operation", {"words": declared.name})
        return [each["name"] for each in answer.structured_content["operations"]]

    assert declared.name in asyncio.run(found())


@named([each for each in operations.every() if each.name in BEYOND])
def test_a_bound_is_the_same_before_anything_is_sent(declared: Any) -> None:
    with pytest.raises(Rejected) as refused:
        declared.build("D1", BEYOND[declared.name])
    assert refused.value.code == f"{declared.noun}.bad_input"


def test_every_operation_of_a_surface_has_an_example() -> None:
    needed = {each.name for each in operations.every() if "http" in each.surfaces}
    assert needed == set(EXAMPLES)
    assert set(BEYOND) == {
        each.name for each in operations.every() if each.name in needed and given_of(each)
    }


def test_every_noun_has_its_commands_checked() -> None:
    assert {noun for _, nouns in COMMANDS for noun in nouns} == {*operations.NOUNS}


@pytest.mark.parametrize(("kinds", "nouns"), COMMANDS)
def test_every_command_of_a_moved_noun_is_reachable_by_one_operation(
    kinds: frozenset[type], nouns: tuple[str, ...]
) -> None:
    commands = {each.__name__ for each in kinds}
    found = [
        (each.command.__name__, msgspec.json.encode(each.fixed, order="sorted"))
        for noun in nouns
        for each in operations.of_noun(noun)
    ]
    assert len(found) == len(set(found))
    assert commands - {name for name, _ in found} == {*INSIDE} & commands


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"permission": "everything"}, "no permission"),
        ({"name": "accept"}, "NOUN.VERB"),
        ({"fixed": {"colour": "red"}}, "has no"),
        ({"permission": "approve"}, "no tool of a model"),
    ],
)
def test_a_declaration_that_nobody_could_be_held_to_is_refused(
    change: dict[str, Any], words: str
) -> None:
    whole_one = operations.find("decision.accept")
    assert whole_one is not None
    with pytest.raises(ValueError, match=words):
        msgspec.structs.replace(whole_one, **change)


def test_an_operation_without_permission_cannot_be_made() -> None:
    found = operations.find("decision.accept")
    assert found is not None
    fields = {name: getattr(found, name) for name in found.__struct_fields__}
    del fields["permission"]
    with pytest.raises(TypeError, match="permission"):
        Operation(**fields)


class Options(msgspec.Struct, frozen=True):
    """What is wanted of a thing."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 50


def test_a_query_for_one_thing_takes_options_within_their_bounds() -> None:
    async def find(source: str, id_: str, options: Options) -> str:
        return f"{source} {id_} {options.limit}"

    whole_one = queries.find("decision.get")
    assert isinstance(whole_one, ItemQuery)
    query = msgspec.structs.replace(
        whole_one, options=Options, find=find, source=lambda _: "decisions"
    )
    reader: Any = None
    assert asyncio.run(query.found(reader, "D1")) == "decisions D1 50"  # type: ignore[arg-type]
    assert asyncio.run(query.found(reader, "D1", {"limit": 5})) == "decisions D1 5"  # type: ignore[arg-type]
    request = remote.of_item(query, "D1", {"limit": 5})
    assert (request.path, request.query) == ("/decisions/D1", {"limit": 5})
    for refused in (
        lambda: query.found(reader, "D1", {"limit": 0}),
        lambda: remote.of_item(query, "D1", {"limit": 201}),
    ):
        with pytest.raises(Rejected, match="The limit is"):
            refused()


def test_a_line_is_cut_before_it_is_coloured() -> None:
    query = queries.find("decision.list")
    assert isinstance(query, ListQuery)
    row: Any = argparse.Namespace(id="D1", status="accepted", date="2026-01-02", title="x" * 99)
    plain = cli.line_of(query, row, 40, lambda text, _: text)
    assert plain == f"D1     accepted   2026-01-02  {'x' * 9}…"
    coloured = cli.line_of(query, row, 40, lambda text, code: f"<{code}>{text}</>")
    assert coloured == plain.replace("accepted  ", "<32>accepted  </>")


@named([each for each in operations.every() if each.former and each.former not in NEEDED])
def test_the_audit_shows_what_the_verb_of_an_earlier_release_is_called_now(declared: Any) -> None:
    shown = verb_now(declared.former)
    alike = [each for each in operations.every() if each.former == declared.former]
    assert shown in {name for each in alike for name in (each.name, each.noun)}
    body = msgspec.to_builtins(RequestTaken(declared.former, "password", "session-x", ""))
    assert sentence("request_taken", body).startswith(f"{shown}, ")


def test_the_audit_names_a_verb_that_no_operation_took_over() -> None:
    assert verb_now("AllDocumentsAsked") == "document"


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("agent.start", {"declared": {"name": "coder"}, "source": "command"}),
        ("mission.cancel", {"run": "run-1", "status": "cancelled"}),
        ("price.set", {"price": {"model": "m"}, "actor": "user:ann", "reason": "x"}),
        ("schedule.add", ""),
        ("schedule.run", "run-1"),
    ],
)
def test_an_answer_of_an_earlier_release_in_another_shape_is_refused(
    name: str, answer: Any
) -> None:
    operation = operations.find(name)
    assert operation is not None
    with pytest.raises(Rejected) as refused:
        operation.answered(answer)
    assert refused.value.code == "request.answer_not_kept"
