"""Recognises commands that prove nothing, because they only show files or text."""

import re
import shlex
from collections.abc import Iterator
from pathlib import PurePosixPath

_SHELLS = frozenset({"sh", "bash", "zsh", "dash"})
_JOINT = re.compile(r"[;|&()\n]+")
_ROUGH_JOINTS = re.compile(r"&&|\|\||[;|\n]")
_HEREDOC = re.compile(r"(?ms)<<-?\s*(['\"]?)(\w+)\1(?P<rest>[^\n]*)\n.*?^\s*\2\s*$")
_HIDDEN_FAILURE = re.compile(r"\|\|\s*(?:true|:|exit\s+0)\s*['\"]?\s*$")
_ASSIGNED = re.compile(r"\w+=")
_BEFORE_WORDS = "if then else elif while until do { ! time exec command builtin env nice nohup"
_BEFORE = frozenset(_BEFORE_WORDS.split())
"""Words that stand before a command and do nothing themselves."""
_SHOWS_WORDS = """
awk basename cat cd column cut dirname du echo egrep fd fgrep file find grep head jq less ls
more nl printf pwd readlink realpath rg sed sort stat tail tree type uniq wc which tr diff cmp
true : false sleep date exit return set unset export source . wait read shift fi done } for
case esac seq yes id whoami hostname uname printenv test [ [[ df ps nproc
touch mkdir rmdir cp mv rm ln tee chmod
"""
_SHOWS = frozenset(_SHOWS_WORDS.split())
"""Programs that show or do nothing, or write files, which the patch shows anyway."""
_GIT_SHOWS_WORDS = """
blame branch cat-file diff grep log ls-files rev-parse show status add commit fetch stash
remote config tag reflog describe shortlog rev-list checkout switch restore
"""
_GIT_SHOWS = frozenset(_GIT_SHOWS_WORDS.split())
_VERSION_FLAGS = frozenset({"--version", "-V", "-v", "version", "--help", "-h"})
NESTED_MAX = 5
"""Deepest nesting of shells that is parsed."""


def is_trivial(command: str, nested: int = 0) -> bool:
    """Whether a command proves nothing about the work, whatever its exit status.

    The names of its programs decide, not their arguments. A command that hides its failure
    (`… || true`) proves nothing either.
    """
    if _HIDDEN_FAILURE.search(command):
        return True
    return all(_shows(words, nested) for words in _commands(command))


def _commands(text: str) -> Iterator[list[str]]:
    """Yield the words of each command in a shell line; quoted operators separate nothing."""
    text = _HEREDOC.sub(r"\g<rest>", text)
    lexer = shlex.shlex(text, posix=True, punctuation_chars="();<>|&\n")
    lexer.whitespace, lexer.commenters = " \t\r", ""
    lexer.whitespace_split = True
    try:
        words = list(lexer)
    except ValueError:  # A quote is not closed.
        yield from (part.split() for part in _ROUGH_JOINTS.split(text))
        return
    found: list[str] = []
    for word in words:
        if _JOINT.fullmatch(word):
            yield found
            found = []
        else:
            found.append(word)
    yield found


def _shows(words: list[str], nested: int) -> bool:
    words = _own(words)
    if not words or words[0].startswith("#"):
        return True
    name, rest = PurePosixPath(words[0]).name, words[1:]
    if name in _SHELLS and len(rest) > 1 and rest[0].endswith("c"):
        return nested < NESTED_MAX and is_trivial(rest[1], nested + 1)
    if name == "git":
        return next((each for each in rest if not each.startswith("-")), "") in _GIT_SHOWS
    return name in _SHOWS or (len(rest) == 1 and rest[0] in _VERSION_FLAGS)


def _own(words: list[str]) -> list[str]:
    """Return a command without its prefixes: variables, `time`, `timeout 5`."""
    while words:
        if words[0] == "timeout":
            words = words[2:]
        elif words[0] in _BEFORE or _ASSIGNED.match(words[0]):
            words = words[1:]
        else:
            break
    return words
