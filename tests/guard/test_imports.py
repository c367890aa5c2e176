import pytest

from missioncontrol.guard.imports import imports_of, is_built_in, is_import_of, package_of


@pytest.mark.parametrize(
    ("path", "text", "modules"),
    [
        ("a.py", "import os, yaml.nodes\nfrom x.y import z\n", ["os", "yaml.nodes", "x.y"]),
        ("p/q/a.py", "from . import b\nfrom ..c import d\n", ["p/q", "p/c"]),
        ("a.py", "def f():\n    import late\n", ["late"]),
        ("a.py", "this is no python", []),
        ("a.ts", "import x from 'left';\nimport './style.css'\n", ["left", "style.css"]),
        ("w/a.js", "const y = require('@s/pkg/deep');\nimport('../v')\n", ["@s/pkg/deep", "v"]),
        ("a.tsx", "export { a } from '@/inner/b'\n", ["@/inner/b"]),
        ("a.rs", "use std::io;\n", []),
    ],
)
def test_imports_are_read(path: str, text: str, modules: list[str]) -> None:
    assert [each.module for each in imports_of(path, text)] == modules


def test_an_import_is_at_its_line() -> None:
    found = imports_of("a.ts", "// one\nimport x\n  from 'left'\nimport 'right'\n")
    assert [(each.module, each.line) for each in found] == [("left", 3), ("right", 4)]


@pytest.mark.parametrize(
    ("module", "package"),
    [("yaml.nodes", "yaml"), ("@a/b/c", "@a/b"), ("lodash/get", "lodash"), ("os", "os")],
)
def test_a_module_is_of_a_package(module: str, package: str) -> None:
    assert package_of(module) == package


def test_what_a_language_brings_along_is_no_package() -> None:
    assert is_built_in("a.py", "os.path")
    assert is_built_in("a.js", "node:fs")
    assert is_built_in("a.js", "crypto")
    assert not is_built_in("a.py", "crypto")


@pytest.mark.parametrize(
    ("path", "other", "text", "is_it"),
    [
        ("src/shop/cart.py", "src/web/a.py", "from shop.cart import add", True),
        ("src/shop/cart.py", "src/web/a.py", "from shop import cart", True),
        ("src/shop/cart.py", "src/shop/a.py", "from . import cart", True),
        ("src/shop/__init__.py", "src/web/a.py", "import shop", False),  # one word says too little
        ("src/shop/cart.py", "src/web/a.py", "from other import cart", False),
        ("src/shop/cart.py", "src/other/a.py", "from . import cart", False),
        ("lib/cart.ts", "lib/a.ts", "import { x } from './cart'", True),
        ("lib/cart/index.ts", "lib/a.ts", "import { x } from './cart'", True),
        ("lib/cart.ts", "web/a.ts", "import { x } from '@/lib/cart'", True),
        ("lib/cart.ts", "web/a.ts", "import { x } from './cart'", False),
    ],
)
def test_who_imports_a_file(path: str, other: str, text: str, is_it: bool) -> None:
    assert any(is_import_of(path, each) for each in imports_of(other, text)) is is_it
