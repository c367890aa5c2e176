"""Some thousand neighbouring events of the log, packed so that looking through them is quick.

A column holds one number for each event: the distinct ones, then for each event the place of its
number among those, in one byte or two.

The texts are turned around: every word once, and for each word the events that it stands in. A word
is found by the letters in it, so it does not matter where words begin, or whether a language has
spaces between them. Words of several events (`common`) are few and short: word n of them has the
events from `starts[n]` to `starts[n + 1]` of `common_places`. Words of a single event are many and
long. Those that are hexadecimal numbers (`hex`), such as digests, hold no other word; of the others
(`rare`), `threes` tells which three bytes stand side by side in them. So most of the words need not
be read for one that is not there.

What is found is a mask: a byte for each event, 1 where it is asked for.
"""

import sqlite3
import zlib
from array import array
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import reduce
from itertools import accumulate, chain, compress
from operator import and_, attrgetter

import msgspec

from missioncontrol.ports.search_index import FIELDS, Field

EVENTS_MAX = 4_096
LETTERS_MAX = 1_048_576
"""A segment is closed at so many events, or so many characters of text."""

FEW = 300
"""Up to here, hits are located one by one; beyond, the text is split all at once."""

THREES = 65_521
"""Bits for all threes of bytes, which share them by the remainder: the largest prime of two bytes.

There are some ten thousand in a segment, so one that is not there is mostly seen not to be."""

CACHED_PARTS = ("common", "threes")
"""What every search for a word looks at, in every segment."""

CACHED_BYTES_MAX = 4 * 1024 * 1024

HEX = "0123456789abcdef"

_NONE = 255
"""As a code of one byte: an event that is not asked for."""

_NONE_BYTE = bytes([_NONE])
_UNASKED = bytes.maketrans(b"\0\1", b"\xff\0")


class Row(msgspec.Struct, frozen=True, gc=False):
    """An event as the index sees it; fields are numbers of names."""

    position: int
    time: int
    kind: int
    actor: int
    workflow: int
    agent: int
    run: int
    text: str  # folded


class Wanted(msgspec.Struct, frozen=True):
    """A query in the numbers of the index."""

    fields: dict[Field, int]
    words: tuple[bytes, ...]  # folded, UTF-8
    since: int
    until: int
    before: int  # position

    def among(self, rows: Iterable[Row]) -> list[Row]:
        """Return the events that are asked for.

        What can't be is put away a condition at a time: each costs a step of one loop.
        """
        since, until, before = self.since, self.until, self.before
        found = [row for row in rows if row.position < before and since <= row.time < until]
        for field, number in self.fields.items():
            value = attrgetter(field)
            found = [row for row in found if value(row) == number]
        for word in self.words:
            text = word.decode("utf-8", "surrogatepass")
            found = [row for row in found if text in row.text]
        return found


Tally = dict[int, tuple[int, int]]
"""By the number of a run: how many of its events are asked for, and the position of the last."""


class Tail:
    """The newest events, one by one."""

    def __init__(self, rows: Iterable[Row]) -> None:
        """`rows` are in the order of the log."""
        self._rows = {row.position: row for row in rows}
        self.first = min(self._rows, default=0)

    def positions(self, wanted: Wanted) -> list[int]:
        """Return where the events are that are asked for, in the order of the log."""
        return [row.position for row in wanted.among(self._rows.values())]

    def numbers(self, field: Field, positions: Iterable[int]) -> list[int]:
        """Return what these events have in a field."""
        return [getattr(self._rows[position], field) for position in positions]

    def tally(self, wanted: Wanted) -> Tally:
        """Count the events that are asked for by their runs."""
        positions = self.positions(wanted)
        return _counted(self.numbers("run", positions), positions)


class PartCache:
    """Parts of segments that most searches look at, as far as there is room; they never change."""

    def __init__(self) -> None:
        """Nothing is at hand."""
        self._parts: OrderedDict[tuple[int, str], bytes] = OrderedDict()
        self._bytes = 0

    def find(self, segment: int, part: str) -> bytes | None:
        """Return a part, or None where it has to be read."""
        return self._parts.get((segment, part))

    def add(self, segment: int, part: str, content: bytes) -> None:
        """Cache a part, and evict those that were added first."""
        self._parts[segment, part] = content
        self._bytes += len(content)
        while self._bytes > CACHED_BYTES_MAX:
            _, oldest = self._parts.popitem(last=False)
            self._bytes -= len(oldest)


class Segment(msgspec.Struct, frozen=True):
    """Events that were packed."""

    first: int
    events: int
    since: int  # the earliest time among them
    until: int  # the latest
    part: Callable[[int, str], bytes]
    kept: PartCache

    def positions(self, wanted: Wanted) -> list[int]:
        """Return where the events are that are asked for, in the order of the log."""
        mask = self._mask(wanted)
        return list(compress(self._everything, mask)) if 1 in mask else []

    @property
    def _everything(self) -> range:
        return range(self.first, self.first + self.events)

    def numbers(self, field: Field, positions: Iterable[int]) -> list[int]:
        """Return what these events have in a field."""
        numbers, codes = self._column(field)
        return [numbers[codes[position - self.first]] for position in positions]

    def tally(self, wanted: Wanted) -> Tally:
        """Count the events that are asked for by their runs."""
        mask = self._mask(wanted)
        if 1 not in mask:
            return {}
        numbers, codes = self._column("run")
        if not isinstance(codes, bytes):
            asked = [numbers[code] for code in compress(codes, mask)]
            return _counted(asked, list(compress(self._everything, mask)))
        unasked = int.from_bytes(mask.translate(_UNASKED), "little")
        asked_codes = (int.from_bytes(codes, "little") | unasked).to_bytes(self.events, "little")
        return {
            numbers[code]: (count, self.first + asked_codes.rfind(code))
            for code, count in Counter(asked_codes.translate(None, _NONE_BYTE)).items()
        }

    def _mask(self, wanted: Wanted) -> bytes:
        masks = list(self._chosen(wanted))
        mask = self._all_of(masks) if masks else b"\1" * self.events
        if wanted.words and 1 in mask:
            masks = [mask, *self._word_masks(wanted.words)]
            mask = self._all_of(masks) if len(masks) > len(wanted.words) else bytes(self.events)
        return mask

    def _all_of(self, masks: Iterable[bytes]) -> bytes:
        each = (int.from_bytes(mask, "little") for mask in masks)
        return reduce(and_, each).to_bytes(self.events, "little")

    def _chosen(self, wanted: Wanted) -> Iterator[bytes]:
        """Yield masks by all but the texts; none where everything is asked for."""
        for field, number in wanted.fields.items():
            numbers, codes = self._column(field)
            yield _equal(codes, numbers.index(number) if number in numbers else -1)
        if self.since < wanted.since or self.until >= wanted.until:
            since, until = wanted.since - self.since, wanted.until - self.since
            content = self._read("time")
            times = array("I" if len(content) == 4 * self.events else "Q", content)
            yield bytes([since <= time < until for time in times])
        if self.first + self.events > wanted.before:
            older = max(wanted.before - self.first, 0)
            yield b"\1" * older + bytes(self.events - older)

    def _word_masks(self, words: Sequence[bytes]) -> Iterator[bytes]:
        """Yield the mask of each word, up to the first that is nowhere."""
        common, threes = self._read("common"), self._read("threes")
        for word in words:
            mask = bytearray(self.events)
            if word in common:
                self._mark_common(mask, _numbers_of_words(common, word))
            if may_hold(threes, word):
                self._mark_single(mask, "rare", word)
            if not word.strip(HEX.encode()):
                self._mark_single(mask, "hex", word)
            if 1 not in mask:
                return
            yield bytes(mask)

    def _mark_single(self, mask: bytearray, part: str, word: bytes) -> None:
        """Mark the events of words of a single event."""
        if numbers := _numbers_of_words(self._read(part), word):
            places = array("H", self._read(f"{part}_places"))
            for number in numbers:
                mask[places[number]] = 1

    def _mark_common(self, mask: bytearray, numbers: Iterable[int]) -> None:
        """Mark the events of words of several events."""
        starts, places = array("I", self._read("starts")), array("H", self._read("common_places"))
        for number in numbers:
            for place in places[starts[number] : starts[number + 1]]:
                mask[place] = 1

    def _column(self, field: Field) -> tuple[Sequence[int], Sequence[int]]:
        """Return the distinct numbers of a column, and for each event a place among those."""
        content = self._read(field)
        # With one byte for each code there are at most 255 numbers; with two, there are more.
        is_narrow = len(content) - self.events <= 4 * _NONE
        split = len(content) - (self.events if is_narrow else 2 * self.events)
        codes = content[split:]
        return array("I", content[:split]), codes if is_narrow else array("H", codes)

    def _read(self, part: str) -> bytes:
        """Return the content of a part, if it is what was written.

        Raises:
            sqlite3.DatabaseError: it is not; SQLite itself does not look at what is in a value.
        """
        if (known := self.kept.find(self.first, part)) is not None:
            return known
        content = self.part(self.first, part)
        body = memoryview(content)[:-4]
        if zlib.crc32(body).to_bytes(4, "little") != content[-4:]:
            raise sqlite3.DatabaseError(f"{part} of segment {self.first} were changed")
        found = bytes(body)
        if part in CACHED_PARTS:
            self.kept.add(self.first, part, found)
        return found


def _equal(codes: Sequence[int], code: int) -> bytes:
    """Return a mask of the events with this code."""
    if isinstance(codes, bytes):
        table = bytearray(256)
        if code >= 0:
            table[code] = 1
        return codes.translate(table)
    return bytes(map(code.__eq__, codes))


def _counted(runs: Sequence[int], positions: Sequence[int]) -> Tally:
    newest = dict(zip(runs, positions, strict=True))
    return {run: (count, newest[run]) for run, count in Counter(runs).items()}


def may_hold(threes: bytes, word: bytes) -> bool:
    """Whether `word` may be a part of one of the words that `threes` was made of."""
    return all(threes[three >> 3] >> (three & 7) & 1 for three in _threes(word))


def _threes(letters: bytes) -> set[int]:
    """Return the remainders of all three bytes that stand side by side."""
    each = set(zip(letters, letters[1:], letters[2:], strict=False))
    return {(first << 16 | second << 8 | third) % THREES for first, second, third in each}


def _numbers_of_words(letters: bytes, word: bytes) -> list[int]:
    """Return the numbers of the words that `word` is a part of."""
    found: list[int] = []
    number = counted = 0
    at = letters.find(word)
    while at >= 0 and len(found) <= FEW:
        number += letters.count(b"\n", counted, at)
        found.append(number)
        counted = at
        end = letters.find(b"\n", at)
        at = letters.find(word, end) if end >= 0 else -1
    if at < 0:
        return found
    # As Latin 1 each byte is a character, and texts are quicker to look into than bytes.
    part = word.decode("latin-1")
    return [n for n, whole in enumerate(letters.decode("latin-1").split("\n")) if part in whole]


def packed(rows: Sequence[Row]) -> tuple[dict[str, bytes], set[int]]:
    """Return the parts of a segment by their names, and the numbers of all names in it.

    `rows` are neighbours in the log.
    """
    _, times, *columns, texts = zip(*map(msgspec.structs.astuple, rows), strict=True)
    parts = _turned_around(texts)
    since = min(times)
    offsets = [time - since for time in times]
    parts["time"] = array("I" if max(offsets) < 2**32 else "Q", offsets).tobytes()
    present: set[int] = set()
    for field, numbers in zip(FIELDS, columns, strict=True):
        distinct = sorted(set(numbers))
        parts[field] = _coded(numbers, distinct)
        present.update(distinct)
    sealed = {
        part: content + zlib.crc32(content).to_bytes(4, "little") for part, content in parts.items()
    }
    return sealed, present - {0}


def _turned_around(texts: Sequence[str]) -> dict[str, bytes]:
    places: defaultdict[str, list[int]] = defaultdict(list)
    for place, text in enumerate(texts):
        places[text].append(place)  # Many events say the same.
    rare: dict[str, int] = {}
    common: dict[str, list[int]] = {}
    for text, several in places.items():
        for word in set(text.split()):
            if word in common:
                common[word] += several
            elif word in rare:
                common[word] = [rare.pop(word), *several]
            elif len(several) > 1:
                common[word] = several.copy()
            else:
                rare[word] = several[0]
    numbers = {word: rare.pop(word) for word in list(rare) if not word.strip(HEX)}
    letters = "\n".join(rare).encode()
    return {
        "common": "\n".join(common).encode(),
        "starts": array("I", accumulate(map(len, common.values()), initial=0)).tobytes(),
        "common_places": array("H", chain.from_iterable(common.values())).tobytes(),
        "rare": letters,
        "rare_places": array("H", rare.values()).tobytes(),
        "threes": marked(letters),
        "hex": "\n".join(numbers).encode(),
        "hex_places": array("H", numbers.values()).tobytes(),
    }


def marked(letters: bytes) -> bytes:
    """Return the bits of all threes of `letters`."""
    if len(letters) > 4 * LETTERS_MAX:  # One huge event: next to all threes are in it.
        return b"\xff" * (THREES // 8 + 1)
    bits = bytearray(THREES // 8 + 1)
    for three in _threes(letters):
        bits[three >> 3] |= 1 << (three & 7)
    return bytes(bits)


def _coded(numbers: Sequence[int], distinct: Sequence[int]) -> bytes:
    codes = {number: code for code, number in enumerate(distinct)}
    kind = "B" if len(distinct) <= _NONE else "H"
    return array("I", distinct).tobytes() + array(kind, map(codes.__getitem__, numbers)).tobytes()
