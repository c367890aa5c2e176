"""Applies a codemod to a text: Python by LibCST, everything else by ast-grep."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec

from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.learned import Codemod
from missioncontrol.extras import require_extra
from missioncontrol.learning.edits import VARIABLE, Edit, Rewritten
from missioncontrol.learning.tree import LANGUAGES, parsed

HERE = "(here)"
CONTEXTS = {
    "go": f"package p\nfunc f() {{ _ = {HERE} }}\n",
    "rust": f"fn f() {{ let x = {HERE}; }}\n",
    "java": f"class A {{ void f() {{ Object x = {HERE}; }} }}\n",
    "c": f"void f() {{ x = {HERE}; }}\n",
    "cpp": f"void f() {{ x = {HERE}; }}\n",
}
"""The context of an expression, for languages that don't parse it alone."""

LANGUAGE_NAMES = frozenset(LANGUAGES.values())


def rewritten(codemod: Codemod, language: str, text: str) -> Rewritten:
    """Return `text` with every place rewritten that the codemod finds.

    Raises:
        Rejected: `pattern.unreadable` where the text is no code of its language,
            `pattern.bad_codemod` where the codemod is none.
        Unavailable: `pattern.no_library`.
    """
    if language not in LANGUAGE_NAMES:
        raise Rejected("pattern.bad_codemod", f"Nothing here rewrites {language!r}.")
    if not all(word in text for word in anchors(codemod)):
        return Rewritten(text, ())
    require_extra("learn", "Rewriting code", "libcst", "ast_grep_py", code="pattern.no_library")
    if language == "python":
        from missioncontrol.learning import python

        return python.rewritten(codemod, text)
    return _by_structure(codemod, language, text)


def rewritten_piece(codemod: Codemod, language: str, piece: str) -> Rewritten:
    """Return a piece of code rewritten as it would be in its place; see `rewritten`."""
    codemod = msgspec.structs.replace(codemod, needs=())  # A piece imports nothing itself.
    head, here, tail = CONTEXTS.get(language, HERE).partition(HERE)
    if not here or not head:
        return rewritten(codemod, language, piece)
    found = rewritten(codemod, language, head + piece + tail)
    return Rewritten(found.text.removeprefix(head).removesuffix(tail), found.edits)


@lru_cache(maxsize=2_000)
def anchors(codemod: Codemod) -> tuple[str, ...]:
    """Return words that a text has to hold for the codemod to find anything in it."""
    plain = re.sub(r"""(["'`]).*?\1""", " ", VARIABLE.sub(" ", codemod.before).replace("...", " "))
    return tuple(dict.fromkeys(re.findall(r"[^\W\d]\w*", plain)))


def _by_structure(codemod: Codemod, language: str, text: str) -> Rewritten:
    from ast_grep_py import SgRoot

    if codemod.form != "syntax":
        raise Rejected("pattern.bad_codemod", f"A codemod of {codemod.form!r} is for Python.")
    root = SgRoot(text, language).root()
    edits, done, end = [], [], -1
    for found in root.find_all({"rule": {"pattern": _pattern(codemod.before, language)}}):
        span = found.range()
        if span.start.index < end:
            continue  # It lies in one that is rewritten already.
        end = span.end.index
        after = filled(codemod.after, _values(found, codemod.before, text))
        if after != found.text():
            edits.append(found.replace(after))
            done.append(Edit(found.text(), after))
    return Rewritten(root.commit_edits(edits) if edits else text, tuple(done))


@lru_cache(maxsize=500)
def _pattern(before: str, language: str) -> Any:
    """Return the pattern for ast-grep, in a context that gives an expression its kind."""
    around = CONTEXTS.get(language)
    if around is None:
        return before
    plain = VARIABLE.sub(lambda found: f"mc{found['name']}", before)
    todo = [parsed(around.replace(HERE, plain), language)]
    while todo:
        node = todo.pop(0)
        if node.text == plain:
            while len(node.children) == 1:  # A list of one is no list in other places.
                node = node.children[0]
            return {"context": around.replace(HERE, before), "selector": node.kind}
        todo += node.children
    return before


def _values(found: Any, pattern: str, text: str) -> dict[str, str]:
    """Return what each variable stands for in one place."""
    values = {}
    for each in VARIABLE.finditer(pattern):
        name = each["name"]
        if each["rest"]:
            nodes = found.get_multiple_matches(name)
            span = (nodes[0].range().start.index, nodes[-1].range().end.index) if nodes else (0, 0)
            values[name] = text[span[0] : span[1]]
        else:
            node = found.get_match(name)
            values[name] = node.text() if node is not None else ""
    return values


def filled(after: str, values: Mapping[str, str]) -> str:
    """Return the right side with what its variables stand for; an empty rest takes its comma."""
    for name, text in values.items():
        if not text:
            after = re.sub(rf"\$\$\${name}\s*,\s*|,\s*\$\$\${name}(?![A-Z0-9_])", "", after)
    return VARIABLE.sub(lambda each: values.get(each["name"], each[0]), after)
