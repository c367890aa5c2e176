"""A source text as a tree of nodes that say their kind and text, for every language alike."""

from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

LANGUAGES = {
    ".py": "python",
    ".js": "javascript",
    ".mjs": "javascript",
    ".cjs": "javascript",
    ".jsx": "jsx",
    ".ts": "typescript",
    ".mts": "typescript",
    ".tsx": "tsx",
    ".go": "go",
    ".rs": "rust",
    ".java": "java",
    ".c": "c",
    ".h": "c",
    ".cc": "cpp",
    ".cpp": "cpp",
    ".hpp": "cpp",
}
"""Languages by how a file's name ends, as ast-grep names them."""

ATOMS = frozenset(
    {
        "string",
        "template_string",
        "string_literal",
        "interpreted_string_literal",
        "raw_string_literal",
        "char_literal",
        "concatenated_string",
        "regex",
        "comment",
    }
)
"""Kinds that count as leaves, whatever their children are."""

BLOCKS = frozenset(
    {
        "module",
        "block",
        "program",
        "statement_block",
        "statement_list",
        "class_body",
        "source_file",
        "compilation_unit",
        "translation_unit",
        "compound_statement",
        "declaration_list",
        "field_declaration_list",
        "interface_body",
        "constructor_body",
        "switch_body",
    }
)
"""Kinds that hold any number of statements, of which some come and some go."""


def language_of(path: str) -> str:
    """Return the language of a file, by its name; "" for one that is not looked at."""
    return LANGUAGES.get(PurePosixPath(path).suffix, "")


class Node:
    """A node; its children are looked up on first use."""

    __slots__ = ("__dict__", "_found")

    def __init__(self, found: Any) -> None:
        """`found` is a node of ast-grep."""
        self._found = found

    @cached_property
    def kind(self) -> str:
        """The name of its rule in the grammar; of a token, the token."""
        name: str = self._found.kind()
        return name

    @cached_property
    def text(self) -> str:
        """As it stands in the source."""
        text: str = self._found.text()
        return text

    @cached_property
    def is_named(self) -> bool:
        """Whether it is more than punctuation or a keyword."""
        named: bool = self._found.is_named()
        return named

    @cached_property
    def begin(self) -> int:
        """Where it begins, in characters of the source."""
        index: int = self._found.range().start.index
        return index

    @cached_property
    def line(self) -> int:
        """Where it begins (1-based)."""
        number: int = self._found.range().start.line
        return number + 1

    @cached_property
    def children(self) -> tuple["Node", ...]:
        """All of them, tokens too; none of an atom."""
        return () if self.kind in ATOMS else tuple(map(Node, self._found.children()))

    def named(self) -> tuple["Node", ...]:
        """Return the children that are more than punctuation, without comments."""
        return tuple(each for each in self.children if each.is_named and each.kind != "comment")


def parsed(text: str, language: str) -> Node:
    """Return the tree of a text; what is no code of the language is in nodes of kind ERROR."""
    from ast_grep_py import SgRoot

    return Node(SgRoot(text, language).root())


def flat(text: str) -> str:
    """Return a text without its white space: two that are the same code are the same so."""
    return "".join(text.split())
