"""What signed heads promise."""

import json
from itertools import pairwise
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from missioncontrol.adapters import heads_file
from missioncontrol.adapters.heads_file import FileHeads
from missioncontrol.domain.errors import Corrupt, Unavailable
from missioncontrol.ports.event_store import Head


@pytest.fixture
def heads(tmp_path: Path) -> FileHeads:
    return FileHeads(tmp_path / "heads.jsonl", tmp_path / "key.pem")


def test_no_statement_was_made_at_first(heads: FileHeads) -> None:
    assert heads.all() == []


def test_statements_come_back_oldest_first(heads: FileHeads) -> None:
    one = heads.sign(Head(3, b"\x01" * 32), 1_790_000_000.25)
    two = heads.sign(Head(9, b"\x02" * 32), 1_790_000_001.0)
    assert heads.all() == [one, two]
    assert (one.position, one.hash) == (3, "01" * 32)
    assert one.time == "2026-09-21T14:13:20.250+00:00"
    assert one.key == two.key


def test_a_signature_can_be_checked_without_this_program(heads: FileHeads) -> None:
    head = heads.sign(Head(3, b"\x01" * 32), 1_790_000_000.0)
    message = json.dumps(
        ["missioncontrol.head/1", head.position, head.hash, head.time], separators=(",", ":")
    )
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(head.key))
    key.verify(bytes.fromhex(head.signature), message.encode())


def test_the_statements_are_for_their_owner_alone(heads: FileHeads, tmp_path: Path) -> None:
    path = tmp_path / "heads.jsonl"
    heads.sign(Head(3, b"\x01" * 32), 1.0)
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o644)
    heads.sign(Head(4, b"\x01" * 32), 2.0)
    assert (path.stat().st_mode & 0o777, len(heads.all())) == (0o600, 2)


def test_the_key_is_for_its_owner_alone(heads: FileHeads, tmp_path: Path) -> None:
    heads.sign(Head(3, b"\x01" * 32), 1.0)
    assert (tmp_path / "key.pem").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("field", ["position", "hash", "time", "key", "signature"])
def test_a_changed_statement_is_found_in_its_line(
    heads: FileHeads, tmp_path: Path, field: str
) -> None:
    for number in range(1, 4):
        heads.sign(Head(number, b"\x01" * 32), float(number))
    path = tmp_path / "heads.jsonl"
    lines = path.read_bytes().splitlines()
    changed = json.loads(lines[1])
    old = changed[field]
    changed[field] = old + 1 if isinstance(old, int) else ("1" if old[0] == "0" else "0") + old[1:]
    path.write_bytes(b"\n".join([lines[0], json.dumps(changed).encode(), lines[2]]))
    with pytest.raises(Corrupt) as no:
        heads.all()
    assert no.value.code == "heads.bad_signature"
    assert "line 2" in no.value.reason


def test_a_statement_of_another_key_is_refused(heads: FileHeads, tmp_path: Path) -> None:
    heads.sign(Head(1, b"\x01" * 32), 1.0)
    FileHeads(tmp_path / "heads.jsonl", tmp_path / "other.pem").sign(Head(2, b"\x02" * 32), 2.0)
    with pytest.raises(Corrupt) as no:
        heads.all()
    assert no.value.code == "heads.other_key"
    assert "Line 2" in no.value.reason


@pytest.mark.parametrize("line", [b"{", b"{}", b"nonsense", b"\xff"])
def test_a_line_that_is_no_statement_is_named(
    heads: FileHeads, tmp_path: Path, line: bytes
) -> None:
    heads.sign(Head(1, b"\x01" * 32), 1.0)
    with (tmp_path / "heads.jsonl").open("ab") as file:
        file.write(line + b"\n")
    with pytest.raises(Corrupt) as no:
        heads.all()
    assert no.value.code == "heads.malformed"
    assert "Line 2" in no.value.reason


@pytest.mark.parametrize("content", [b"", b"not a key"])
def test_a_key_that_is_no_key_is_named(heads: FileHeads, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "key.pem").write_bytes(content)
    with pytest.raises(Unavailable) as no:
        heads.sign(Head(1, b"\x01" * 32), 1.0)
    assert no.value.code == "heads.bad_key"


def test_a_key_of_another_kind_is_named(heads: FileHeads, tmp_path: Path) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

    (tmp_path / "key.pem").write_bytes(
        generate_private_key(SECP256R1()).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    with pytest.raises(Unavailable) as no:
        heads.sign(Head(1, b"\x01" * 32), 1.0)
    assert no.value.code == "heads.bad_key"


def test_a_line_that_a_power_cut_tore_is_left_out_and_mended(tmp_path: Path) -> None:
    heads = FileHeads(tmp_path / "heads.jsonl", tmp_path / "key.pem")
    first = heads.sign(Head(1, bytes(32)), 1.0)
    with (tmp_path / "heads.jsonl").open("ab") as file:
        file.write(b'{"position":2,"ha')
    assert heads.all() == [first]
    second = heads.sign(Head(2, bytes(32)), 2.0)
    assert heads.all() == [first, second]


def test_a_file_of_heads_is_thinned_out_and_keeps_its_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, number in {"RECENT": 10, "SPREAD": 10, "LINES_MAX": 30}.items():
        monkeypatch.setattr(heads_file, name, number)
    heads = FileHeads(tmp_path / "heads.jsonl", tmp_path / "key.pem")
    for position in range(1, 201):
        heads.sign(Head(position, bytes(32)), float(position))
    positions = [head.position for head in heads.all()]
    assert len(positions) <= 30
    assert (positions[0], positions[-10:]) == (1, list(range(191, 201)))
    assert max(after - before for before, after in pairwise(positions)) < 40
    assert (tmp_path / "heads.jsonl").stat().st_mode & 0o777 == 0o600


def test_heads_that_contradict_each_other_are_never_thinned_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, number in {"RECENT": 2, "SPREAD": 2, "LINES_MAX": 5}.items():
        monkeypatch.setattr(heads_file, name, number)
    heads = FileHeads(tmp_path / "heads.jsonl", tmp_path / "key.pem")
    for position in (5, 9, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12):
        heads.sign(Head(position, bytes(32)), float(position))
    assert len(heads.all()) == 12
