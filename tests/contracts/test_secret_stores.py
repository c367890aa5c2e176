"""Secrets by name: where they are looked for, and what is refused."""

import random
from pathlib import Path

import pytest

from missioncontrol.adapters.agents.workshops import workshops_of
from missioncontrol.adapters.artifact_stores.folder import FolderArtifactStore
from missioncontrol.adapters.secret_stores import FileSecrets, secret_store
from missioncontrol.domain.errors import NotFound, Rejected
from missioncontrol.domain.secrets import REPLACEMENT, Scrubber, Stream
from tests.sandboxes import OpenBelow


def kept(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


def test_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    file = kept(tmp_path / "secrets.toml", 'openai = "from-the-file"\nother = "only-there"\n')
    store = secret_store({"MISSION_SECRET_OPENAI": "from-the-environment"}, file)
    assert store.value("openai") == "from-the-environment"
    assert store.value("other") == "only-there"


def test_an_unknown_secret_says_how_to_put_it_there(tmp_path: Path) -> None:
    store = secret_store({}, tmp_path / "secrets.toml")
    with pytest.raises(NotFound) as refused:
        store.value("git-hub")
    assert refused.value.code == "secret.unknown"
    assert "MISSION_SECRET_GIT_HUB" in refused.value.hint
    assert str(tmp_path / "secrets.toml") in refused.value.hint


def test_a_file_that_others_can_read_keeps_no_secret(tmp_path: Path) -> None:
    file = kept(tmp_path / "secrets.toml", 'openai = "hidden-value"\n', 0o640)
    with pytest.raises(Rejected) as refused:
        FileSecrets(file).find("openai")
    assert refused.value.code == "secret.open_file"
    assert "chmod 600" in refused.value.hint


def test_what_is_wrong_with_a_file_does_not_repeat_what_stands_in_it(tmp_path: Path) -> None:
    file = kept(tmp_path / "secrets.toml", "openai = hidden-value\n")
    with pytest.raises(Rejected) as refused:
        FileSecrets(file).find("openai")
    assert refused.value.code == "secret.bad_file"
    assert "hidden-value" not in str(refused.value)


def test_a_secret_that_was_changed_holds_at_once(tmp_path: Path) -> None:
    file = kept(tmp_path / "secrets.toml", 'openai = "first-value"\n')
    store = FileSecrets(file)
    assert store.find("openai") == "first-value"
    kept(file, 'openai = "second-value"\n')
    assert store.find("openai") == "second-value"


def test_secrets_that_come_later_are_scrubbed_from_then_on() -> None:
    scrubber = Scrubber(["first-secret"])
    assert scrubber.text("second-secret") == "second-secret"
    scrubber.add(["second-secret"])
    assert scrubber.text("first-secret second-secret") == f"{REPLACEMENT} {REPLACEMENT}"
    assert scrubber.bytes(b"second-secret") == REPLACEMENT.encode()


def test_a_secret_in_an_address_is_scrubbed_too() -> None:
    scrubber = Scrubber(["p@ss/word word"])
    assert scrubber.text("https://x:p%40ss%2Fword%20word@host/") == f"https://x:{REPLACEMENT}@host/"


def test_every_long_line_of_a_secret_in_several_lines_is_one() -> None:
    key = "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG\nw0BAQEFAASCBKcwggSj\n-----END KEY-----\n"
    scrubber = Scrubber([key])
    assert "MIIEvQ" not in scrubber.text("line 2 is MIIEvQIBADANBgkqhkiG, they say")


@pytest.mark.parametrize("seed", range(60))
def test_no_secret_gets_through_wherever_the_pieces_are_cut(seed: int) -> None:
    dice = random.Random(seed)
    secrets = ["hunter2-hunter2", "Grüße-ans-Geheimnis", 'quo"ted-secret']
    words = [dice.choice([*secrets, "plain", "words", " "]) for _ in range(40)]
    text = " ".join(words).encode()
    stream, out, place = Stream(Scrubber(secrets)), b"", 0
    while place < len(text):
        size = dice.randint(1, 9)
        out += stream.take(text[place : place + size])
        place += size
    out += stream.end()
    assert out == Scrubber(secrets).bytes(text)
    assert not any(secret.encode() in out for secret in secrets)


def test_all_secrets_that_can_be_listed_are_known(tmp_path: Path) -> None:
    file = kept(tmp_path / "secrets.toml", 'openai = "from-the-file"\nport = 80\n[more]\nx = "y"\n')
    store = secret_store({"MISSION_SECRET_MY_URL": "from-outside", "HOME": "/root"}, file)
    assert store.known() == ["from-outside", "from-the-file"]


def test_a_file_that_others_can_read_is_known_all_the_same(tmp_path: Path) -> None:
    file = kept(tmp_path / "secrets.toml", 'openai = "from-the-file"\n', 0o644)
    assert FileSecrets(file).known() == ["from-the-file"]


@pytest.mark.parametrize("content", [b"openai = hidden", b'openai = "\xff"', b"#" * 1024**2 + b"#"])
def test_a_file_that_cannot_be_read_is_told_of_at_a_look_up_only(
    tmp_path: Path, content: bytes
) -> None:
    file = kept(tmp_path / "secrets.toml", "")
    file.write_bytes(content)
    assert FileSecrets(file).known() == []
    with pytest.raises(Rejected, match="can't be read"):
        FileSecrets(file).find("openai")
    assert FileSecrets(tmp_path / "nothing.toml").known() == []


def test_a_secret_goes_before_anybody_looks_it_up(tmp_path: Path) -> None:
    kept(tmp_path / "secrets.toml", 'openai = "from-the-file"\nshort = "words"\n')
    scrubber = Scrubber([])
    environment = {"MISSION_SECRET_DATABASE_URL": "from-outside", "MISSION_SECRET_S": "brief"}
    artifacts = FolderArtifactStore(tmp_path / "artifacts")
    workshops_of(tmp_path, artifacts, environment, scrubber, OpenBelow(tmp_path))
    cleaned = scrubber.text("from-the-file, from-outside, brief words")
    assert cleaned == f"{REPLACEMENT}, {REPLACEMENT}, brief words"


@pytest.mark.parametrize("given", ["sk-ant-api03-0123456789abcdef", "0123456789abcdef" * 3])
def test_a_secret_that_stands_where_its_name_is_meant_is_not_repeated(
    tmp_path: Path, given: str
) -> None:
    with pytest.raises(NotFound) as refused:
        secret_store({}, tmp_path / "secrets.toml").value(given)
    assert given not in f"{refused.value} {refused.value.hint}"
