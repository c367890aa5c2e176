"""Templates of missions: what they ask, what is refused, and what a stack trace leads to."""

from pathlib import Path

import pytest

from missioncontrol.application.templates import Templates, built_in, parsed
from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.domain.stack_trace import read_trace
from missioncontrol.domain.template import Grounds, filled
from missioncontrol.specialists.planner.kinds import kinds

PYTHON = """Traceback (most recent call last):
  File "/srv/venv/lib/python3.12/site-packages/werkzeug/serving.py", line 370, in run_wsgi
    execute(self.server.app)
  File "/srv/venv/lib/python3.12/site-packages/flask/app.py", line 1536, in __call__
    return self.wsgi_app(environ, start_response)
  File "/srv/venv/lib/python3.12/site-packages/flask/sessions.py", line 337, in open_session
    data = s.loads(val, max_age=max_age)
  File "/srv/venv/lib/python3.12/site-packages/itsdangerous/timed.py", line 100, in loads
    raise BadTimeSignature("Malformed timestamp")
itsdangerous.exc.BadTimeSignatureError: Malformed timestamp
"""
NODE = """TypeError: Cannot read properties of undefined (reading 'id')
    at render (/app/src/cart.js:12:9)
    at Object.<anonymous> (/app/node_modules/express/lib/router.js:44:3)
    at file:///app/src/server.js:80:5
"""
JAVA = """Exception in thread "main" java.lang.IllegalStateException: closed
\tat org.acme.shop.Cart.total(Cart.java:41)
\tat org.acme.shop.Main.main(Main.java:9)
"""
GO = """panic: runtime error: index out of range
goroutine 1 [running]:
main.total(0x0, 0x1)
\t/app/cart/cart.go:17 +0x1d
main.main()
\t/app/main.go:8 +0x2
"""
RUBY = "lib/cart.rb:7:in `total': nothing (ArgumentError)\n\tfrom bin/shop.rb:3:in `<main>'\n"
FLASK = frozenset({"src/flask/app.py", "src/flask/sessions.py", "tests/test_app.py"})


@pytest.mark.parametrize(
    ("text", "files", "error", "places"),
    [
        (
            PYTHON,
            FLASK,
            "itsdangerous.exc.BadTimeSignatureError: Malformed timestamp",
            ["src/flask/sessions.py:337", "src/flask/app.py:1536"],
        ),
        (
            NODE,
            frozenset({"src/cart.js", "src/server.js"}),
            "TypeError: Cannot read properties of undefined (reading 'id')",
            ["src/cart.js:12", "src/server.js:80"],
        ),
        (
            JAVA,
            frozenset({"src/main/java/org/acme/shop/Cart.java"}),
            "",
            ["src/main/java/org/acme/shop/Cart.java:41"],
        ),
        (GO, frozenset({"cart/cart.go", "main.go"}), "", ["cart/cart.go:17", "main.go:8"]),
        (RUBY, frozenset({"lib/cart.rb"}), "", ["lib/cart.rb:7"]),
        ("no trace at all", FLASK, "", []),
    ],
)
def test_a_trace_leads_to_the_frames_of_the_repository_innermost_first(
    text: str, files: frozenset[str], error: str, places: list[str]
) -> None:
    found = read_trace(text, files)
    assert [frame.place for frame in found.inside] == places
    if error:
        assert found.error == error


def test_an_error_that_is_called_nothing_else_is_one() -> None:
    found = read_trace('  File "flask/app.py", line 3, in run\nError: no leaves\n', FLASK)
    assert (found.error, found.kind) == ("Error: no leaves", "Error")


def test_a_trace_of_strange_length_is_bounded() -> None:
    found = read_trace(PYTHON * 2_000, FLASK)
    assert len(found.inside) <= 8


@pytest.mark.parametrize("each", built_in(), ids=lambda each: each.template.key)
def test_each_template_names_a_kind_of_work_and_gives_an_example(each: object) -> None:
    template = each.template  # type: ignore[attr-defined]
    assert template.kind in {kind.key for kind in kinds()}
    for question in template.question:
        shown = question.example or question.default or question.choices
        assert shown or not question.required, question.name


def test_a_required_question_without_an_answer_is_named() -> None:
    with pytest.raises(Rejected, match="'package': Which package"):
        Templates(None).filled("dependency-upgrade", {"target": "3"})


@pytest.mark.parametrize(
    ("key", "answers", "message"),
    [
        ("security-review", {"part": "x", "attacker": "the cat"}, "must be one of"),
        ("security-review", {"part": "x", "path": "../etc/passwd"}, "no path below"),
        ("security-review", {"part": "x" * 2_000}, "1,000"),
        ("security-review", {"part": "two\nlines"}, "more than one line"),
        ("security-review", {"part": "a\x07b"}, r"U\+0007"),
        ("security-review", {"part": "x", "colour": "red"}, "asks nothing called 'colour'"),
        ("test-coverage", {"part": "x", "cases": "\n".join(map(str, range(60)))}, "60 items"),
    ],
)
def test_an_answer_that_does_not_fit_is_refused(
    key: str, answers: dict[str, str], message: str
) -> None:
    with pytest.raises(Rejected, match=message):
        Templates(None).filled(key, answers)


def test_a_path_has_to_be_there(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.py").write_text("")
    answers = {"part": "x", "path": "src/b.py"}
    with pytest.raises(Rejected, match="does not have"):
        Templates(None).filled("security-review", answers, str(tmp_path))
    made = Templates(None).filled("security-review", answers | {"path": "src/"}, str(tmp_path))
    assert "beginning in src" in made.text


def test_lines_without_their_answer_are_left_out_and_lists_become_lines() -> None:
    made = Templates(None).filled(
        "api-design", {"resource": "tags", "operations": "list tags\n- add a tag."}
    )
    assert made.text == (
        "Add an interface for tags.\n- Let callers list tags.\n- Let callers add a tag."
    )
    assert made.kind == "api"


def test_an_answer_is_never_read_as_a_place_for_another() -> None:
    made = Templates(None).filled("removal", {"part": "{reason} and {{x}}", "reason": "secret"})
    assert made.text == "Remove {reason} and {{x}}."


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ('title = "x"\nsummary = "y"\ngoal = "z"\ncolour = "red"\n', 4, "colour"),
        ('title = "x"\nsummary = "y"\n', 1, "goal"),
        ('title = "x"\nsummary = \n', 2, "line 2"),
        ('title = "x"\nsummary = "y"\ngoal = "{who}"\n', 3, "{who} is answered by no question"),
        (
            (
                'title = "x"\nsummary = "y"\ngoal = "z"\n[[question]]\nname = "a"\ntext = "A?"\n'
                '[[question]]\nname = "b"\ntext = "B?"\ntype = "colour"\n'
            ),
            10,
            "type",
        ),
        (
            (
                'title = "x"\nsummary = "y"\ngoal = "z"\n[[question]]\nname = "a"\ntext = "A?"\n'
                'type = "choice"\n'
            ),
            4,
            "choices",
        ),
    ],
)
def test_a_bad_file_gets_one_error_with_its_line(text: str, line: int, message: str) -> None:
    with pytest.raises(Rejected) as refused:
        parsed(text, "mine")
    assert f"'mine.toml', line {line}:" in refused.value.reason
    assert message in refused.value.reason


def test_templates_of_a_home_go_before_ours(tmp_path: Path) -> None:
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "feature.toml").write_text('title = "Ours"\nsummary = "x"\ngoal = "Add x."\n')
    (folder / "onboarding.toml").write_text('title = "New"\nsummary = "x"\ngoal = "Add y."\n')
    found = Templates(tmp_path)
    assert found.get("feature").template.title == "Ours"
    assert found.get("onboarding").is_own
    assert len(found.all()) == len(built_in()) + 1
    with pytest.raises(NotFound, match="'nothing'"):
        found.get("nothing")


def test_a_trace_without_a_repository_still_makes_a_goal() -> None:
    template = Templates(None).get("bug-from-stack-trace").template
    made = filled(template, {"trace": PYTHON}, Grounds())
    assert made.text.startswith("Fix the BadTimeSignatureError that the trace shows.")
    assert made.begins == ()
