"""Moves what Python imports: from one module to another, or to another name."""

from collections.abc import Sequence
from typing import Any

import libcst as cst

from missioncontrol.domain.learned import Codemod
from missioncontrol.learning.edits import Edit
from missioncontrol.learning.python_names import ANY, Import, import_of


class Moving(cst.CSTTransformer):
    """Moves one import to another module; other names of its statement stay."""

    def __init__(self, codemod: Codemod, module: cst.Module) -> None:
        """`edits` collects the moved imports."""
        super().__init__()
        self.edits: list[Edit] = []
        self._before = import_of(codemod.before)
        self._after = import_of(codemod.after)
        self._module = module

    def leave_SimpleStatementLine(
        self, original_node: cst.SimpleStatementLine, updated_node: cst.SimpleStatementLine
    ) -> Any:
        """Rewrite a line that imports; one with several statements is left to people."""
        del original_node
        only: Any = updated_node.body[0]
        if len(updated_node.body) != 1 or not isinstance(only, cst.Import | cst.ImportFrom):
            return updated_node
        if isinstance(only.names, cst.ImportStar):
            return updated_node
        names = list(only.names)
        moved = [each for each in names if self._is_meant(only, each)]
        if not moved:
            return updated_node
        others = [each for each in names if each not in moved]
        made = [self._moved(each) for each in moved]
        for each, new in zip(moved, made, strict=True):
            self.edits.append(Edit(self._single(only, each), new.text))
        lines = [self._line(each) for each in _joined(made)]
        if not others:
            lines[0] = lines[0].with_changes(leading_lines=updated_node.leading_lines)
            lines[-1] = lines[-1].with_changes(trailing_whitespace=updated_node.trailing_whitespace)
            return cst.FlattenSentinel(lines)
        others[-1] = others[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
        left = updated_node.with_changes(body=[only.with_changes(names=others)])
        return cst.FlattenSentinel([left, *lines])

    def _is_meant(self, statement: Any, alias: cst.ImportAlias) -> bool:
        imported = self._import(statement, alias)
        wanted = self._before
        if wanted.name == ANY:
            return bool(imported.name) and imported.module == wanted.module
        return (imported.module, imported.name) == (wanted.module, wanted.name)

    def _import(self, statement: Any, alias: cst.ImportAlias) -> Import:
        local = _local(alias)
        if isinstance(statement, cst.Import):
            return Import(_dotted(alias.name), "", local)
        dots = "." * len(statement.relative)
        return Import(dots + _dotted(statement.module), _dotted(alias.name), local)

    def _single(self, statement: Any, alias: cst.ImportAlias) -> str:
        return self._import(statement, alias).text

    def _moved(self, alias: cst.ImportAlias) -> Import:
        after = self._after
        name = _dotted(alias.name) if after.name == ANY else after.name
        local = _local(alias) or after.local
        return Import(after.module, name, "" if local == name else local)

    def _line(self, text: str) -> cst.SimpleStatementLine:
        made = cst.parse_statement(text, config=self._module.config_for_parsing)
        assert isinstance(made, cst.SimpleStatementLine)
        return made


def _joined(imports: list[Import]) -> list[str]:
    """Return statements, one for each module that names come from."""
    found: dict[str, list[str]] = {}
    for each in imports:
        if each.name:
            imported = f"{each.name} as {each.local}" if each.local else each.name
            found.setdefault(f"from {each.module} import", []).append(imported)
        else:
            found.setdefault(each.text, [])
    return [f"{head} {', '.join(names)}" if names else head for head, names in found.items()]


def _local(alias: cst.ImportAlias) -> str:
    """Return the name that something gets here; "" where it keeps its own."""
    return _dotted(alias.asname.name) if alias.asname else ""


def _dotted(node: Any) -> str:
    if node is None:
        return ""
    if isinstance(node, cst.Attribute):
        return f"{_dotted(node.value)}.{node.attr.value}"
    return str(node.value)


def with_imports(module: cst.Module, needed: Sequence[str]) -> cst.Module:
    """Return a module that imports what is needed, where it does not already."""
    from libcst.codemod import CodemodContext
    from libcst.codemod.visitors import AddImportsVisitor

    context = CodemodContext()
    for text in needed:
        each = import_of(text)
        AddImportsVisitor.add_needed_import(
            context, each.module, each.name or None, each.local or None
        )
    return AddImportsVisitor(context).transform_module(module)
