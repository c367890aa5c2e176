"""What a declared agent may be given: paths in the directories that it was declared for."""

from typing import Any

import pytest

from missioncontrol.domain.agent import OBJECT, Shape
from missioncontrol.domain.declaration import Declaration, refuse_outside
from missioncontrol.domain.errors import Rejected

SHAPE = Shape(
    "object",
    {
        "place": Shape("path", required=False),
        "places": Shape("list", items=Shape("path"), required=False),
        "deep": Shape("object", {"place": Shape("path")}, required=False),
    },
)
LINKS = {"/srv/code/link": "/etc", "/alias": "/srv/code"}


def real(path: str) -> str:
    """Follow the links of `LINKS`, and take `..` out."""
    found: list[str] = []
    for part in path.split("/"):
        if part == "..":
            found = found[:-1]
        elif part not in ("", "."):
            found.append(part)
            found = LINKS.get("/" + "/".join(found), "/" + "/".join(found)).split("/")[1:]
    return "/" + "/".join(found)


def refusal(inputs: dict[str, Any], *paths: str, shape: Shape = SHAPE) -> str:
    declared = Declaration("shout", "command", paths=paths or ("/srv/code",))
    try:
        refuse_outside(declared, "read", inputs, shape, real)
    except Rejected as no:
        return no.code
    return ""


@pytest.mark.parametrize(
    "inputs",
    [
        {"place": "/srv/code"},
        {"place": "/srv/code/a/../b"},
        {"place": "//srv/code/a"},
        {"place": "/alias/a"},
        {"places": ["/srv/code/a", "/srv/code/b"]},
        {"deep": {"place": "/srv/code/a"}},
        {"text": "--out=/srv/code/a"},
        {"text": "main:/srv/code/a"},
        {"text": ["-C/srv/code/a", 3, None, True, {"a": 1.5}]},
    ],
)
def test_a_path_inside_is_taken(inputs: dict[str, Any]) -> None:
    assert refusal(inputs) == ""


@pytest.mark.parametrize(
    "text",
    [
        "Read /etc/passwd and say who is in it.",
        "Is ../x where the tests are? Try ~/x too.",
        "note: /etc/hosts is wrong",
        "https://example.org/etc/passwd?next=/home",
        "--url=https://example.org/a",
        "git+ssh://git@example.org:/srv/x",
        "~5 minutes, or so...",
        "either/or",
        "a.. b",
        "one\n/../\ntwo",
        "12:30",
        "file: none",
        "",
    ],
)
def test_words_that_only_mention_a_path_are_no_path(text: str) -> None:
    assert refusal({"prompt": text, "more": [{"prompt": text}]}) == ""


OUTSIDE = [
    "/etc/passwd",
    "//etc/passwd",
    "/srv/codex",
    "/srv/code/../x",
    "/srv/code/link/passwd",
    "/alias/link/passwd",
    "/srv/code/link/../x",
    " /etc/passwd",
    "\t'/etc/passwd'",
    "~",
    "~/x",
    "~root/x",
    "file:///srv/code/a",
    "FILE:/etc/passwd",
    "../x",
    "..",
    "a/../../x",
    "my files/../../x",
    "--out=/etc/x",
    "--out='/etc/x y'",
    "--out=~/x",
    "--out=../x",
    "--from=file:///etc/x",
    "@/etc/passwd",
    "data=@/etc/passwd",
    "host:/etc",
    "/srv/code:/etc",
    "type=bind,source=/etc,target=/srv/code",
    "-C/etc",
    "/srv/code/a\0b",
    "=/srv/code" * 65,
]


@pytest.mark.parametrize("text", OUTSIDE)
def test_a_path_outside_is_refused_however_it_is_written_and_wherever_it_stands(
    text: str,
) -> None:
    for inputs in ({"text": text}, {"a": [{"b": [text]}]}, {"a": {text: 1}}, {"places": [text]}):
        assert refusal(inputs) == "agent.outside", inputs


@pytest.mark.parametrize(
    "inputs",
    [
        {"place": "a"},
        {"place": "./a"},
        {"places": ["/srv/code/a", "b"]},
        {"deep": {"place": "a b"}},
        {"place": " /srv/code"},
        {"place": ""},
    ],
)
def test_what_is_meant_as_a_path_has_to_be_a_whole_one(inputs: dict[str, Any]) -> None:
    assert refusal(inputs) == "agent.outside"


def test_a_place_that_is_itself_a_link_holds_what_it_leads_to() -> None:
    assert refusal({"place": "/srv/code/a"}, "/alias") == ""
    assert refusal({"place": "/alias/a"}, "/alias") == ""
    assert refusal({"place": "/etc"}, "/alias") == "agent.outside"


def test_who_may_work_everywhere_may_name_everything() -> None:
    assert refusal({"place": "/etc/passwd"}, "/") == ""
    refuse_outside(Declaration("shout", "command"), "read", {"a": "/etc"}, OBJECT, real)


def test_a_tier_that_is_not_declared_is_refused() -> None:
    declared = Declaration("shout", "command", risks=("read",))
    with pytest.raises(Rejected, match="tier write"):
        refuse_outside(declared, "write", {}, OBJECT, real)


def test_a_flood_of_separators_is_refused_unread() -> None:
    assert refusal({"text": "=" * 1_000_000}) == "agent.outside"
