"""Workers are known by tokens of which the home keeps the digests alone."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from missioncontrol.adapters.workers.tokens import TokenFile, token_in
from missioncontrol.domain.errors import Rejected, Unavailable


def test_a_token_is_known_until_another_one_is_made(tmp_path: Path) -> None:
    tokens = TokenFile(tmp_path / "workers.toml")
    first = tokens.make("box")
    other = tokens.make("shed")
    assert tokens.who(first) == "box"
    second = TokenFile(tmp_path / "workers.toml").make("box")
    assert (tokens.who(first), tokens.who(second), tokens.who(other)) == ("", "box", "shed")


@pytest.mark.parametrize("token", ["", "box", "box:", ":", "nobody:x", "box:\udc80", "é:é"])
def test_what_is_no_token_is_nobodys(tmp_path: Path, token: str) -> None:
    tokens = TokenFile(tmp_path / "workers.toml")
    assert tokens.who(token) == ""
    tokens.make("box")
    assert tokens.who(token) == ""


@pytest.mark.parametrize("name", ["", "any", "here", "Box", "a b", "x" * 61, "a:b"])
def test_a_worker_needs_a_name_that_can_be_told_from_others(tmp_path: Path, name: str) -> None:
    with pytest.raises(Rejected, match="cannot be the name"):
        TokenFile(tmp_path / "workers.toml").make(name)


def test_a_damaged_file_of_tokens_lets_nobody_in_and_says_so(tmp_path: Path) -> None:
    file = tmp_path / "workers.toml"
    file.write_text("tokens = [")
    with pytest.raises(Unavailable, match="can't be read"):
        TokenFile(file).who("box:1")


@pytest.mark.parametrize(
    ("content", "mode", "message"),
    [
        ("box:secret", 0o644, "can be read by others"),
        ("", 0o600, "does not contain a token"),
        ("Box:secret", 0o600, "does not contain a token"),
        (f"box:{'x' * 300}", 0o600, "does not contain a token"),
    ],
)
def test_a_file_that_holds_no_token_for_one_alone_is_refused(
    tmp_path: Path, content: str, mode: int, message: str
) -> None:
    file = tmp_path / "token"
    file.write_text(content)
    file.chmod(mode)
    with pytest.raises(Rejected, match=message):
        token_in(file)


def test_tokens_that_are_made_at_the_same_time_are_all_known(tmp_path: Path) -> None:
    path = tmp_path / "workers.toml"
    names = [f"box-{number}" for number in range(40)]
    with ThreadPoolExecutor(8) as pool:
        tokens = list(pool.map(lambda name: TokenFile(path).make(name), names))
    assert [TokenFile(path).who(token) for token in tokens] == names
