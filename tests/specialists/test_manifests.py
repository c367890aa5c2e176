"""What manifests of many kinds say, with the line at which they say it."""

from pathlib import Path

from missioncontrol.specialists.manifests import Stack, read_manifests
from missioncontrol.specialists.tree import read_tree


def stack_of(root: Path, files: dict[str, str]) -> Stack:
    for path, text in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    return read_manifests(read_tree(root))


PYPROJECT = """\
[build-system]
requires = ["hatchling"]

[project]
name = "shop"
version = "1.2.0"
description = "Sells things."
license = "MIT"
requires-python = ">=3.11"
dependencies = [
  "fastapi>=0.100",
  "redis==5.0.1",
  "httpx[http2]>=0.27 ; python_version < '4'",
]

[project.optional-dependencies]
pg = ["psycopg>=3"]

[dependency-groups]
dev = ["pytest>=8", "sphinx", {include-group = "lint"}]
lint = ["ruff"]

[project.scripts]
shop = "shop.cli:main"

[tool.pytest.ini_options]
testpaths = ["tests"]
"""


def test_a_pyproject_gives_names_dependencies_and_commands_with_lines(tmp_path: Path) -> None:
    stack = stack_of(tmp_path, {"pyproject.toml": PYPROJECT})
    assert (stack.name, stack.version, stack.licence) == ("shop", "1.2.0", "MIT")
    assert stack.languages == ("Python",)
    assert stack.frameworks == ("FastAPI",)
    assert stack.services == ("Redis", "PostgreSQL")
    assert stack.tools == ("pytest", "Sphinx", "Ruff", "Hatch")
    listed = {item.name: (item.requirement, item.group, item.line) for item in stack.dependencies}
    assert listed == {
        "fastapi": (">=0.100", "runtime", 11),
        "redis": ("==5.0.1", "runtime", 12),
        "httpx": (">=0.27", "runtime", 13),
        "psycopg": (">=3", "pg", 17),
        "pytest": (">=8", "dev", 20),
        "sphinx": ("", "dev", 20),
        "ruff": ("", "lint", 21),
        "hatchling": ("", "build", 2),
    }
    assert [item.name for item in stack.dependencies if item.pinned] == ["redis"]
    assert [item.name for item in stack.dependencies if item.optional] == ["psycopg"]
    assert [item.target for item in stack.entry_points] == ["shop.cli:main"]
    (command,) = stack.test_commands
    assert command.argv == ("python", "-m", "pytest")
    assert command.source == "pyproject.toml:26"


def test_a_version_kept_in_the_code_is_read_without_running_it(tmp_path: Path) -> None:
    stack = stack_of(
        tmp_path,
        {
            "pyproject.toml": '[project]\nname = "shop"\ndynamic = ["version"]\n'
            '[tool.hatch.version]\npath = "shop/__init__.py"\n',
            "shop/__init__.py": '"""Shop."""\n\n__version__ = "2.1"\nraise SystemExit\n',
        },
    )
    assert stack.version == "2.1"
    assert stack.packages[0].version_source == "shop/__init__.py:3"


def test_setup_py_is_parsed_and_never_executed(tmp_path: Path) -> None:
    mark = tmp_path / "executed"
    stack = stack_of(
        tmp_path,
        {
            "setup.py": f"import pathlib\npathlib.Path({str(mark)!r}).touch()\n"
            "needs = ['django>=4', 'celery']\n"
            "setup(\n    name='old',\n    version='1.0',\n    license='BSD',\n"
            "    install_requires=needs,\n    extras_require={'s3': ['boto3']},\n"
            "    python_requires='>=3.8',\n)\n",
        },
    )
    assert not mark.exists()
    assert stack.name == "old"
    assert stack.frameworks == ("Django", "Celery")
    assert [(item.name, item.group, item.who) for item in stack.dependencies] == [
        ("django", "runtime", "user"),
        ("celery", "runtime", "user"),
        ("boto3", "s3", "extra"),
    ]


def test_requirements_files_are_grouped_by_their_names(tmp_path: Path) -> None:
    stack = stack_of(
        tmp_path,
        {
            "requirements.txt": "# tools\n-r other.txt\nFlask==3.0.0  # web\n"
            "requests>=2; python_version>'3'\n",
            "requirements-dev.txt": "-e .\npytest\n",
            "requirements/docs.txt": "sphinx==7.0.*\n",
            "doc/requirements.txt": "furo\n",
        },
    )
    listed = {item.name: (item.group, item.line, item.pinned) for item in stack.dependencies}
    assert listed == {
        "Flask": ("runtime", 3, True),
        "requests": ("runtime", 4, False),
        "pytest": ("dev", 2, False),
        "sphinx": ("docs", 1, False),
        "furo": ("doc", 1, False),
    }


def test_a_package_json_gives_scripts_and_the_right_runner(tmp_path: Path) -> None:
    text = """{
  "name": "web",
  "version": "0.3.0",
  "license": "ISC",
  "bin": "cli.js",
  "scripts": {"build": "vite build", "test": "vitest run"},
  "dependencies": {"react": "^18.0.0", "pg": "8.11.0"},
  "devDependencies": {"vitest": "1.0.0"},
  "engines": {"node": ">=20"}
}
"""
    stack = stack_of(tmp_path, {"package.json": text, "pnpm-lock.yaml": "", "a.js": ""})
    assert stack.name == "web"
    assert stack.frameworks == ("React",)
    assert stack.services == ("PostgreSQL",)
    (command,) = stack.test_commands
    assert command.argv == ("pnpm", "run", "test")
    assert command.source == "package.json:6"
    assert command.text == "vitest run"
    pins = {item.name: item.pinned for item in stack.dependencies}
    assert pins == {"react": False, "pg": True, "vitest": True}


def test_the_placeholder_of_npm_is_no_test_command(tmp_path: Path) -> None:
    text = '{"name": "x", "scripts": {"test": "echo \\"Error: no test specified\\" && exit 1"}}'
    assert stack_of(tmp_path, {"package.json": text}).test_commands == ()


def test_compiled_languages_are_read(tmp_path: Path) -> None:
    stack = stack_of(
        tmp_path,
        {
            "go.mod": "module example.org/svc\n\ngo 1.22\n\nrequire (\n"
            "\tgithub.com/gin-gonic/gin v1.9.1\n\tgolang.org/x/net v0.1.0 // indirect\n)\n",
            "Cargo.toml": '[package]\nname = "core"\nversion = "0.1.0"\n\n[dependencies]\n'
            'tokio = { version = "1", features = ["full"] }\n',
            "pom.xml": "<project>\n<artifactId>api</artifactId>\n<version>3</version>\n"
            "<dependencies><dependency><groupId>junit</groupId>\n<artifactId>junit</artifactId>"
            "<version>4.13</version><scope>test</scope></dependency></dependencies></project>",
            "app/App.csproj": '<Project><ItemGroup><PackageReference Include="xunit" '
            'Version="2.4.1" /></ItemGroup></Project>',
        },
    )
    listed = {item.name: (item.requirement, item.group, item.line) for item in stack.dependencies}
    assert listed == {
        "github.com/gin-gonic/gin": ("v1.9.1", "runtime", 6),
        "golang.org/x/net": ("v0.1.0", "indirect", 7),
        "tokio": ("1", "runtime", 6),
        "junit:junit": ("4.13", "test", 4),
        "xunit": ("2.4.1", "runtime", 1),
    }
    assert set(stack.frameworks) == {"Gin", "Tokio"}
    assert [item.argv for item in stack.test_commands] == [
        ("go", "test", "./..."),
        ("cargo", "test"),
        ("mvn", "test"),
    ]


def test_ruby_php_and_elixir_are_read(tmp_path: Path) -> None:
    stack = stack_of(
        tmp_path,
        {
            "Gemfile": 'gem "rails", "~> 7.1"\ngroup :test do\n  gem "rspec"\nend\n',
            "composer.json": '{"name": "a/b", "require": {"php": ">=8.1", "slim/slim": "4.0.0"},\n'
            '"scripts": {"test": "phpunit"}}',
            "mix.exs": 'app: :shop,\nversion: "1.0.0"\n{:phoenix, "~> 1.7"},\n',
        },
    )
    assert set(stack.frameworks) == {"Rails", "Slim", "Phoenix"}
    assert {item.name: item.group for item in stack.dependencies} == {
        "rails": "runtime",
        "rspec": "test",
        "slim/slim": "runtime",
        "phoenix": "runtime",
    }
    assert [item.argv for item in stack.test_commands] == [("composer", "test"), ("mix", "test")]


def test_makefiles_scripts_and_wrappers_come_after_the_runner_itself(tmp_path: Path) -> None:
    stack = stack_of(
        tmp_path,
        {
            "pytest.ini": "[pytest]\n",
            "Makefile": "VERSION := 1\n.PHONY: test\n"
            "test: build\n\tpython -m pytest -x\nbuild:\n\ttrue\n",
            "tox.ini": "[tox]\nenvlist = py\n[testenv]\ndeps = mock\ncommands = pytest\n",
            "noxfile.py": "import nox\n\n@nox.session\ndef tests(session):\n    pass\n",
            "scripts/test": "#!/bin/sh\nset -e\npython -m pytest\n",
        },
    )
    assert [(item.argv, item.source) for item in stack.test_commands] == [
        (("python", "-m", "pytest"), "pytest.ini:1"),
        (("make", "test"), "Makefile:3"),
        (("/bin/sh", "scripts/test"), "scripts/test:3"),
        (("nox", "-s", "tests"), "noxfile.py:4"),
        (("tox",), "tox.ini:5"),
    ]
    assert stack.test_commands[1].text == "python -m pytest -x"


def test_unittest_is_known_by_its_import_where_no_manifest_speaks(tmp_path: Path) -> None:
    stack = stack_of(tmp_path, {"tests/test_a.py": "import os\nimport unittest\n"})
    (command,) = stack.test_commands
    assert command.argv == ("python", "-m", "unittest", "discover", "-s", "tests")
    at_top = stack_of(tmp_path / "top", {"test_a.py": "import unittest\n"})
    assert at_top.test_commands[0].argv == ("python", "-m", "unittest")
    assert command.source == "tests/test_a.py:2"


def test_ci_files_and_images_are_read(tmp_path: Path) -> None:
    stack = stack_of(
        tmp_path,
        {
            ".github/workflows/ci.yml": "on: push\njobs:\n  test:\n    services:\n      db:\n"
            "        image: postgres:16\n    steps: []\n  lint:\n    steps: []\n",
            ".gitlab-ci.yml": "stages: [test]\nunit:\n  script: make test\n.hidden:\n  script: x\n",
            "docker-compose.yml": "services:\n  cache:\n    image: redis:7\n",
            "Dockerfile": "FROM python:3.12\nCMD python -m shop\n",
        },
    )
    assert [(item.system, item.jobs) for item in stack.ci] == [
        ("GitLab CI", ("unit",)),
        ("GitHub Actions", ("test", "lint")),
    ]
    listed = {(item.name, item.manifest, item.line) for item in stack.recognised}
    assert ("Redis", "docker-compose.yml", 3) in listed
    assert ("PostgreSQL", ".github/workflows/ci.yml", 6) in listed
    assert [item.target for item in stack.entry_points] == ["python -m shop"]


def test_what_examples_need_is_not_taken_for_the_project(tmp_path: Path) -> None:
    stack = stack_of(
        tmp_path,
        {
            "pyproject.toml": '[project]\nname = "lib"\ndependencies = ["click"]\n',
            "examples/site/pyproject.toml": '[project]\nname = "site"\ndependencies = ["django"]\n',
        },
    )
    assert stack.name == "lib"
    assert stack.frameworks == ("Click",)
    assert [item.name for item in stack.own_dependencies("user")] == ["click"]
    assert [item.name for item in stack.dependencies] == ["click", "django"]


def test_broken_manifests_are_named_and_the_others_are_read(tmp_path: Path) -> None:
    stack = stack_of(
        tmp_path,
        {
            "pyproject.toml": "[project\n",
            "package.json": "{",
            "setup.py": "def (",
            "setup.cfg": "no section\n",
            ".github/workflows/ci.yml": "jobs: [\n",
            "go.mod": "module example.org/svc\n",
        },
    )
    assert {item.manifest for item in stack.unreadable} == {
        "pyproject.toml",
        "package.json",
        "setup.py",
        "setup.cfg",
        ".github/workflows/ci.yml",
    }
    assert stack.name == "example.org/svc"


def test_manifests_of_strange_shapes_do_no_harm(tmp_path: Path) -> None:
    stack = stack_of(
        tmp_path,
        {
            "pyproject.toml": 'project = 3\ntool = []\n"dependency-groups" = "x"\n',
            "package.json": '{"name": 3, "scripts": [], "dependencies": {"a": 1}, "bin": 7}',
            "composer.json": "[]",
            "Cargo.toml": "package = 1\nbin = 2\n",
            "docker-compose.yml": "a: &a [*a]\nservices: {x: 1, y: {image: 3}}\n",
            "pom.xml": '<!DOCTYPE x [<!ENTITY a "aaaa">]><project><artifactId>&a;</artifactId>',
        },
    )
    assert stack.dependencies == ()


def test_a_password_in_a_requirement_is_not_passed_on(tmp_path: Path) -> None:
    text = "mine @ git+https://me:hunter2@example.org/mine.git@" + "a" * 40 + "\n"
    (item,) = stack_of(tmp_path, {"requirements.txt": text}).dependencies
    assert item.pinned
    assert "hunter2" not in item.requirement


def test_what_developers_install_is_not_needed_at_run_time(tmp_path: Path) -> None:
    files = {
        "pyproject.toml": '[project]\nname = "tea"\ndependencies = ["click"]\n',
        "requirements.txt": "pytest\ntox\n",
    }
    found = {each.name: each.group for each in stack_of(tmp_path / "one", files).dependencies}
    assert found == {"click": "runtime", "pytest": "dev", "tox": "dev"}
    files["pyproject.toml"] += (
        '[tool.setuptools.dynamic]\ndependencies = {file = "requirements.txt"}\n'
    )
    read = {each.name: each.group for each in stack_of(tmp_path / "two", files).dependencies}
    assert read["pytest"] == "runtime"


def test_a_package_that_several_manifests_declare_counts_once(tmp_path: Path) -> None:
    setup = (
        "from setuptools import setup\n"
        "setup(name='lib', install_requires=['Python_Dateutil>=2'],\n"
        "      extras_require={':python_version>\"3.8\"': ['tzdata'], 'test': ['pytest']})\n"
    )
    project = (
        '[project]\nname = "lib"\nversion = "1"\n'
        'dependencies = ["python-dateutil>=2", "tzdata"]\n'
        '[project.optional-dependencies]\ntest = ["pytest"]\n'
    )
    stack = stack_of(tmp_path, {"pyproject.toml": project, "setup.py": setup})
    needs = stack.own_needs("user")
    assert [first.name for first, *_ in needs] == ["python-dateutil", "tzdata"]
    assert [sorted(item.manifest for item in need) for need in needs] == [
        ["pyproject.toml", "setup.py"],
        ["pyproject.toml", "setup.py"],
    ]
    assert [first.group for first, *_ in stack.own_needs("extra")] == ["test"]


def test_how_the_tests_may_run_without_the_wrapper_comes_behind_it(tmp_path: Path) -> None:
    files = {"Makefile": "test:\n\t./run\n", "tests/test_a.py": "import unittest\n"}
    found = stack_of(tmp_path, files).test_commands
    assert [item.argv for item in found] == [
        ("make", "test"),
        ("python", "-m", "unittest", "discover", "-s", "tests"),
    ]
    assert [item.guessed for item in found] == [False, True]
