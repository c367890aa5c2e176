"""The ways in which a secret may be written down, as one pattern over bytes."""

import base64
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote

ENCODED_MIN = 8
"""Bytes; of a shorter value, base64 and the like could occur by chance."""

THOROUGH_MAX = 512
"""Bytes; a longer value has lines, and those are looked for one by one in every spelling."""

THOROUGHLY_MAX = 1024 * 1024
"""Characters of all patterns; secrets beyond are looked for in fewer spellings."""

PATTERN_MAX = 128 * 1024
"""Characters of one pattern, above which RE2 gives up; more secrets make several patterns."""

SPELT_MAX = 24
"""Bytes that one byte of a secret can take; an apostrophe in a quoted shell word takes 21."""

MEMORY_MAX = 32 * 1024 * 1024
"""Bytes that RE2 may take for one pattern; it takes what it needs."""

MEMORY_PER_CHARACTER = 256
"""Bytes, of a pattern so long that this is more: a file that is one secret."""

PLAIN = re.compile(r"[A-Za-z0-9_.~-]*")
"""What stands as itself in an address, in JSON, in HTML and in a shell."""

LEVELS = r"%(?:25){0,2}"
"""The beginning of a byte in an address, encoded up to three times."""

ESCAPES = {"\b": "b", "\f": "f", "\n": "n", "\r": "r", "\t": "t"}
ENTITIES = {"&": "amp", '"': "quot", "'": "apos", "<": "lt", ">": "gt"}

SLASHES = r"\\{1,8}"
"""Before what is escaped, by JSON in JSON in JSON or by a shell: each doubles those before it."""

OUR_KEYS = r"mck-[A-Za-z0-9_\-]{43}"
"""Keys of the gateway. Of those that are lent and issued no value is stored."""

OUR_KEY_LENGTH = 47

ONLY_ASCII = (True, False)

RUN_MAX = 32
"""Backslashes that go with the first character: half of an escape left would spoil the JSON."""

FIRST_SLASHES = rf"\\{{1,{RUN_MAX}}}"


class Spellings:
    """What some secrets look like."""

    def __init__(self, patterns: Iterable[str], longest: int) -> None:
        """`longest` counts the bytes that a match can have at most."""
        self.longest = longest
        self._patterns = [_compiled(pattern) for pattern in patterns]

    def occur_in(self, content: bytes) -> bool:
        """Whether there is one in `content`."""
        return any(pattern.search(content) is not None for pattern in self._patterns)

    def places(self, content: bytes) -> Iterator[tuple[int, int]]:
        """Yield where they begin and end: the leftmost, the longest of those, and so on."""
        place, length = 0, len(content)
        nearest = [(-1, 0)] * len(self._patterns)
        while True:
            for number, pattern in enumerate(self._patterns):
                if nearest[number][0] < place:
                    found = pattern.search(content, place)
                    nearest[number] = found.span() if found else (length, length)
            start, end = min(nearest, key=lambda span: (span[0], -span[1]))
            if start == length:
                return
            yield start, end
            place = end


def spellings_of(secrets: Iterable[str]) -> Spellings:
    """Return how any of `secrets` may be written; there is one at least."""
    patterns, longest, size = [OUR_KEYS], OUR_KEY_LENGTH, 0
    for secret in sorted(secrets, key=lambda secret: (len(secret), secret)):
        thorough = len(_raw(secret)) <= THOROUGH_MAX and size <= THOROUGHLY_MAX
        pattern, length = _thorough(secret) if thorough else _exact(secret)
        patterns.append(pattern)
        longest, size = max(longest, length), size + len(pattern)
    return Spellings(_joined(patterns), longest)


def _joined(patterns: Iterable[str]) -> Iterator[str]:
    """Yield few patterns for many, none of them too long unless it is for one secret alone."""
    joined: list[str] = []
    size = 0
    for pattern in patterns:
        if joined and size + len(pattern) > PATTERN_MAX:
            yield "|".join(joined)
            joined, size = [], 0
        joined.append(pattern)
        size += len(pattern)
    yield "|".join(joined)


def _compiled(pattern: str) -> Any:
    """Compile for RE2: its time does not grow with the number of secrets."""
    import re2  # Only homes with secrets need it.

    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1  # A byte is a byte, also within a character.
    options.longest_match = True
    options.never_capture = True
    options.log_errors = False
    options.max_mem = max(MEMORY_MAX, MEMORY_PER_CHARACTER * len(pattern))
    return re2.compile(pattern.encode("ascii"), options=options)


def _raw(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def _exact(secret: str) -> tuple[str, int]:
    """Return the fewer spellings of a long secret: itself, in JSON, in JSON in JSON, quoted."""
    forms = {secret, quote(_raw(secret), safe="")}
    for _ in range(2):
        forms |= {
            json.dumps(form, ensure_ascii=only)[1:-1] for form in forms for only in ONLY_ASCII
        }
    raw = sorted({_raw(form) for form in forms})
    return "|".join(_literal(form) for form in raw), max(len(form) for form in raw)


def _thorough(secret: str) -> tuple[str, int]:
    """Return every spelling that we know of."""
    raw = _raw(secret)
    if PLAIN.fullmatch(secret):
        # There is no reason to encode its letters, and it is the usual kind.
        spelt = "".join(c if c.isalnum() else _spelt(c, is_first=False) for c in secret)
    else:
        spelt = "".join(_spelt(c, is_first=not place) for place, c in enumerate(secret))
    encoded = [_hex(raw), *_base64(raw)] if len(raw) >= ENCODED_MIN else []
    return "|".join([spelt, *encoded]), SPELT_MAX * len(raw) + RUN_MAX


def _literal(raw: bytes) -> str:
    return "".join(
        chr(byte) if chr(byte).isascii() and chr(byte).isalnum() else rf"\x{byte:02x}"
        for byte in raw
    )


def _spelt(character: str, *, is_first: bool) -> str:
    """Return the ways to write one character."""
    raw = _raw(character)
    ways = [
        _literal(raw),
        # In an address; any character may be encoded, by the writer's choice.
        "".join(f"{LEVELS}{_digits(byte)}" for byte in raw),
    ]
    if not PLAIN.fullmatch(character):
        ways += _in_json(character, FIRST_SLASHES if is_first else SLASHES)
        ways += _in_markup(character)
        ways += _in_shell(character, is_first=is_first)
    return f"(?:{'|'.join(ways)})"


def _digits(byte: int) -> str:
    """Return a byte as two hexadecimal digits of either case."""
    return "".join(c if c.isdigit() else f"[{c}{c.upper()}]" for c in f"{byte:02x}")


def _in_json(character: str, slashes: str) -> list[str]:
    units = character.encode("utf-16-be", "surrogatepass")
    codes = (
        f"{slashes}u{_digits(high)}{_digits(low)}"
        for high, low in zip(units[::2], units[1::2], strict=True)
    )
    named = [slashes + ESCAPES[character]] if character in ESCAPES else []
    return ["".join(codes), *named]


def _in_markup(character: str) -> list[str]:
    if character not in ENTITIES:
        return []
    code = ord(character)
    forms = f"{ENTITIES[character]};|#0{{0,4}}{code};|#[xX]0{{0,4}}{_digits(code)};"
    return [f"&(?:amp;){{0,2}}(?:{forms})"]


def _in_shell(character: str, *, is_first: bool) -> list[str]:
    """Return a sign behind backslashes, a space in a form, an apostrophe between apostrophes."""
    if character == "\\":
        return [FIRST_SLASHES if is_first else SLASHES]
    if not character.isascii() or not character.isprintable():
        return []
    sign = _literal(character.encode())
    ways = [rf"\\{{0,8}}{sign}"]
    if is_first:
        # A quote ends a text of JSON, unless the number of those before it is odd.
        runs = {'"': rf"\\(?:\\\\){{0,{RUN_MAX // 2 - 1}}}", "/": FIRST_SLASHES}
        ways = [runs[character] + sign] if character in runs else []
    if character == " ":
        ways += [r"\+", f"{LEVELS}2[bB]"]
    if character == "'":
        ways += [rf"'{SLASHES}''", r"""'\\{0,8}"'\\{0,8}"'"""]
    return ways


def _hex(raw: bytes) -> str:
    return "".join(_digits(byte) for byte in raw)


def _base64(raw: bytes) -> list[str]:
    """Return the middle of a text in base64, for each of the three places it may begin at.

    The first character that is not all of the secret's stays, the last one goes.
    """
    return [_base64_after(before, raw) for before in range(3)]


def _base64_after(before: int, raw: bytes) -> str:
    text = base64.b64encode(bytes(before) + raw).decode()
    bits = 8 * (before + len(raw))
    whole = text[(0, 2, 3)[before] : bits // 6]
    return "".join(_digit64(c) for c in whole) + _rest64(raw[-1], bits % 6)


def _rest64(last: int, bits: int) -> str:
    """Return the character whose first `bits` bits are the last ones of a secret."""
    if not bits:
        return ""
    known = (last & ((1 << bits) - 1)) << (6 - bits)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    rest = "|".join(_digit64(c) for c in alphabet[known : known + (1 << (6 - bits))])
    return f"(?:(?:{rest})(?:=|{LEVELS}3[dD]){{0,2}})?"


def _digit64(character: str) -> str:
    """Return a digit of base64 in both alphabets, and as it stands in an address or in JSON."""
    match character:
        case "+":
            return rf"(?:[+\-]|{LEVELS}2[bB]|\\{{1,8}}u002[bB])"
        case "/":
            return rf"(?:_|\\{{0,8}}/|{LEVELS}2[fF])"
        case _:
            return character
