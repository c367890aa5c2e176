"""Identifiers for generated code, from names that people chose."""

import keyword
import re
import sys
import unicodedata
from collections.abc import Collection

NAME_MAX = 60
PACKAGE_MAX = 50
_MODULES = frozenset(
    (
        "anyio", "app", "build", "certifi", "click", "conftest", "data", "database", "db", "dist",
        "docs", "duckdb", "errors", "events", "examples", "fastapi", "fields", "h11", "httpx",
        "idna", "iniconfig", "libsql", "node_modules", "packaging", "pages", "pip", "pluggy",
        "pydantic", "pygments", "pytest", "rows", "ruff", "server", "source", "src", "starlette",
        "test", "tests", "uvicorn", "venv", "zod",
    )
)  # fmt: skip
"""Modules and directories, besides those of Python, that a package of that name would hide."""
_TYPESCRIPT = frozenset(
    [
        "arguments",
        "await",
        "break",
        "case",
        "catch",
        "class",
        "const",
        "continue",
        "debugger",
        "default",
        "delete",
        "do",
        "else",
        "enum",
        "eval",
        "export",
        "extends",
        "false",
        "finally",
        "for",
        "function",
        "if",
        "implements",
        "import",
        "in",
        "instanceof",
        "interface",
        "let",
        "new",
        "null",
        "package",
        "private",
        "protected",
        "public",
        "return",
        "static",
        "super",
        "switch",
        "this",
        "throw",
        "true",
        "try",
        "typeof",
        "undefined",
        "var",
        "void",
        "while",
        "with",
        "yield",
    ]
)


def identifier(text: str, fallback: str = "item") -> str:
    """Return a name in snake_case of ASCII letters, digits and `_`, which starts with a letter."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    name = re.sub(r"[^a-z0-9]+", "_", plain.lower()).strip("_")[:NAME_MAX].strip("_")
    if not name:
        return fallback
    return name if name[0].isalpha() else f"{fallback}_{name}"


def unique(name: str, taken: Collection[str]) -> str:
    """Return the name, with a number where it is taken."""
    chosen, number = name, 1
    while chosen in taken:
        number += 1
        chosen = f"{name}_{number}"
    return chosen


def package_name(text: str) -> str:
    """Return the name of a Python package which hides no other module."""
    name = identifier(text, "product")[:PACKAGE_MAX].strip("_")
    hides = name in _MODULES or name in sys.stdlib_module_names or keyword.iskeyword(name)
    return f"{name}_app" if hides else name


def python_name(name: str, taken: Collection[str] = ()) -> str:
    """Return the name as Python can use it for a variable."""
    is_reserved = keyword.iskeyword(name) or keyword.issoftkeyword(name) or name in taken
    return f"{name}_" if is_reserved else name


def record_module(table: str) -> str:
    """Return the module of a table's records; its importers import the others by their names."""
    return python_name(table, ("database", "fields", "operations"))


def option_name(name: str) -> str:
    """Return the option of a command line for a column; `--help` and `--limit` are there."""
    return f"--{kebab(name)}{'-value' if name in {'help', 'limit'} else ''}"


def typescript_name(name: str) -> str:
    """Return the name in camelCase, as TypeScript can use it for a variable."""
    head, *rest = name.split("_")
    camel = head + "".join(part.capitalize() for part in rest)
    return f"{camel}_" if camel in _TYPESCRIPT else camel


def pascal(name: str) -> str:
    """Return the name of a class."""
    return "".join(part.capitalize() for part in name.split("_"))


def kebab(name: str) -> str:
    """Return the name as commands and addresses write it."""
    return name.replace("_", "-")
