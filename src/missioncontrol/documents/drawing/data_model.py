"""Draws the data model: tables with their columns and references, as code or SQL defines them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Literal

from missioncontrol.documents.drawing import product
from missioncontrol.documents.drawing.material import Blueprint, Material, Table
from missioncontrol.documents.figures import counted
from missioncontrol.drawing.model import Edge, Graph, Link, Node, Row

TITLE = "Data model"
TABLES_MAX = 36
MARKS: Mapping[str, Literal["key", "reference"]] = {"key": "key", "reference": "reference"}


def data_model(material: Material) -> Graph | str:
    """Return the drawing, or the sentence that says what was looked for in vain."""
    if material.plan.design:
        return product.data_model(material.plan.design)
    blueprint = material.blueprint
    if blueprint is None:
        return "No surveyor has read what this repository stores in this run."
    if not blueprint.tables:
        what = blueprint.looked_for[1] if len(blueprint.looked_for) > 1 else "table definitions"
        return f"This repository defines no table and no data class. Looked for: {what}."
    tables = _chosen(blueprint)
    known = {table.name for table in tables}
    edges = tuple(
        Edge(each.source, each.target, each.column, because=f"{each.path}:{each.line}")
        for each in blueprint.references
        if each.source in known and each.target in known
    )
    nodes = tuple(_table_node(table) for table in tables)
    return Graph(TITLE, _summary(blueprint, tables), nodes, edges, direction="right")


def _chosen(blueprint: Blueprint) -> list[Table]:
    """Return all tables, or those with most references where there are too many."""
    ties: Counter[str] = Counter()
    for each in blueprint.references:
        ties.update((each.source, each.target))
    ranked = sorted(blueprint.tables, key=lambda table: -ties[table.name])[:TABLES_MAX]
    names = {table.name for table in ranked}
    return [table for table in blueprint.tables if table.name in names]


def _table_node(table: Table) -> Node:
    rows = tuple(Row(each.name, each.type, MARKS.get(each.mark, "")) for each in table.columns)
    where = f"{table.path}:{table.line}" if table.line else table.path
    detail = f"{table.how}, {counted(len(rows), 'column')}." if table.how else ""
    link = Link("code", table.path, table.line)
    return Node(table.name, table.name, "table", where, detail, "", link, rows=rows)


def _summary(blueprint: Blueprint, tables: Sequence[Table]) -> str:
    files = list(dict.fromkeys(table.path for table in tables))
    shown = ", ".join(files[:4]) + (f" and {len(files) - 4} more files" if len(files) > 4 else "")
    left = len(blueprint.tables) - len(tables)
    more = f" {left} more with fewer references are not drawn." if left > 0 else ""
    if all(table.kind == "record" for table in tables):
        return (
            f"No table and no mapped model was found in this repository; these are "
            f"{counted(len(tables), 'data class', 'data classes')} of {shown}.{more}"
        )
    return f"{counted(len(tables), 'table')} defined in {shown}.{more}"
