"""Which changes are held up: rules, services, imports and specs on real repositories."""

import asyncio
from pathlib import Path

from missioncontrol.adapters.changes import GitChanges
from missioncontrol.application.change_guard import guard
from missioncontrol.guard.verdict import Finding
from tests.agents.repositories import git, repository

NOW = 1_790_000_000.0


def findings(root: Path) -> dict[str, list[tuple[str, int, str]]]:
    git(root, "add", "-A")

    async def look() -> tuple[Finding, ...]:
        found = await guard(await GitChanges.staged(root), lambda *_: False, now=NOW)
        return found.verdict.findings

    by_rule: dict[str, list[tuple[str, int, str]]] = {}
    for each in asyncio.run(look()):
        by_rule.setdefault(each.rule, []).append((each.path, each.line, each.reason))
    return by_rule


def changed(tmp_path: Path, before: dict[str, str], after: dict[str, str]) -> Path:
    root = repository(tmp_path / "r", before)
    for name, text in after.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def rules_of(found: dict[str, list[tuple[str, int, str]]]) -> set[str]:
    return set(found)


def test_a_small_change_of_a_small_file_needs_nothing(tmp_path: Path) -> None:
    before = {"src/shop/cart.py": "def total(): return 1\n", "README.md": "# Shop\n"}
    after = {"src/shop/cart.py": "def total(): return 2\n", "README.md": "# Shop!\n"}
    assert findings(changed(tmp_path, before, after)) == {}


def test_two_services_in_one_change_are_told(tmp_path: Path) -> None:
    before = {"services/a/x.py": "A = 1\n", "services/b/y.py": "B = 1\n"}
    after = {"services/a/x.py": "A = 2\n", "services/b/y.py": "B = 2\n"}
    found = findings(changed(tmp_path, before, after))["cross-service"]
    assert found[0] == (
        "services/a/x.py",
        0,
        "changes together with services/b/y.py of services/b; no spec covers this file",
    )


def test_one_service_that_another_imports_is_told(tmp_path: Path) -> None:
    before = {
        "services/a/billing/rates.py": "RATE = 1\n",
        "services/b/web.py": "from billing.rates import RATE\n",
        "services/c/web.py": "from other.rates import RATE\n",
    }
    after = {"services/a/billing/rates.py": "RATE = 2\n"}
    [found] = findings(changed(tmp_path, before, after))["cross-service"]
    assert found[2].startswith("is imported by services/b/web.py of services/b;")


def test_a_new_library_is_told_and_a_known_one_is_not(tmp_path: Path) -> None:
    before = {"src/shop/a.py": "import httpx\n", "src/shop/b.py": "", "src/shop/c.py": ""}
    after = {
        "src/shop/b.py": "import httpx, json\nfrom shop import a\n",
        "src/shop/c.py": "import os\nimport celery.app\n",
        "tests/test_a.py": "import pytest\n",
    }
    found = findings(changed(tmp_path, before, after))
    assert found == {
        "novel-pattern": [
            (
                "src/shop/c.py",
                2,
                "imports `celery`, as nothing here did; no spec covers this file",
            )
        ]
    }


def test_a_comment_that_names_a_library_is_no_use_of_it(tmp_path: Path) -> None:
    before = {"src/a.py": "# taken from celery, some day\n", "src/b.py": ""}
    found = findings(changed(tmp_path, before, {"src/b.py": "import celery\n"}))
    assert rules_of(found) == {"novel-pattern"}


def test_a_table_that_is_altered_is_told(tmp_path: Path) -> None:
    before = {"db/schema.sql": "CREATE TABLE a (b);\n", "src/a.py": "A = 1\n"}
    after = {
        "db/schema.sql": "CREATE TABLE a (b);\nalter table a add c;\n",
        "src/a.py": "A = 'ALTER TABLE a ADD c'\n",
        "app/migrations/0002_c.py": "pass\n",
        "db/notes.sql": "select 1;\n",
    }
    found = findings(changed(tmp_path, before, after))["migration"]
    assert [(path, line) for path, line, _ in found] == [
        ("app/migrations/0002_c.py", 0),
        ("db/schema.sql", 2),
        ("src/a.py", 1),
    ]


def test_what_attackers_look_for_is_told_but_not_in_tests(tmp_path: Path) -> None:
    before = {"src/a.py": "A = 1\n", "src/b.py": "", "tests/test_a.py": "", "src/c.py": ""}
    after = {
        "src/a.py": "import subprocess\nsubprocess.run('x', shell=True)\n",
        "src/b.py": "evaluate(1)\nyaml.safe_load('')\n",
        "src/c.py": "import hmac\n",
        "tests/test_a.py": "eval('1')\n",
        "src/authors/list.py": "A = 1\n",
    }
    found = findings(changed(tmp_path, before, after))["security"]
    assert [(path, line) for path, line, _ in found] == [("src/a.py", 2), ("src/c.py", 1)]


def test_a_file_that_moves_out_of_sight_is_looked_at_where_it_was(tmp_path: Path) -> None:
    root = repository(
        tmp_path / "r", {"src/auth/login.py": "".join(f"A{n} = 1\n" for n in range(9))}
    )
    (root / "src/misc").mkdir()
    (root / "src/auth/login.py").rename(root / "src/misc/x.py")
    assert findings(root)["security"][0][0] == "src/misc/x.py"


def test_a_rule_may_look_at_who_imports_a_file(tmp_path: Path) -> None:
    rules = (
        '[rules.shared]\ntitle = "Shared by pages"\nwhy = "Pages break."\n'
        '[[rules.shared.when]]\nimported_by = ["pages/"]\n'
    )
    before = {
        ".mission/guard.toml": rules,
        "pages/home.py": "from kit import button\n",
        "kit/__init__.py": "",
        "kit/button.py": "B = 1\n",
        "kit/other.py": "O = 1\n",
    }
    after = {"kit/button.py": "B = 2\n", "kit/other.py": "O = 2\n"}
    found = findings(changed(tmp_path, before, after))
    assert [path for path, _, _ in found["shared"]] == ["kit/button.py"]


def test_the_rules_themselves_are_guarded(tmp_path: Path) -> None:
    found = findings(changed(tmp_path, {"a.py": ""}, {".mission/guard.toml": "fresh_days = 3\n"}))
    assert rules_of(found) == {"guard"}


def test_words_and_types_in_a_place_of_security_need_nothing(tmp_path: Path) -> None:
    before = {"src/auth/login.py": "def login(user): return user\n"}
    after = {"src/auth/login.py": "def login(user: str) -> str: return user  # as it is\n"}
    assert findings(changed(tmp_path, before, after)) == {}
    (tmp_path / "r/src/auth/login.py").write_text("def login(user): return None\n")
    assert rules_of(findings(tmp_path / "r")) == {"security"}


def test_a_digest_that_keeps_no_secret_needs_nothing(tmp_path: Path) -> None:
    line = "import hashlib\nTAG = hashlib.md5(b'a'{})\n"
    after = {"src/tag.py": line.format(", usedforsecurity=False")}
    assert findings(changed(tmp_path, {"a.py": ""}, after)) == {}
    (tmp_path / "r/src/tag.py").write_text(line.format(""))
    assert rules_of(findings(tmp_path / "r")) == {"security"}


def test_what_is_imported_for_types_alone_is_nothing_new(tmp_path: Path) -> None:
    typed = "import typing as t\nif t.TYPE_CHECKING:\n    import left\n"
    root = changed(tmp_path, {"a.py": ""}, {"a.py": typed})
    assert findings(root) == {}
    (root / "a.py").write_text("import left\n")
    assert rules_of(findings(root)) == {"novel-pattern"}


def test_a_module_that_others_import_has_moved(tmp_path: Path) -> None:
    root = changed(tmp_path, {"src/shop/cart.py": "def total(): return 1\n" * 9}, {})
    (root / "src/shop/cart.py").rename(root / "src/shop/basket.py")
    [found] = findings(root)["public-interface"]
    assert found[2].startswith("is no more at src/shop/cart.py")
