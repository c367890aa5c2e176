"""Names that a file hands on: who imports them there imports what makes them."""

from pathlib import Path

import pytest

from missioncontrol.guard.imports import (
    EVERY_NAME,
    dropped_reexports,
    imports_any,
    reexported_from,
    reexports_of,
)
from tests.guard.test_guarding import changed, findings

INIT = 'from ._impl import Client, helper as help_me\n__all__ = ["Client", "help_me"]\n'
IMPL = (
    "class Client:\n    def get(self, path): ...\n\n\n"
    "class Hidden:\n    def get(self, path): ...\n\n\ndef helper(a): ...\n"
)


@pytest.mark.parametrize(
    ("path", "text", "names"),
    [
        ("src/pkg/__init__.py", INIT, {"Client": "Client", "help_me": "helper"}),
        ("src/pkg/__init__.py", "from pkg._impl import Client as C\n", {"C": "Client"}),
        ("src/pkg/__init__.py", "from ._impl import *\n", {EVERY_NAME: EVERY_NAME}),
        ("src/pkg/__init__.py", "from .other import Client\nimport os\n", {}),
        ("src/pkg/api.py", "from ._impl import Client\n", {}),
        (
            "src/pkg/api.py",
            "from ._impl import Client\n__all__ = ['Client']\n",
            {"Client": "Client"},
        ),
        ("src/pkg/__init__.py", "def broken(:\n", {}),
        ("src/pkg/inner/__init__.py", "from .._impl import Client\n", {}),
    ],
)
def test_python_hands_on_what_it_imports_and_lists(
    path: str, text: str, names: dict[str, str]
) -> None:
    assert reexported_from("src/pkg/_impl.py", reexports_of(path, text)) == names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("export * from './impl'", {EVERY_NAME: EVERY_NAME}),
        ("export * as impl from './impl.js';", {"impl": EVERY_NAME}),
        ("export { a, type B, c as d } from './impl';", {"a": "a", "B": "B", "d": "c"}),
        ("export { a } from 'impl';\nexport { b };", {}),
    ],
)
def test_scripts_hand_on_what_they_export_from(text: str, names: dict[str, str]) -> None:
    assert reexported_from("src/impl.ts", reexports_of("src/index.ts", text)) == names


def test_only_names_that_are_handed_on_are_followed() -> None:
    given = {"help_me": "helper"}
    at = "src/pkg/__init__.py"
    assert imports_any("src/app.py", "from pkg import help_me\n", at, given)
    assert not imports_any("src/app.py", "from pkg import Client\n", at, given)
    assert imports_any("lib/app.py", "from src.pkg import help_me\n", at, given)
    assert not imports_any("lib/app.py", "from src.pkg import other\n", at, given)
    index = "web/lib/index.ts"
    assert imports_any("web/a.ts", "import { a } from './lib/index';", index, {"a": "a"})
    assert not imports_any("web/a.ts", "import { b } from './lib/index';", index, {"a": "a"})
    assert imports_any("web/a.ts", "const lib = require('./lib/index');", index, {"a": "a"})


def test_what_a_package_gives_no_more_is_named() -> None:
    after = "from ._impl import Client\n"
    assert dropped_reexports("src/pkg/__init__.py", INIT, after) == ["help_me"]
    assert dropped_reexports("src/pkg/__init__.py", INIT, f"{after}def help_me(): ...\n") == []
    assert dropped_reexports("src/pkg/__init__.py", INIT, "from ._impl import *\n") == []


def test_a_method_of_a_private_module_is_public_by_the_name_it_is_handed_on_under(
    tmp_path: Path,
) -> None:
    before = {"src/pkg/__init__.py": INIT, "src/pkg/_impl.py": IMPL}
    after = {"src/pkg/_impl.py": IMPL.replace("get(self, path)", "get(self, path, body)")}
    [found] = findings(changed(tmp_path, before, after))["public-interface"]
    assert found[0] == "src/pkg/_impl.py"
    assert found[2].startswith("`Client.get` needs `body`;")


def test_a_service_that_imports_a_handed_on_name_imports_what_makes_it(tmp_path: Path) -> None:
    before = {
        "services/a/billing/__init__.py": "from .rates import RATE\nfrom .other import X\n",
        "services/a/billing/rates.py": "RATE = 1\n",
        "services/a/billing/other.py": "X = 1\n",
        "services/b/shop/web.py": "from a.billing import RATE\n",
        "services/c/shop/web.py": "from a.billing import X\n",
    }
    after = {"services/a/billing/rates.py": "RATE = 2\n"}
    [found] = findings(changed(tmp_path, before, after))["cross-service"]
    assert found[2].startswith("is imported by services/b/shop/web.py of services/b;")
