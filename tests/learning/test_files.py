"""What files teach: settings of linters and of agents, and templates of files that repeat."""

import pytest

from missioncontrol.domain.errors import MissionControlError
from missioncontrol.domain.learned import Learned, LibraryPattern, Pattern, PatternKind
from missioncontrol.learning.declared_settings import (
    agent_settings,
    declared,
    section_of,
    without_secrets,
)
from missioncontrol.learning.extraction import from_files
from missioncontrol.learning.fixtures import cases_of
from missioncontrol.learning.proposals import proposed
from missioncontrol.learning.relevance import bearing
from missioncontrol.ports.history import TextFile

RUFF = "[tool.ruff]\nline-length = 90\n\n[tool.ruff.lint]\nselect = ['E']\n"
MANIFEST = f"[project]\nname = 'x'\n\n{RUFF}\n[tool.other]\na = 1\n"
HANDLER = """\
from app import register


@register("{name}")
class Handler:
    kind = "{name}"

    def handle(self, request):
        return {body}
"""


def handlers() -> list[TextFile]:
    bodies = {"add": "request.a + 1", "drop": "None", "move": "request.to(self)"}
    return [
        TextFile(f"app/handlers/{name}.py", HANDLER.format(name=name, body=body))
        for name, body in bodies.items()
    ]


def taught(*files: TextFile) -> list[Pattern]:
    return list(from_files(files, "/repo", "c0ffee"))


def refusal(pattern: Pattern, *files: TextFile, name: str = "", there: bool = False) -> str:
    with pytest.raises(MissionControlError) as refused:
        proposed(pattern, files, name, lambda _: there)
    return refused.value.code


def test_tables_of_a_linter_are_taken_with_those_below_them() -> None:
    assert section_of(MANIFEST, "tool.ruff") == RUFF
    [(rule, line)] = declared([TextFile("pyproject.toml", MANIFEST)])
    assert (rule.tool, rule.section, line) == ("ruff", "tool.ruff", 4)
    assert [rule.tool for rule, _ in declared([TextFile(".eslintrc.json", "{}")])] == ["eslint"]
    assert list(declared([TextFile("sub/ruff.toml", "a = 1"), TextFile("ruff.toml", " ")])) == []


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ('api_key = "abcdef123456"', 'api_key = "(left out)"'),
        ('{"env": {"GITHUB_TOKEN": "abcdef123456"}}', '{"env": {"GITHUB_TOKEN": "(left out)"}}'),
        ("Authorization: Bearer abcdefgh123", "Authorization: (left out)"),
        ("use sk-abcdefghijklmnop1234", "use (left out)"),
        ('token = "$GITHUB_TOKEN"', 'token = "$GITHUB_TOKEN"'),
        ("Keep secrets out of the log.", "Keep secrets out of the log."),
    ],
)
def test_what_looks_like_a_secret_is_left_out(text: str, left: str) -> None:
    assert without_secrets(text)[0] == left
    assert without_secrets(left) == (left, 0)


def test_settings_of_agents_wherever_tools_look_for_them() -> None:
    places = ["AGENTS.md", "sub/AGENTS.md", ".mcp.json", ".codex/config.toml", "README.md"]
    found = [each.path for each in agent_settings([TextFile(path, "x\n") for path in places])]
    assert found == places[:-1]


def test_files_of_one_kind_are_a_template_that_makes_each_of_them_again() -> None:
    [template] = taught(*handlers())
    assert template.title == "a file app/handlers/*.py"
    assert [case.passed for case in cases_of(template)] == [True] * 3
    [made] = proposed(template, (), "merge", lambda _: False).proposals
    assert (made.path, made.before) == ("app/handlers/merge.py", None)
    assert 'kind = "merge"' in made.after
    assert refusal(template) == "pattern.no_name"
    assert refusal(template, name="../x") == "pattern.bad_name"
    assert refusal(template, name="merge", there=True) == "pattern.there_already"


def test_files_that_have_little_in_common_are_no_template() -> None:
    other = [TextFile(f"a/{n}.py", f"x = {n}\n" * 9) for n in range(5)]
    assert taught(*other, *handlers()[:2]) == []


def test_settings_are_added_where_there_are_none_and_never_written_over() -> None:
    [rule] = taught(TextFile("pyproject.toml", MANIFEST))
    bare = TextFile("pyproject.toml", "[project]\nname = 'y'\n")
    [made] = proposed(rule, [bare], "", lambda _: True).proposals
    assert made.after == f"{bare.text}\n{RUFF}"
    assert proposed(rule, [TextFile("pyproject.toml", made.after)], "", lambda _: True) == (
        proposed(rule, [TextFile("pyproject.toml", MANIFEST)], "", lambda _: True)
    )
    other = TextFile("pyproject.toml", MANIFEST.replace("90", "120"))
    assert refusal(rule, other) == "pattern.there_already"
    assert refusal(rule, there=True) == "pattern.there_already"


def kept(title: str, kind: PatternKind = "codemod", repository: str = "/repo") -> LibraryPattern:
    learned = Learned(f"{kind}-{title}", kind, "python", title, title, repository, "ab" * 32, 3, 3)
    return LibraryPattern(learned, 1, "active", 1.0)


def test_a_planner_is_told_what_the_goal_names_and_no_more() -> None:
    library = [
        kept("self.assertEquals → self.assertEqual"),
        kept("urllib.quote → urllib.parse.quote"),
        kept("test: make check", "command", "/elsewhere"),
        kept("old_call must not come back", "rule"),
    ]
    patterns = bearing(library, "Replace assertEquals in the suite", "/repo")
    assert [each.item for each in patterns] == ["codemod-self.assertEquals → self.assertEqual"]
    assert "mission pattern apply" in patterns[0].text
    assert bearing(library, "Replace assertEquals", "/other") == ()
    assert len(bearing(library, "urllib quote and parse", "/other")) == 1
    assert bearing(library, "Run make check", "/repo") == ()
    many = [kept(f"name{n} old_call → call") for n in range(50)]
    assert len(bearing(many, "Replace old_call", "/repo")) == 6
