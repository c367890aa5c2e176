"""What the surveyor reads of how a repository is run, what it stores, and how it is worked on."""

import json
from pathlib import Path
from typing import Any

from missioncontrol.specialists.specialist import Brief
from missioncontrol.specialists.surveyor import Surveyor
from missioncontrol.testing.local_workspace import LocalDesk

PYPROJECT = """[project]
name = "shop"
version = "1.2.0"
requires-python = ">=3.11"
dependencies = ["flask>=3"]
[project.scripts]
shop = "shop.cli:main"
[tool.ruff]
[tool.pytest.ini_options]
"""
COMPOSE = """services:
  web:
    build: .
    ports: ["8000:80"]
    depends_on:
      - db
  db:
    image: postgres:16
"""
DOCKERFILE = "FROM python:3.12-slim\nCOPY . /app\nEXPOSE 80\nCMD shop serve\n"
KUBERNETES = """apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
        - image: shop:1
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports:
    - port: 80
"""
WORKFLOW = """name: CI
on: [push, pull_request]
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - run: pytest -q
  release:
    needs: test
    steps:
      - uses: pypa/gh-action-pypi-publish@v1
"""
SCHEMA = """-- people
CREATE TABLE users (
    id BIGSERIAL PRIMARY KEY,
    email VARCHAR(200) NOT NULL, -- unique, lower case
    CHECK (email <> '')
);
CREATE TABLE IF NOT EXISTS "orders" (
    id bigint,
    user_id bigint NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    total numeric(10, 2),
    PRIMARY KEY (id)
);
"""
DJANGO = '''from django.db import models


class Author(models.Model):
    name = models.CharField(max_length=100)


class Book(models.Model):
    """A book."""

    title = models.CharField(max_length=100)
    author = models.ForeignKey(Author, on_delete=models.CASCADE)
    about = models.ForeignKey("self", null=True, on_delete=models.CASCADE)
'''
ALCHEMY = """from sqlalchemy import Column, ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column


class Team(Base):
    __tablename__ = "teams"
    id = Column(Integer, primary_key=True)


class Player(Base):
    __tablename__ = "players"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id"))
"""
PRISMA = """model User {
  id    Int    @id
  posts Post[]
}

model Post {
  id       Int  @id
  author   User @relation(fields: [authorId], references: [id])
  authorId Int
}
"""
TYPEORM = """@Entity()
export class Photo {
    @PrimaryGeneratedColumn()
    id: number
    @Column({ length: 100 })
    name: string
    @ManyToOne(() => Album, (album) => album.photos)
    album: Album
}

@Entity("albums")
export class Album {
    @PrimaryGeneratedColumn()
    id: number
}
"""
ROUTES = '''"""Serves.

    @app.get("/only-an-example")
"""
from flask import Flask

app = Flask(__name__)


@app.get("/orders/<id>")
def order(id):
    return id
'''


def blueprint(tmp_path: Path, files: dict[str, str]) -> dict[str, Any]:
    """Return blueprint.json of a repository with these files."""
    root = tmp_path / "repository"
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    out = tmp_path / "out"
    out.mkdir()
    Surveyor().work(Brief("", "t", (), "", root, None, None, {}, 60.0), LocalDesk(out))
    made: dict[str, Any] = json.loads((out / "blueprint.json").read_text())
    return made


def named(items: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {item["name"]: item for item in items}


def ties(made: dict[str, Any]) -> set[tuple[str, str, str]]:
    names = {unit["id"]: unit["name"] for unit in made["units"]}
    return {(names[t["source"]], t["label"], names[t["target"]]) for t in made["ties"]}


def columns(table: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(c["name"], c.get("type", ""), c.get("mark", "")) for c in table["columns"]]


def references(made: dict[str, Any]) -> set[tuple[str, str, str]]:
    return {(each["source"], each["column"], each["target"]) for each in made["references"]}


def test_compose_and_docker_say_what_runs_and_what_it_needs(tmp_path: Path) -> None:
    files = {"compose.yml": COMPOSE, "Dockerfile": DOCKERFILE, "pyproject.toml": PYPROJECT}
    made = blueprint(tmp_path, files)
    units = named(made["units"])
    assert units["db (PostgreSQL)"]["kind"] == "store"
    assert (units["web"]["path"], units["web"]["line"]) == ("compose.yml", 2)
    assert units["web"]["excerpt"].startswith("  web:\n    build: .")
    assert units["image"]["detail"] == "listens on 80 (line 3); starts shop serve (line 4)"
    assert {
        ("web", "runs", "image"),
        ("web", "needs", "db (PostgreSQL)"),
        ("image", "is built on", "python:3.12-slim"),
        ("shop", "needs", "flask >=3"),
    } <= ties(made)


def test_kubernetes_services_reach_what_their_selectors_choose(tmp_path: Path) -> None:
    made = blueprint(tmp_path, {"deploy/web.yaml": KUBERNETES})
    units = named(made["units"])
    assert units["Deployment web"]["detail"] == "image shop:1; 3 replicas"
    assert units["Service web"]["line"] == 14
    assert ties(made) == {("Service web", "reaches", "Deployment web")}


def test_processes_units_functions_and_platforms_are_read(tmp_path: Path) -> None:
    made = blueprint(
        tmp_path,
        {
            "Procfile": "web: gunicorn shop\nworker: python -m shop.worker\n",
            "deploy/shop.service": "[Service]\nExecStart=/usr/bin/shop serve\n",
            "serverless.yml": "provider:\n  name: aws\nfunctions:\n  hello:\n    handler: h.run\n",
            "fly.toml": 'app = "shop"\n',
        },
    )
    kinds = {unit["name"]: unit["kind"] for unit in made["units"]}
    assert kinds == {
        "web": "process",
        "worker": "process",
        "shop.service": "process",
        "hello": "function",
        "aws": "platform",
        "Fly.io": "platform",
    }


def test_ci_tells_checks_releases_and_their_order(tmp_path: Path) -> None:
    made = blueprint(tmp_path, {".github/workflows/ci.yml": WORKFLOW, "pyproject.toml": PYPROJECT})
    by_text = {each["text"]: (each["topic"], each.get("line")) for each in made["practices"]}
    runs = "GitHub Actions job `test` on pushes and pull requests runs `pytest -q`."
    assert by_text[runs] == ("check", 4)
    assert by_text["Job `release` publishes to PyPI."] == ("release", 11)
    assert by_text["`ruff` is configured in `pyproject.toml`."] == ("check", 8)
    assert {("test", "then", "release"), ("release", "publishes to", "PyPI")} <= ties(made)


def test_guides_hooks_owners_and_changes_are_quoted_with_their_lines(tmp_path: Path) -> None:
    made = blueprint(
        tmp_path,
        {
            "CONTRIBUTING.md": "# How\n\n## Running tests\n\nUse `nox`.\n\n## Jokes\n\nHa.\n",
            ".pre-commit-config.yaml": "repos:\n- repo: x\n  hooks:\n  - id: ruff\n",
            "CODEOWNERS": "# owners\n*.py @ann\n",
            "CHANGELOG.md": "# Changelog\n\n## 2.0\n\n- x\n",
        },
    )
    assert [(each["topic"], each["text"], each["line"]) for each in made["practices"]] == [
        ("hook", "Before each commit: `ruff`.", 4),
        ("changes", "Changes are recorded in `CHANGELOG.md`; its newest entry is “2.0”.", 3),
        ("review", "`CODEOWNERS` asks @ann to review what they own.", 1),
        ("contribute", "Running tests: Use `nox`.", 3),
    ]


def test_sql_tables_have_columns_keys_and_references(tmp_path: Path) -> None:
    made = blueprint(tmp_path, {"db/schema.sql": SCHEMA})
    tables = named(made["tables"])
    assert columns(tables["users"]) == [
        ("id", "BIGSERIAL", "key"),
        ("email", "VARCHAR(200)", ""),
    ]
    assert columns(tables["orders"]) == [
        ("id", "bigint", "key"),
        ("user_id", "bigint", "reference"),
        ("total", "numeric(10, 2)", ""),
    ]
    assert references(made) == {("orders", "user_id", "users")}
    assert tables["orders"]["line"] == 7
    assert [c["line"] for c in tables["orders"]["columns"]] == [8, 9, 10]


def test_django_models_are_tables(tmp_path: Path) -> None:
    made = blueprint(tmp_path, {"shop/models.py": DJANGO})
    tables = named(made["tables"])
    assert columns(tables["Book"]) == [
        ("title", "Char", ""),
        ("author", "ForeignKey", "reference"),
        ("about", "ForeignKey", "reference"),
    ]
    assert references(made) == {("Book", "author", "Author"), ("Book", "about", "Book")}


def test_sqlalchemy_models_are_tables_in_both_styles(tmp_path: Path) -> None:
    made = blueprint(tmp_path, {"shop/models.py": ALCHEMY})
    tables = named(made["tables"])
    assert columns(tables["teams"]) == [("id", "Integer", "key")]
    assert columns(tables["players"]) == [
        ("id", "int", "key"),
        ("name", "str", ""),
        ("team_id", "int", "reference"),
    ]
    assert references(made) == {("players", "team_id", "teams")}


def test_prisma_and_typeorm_are_read(tmp_path: Path) -> None:
    made = blueprint(tmp_path, {"prisma/schema.prisma": PRISMA, "src/photo.ts": TYPEORM})
    tables = named(made["tables"])
    assert set(tables) == {"User", "Post", "Photo", "Album"}
    assert columns(tables["User"]) == [("id", "Int", "key")]
    assert columns(tables["Photo"]) == [
        ("id", "number", "key"),
        ("name", "string", ""),
        ("album", "Album", "reference"),
    ]
    assert references(made) >= {("Photo", "album", "Album")}


def test_what_migrations_tell_counts_only_where_nothing_else_does(tmp_path: Path) -> None:
    old = "CREATE TABLE dropped_long_ago (id int, name text);\n"
    alone = blueprint(tmp_path / "a", {"migrations/0001.sql": old})
    assert set(named(alone["tables"])) == {"dropped_long_ago"}
    both = blueprint(tmp_path / "b", {"migrations/0001.sql": old, "schema.sql": SCHEMA})
    assert set(named(both["tables"])) == {"users", "orders"}


def test_without_tables_the_data_classes_stand_in_and_say_so(tmp_path: Path) -> None:
    code = (
        "from dataclasses import dataclass\n\n\n@dataclass\nclass Item:\n    name: str\n"
        "    price: int\n\n\n@dataclass\nclass Cart:\n    items: list[Item]\n    owner: str\n"
    )
    made = blueprint(tmp_path, {"shop/cart.py": code})
    assert {each["kind"] for each in made["tables"]} == {"record"}
    assert references(made) == {("Cart", "items", "Item")}


def test_nothing_is_invented_where_nothing_was_found(tmp_path: Path) -> None:
    made = blueprint(tmp_path, {"notes.txt": "nothing\n"})
    empty = ("units", "ties", "tables", "references", "practices", "entries", "foundation")
    assert {key: made[key] for key in empty} == {key: [] for key in empty}
    assert "Dockerfiles" in made["looked_for"][0]


def test_routes_are_read_from_code_and_not_from_its_examples(tmp_path: Path) -> None:
    made = blueprint(tmp_path, {"shop/app.py": ROUTES, "pyproject.toml": PYPROJECT})
    assert [(each["kind"], each["name"], each["line"]) for each in made["entries"]] == [
        ("command", "shop", 7),
        ("route", "GET /orders/<id>", 10),
    ]


def test_what_a_package_offers_is_a_way_in(tmp_path: Path) -> None:
    made = blueprint(
        tmp_path,
        {
            "src/shop/__init__.py": "from .cart import Cart as Cart\n",
            "src/shop/cart.py": "class Cart:\n    pass\n",
        },
    )
    (entry,) = made["entries"]
    assert (entry["kind"], entry["name"], entry["module"]) == (
        "import",
        "shop.Cart",
        "src/shop/cart.py",
    )


def test_broken_files_break_nothing(tmp_path: Path) -> None:
    made = blueprint(
        tmp_path,
        {
            "compose.yml": "services: [\n",
            "deploy/x.yaml": "apiVersion: v1\nkind: *nowhere\n",
            "schema.sql": "CREATE TABLE broken (id int, (((\n",
            "shop/models.py": "from django.db import models\nclass X(models.Model:\n",
            "Dockerfile": "FROM\n",
            "bomb.yaml": "apiVersion: &a [x]\nkind: &b [*a,*a]\nmetadata: {name: [*b,*b]}\n",
        },
    )
    assert made["tables"] == []
    assert made["units"] == []


def test_a_script_of_ci_is_told_by_its_commands_and_not_by_pieces_of_them(tmp_path: Path) -> None:
    script = (
        "on: push\njobs:\n  tell:\n    steps:\n    - run: |\n"
        '        if [ -n "$LOGIN" ]; then\n        {\n          echo\n'
        "          gh api --paginate \\\n            repos/x\n"
        "          jq '\n          .[]\n          | select(.a)'\n        }\n        fi\n"
    )
    made = blueprint(tmp_path, {".github/workflows/tell.yml": script})
    (practice,) = made["practices"]
    assert practice["text"] == (
        "GitHub Actions job `tell` on pushes runs `gh api --paginate repos/x`; `jq …`."
    )
