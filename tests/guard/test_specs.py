from collections.abc import Mapping

import msgspec
import pathspec
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from missioncontrol.domain.errors import Rejected
from missioncontrol.guard import specs
from missioncontrol.guard.globs import Prefilter, bad_pattern, matches
from missioncontrol.guard.specs import (
    DAY,
    Acceptance,
    Sides,
    Signed,
    Spec,
    State,
    accept,
    acceptance_path,
    acceptance_text,
    judge,
    read_acceptances,
    signed_part,
    spec_of,
)
from missioncontrol.ports.changes import Listing

TEXT = "---\ncovers:\n  - src/auth/**\n  - '!src/auth/test_*'\n---\n# Login\n"
SPEC = spec_of("tasks/0001-login/spec.md", TEXT)
assert SPEC is not None
FILES = {"src/auth/a.py": "a1", "src/auth/b.py": "b1", "src/auth/test_a.py": "t1", "x.py": "x1"}
AT = 1_790_000_000.0


def accepted(files: Mapping[str, str] = FILES) -> Acceptance:
    assert SPEC is not None
    return accept(SPEC, Listing(files), at=AT, by="user:ann")


def state(
    base: Mapping[str, str],
    after: Mapping[str, str] | None = None,
    between: Mapping[str, frozenset[str]] = {},
    *,
    prior: Acceptance | None = None,
    days: float = 1.0,
) -> State:
    assert SPEC is not None
    sides = Sides(Listing(base), Listing(base if after is None else after), between)
    found = judge(SPEC, prior or accepted(), sides, now=AT + days * DAY, fresh_days=30)
    return found.state


def test_a_spec_says_what_it_covers() -> None:
    assert SPEC is not None
    assert SPEC.speaks_of("security", "src/auth/a.py")
    assert not SPEC.speaks_of("security", "src/auth/test_a.py")
    assert not SPEC.speaks_of("security", "x.py")


def test_a_spec_may_speak_for_some_rules_alone() -> None:
    spec = spec_of("s.md", "---\ncovers: src/\nrules: [migration]\n---\n")
    assert spec is not None
    assert spec.speaks_of("migration", "src/a")
    assert not spec.speaks_of("security", "src/a")


@pytest.mark.parametrize("text", ["", "# A", "---\ntitle: x\n---\n", "---\ncovers: [a]\n", "\n---"])
def test_a_file_that_says_nothing_of_it_is_no_spec(text: str) -> None:
    assert spec_of("a.md", text) is None


@pytest.mark.parametrize(
    "text",
    [f"---\ncovers: {globs}\n---\n" for globs in ("[", "[]", "3", "['#']")],
)
def test_a_spec_that_cannot_be_understood_is_named(text: str) -> None:
    with pytest.raises(Rejected, match=r"The spec a\.md can't be used"):
        spec_of("a.md", text)


def test_it_is_current_as_long_as_nothing_it_covers_moved() -> None:
    assert state(FILES) == "current"
    assert state({**FILES, "x.py": "x2", "src/auth/test_a.py": "t2"}) == "current"


@pytest.mark.parametrize(
    "moved", [{"src/auth/a.py": "a2"}, {"src/auth/new.py": "n1"}, {"src/auth/b.py": None}]
)
def test_it_is_stale_once_what_it_covers_has_moved(moved: dict[str, str | None]) -> None:
    base = {path: name for path, name in {**FILES, **moved}.items() if name}
    assert state(base) == "moved_on"


def test_what_was_accepted_with_the_change_holds_for_the_change() -> None:
    after = {**FILES, "src/auth/a.py": "a2", "src/auth/new.py": "n1"}
    assert state(FILES, after, prior=accepted(after)) == "current"


def test_what_was_accepted_in_the_midst_of_a_range_holds_for_the_range() -> None:
    midst = {**FILES, "src/auth/a.py": "a2"}
    after = {**FILES, "src/auth/a.py": "a3"}
    prior = accepted(midst)
    assert state(FILES, after, {"src/auth/a.py": frozenset({"a2", "a3"})}, prior=prior) == "current"
    assert state(FILES, after, {"src/auth/a.py": frozenset({"a3"})}, prior=prior) == "moved_on"


def test_after_thirty_days_it_is_old_only_where_something_near_moved() -> None:
    near = {**FILES, "src/auth/test_a.py": "t2"}
    assert state(FILES, days=31) == "current"
    assert state(near, days=29) == "current"
    assert state(near, days=31) == "old"
    assert state({**FILES, "x.py": "x2"}, days=31) == "current"


def test_another_text_has_to_be_accepted_anew() -> None:
    other = spec_of("tasks/0001-login/spec.md", TEXT + "More.\n")
    assert other is not None
    sides = Sides(Listing(FILES), Listing(FILES))
    assert judge(other, accepted(), sides, now=AT, fresh_days=30).state == "rewritten"
    assert judge(other, None, sides, now=AT, fresh_days=30).state == "unaccepted"


NAMES = st.dictionaries(st.sampled_from([*FILES, "src/auth/c.py"]), st.sampled_from(["1", "2"]))


@given(NAMES, NAMES)
def test_it_is_current_exactly_where_the_covered_files_are_the_same(
    one: dict[str, str], other: dict[str, str]
) -> None:
    def covered(files: dict[str, str]) -> dict[str, str]:
        inside = ("src/auth/a.py", "src/auth/b.py", "src/auth/c.py")
        return {path: name for path, name in files.items() if path in inside}

    found = state(other, prior=accepted(one))
    assert found == ("current" if covered(one) == covered(other) else "moved_on")


def test_more_files_than_are_kept_one_by_one_are_compared_as_a_whole() -> None:
    many = {f"src/auth/{at}.py": "1" for at in range(2_001)}
    prior = accepted(many)
    assert prior.files is None
    assert state(many, prior=prior) == "current"
    assert state({**many, "src/auth/7.py": "2"}, prior=prior) == "moved_on"


def test_a_file_of_an_acceptance_counts_as_it_was_signed() -> None:
    def verify(content: bytes, key: str, signature: str) -> bool:
        return signature == f"{key}:{len(content)}:{hash(content)}"

    def sign(acceptance: Acceptance) -> Signed:
        content = signed_part(acceptance)
        return Signed(acceptance, "k", f"k:{len(content)}:{hash(content)}")

    signed = sign(accepted())
    place = acceptance_path(signed.accepted.spec)
    again = read_acceptances({place: acceptance_text(signed)})[signed.accepted.spec]
    assert again == signed
    assert again.counts((), verify)
    assert again.counts(("k", "l"), verify)
    assert not again.counts(("l",), verify)
    for field, value in (("digest", "0"), ("covered", "0"), ("by", "user:eve"), ("at", 1.0)):
        forged = msgspec.structs.replace(signed.accepted, **{field: value})
        assert not msgspec.structs.replace(signed, accepted=forged).counts((), verify)
    swapped = msgspec.structs.replace(signed.accepted, files={"src/auth/a.py": "a9"})
    assert not msgspec.structs.replace(signed, accepted=swapped).counts((), verify)


def test_a_file_at_another_place_or_of_another_form_is_no_acceptance() -> None:
    text = acceptance_text(Signed(accepted(), "k", "s"))
    assert read_acceptances({".mission/accepted/other.json": text}) == {}
    assert read_acceptances({acceptance_path("tasks/0001-login/spec.md"): "{"}) == {}


def test_a_spec_is_told_with_what_changed() -> None:
    spec = Spec("s.md", "d", ("src/**",))
    acceptance = accept(spec, Listing({f"src/{at}": "1" for at in range(9)}), at=AT, by="user:ann")
    now = Listing({f"src/{at}": "2" for at in range(9)})
    words = judge(spec, acceptance, Sides(now, now), now=AT, fresh_days=30).words
    assert words.endswith("src/0, src/1, src/2, src/3, src/4 and 4 more")


LINES = """covers:
  - src/a
- b.py
  - '*.sql'
  - *.sql
  - 3
  - 1e3
  - yes
  - a: b
rules:
  - security
title: A word
title: [x
covers: [a, b]
covers: src/**

# said
  covers: x
  - src/**
title: 'x
  - 2026-01-01
  - 0x1f
  - ~
  - a # b
  - .5
  - 1_000"""
FRONTS = st.lists(st.sampled_from(LINES.splitlines()), max_size=4)


@given(FRONTS)
@settings(max_examples=1_000)
def test_the_quick_reading_of_a_spec_is_that_of_yaml(lines: list[str]) -> None:
    front = "\n".join(["covers:", *lines])
    quick = specs._plain(front)
    if quick is not None:
        whole = yaml.safe_load(front) or {}
        assert {key: whole.get(key) or [] for key in quick} == quick


GLOBS = r"""src/ /src src/auth/** *.py a/*/c src/a?th/x.py !src/auth **/auth/ [s]rc/x \src/a auth
  src//auth src/auth/x.py /a/ //a . * a**/b src/auth/* b/c"""
PATTERNS = st.lists(st.sampled_from(GLOBS.split()), min_size=1, max_size=3)
PATHS = ["src/auth/x.py", "src/x", "a/b/c", "x.py", "auth/y", "src", "b/c/a", "a/src/auth/x.py"]


@given(PATTERNS, st.lists(st.sampled_from(PATHS), min_size=1, max_size=3))
@settings(max_examples=500)
def test_a_glance_never_misses_what_a_look_would_find(
    patterns: list[str], paths: list[str]
) -> None:
    is_named = any(matches(patterns, path) for path in paths)
    assert Prefilter(paths).may_match(patterns) or not is_named


@given(PATTERNS, st.sampled_from(PATHS))
@settings(max_examples=500)
def test_what_is_skipped_by_its_beginning_is_not_named(patterns: list[str], path: str) -> None:
    whole = pathspec.GitIgnoreSpec.from_lines(patterns)
    assert matches(patterns, path) is bool(whole.match_file(path))


@pytest.mark.parametrize("pattern", ["", "/", "#", " a", "a ", "[b-a]", "x[z-#]"])
def test_a_pattern_that_names_nothing_is_refused(pattern: str) -> None:
    assert bad_pattern(pattern)


def test_a_glance_passes_over_what_is_elsewhere() -> None:
    glance = Prefilter(["src/auth/x.py"])
    assert not glance.may_match(["src/auth/y.py", "src/a", "lib/*", "x", "!src/auth/x.py"])
