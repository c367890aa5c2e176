"""Takes secrets out of packed files: unpacks them within bounds, and packs them again without."""

import bz2
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable
from typing import NamedTuple, Protocol

Scrub = Callable[[bytes], bytes]
"""Returns the same object where it finds nothing."""

UNPACKED_MAX = 32 * 1024 * 1024
"""Bytes of a packed file that are looked at: a small one may unpack to any length."""

MEMORY_MAX = 256 * 1024 * 1024
MEMBERS_MAX = 10_000
DEPTH_MAX = 3
"""Packed files in packed files."""

TOO_LONG = b"[secret]"
"""What is left of a file with a secret that is too long to be packed again."""


class Unpacking(Protocol):
    """Unpacks one stream of a format."""

    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...


class Format(NamedTuple):
    """A way to pack one file."""

    begins: tuple[bytes, ...]
    unpacking: Callable[[], Unpacking]
    pack: Callable[[bytes], bytes]


FORMATS = (
    Format(
        (b"\x1f\x8b",),
        lambda: zlib.decompressobj(zlib.MAX_WBITS | 16),
        lambda plain: gzip.compress(plain, mtime=0),
    ),
    Format((b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda"), zlib.decompressobj, zlib.compress),
    Format((b"BZh",), bz2.BZ2Decompressor, bz2.compress),
    Format((b"\xfd7zXZ\x00",), lambda: lzma.LZMADecompressor(memlimit=MEMORY_MAX), lzma.compress),
)
ZIP = b"PK\x03\x04"
UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    OSError,
    EOFError,
    ValueError,
    RuntimeError,  # it asks for a password, or has an unknown kind of packing
)


def clean_file(content: bytes, scrub: Scrub, depth: int = DEPTH_MAX) -> bytes:
    """Return a file without secrets, packed as it was; the same object where it holds none.

    Of what unpacks to more than `UNPACKED_MAX` the beginning is looked at, and of an archive of
    that size nothing.
    """
    # Unpacked first: short files lie in archives as they are, and would break if they got longer.
    return scrub(_clean_within(content, scrub, depth - 1) if depth else content)


def _clean_within(content: bytes, scrub: Scrub, depth: int) -> bytes:
    if content.startswith(ZIP):
        return _clean_archive(content, scrub, depth)
    for form in FORMATS:
        if content.startswith(form.begins):
            return _clean_packed(content, form, scrub, depth)
    return content


def _clean_packed(content: bytes, form: Format, scrub: Scrub, depth: int) -> bytes:
    plain = _unpacked(content, form)
    clean = clean_file(plain, scrub, depth)
    if clean is plain:
        return content
    return form.pack(clean) if len(plain) <= UNPACKED_MAX else TOO_LONG


def _unpacked(content: bytes, form: Format) -> bytes:
    """Return what can be unpacked, all streams one after the other; one byte more than is read."""
    parts, size = [], 0
    while content.startswith(form.begins) and size <= UNPACKED_MAX:
        stream = form.unpacking()
        try:
            parts.append(stream.decompress(content, UNPACKED_MAX + 1 - size))
        except UNREADABLE:
            break
        size += len(parts[-1])
        if not stream.eof:
            break
        content = stream.unused_data
    return b"".join(parts)


def _clean_archive(content: bytes, scrub: Scrub, depth: int) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            size = sum(each.file_size for each in members)
            if size > UNPACKED_MAX or len(members) > MEMBERS_MAX:
                return content
            before = [(each, archive.read(each)) for each in members]
    except UNREADABLE:
        return content
    after = [(each, clean_file(plain, scrub, depth)) for each, plain in before]
    names = [scrub(each.filename.encode("utf-8", "replace")).decode() for each, _ in before]
    is_clean = all(new is old for (_, old), (_, new) in zip(before, after, strict=True))
    if is_clean and names == [each.filename for each, _ in before]:
        return content
    return _archive(names, after)


def _archive(names: list[str], members: list[tuple[zipfile.ZipInfo, bytes]]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, (known, content) in zip(names, members, strict=True):
            named = zipfile.ZipInfo(name, known.date_time)
            named.external_attr = known.external_attr
            archive.writestr(named, content, known.compress_type)
    return made.getvalue()
