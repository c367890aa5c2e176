"""What agents say of themselves: shapes, what fits them, and what an effect leads to."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from missioncontrol.domain.agent import (
    EFFECTS,
    MEANINGS,
    Kind,
    Shape,
    at,
    fits,
    misfit,
    tier,
)
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.media import media_type

TEXT, COUNT, ANY = Shape("string"), Shape("integer"), Shape("any")
PACKAGE = Shape("object", {"name": TEXT, "lines": COUNT}, open=False)
REPORT = Shape(
    "object",
    {
        "packages": Shape("list", items=PACKAGE),
        "passed": Shape("boolean"),
        "ratio": Shape("number", required=False),
        "rest": ANY,
    },
    open=False,
)
SOUND = {"packages": [{"name": "a", "lines": 3}], "passed": True, "rest": None}


@pytest.mark.parametrize(
    ("effects", "risks", "expected"),
    [
        ((), (), "read"),
        (("reads_files",), (), "read"),
        (("reads_files", "writes_files"), (), "write"),
        (("pushes", "writes_files"), (), "irreversible"),
        (("reads_files",), ("irreversible",), "irreversible"),
        (("deletes",), ("read",), "irreversible"),
        ((), ("read", "write"), "write"),
    ],
)
def test_the_highest_tier_wins_and_none_is_lowered(
    effects: tuple[str, ...], risks: tuple[Any, ...], expected: str
) -> None:
    assert tier(effects, *risks) == expected


def test_an_effect_that_nobody_knows_is_refused_with_the_nearest() -> None:
    with pytest.raises(Rejected) as refusal:
        tier(["write_files"])
    assert refusal.value.code == "effect.unknown"
    assert "'writes_files'" in refusal.value.hint


def test_every_effect_says_what_it_means() -> None:
    assert set(EFFECTS.values()) == {"read", "write", "irreversible"}
    assert all(effect.meaning.endswith(".") for effect in MEANINGS.values())


def test_what_fits_fits() -> None:
    assert misfit(SOUND, REPORT) == ""
    assert misfit({**SOUND, "ratio": 1}, REPORT) == ""
    assert misfit({**SOUND, "ratio": None}, REPORT) == ""


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"passed": "yes"}, "passed is the text 'yes', not a boolean"),
        ({"passed": None}, "passed is null"),
        ({"rest": 1, "ratio": {}}, "ratio is an object, not a number"),
        ({"packages": [{"name": "a"}]}, "packages[0].lines is missing"),
        ({"packages": [{"name": "a", "lines": True}]}, "packages[0].lines is the boolean true"),
        ({"packages": [{"name": "a", "lines": 1.5}]}, "packages[0].lines is the number 1.5"),
        ({"packages": {"a": 1}}, "packages is an object, not a list"),
        ({"ratio": float("nan")}, "ratio is the number nan"),
        ({"pased": True}, "pased is not known (did you mean 'passed'?)"),
    ],
)
def test_a_misfit_is_told_with_its_place(change: dict[str, Any], message: str) -> None:
    assert misfit({**SOUND, **change}, REPORT).startswith(message)


def test_fields_and_items_that_are_open_may_be_anything() -> None:
    assert misfit({"a": 1, "b": [None]}, Shape("object", {"a": COUNT})) == ""
    assert misfit([1, "two", {}], Shape("list")) == ""
    assert misfit({}, TEXT) == "it is an object, not a text"
    assert misfit([], Shape("null")) == "it is a list, not null"


def test_a_missing_field_is_told() -> None:
    assert misfit({"passed": True, "rest": 1}, REPORT) == "packages is missing"
    assert misfit({"passed": True, "packages": []}, REPORT) == "rest is missing"


def test_an_empty_text_is_no_path() -> None:
    assert misfit("", Shape("path")) == "it is the text '', not a path"
    assert misfit("a/b", Shape("path")) == ""


def kinds() -> st.SearchStrategy[Kind]:
    return st.sampled_from(
        ["string", "integer", "number", "boolean", "path", "list", "object", "any", "null"]
    )


@pytest.mark.parametrize(
    ("have", "want", "is_sound"),
    [
        ("integer", "number", True),
        ("number", "integer", False),
        ("path", "string", True),
        ("string", "path", True),
        ("any", "list", True),
        ("list", "any", True),
        ("list", "string", False),
        ("null", "string", False),
    ],
)
def test_one_kind_fits_another_or_not(have: Kind, want: Kind, is_sound: bool) -> None:
    assert (fits(Shape(have), Shape(want)) == "") is is_sound


def test_null_fits_what_may_be_absent() -> None:
    assert fits(Shape("null"), Shape("string", required=False)) == ""


def test_a_mismatch_inside_is_told_with_its_place() -> None:
    texts = Shape("list", items=TEXT)
    assert fits(Shape("list", items=PACKAGE), texts) == "[] is an object, not a text"
    assert fits(Shape("list", items=Shape("list", items=COUNT)), Shape("list", items=texts)) == (
        "[][] is an integer, not a text"
    )
    assert fits(PACKAGE, PACKAGE) == ""
    assert fits(Shape("object"), REPORT) == ""  # It may have all of them.
    closed = Shape("object", {"passed": COUNT}, open=False)
    assert fits(closed, REPORT) == "packages is missing"
    more = Shape("object", {"passed": Shape("boolean"), "colour": TEXT})
    assert fits(more, REPORT).startswith("colour is not known")


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


def shape_of(value: Any) -> Shape:
    match value:
        case None:
            return Shape("null")
        case bool():
            return Shape("boolean")
        case int():
            return Shape("integer")
        case float():
            return Shape("number")
        case str():
            return Shape("string")
        case list():
            return Shape("list", items=shape_of(value[0]) if len(value) == 1 else None)
        case _:
            return Shape("object", {k: shape_of(v) for k, v in value.items()}, open=False)


@settings(max_examples=60, deadline=None)
@given(JSON, kinds())
def test_what_cannot_fit_by_shape_never_fits_by_value(value: Any, kind: Kind) -> None:
    have, want = shape_of(value), Shape(kind)
    if fits(have, want):
        assert misfit(value, want)
    assert misfit(value, have) == ""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ((), "object"),
        (("passed",), "boolean"),
        (("packages", 0, "name"), "string"),
        (("rest", "whatever", 3, "more"), "any"),
        (("packages", "name"), None),
        (("pased",), None),
        (("passed", "more"), None),
        ((0,), None),
    ],
)
def test_a_place_in_a_shape_is_found_or_cannot_be(
    path: tuple[str | int, ...], kind: Kind | None
) -> None:
    found = at(REPORT, path)
    assert (found.kind if found else None) == kind


def test_below_an_open_object_everything_may_be() -> None:
    assert at(Shape("object", {"a": TEXT}), ["b", "c"]) == ANY


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("reports/a.json", "application/json"),
        ("a.tar.gz", "application/gzip"),
        ("README.MD", "text/markdown"),
        (".json", "application/octet-stream"),
        ("Makefile", "application/octet-stream"),
    ],
)
def test_a_media_type_goes_by_the_ending(name: str, expected: str) -> None:
    assert media_type(name) == expected


def test_a_value_must_be_one_of_those_that_may_be() -> None:
    form = Shape("any", enum=("json", 1))
    assert misfit("json", form) == ""
    assert misfit(1, form) == ""
    assert misfit({"form": True}, Shape("object", {"form": form})) == (
        'form is the boolean true, and may be "json" or 1'
    )
    assert misfit("jsn", Shape("string", enum=("json",))) == (
        "it is the text 'jsn', and may be \"json\""
    )


def test_choices_fit_where_one_of_them_may_be() -> None:
    some, others = Shape("string", enum=("a", "b")), Shape("string", enum=("b", "c"))
    assert fits(some, others) == fits(TEXT, some) == fits(some, TEXT) == fits(ANY, some) == ""
    assert fits(some, Shape("string", enum=("c",))) == 'it is "a" or "b", and may be "c"'
