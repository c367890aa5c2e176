"""Files that we write where a program can write as well: its links lead nowhere."""

from pathlib import Path

import pytest

from missioncontrol.adapters.agents.files import write_below


def test_a_file_is_written_for_its_owner_and_replaces_what_was_there(tmp_path: Path) -> None:
    for content in (b"one", b"two"):
        write_below(tmp_path, "deep/in/config.toml", content)
    written = tmp_path / "deep/in/config.toml"
    assert (written.read_bytes(), written.stat().st_mode & 0o777) == (b"two", 0o600)
    assert (tmp_path / "deep").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("name", ["../key", "deep/../../key", "/tmp/key", "//tmp/key"])
def test_a_name_that_leads_out_is_refused(tmp_path: Path, name: str) -> None:
    home = tmp_path / "home"
    home.mkdir()
    with pytest.raises(OSError, match="leads out"):
        write_below(home, name, b"settings")
    assert not list(home.iterdir())


def test_a_link_that_the_program_left_is_not_followed(tmp_path: Path) -> None:
    home, outside = tmp_path / "home", tmp_path / "outside"
    home.mkdir()
    outside.mkdir()
    (outside / "key").write_text("key")
    (home / "config.toml").symlink_to(outside / "key")
    write_below(home, "config.toml", b"settings")
    assert (outside / "key").read_text() == "key"
    (home / "deep").symlink_to(outside)
    with pytest.raises(OSError, match="deep"):
        write_below(home, "deep/key", b"settings")
    assert (outside / "key").read_text() == "key"
