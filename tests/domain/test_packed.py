"""A secret in a packed file goes as it does in any other."""

import bz2
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable

import pytest

from missioncontrol.domain import packed_files
from missioncontrol.domain.packed_files import clean_file
from missioncontrol.domain.secrets import Scrubber

SECRET = "s3cret-0123456789"
SCRUB = Scrubber([SECRET]).bytes
FORMS: dict[str, tuple[Callable[[bytes], bytes], Callable[[bytes], bytes]]] = {
    "gzip": (gzip.compress, gzip.decompress),
    "zlib": (zlib.compress, zlib.decompress),
    "bzip2": (bz2.compress, bz2.decompress),
    "xz": (lzma.compress, lzma.decompress),
}
SAID = f"before {SECRET} after".encode()
CLEAN = b"before [secret] after"


def archive(**members: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as written:
        for name, content in members.items():
            written.writestr(name, content)
    return made.getvalue()


def members(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as read:
        return {name: read.read(name) for name in read.namelist()}


@pytest.mark.parametrize("name", list(FORMS))
def test_a_secret_in_a_packed_file_goes(name: str) -> None:
    pack, unpack = FORMS[name]
    assert unpack(clean_file(pack(SAID), SCRUB)) == CLEAN


@pytest.mark.parametrize("name", list(FORMS))
def test_a_packed_file_without_a_secret_stays_as_it_is(name: str) -> None:
    content = FORMS[name][0](b"nothing in it")
    assert clean_file(content, SCRUB) is content


def test_all_parts_of_a_file_of_several_are_looked_at() -> None:
    content = gzip.compress(b"one ") + gzip.compress(SAID)
    assert gzip.decompress(clean_file(content, SCRUB)) == b"one " + CLEAN


def test_a_packed_file_that_breaks_off_is_looked_at_as_far_as_it_goes() -> None:
    content = gzip.compress(SAID + bytes(range(256)) * 40)[:-20]
    assert gzip.decompress(clean_file(content, SCRUB)).startswith(CLEAN)


def test_members_of_an_archive_and_their_names_are_looked_at() -> None:
    content = archive(a=gzip.compress(SAID), b=b"plain", **{f"{SECRET}.txt": b"x"})
    found = members(clean_file(content, SCRUB))
    assert gzip.decompress(found["a"]) == CLEAN
    assert (found["b"], found["[secret].txt"]) == (b"plain", b"x")
    assert clean_file(same := archive(a=b"x"), SCRUB) is same


def test_what_is_not_what_it_seems_stays_as_it_is() -> None:
    for begin in (b"\x1f\x8b", b"\x78\x9c", b"BZh", b"\xfd7zXZ\x00", packed_files.ZIP):
        content = begin + b" and no more than that"
        assert clean_file(content, SCRUB) is content


def test_a_long_file_with_a_secret_leaves_nothing_and_one_without_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(packed_files, "UNPACKED_MAX", 1_000)
    assert clean_file(gzip.compress(SAID + b"x" * 2_000), SCRUB) == b"[secret]"
    for content in (gzip.compress(b"x" * 2_000), archive(a=b"x" * 2_000)):
        assert clean_file(content, SCRUB) is content


def test_a_file_is_unpacked_only_so_often() -> None:
    content = SAID
    for _ in range(packed_files.DEPTH_MAX + 1):
        content = gzip.compress(content)
    assert clean_file(content, SCRUB) is content
    assert Scrubber([SECRET]).file(gzip.decompress(content)) != gzip.decompress(content)


def test_without_secrets_nothing_is_unpacked() -> None:
    content = gzip.compress(SAID)
    assert Scrubber([]).file(content) is content
