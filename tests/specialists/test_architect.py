"""The architect reads modules, imports, cycles and layers out of real files."""

import json
import subprocess
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from missioncontrol.domain.work import Work
from missioncontrol.ports.agent import AttemptFailed
from missioncontrol.specialists.architect import Architect
from missioncontrol.specialists.architect.python_statements import statements, top_statements
from missioncontrol.specialists.specialist import Brief
from missioncontrol.testing.local_workspace import LocalDesk

SHOP = {
    "src/shop/__init__.py": "from .orders import Order\n",
    "src/shop/orders.py": (
        "from typing import TYPE_CHECKING\n"
        "from . import prices\n"
        "if TYPE_CHECKING:\n"
        "    from .mail import Letter\n"
        "class Order:\n"
        "    def total(self):\n"
        "        return prices.PRICE\n"
    ),
    "src/shop/prices.py": "import json\nPRICE = json.loads('1')\n",
    "src/shop/mail.py": "from shop.orders import Order\nclass Letter: ...\n",
    "src/shop/unused.py": "VALUE = 1\n",
    "tests/test_orders.py": "from shop.orders import Order\n",
}


def repository(directory: Path, files: dict[str, str]) -> Path:
    root = directory / "repository"
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    root.mkdir(exist_ok=True)
    return root


def studied(tmp_path: Path, root: Path, goal: str = "Round order totals") -> tuple[Work, Path]:
    out = tmp_path / "out"
    desk = LocalDesk(out)
    brief = Brief(goal, goal, (), "", root, None, None, {}, 60.0)
    return Architect().work(brief, desk), out


def told(out: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((out / "architecture.json").read_text())
    return found


def test_imports_are_found_with_their_lines_and_the_time_they_happen(tmp_path: Path) -> None:
    _, out = studied(tmp_path, repository(tmp_path, SHOP))
    imports = told(out)["imports"]
    assert isinstance(imports, list)
    seen = {(e["source"], e["target"]): (e["line"], e["when"]) for e in imports}
    assert seen == {
        ("src/shop/__init__.py", "src/shop/orders.py"): (1, "load"),
        ("src/shop/orders.py", "src/shop/prices.py"): (2, "load"),
        ("src/shop/orders.py", "src/shop/mail.py"): (4, "typing"),
        ("src/shop/mail.py", "src/shop/orders.py"): (1, "load"),
    }


def test_an_import_for_types_only_makes_no_cycle(tmp_path: Path) -> None:
    work, _ = studied(tmp_path, repository(tmp_path, SHOP))
    assert work.findings == ()
    assert "no import cycle while loading" in work.summary


def test_a_cycle_is_a_finding_with_the_lines_that_make_it(tmp_path: Path) -> None:
    files = {**SHOP, "src/shop/prices.py": "import json\nfrom shop.mail import Letter\n"}
    work, _ = studied(tmp_path, repository(tmp_path, files))
    assert [finding.rule for finding in work.findings] == ["architect.import-cycle"]
    finding = work.findings[0]
    assert "src/shop/prices.py:2 `from shop.mail import Letter`" in finding.detail
    assert "src/shop/orders.py:2 `from . import prices`" in finding.detail
    assert finding.severity == "medium"  # The goal is about one of its modules.


def test_a_cycle_broken_by_an_import_inside_a_function_is_told_apart(tmp_path: Path) -> None:
    prices = "def letter():\n    from shop.mail import Letter\n    return Letter()\n"
    files = {**SHOP, "src/shop/prices.py": prices}
    work, _ = studied(tmp_path, repository(tmp_path, files))
    assert [(f.rule, f.severity) for f in work.findings] == [("architect.deferred-cycle", "info")]
    assert (work.findings[0].path, work.findings[0].line) == ("src/shop/prices.py", 2)


def test_layers_put_each_module_above_what_it_imports(tmp_path: Path) -> None:
    _, out = studied(tmp_path, repository(tmp_path, SHOP))
    modules = told(out)["modules"]
    assert isinstance(modules, list)
    layers = {each["name"]: each["layer"] for each in modules}
    assert layers == {
        "shop.prices": 0,
        "shop.unused": 0,
        "shop.orders": 1,
        "shop": 2,
        "shop.mail": 2,
    }


def test_the_surroundings_of_the_goal_name_importers_and_tests(tmp_path: Path) -> None:
    _, out = studied(tmp_path, repository(tmp_path, SHOP))
    text = (out / "architecture.md").read_text()
    assert "- **`src/shop/orders.py`**" in text
    assert "imported by `src/shop/__init__.py`, `src/shop/mail.py`" in text
    assert "imported directly by the tests `tests/test_orders.py`" in text


def test_every_fact_points_at_its_value_in_the_json(tmp_path: Path) -> None:
    work, out = studied(tmp_path, repository(tmp_path, SHOP))
    for fact in work.facts:
        assert fact.artifact == "architecture.json"
        value: object = told(out)
        for part in fact.pointer.split("/")[1:]:
            value = value[int(part)] if isinstance(value, list) else value[part]  # type: ignore[index]
        assert fact.value == (value["importers"] if isinstance(value, dict) else value)


def test_a_package_that_is_loaded_here_is_read_from_the_checkout(tmp_path: Path) -> None:
    files = {"missioncontrol/__init__.py": "", "missioncontrol/only_here.py": "import os\n"}
    _, out = studied(tmp_path, repository(tmp_path, files), "Change only_here")
    modules = told(out)["modules"]
    assert isinstance(modules, list)
    assert [each["name"] for each in modules] == ["missioncontrol", "missioncontrol.only_here"]


def test_the_code_is_never_run(tmp_path: Path) -> None:
    trap = "raise SystemExit('the code was imported')\n"
    files = {"trap/__init__.py": trap, "trap/inner.py": f"import trap\n{trap}"}
    work, _ = studied(tmp_path, repository(tmp_path, files))
    assert work.summary.startswith("2 modules")


def test_a_file_that_does_not_parse_is_named_and_the_rest_is_read(tmp_path: Path) -> None:
    files = {**SHOP, "src/shop/broken.py": "def (:\n"}
    _, out = studied(tmp_path, repository(tmp_path, files))
    text = (out / "architecture.md").read_text()
    assert "src/shop/broken.py does not parse (line 1)" in text
    assert len(told(out)["imports"]) == 4  # type: ignore[arg-type]


def test_a_directory_without_init_inside_a_package_belongs_to_it(tmp_path: Path) -> None:
    files = {
        "app/__init__.py": "",
        "app/plain/core.py": "X = 1\n",
        "app/main.py": "from .plain.core import X\n",
    }
    _, out = studied(tmp_path, repository(tmp_path, files))
    modules = told(out)["modules"]
    assert isinstance(modules, list)
    assert "app.plain.core" in [each["name"] for each in modules]
    assert len(told(out)["imports"]) == 1  # type: ignore[arg-type]


def test_loose_files_import_their_neighbours(tmp_path: Path) -> None:
    files = {"app.py": "import models\nfrom models import User\n", "models.py": "class User: ...\n"}
    _, out = studied(tmp_path, repository(tmp_path, files))
    imports = told(out)["imports"]
    assert isinstance(imports, list)
    assert {(e["source"], e["target"]) for e in imports} == {("app.py", "models.py")}


def test_javascript_requires_and_imports_are_followed(tmp_path: Path) -> None:
    files = {
        "index.js": "module.exports = require('./lib/express')\n// require('./lib/gone')\n",
        "lib/express.js": "import view from './view.js'\nexport * from './util'\n",
        "lib/view.js": "const text = 'http://x' // require('./util')\nawait import('./util')\n",
        "lib/util/index.ts": "import type { View } from '../view'\n",
    }
    _, out = studied(tmp_path, repository(tmp_path, files))
    imports = told(out)["imports"]
    assert isinstance(imports, list)
    assert {(e["source"], e["target"], e["line"], e["when"]) for e in imports} == {
        ("index.js", "lib/express.js", 1, "load"),
        ("lib/express.js", "lib/view.js", 1, "load"),
        ("lib/express.js", "lib/util/index.ts", 2, "load"),
        ("lib/view.js", "lib/util/index.ts", 2, "deferred"),
        ("lib/util/index.ts", "lib/view.js", 1, "typing"),
    }


def test_go_packages_are_directories(tmp_path: Path) -> None:
    files = {
        "go.mod": "module example.org/shop\n\ngo 1.22\n",
        "main.go": 'package main\n\nimport (\n\t"fmt"\n\tp "example.org/shop/prices"\n)\n',
        "prices/prices.go": "package prices\n",
    }
    _, out = studied(tmp_path, repository(tmp_path, files))
    imports = told(out)["imports"]
    assert isinstance(imports, list)
    assert [(e["source"], e["target"], e["file"], e["line"]) for e in imports] == [
        (".", "prices", "main.go", 5)
    ]


def test_other_languages_are_shown_as_directories_and_it_says_so(tmp_path: Path) -> None:
    files = {"src/main.rs": "mod util;\nfn main() {}\n", "src/util/mod.rs": "pub fn f() {}\n"}
    work, out = studied(tmp_path, repository(tmp_path, files))
    assert work.summary == "2 modules with 3 lines; no import between two of them was found."
    assert "Rust: directories and their lines only" in (out / "architecture.md").read_text()


def test_an_empty_repository_has_no_modules_and_no_invented_ones(tmp_path: Path) -> None:
    work, out = studied(tmp_path, repository(tmp_path, {}))
    assert work.summary.startswith("No code file of a product was found")
    assert ET.parse(out / "modules.svg").getroot().tag.endswith("svg")


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    root = repository(tmp_path, SHOP)
    first, _ = studied(tmp_path / "a", root)
    second, _ = studied(tmp_path / "b", root)
    assert first == second


def test_nothing_is_written_into_the_repository(tmp_path: Path) -> None:
    root = repository(tmp_path, SHOP)
    before = sorted(path.name for path in root.rglob("*"))
    studied(tmp_path, root)
    assert sorted(path.name for path in root.rglob("*")) == before


def test_links_out_of_the_repository_are_not_followed(tmp_path: Path) -> None:
    root = repository(tmp_path, SHOP)
    outside = tmp_path / "outside.py"
    outside.write_text("import shop\n")
    (root / "src/shop/link.py").symlink_to(outside)
    (root / "src/shop/loop").symlink_to(root / "src")
    subprocess.run(["git", "init", "-q"], cwd=root, check=True)
    _, out = studied(tmp_path, root)
    assert "link.py" not in (out / "architecture.json").read_text()


def test_the_drawing_is_whole_and_bounded_for_a_large_repository(tmp_path: Path) -> None:
    files = {
        f"pkg/part{part}/m{number}.py": f"from pkg.part{part}.m{number + 1} import X\nX = 1\n"
        for part in range(12)
        for number in range(8)
    }
    files |= {f"pkg/part{part}/m8.py": "X = 1\n" for part in range(12)}
    files |= {f"pkg/part{part}/__init__.py": "" for part in range(12)} | {"pkg/__init__.py": ""}
    _, out = studied(tmp_path, repository(tmp_path, files))
    drawing = ET.parse(out / "modules.svg").getroot()
    boxes = [each for each in drawing.iter() if each.tag.endswith("rect")]
    assert len(boxes) < 40
    assert "directories" in (out / "modules.svg").read_text()
    assert (out / "modules.mmd").read_text().startswith("flowchart TB")


def test_boxes_of_one_row_never_overlap(tmp_path: Path) -> None:
    files = {"pkg/__init__.py": "", "pkg/base.py": ""}
    files |= {f"pkg/a_rather_long_name_{n}.py": "from . import base\n" for n in range(30)}
    _, out = studied(tmp_path, repository(tmp_path, files))
    rows: dict[str, list[tuple[float, float]]] = {}
    for each in ET.parse(out / "modules.svg").getroot().iter():
        if (
            each.tag.endswith("rect")
            and each.get("class", "").startswith("d-box")
            and each.get("rx") == "4.0"
        ):
            left = float(each.get("x", ""))
            rows.setdefault(each.get("y", ""), []).append(
                (left, left + float(each.get("width", "")))
            )
    assert sum(len(row) for row in rows.values()) == 32
    for row in rows.values():
        ordered = sorted(row)
        assert all(a[1] < b[0] for a, b in pairwise(ordered))


def test_without_a_repository_it_is_refused_by_name(tmp_path: Path) -> None:
    brief = Brief("Write", "Write", (), "", None, None, None, {}, 10.0)
    with pytest.raises(AttemptFailed) as refusal:
        Architect().work(brief, LocalDesk(tmp_path / "out"))
    assert refusal.value.code == "architect.no_repository"


def test_a_scanner_that_breaks_down_does_not_end_the_study(tmp_path: Path) -> None:
    dots = "from ........far import thing\n"
    files = {"shop/__init__.py": "", "shop/a.py": "from shop import b\n", "shop/b.py": dots}
    work, out = studied(tmp_path, repository(tmp_path, files))
    assert "grimp gave up (Panic)" in (out / "architecture.md").read_text()
    assert {fact.label: fact.value for fact in work.facts}["Modules of the product"] == 3


@pytest.mark.parametrize(
    "text",
    [
        "import os\nfrom a.b import (  # why\n    c,\n    d as e,\n)\n\n\ndef f():\n    return c\n",
        'from a import b, \\\n    c\n"""Words.\n\n    from here on\n"""\nimport x, y\n',
        "X = '''\n'''\nimport z  # (late\n\n\nclass A:\n    pass\n",
    ],
)
def test_imports_at_the_top_are_read_as_a_parser_reads_them(text: str) -> None:
    assert top_statements(text) == statements(text) != []


@pytest.mark.parametrize(
    "text",
    [
        "def f():\n    import os\n",
        "if TYPE_CHECKING:\n    from a import b\n",
        "try:\n    from .a import \\\n        b\nexcept ImportError: import c\n",
        'USAGE = """\nimport shop\n"""\n',
    ],
)
def test_a_file_with_imports_elsewhere_is_left_to_the_parser(text: str) -> None:
    assert top_statements(text) is None
