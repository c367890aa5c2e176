"""Finds the classes of Python that a mapper keeps in tables, and classes that only hold data."""

import ast
import re
from collections.abc import Iterator, Sequence

from missioncontrol.specialists.surveyor.blueprint.shapes import (
    Column,
    Reference,
    Table,
    TableKind,
    excerpt_of,
)

SOURCE_MAX = 600_000
COLUMNS_MAX = 120
RELATIONS = frozenset(
    {"ForeignKey", "OneToOneField", "ManyToManyField", "ForeignKeyField", "OneToOneRel"}
)
RECORDS = frozenset({"dataclass", "define", "frozen", "mutable", "attrs", "s"})
RECORD_BASES = frozenset({"BaseModel", "NamedTuple", "TypedDict", "Struct"})
# Parsing a file takes a hundred times as long as looking for words that it needs.
_MAPPERS = re.compile(r"\b(?:django|sqlmodel|(?:flask_)?sqlalchemy|peewee|db|Base)\b")
_RECORDS = re.compile(rf"\b(?:attr|{'|'.join(sorted((RECORDS - {'s'}) | RECORD_BASES))})\b")


def mapped_in(path: str, text: str) -> Iterator[Table | Reference]:
    """Yield the models and `Table(…)` calls of one file."""
    tree = _parsed(text) if _MAPPERS.search(text) else None
    if tree is None:
        return
    flavour = _flavour(tree)
    if not flavour:
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            yield from _model(path, text, node, flavour)
        elif isinstance(node, ast.Call) and flavour == "SQLAlchemy":
            yield from _table_call(path, text, node)


def records_in(path: str, text: str) -> Iterator[Table]:
    """Yield the data classes of one file; for products that keep nothing in tables."""
    tree = _parsed(text) if _RECORDS.search(text) else None
    if tree is None:
        return
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and _is_record(node):
            fields = tuple(_annotated(node))
            if len(fields) > 1:
                how = "data class"
                line = node.lineno
                yield Table(node.name, "record", path, line, fields, how, excerpt_of(text, line))


def _parsed(text: str) -> ast.Module | None:
    if len(text) > SOURCE_MAX:
        return None
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _flavour(tree: ast.Module) -> str:
    """Return which mapper a file imports; its words mean nothing without that."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            names.add(module.partition(".")[0])
            if module.startswith("django") and "models" in {a.name for a in node.names}:
                return "Django"
            names |= {f"{alias.name}" for alias in node.names if alias.name in ("db", "Base")}
    if names & {"sqlmodel"}:
        return "SQLModel"
    if names & {"sqlalchemy", "flask_sqlalchemy"} or "db" in names or "Base" in names:
        return "SQLAlchemy"
    return "peewee" if "peewee" in names else ""


def _model(path: str, text: str, node: ast.ClassDef, flavour: str) -> Iterator[Table | Reference]:
    bases = [ast.unparse(base) for base in node.bases]
    named = _assigned_text(node, "__tablename__") or _meta_table(node)
    if not _is_model(node, bases, flavour, named):
        return
    name = named or node.name
    columns: list[Column] = []
    for statement in node.body:
        column, target = _field(statement, flavour)
        if column is None or len(columns) == COLUMNS_MAX:
            continue
        columns.append(column)
        if target:
            to = node.name if target == "self" else target
            yield Reference(name, to, column.name, path, column.line)
    if not columns:
        return
    words = f"{flavour} model {node.name}" if named else f"{flavour} model"
    kind: TableKind = "model"
    excerpt = excerpt_of(text, node.lineno)
    yield Table(name, kind, path, node.lineno, tuple(columns), words, excerpt)


def _is_model(node: ast.ClassDef, bases: Sequence[str], flavour: str, named: str) -> bool:
    keywords = {word.arg: word.value for word in node.keywords}
    if flavour == "SQLModel":
        value = keywords.get("table")
        return isinstance(value, ast.Constant) and value.value is True
    if flavour == "Django":
        return any(base.endswith("models.Model") for base in bases) or _has_django_fields(node)
    if flavour == "peewee":
        return any(base.endswith("Model") for base in bases)
    return bool(named) or any(base in ("db.Model", "Model") for base in bases)


def _has_django_fields(node: ast.ClassDef) -> bool:
    return any(
        isinstance(each, ast.Assign)
        and isinstance(each.value, ast.Call)
        and ast.unparse(each.value.func).startswith("models.")
        and ast.unparse(each.value.func).endswith(("Field", "Key"))
        for each in node.body
    )


def _meta_table(node: ast.ClassDef) -> str:
    for each in node.body:
        if isinstance(each, ast.ClassDef) and each.name == "Meta":
            return _assigned_text(each, "db_table") or _assigned_text(each, "table_name")
    return ""


def _assigned_text(node: ast.ClassDef, name: str) -> str:
    for each in node.body:
        if isinstance(each, ast.Assign) and isinstance(each.value, ast.Constant):
            is_it = any(isinstance(t, ast.Name) and t.id == name for t in each.targets)
            if is_it and isinstance(each.value.value, str):
                return each.value.value
    return ""


def _field(statement: ast.stmt, flavour: str) -> tuple[Column | None, str]:
    """Return the column that a statement of a model's body defines, and what it refers to."""
    name, annotation, value = _named(statement)
    if not name or name.startswith("__"):
        return None, ""
    if isinstance(value, ast.Call):
        return _called(name, annotation, value, flavour)
    if flavour in ("SQLModel", "SQLAlchemy") and annotation and not annotation.startswith("Class"):
        if flavour == "SQLAlchemy" and not annotation.startswith("Mapped["):
            return None, ""
        kind = annotation.removeprefix("Mapped[").removesuffix("]")
        return Column(name, kind[:60], "", statement.lineno), ""
    return None, ""


def _named(statement: ast.stmt) -> tuple[str, str, ast.expr | None]:
    if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
        return statement.targets[0].id, "", statement.value
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        return statement.target.id, ast.unparse(statement.annotation), statement.value
    return "", "", None


def _called(name: str, annotation: str, call: ast.Call, flavour: str) -> tuple[Column | None, str]:
    function = ast.unparse(call.func).rpartition(".")[2]
    words = {word.arg: word.value for word in call.keywords if word.arg}
    target = _target(call, words, function)
    is_key = any(
        isinstance(words.get(key), ast.Constant) and bool(getattr(words[key], "value", False))
        for key in ("primary_key",)
    )
    if flavour == "SQLAlchemy" and function not in ("Column", "mapped_column"):
        return None, ""
    if flavour == "SQLModel" and function != "Field":
        return None, ""
    if flavour in ("Django", "peewee") and not function.endswith(("Field", "Key")):
        return None, ""
    kind = annotation.removeprefix("Mapped[").removesuffix("]") if annotation else ""
    if not kind:
        kind = _type_of(call) if flavour == "SQLAlchemy" else function.removesuffix("Field")
    mark = "key" if is_key else "reference" if target else ""
    return Column(name, kind[:60], mark, call.lineno), target  # type: ignore[arg-type]


def _type_of(call: ast.Call) -> str:
    for each in call.args:
        text = ast.unparse(each)
        if not isinstance(each, ast.Constant) and "ForeignKey" not in text:
            return text.rpartition(".")[2] if "(" not in text else text.partition("(")[0]
    return ""


def _target(call: ast.Call, words: dict[str, ast.expr], function: str) -> str:
    """Return the table or class that a field refers to; "" where it refers to none."""
    found: ast.expr | None = None
    if function in RELATIONS:
        found = call.args[0] if call.args else words.get("to") or words.get("model")
    foreign = words.get("foreign_key")
    if foreign is not None:
        found = foreign
    for each in call.args:
        if isinstance(each, ast.Call) and ast.unparse(each.func).endswith("ForeignKey"):
            found = each.args[0] if each.args else None
    if found is None:
        return ""
    if isinstance(found, ast.Constant) and isinstance(found.value, str):
        text = found.value
        is_column = function in ("Column", "mapped_column", "Field")
        return text.rpartition(".")[0].rpartition(".")[2] if is_column else text.rpartition(".")[2]
    text = ast.unparse(found)
    return text.rpartition(".")[0] or text if function in ("Column", "mapped_column") else text


def _table_call(path: str, text: str, call: ast.Call) -> Iterator[Table | Reference]:
    if ast.unparse(call.func).rpartition(".")[2] != "Table" or not call.args:
        return
    first = call.args[0]
    if not (isinstance(first, ast.Constant) and isinstance(first.value, str)):
        return
    columns: list[Column] = []
    for each in call.args[1:]:
        if not (isinstance(each, ast.Call) and ast.unparse(each.func).endswith("Column")):
            continue
        if each.args and isinstance(each.args[0], ast.Constant):
            column, target = _called(str(each.args[0].value), "", each, "SQLAlchemy")
            if column is not None:
                columns.append(column)
                if target:
                    yield Reference(first.value, target, column.name, path, each.lineno)
    if columns:
        excerpt = excerpt_of(text, call.lineno)
        how = "SQLAlchemy table"
        yield Table(first.value, "table", path, call.lineno, tuple(columns), how, excerpt)


def _is_record(node: ast.ClassDef) -> bool:
    marks = {
        ast.unparse(each.func if isinstance(each, ast.Call) else each).rpartition(".")[2]
        for each in node.decorator_list
    }
    bases = {ast.unparse(base).rpartition(".")[2] for base in node.bases}
    return bool(marks & RECORDS or bases & RECORD_BASES)


def _annotated(node: ast.ClassDef) -> Iterator[Column]:
    for each in node.body:
        if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name):
            kind = ast.unparse(each.annotation)
            if not kind.startswith(("ClassVar", "t.ClassVar")):
                yield Column(each.target.id, kind[:60], "", each.lineno)
