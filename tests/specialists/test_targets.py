"""The pack shows what is to be changed from end to end, and the tests of just that."""

import pytest

from missioncontrol.specialists.writer.excerpts import excerpt
from missioncontrol.specialists.writer.pack import Reading
from missioncontrol.specialists.writer.pack_text import lines_of_reading
from missioncontrol.specialists.writer.parts import Part, lines_of, parts_of
from missioncontrol.specialists.writer.places import Place, Scene
from missioncontrol.specialists.writer.targets import called_by, constructors, own_tests, targets

LONG = "\n".join(f"        step_{number}()" for number in range(100))
ROUTES = f"""class Route:
    def load(self): ...


class App:
    def route(self, path):
        self.add(path)
        helper(path)
{LONG}

    def add(self, path): ...

    def load(self): ...


def helper(path): ...
"""
TESTS = """from routes import App, Route


class TestRoute:
    def test_load(self):
        assert Route().load()


class TestRouter:
    def test_lots(self):
        assert App()


class TestApp:
    def setUp(self):
        self.app = App()

    def test_twice(self):
        self.app.route("/a")

    def test_route_is_kept(self):
        self.app.route("/b")

    def call_route(self):
        self.app.route("/d")

    def test_other(self):
        self.app.add("/c")
"""


def parts(text: str, path: str = "routes.py") -> list[Part]:
    return parts_of(path, text, "Python")


def scene(text: str, *wanted: Part) -> Scene:
    texts = {"routes.py": tuple(lines_of(text))}
    return Scene((), {}, (), texts, (), (), "", 1, 0, "", (), (), wanted)


def place(text: str) -> Place:
    return Place("routes.py", "Python", 9, "code", "changed", "", None, tuple(parts(text)))


@pytest.mark.parametrize(
    ("quoted", "at", "found"),
    [
        pytest.param(["App.route"], (), ["App.route"], id="a member"),
        pytest.param(["Route"], (), ["Route"], id="a class"),
        pytest.param(["load"], (), ["Route.load", "App.load"], id="a name of two"),
        pytest.param(["nobody"], (6,), ["App.route"], id="where the plan begins"),
        pytest.param(["helper(path)"], (), ["helper"], id="a call"),
    ],
)
def test_what_the_goal_quotes_is_to_be_changed(
    quoted: list[str], at: tuple[int, ...], found: list[str]
) -> None:
    assert [part.title for part in targets(parts(ROUTES), quoted, at)] == found


def test_of_overloads_the_one_with_the_body_is_meant() -> None:
    text = (
        "class A:\n    def get(self): ...\n    def get(self, key):\n        a()\n        return 1\n"
    )
    assert [part.start for part in targets(parts(text), ["A.get"], ())] == [3]


def test_what_is_to_be_changed_is_shown_to_its_end() -> None:
    (route,) = targets(parts(ROUTES), ["App.route"], ())
    shown = excerpt(route, place(ROUTES), scene(ROUTES, route), lines_max=50, whole=True)
    assert (shown.start, shown.end, shown.more) == (6, 108, 0)
    cut = excerpt(route, place(ROUTES), scene(ROUTES), lines_max=50, whole=True)
    assert (cut.end, cut.more) == (55, 53)


def test_of_a_class_that_is_too_long_the_members_left_out_are_named_with_their_lines() -> None:
    members = "".join(f"    def step_{n}(self):\n" + "        pass\n" * 40 for n in range(10))
    text = f'class Long:\n    """Head."""\n\n    size = 1\n\n{members}'
    found = parts(text)
    shown = excerpt(found[0], place(text), scene(text, found[0]), lines_max=50, whole=True)
    assert (shown.end, shown.left_out[0]) == (4, "`step_0` (6-46)")
    reading = Reading(
        "E1", "routes.py", 1, 4, "Long", "Why", (), "Python", "", shown.more, shown.left_out
    )
    notes = "\n".join(lines_of_reading(reading))
    assert "lines 5 to 415 of `routes.py` left out here: `step_0` (6-46), `step_1` (47-87)" in notes


def test_its_tests_are_known_by_call_and_name_and_by_whose_it_is() -> None:
    (route,) = targets(parts(ROUTES), ["App.route"], ())
    found = own_tests(
        [route], parts(TESTS, "test_routes.py"), lines_of(TESTS), {}, {"route", "app"}
    )
    assert [part.title for _, part in found] == ["TestApp.test_route_is_kept", "TestApp.test_twice"]


def test_what_it_calls_in_its_own_class_and_file_is_worth_reading() -> None:
    (route,) = targets(parts(ROUTES), ["App.route"], ())
    found = called_by(route, parts(ROUTES), lines_of(ROUTES))
    assert [part.title for part in found] == ["App.add", "helper"]


def test_a_constructor_is_meant_where_its_class_and_a_parameter_are_named() -> None:
    text = (
        "class Store:\n    def __init__(\n        self, path, encoding: str = 'utf-8', **more\n"
        "    ):\n        self.path = path\n\n\n"
        "class Other:\n    def __init__(self, encoding):\n        pass\n"
    )
    parts, lines = parts_of("store.py", text, "Python"), lines_of(text)
    goal = "Let Store refuse an unknown encoding"
    assert [each.title for each in constructors(parts, goal, lines)] == ["Store.__init__"]
    assert constructors(parts, "Let Store refuse a mode", lines) == []
