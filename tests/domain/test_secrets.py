"""Secrets go by their value, in every form in which they are stored."""

import json

import pytest

from missioncontrol.domain.secrets import Scrubber, secret_values


def test_secrets_are_known_by_the_names_of_their_variables_longest_first() -> None:
    environment = {
        "GITHUB_TOKEN": "ghp_0123456789",
        "api_key": "sk-0123456",
        "DB_PASSWORD": "correct horse battery",
        "MONKEY": "not a secret at all",
        "PATH": "/usr/bin:/bin",
        "SSH_AUTH_SOCK": "/run/agent/socket",
        "SHORT_TOKEN": "1234567",
        "LAST_PAT": "sk-0123456",
    }
    assert secret_values(environment) == ["correct horse battery", "ghp_0123456789", "sk-0123456"]


def test_equally_long_secrets_have_a_fixed_order() -> None:
    assert secret_values({"B_KEY": "bbbbbbbb", "A_KEY": "aaaaaaaa"}) == ["aaaaaaaa", "bbbbbbbb"]


def test_a_secret_is_replaced_wherever_it_stands() -> None:
    scrubber = Scrubber(["hunter2hunter2"])
    assert scrubber.text("a hunter2hunter2, b=hunter2hunter2!") == "a [secret], b=[secret]!"
    assert scrubber.bytes(b"x hunter2hunter2 \xff") == b"x [secret] \xff"


@pytest.mark.parametrize("ensure_ascii", [True, False])
@pytest.mark.parametrize(
    "secret", ['quo"te\\slash', "line\nbreak\ttab", "schlüsselwörter", "тайныйключ", "€uro&/paß🔑"]
)
def test_a_secret_is_found_as_it_stands_in_json(secret: str, ensure_ascii: bool) -> None:
    scrubber = Scrubber([secret])
    stored = json.dumps({"said": f"it is {secret}."}, ensure_ascii=ensure_ascii)
    assert json.loads(scrubber.text(stored)) == {"said": "it is [secret]."}
    assert json.loads(scrubber.bytes(stored.encode())) == {"said": "it is [secret]."}


def test_marks_that_mean_something_in_a_pattern_mean_nothing_here() -> None:
    assert Scrubber(["a.c(d)*[e]"]).text("abc a.c(d)*[e]") == "abc [secret]"


@pytest.mark.parametrize("order", [1, -1])
def test_a_longer_secret_goes_before_one_that_begins_it(order: int) -> None:
    scrubber = Scrubber(["abcdefgh", "abcdefghij"][::order])
    assert scrubber.text("abcdefghij abcdefgh") == "[secret] [secret]"


def test_what_holds_no_secret_is_the_same_object() -> None:
    text, content = "".join(["nothing ", "here"]), bytes(bytearray(b"nothing here"))
    for scrubber in (Scrubber(["hunter2hunter2"]), Scrubber([])):
        assert scrubber.text(text) is text
        assert scrubber.bytes(content) is content


@pytest.mark.parametrize("secret", ['quo"te\\slash', "line\nbreak", "schlüsselwörter"])
def test_a_secret_is_found_in_json_within_json(secret: str) -> None:
    inner = json.dumps({"said": secret})
    stored = json.dumps({"log": inner})
    found = Scrubber([secret]).bytes(stored.encode())
    assert json.loads(json.loads(found)["log"]) == {"said": "[secret]"}


def test_plain_values_lose_their_secrets_and_keep_their_shape() -> None:
    scrubber = Scrubber(["hunter2hunter2"])
    value = {"a hunter2hunter2": [1, 2.5, None, True, ("hunter2hunter2",)], "b": {"c": "fine"}}
    assert scrubber.values(value) == {
        "a [secret]": [1, 2.5, None, True, ["[secret]"]],
        "b": {"c": "fine"},
    }


def test_words_that_a_shape_is_made_of_stay_as_they_are() -> None:
    scrubber = Scrubber(["workflow", "12345678"])
    value = {"workflow": "a workflow", "n": 12345678, "kind": "workflow"}
    assert scrubber.values(value, keep={"workflow"}) == {
        "workflow": "a [secret]",
        "n": 12345678,
        "kind": "workflow",
    }


def test_whether_a_secret_occurs_can_be_asked() -> None:
    scrubber = Scrubber(['quo"te-secret'])
    assert scrubber.occurs_in(b'raw quo"te-secret')
    assert scrubber.occurs_in(json.dumps('quo"te-secret').encode())
    assert not scrubber.occurs_in(b"nothing")
    assert not Scrubber([]).occurs_in(b"nothing")


def test_an_empty_secret_is_none() -> None:
    assert Scrubber([""]).text("words") == "words"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PGPASSWORD", "correct-horse"),
        ("SSHPASS", "correct-horse"),
        ("GPG_PASSPHRASE", "correct-horse"),
        ("API_KEY", "/9j4AAQSkZJRg"),
        ("OPENAI_APIKEY", "correct-horse"),
        ("NPM_AUTHTOKEN", "correct-horse"),
        ("SESSION_COOKIE", "correct-horse"),
    ],
)
def test_a_variable_whose_name_says_secret_is_one(name: str, value: str) -> None:
    assert secret_values({name: value}) == [value]


def test_a_password_in_an_address_is_a_secret_and_the_address_is_not() -> None:
    found = secret_values({"DATABASE_URL": "postgres://u:correct-horse@h/db", "PATH": "/usr/bin"})
    assert found == ["correct-horse"]


@pytest.mark.parametrize("name", ["PWD", "SSH_AUTH_SOCK", "TOKEN_FILE", "KEY_PATH", "KEYBOARD"])
def test_a_variable_that_says_where_or_how_is_no_secret(name: str) -> None:
    assert secret_values({name: "some-thing-long"}) == []


def test_keys_of_the_gateway_are_known_by_their_form() -> None:
    key = "mck-" + "aB3_-" * 8 + "xyz"
    scrubber = Scrubber(["another-secret"])
    assert scrubber.text(f'{{"key":"{key}"}}') == '{"key":"[secret]"}'
    assert scrubber.text(f"Bearer {key}, mck-short") == "Bearer [secret], mck-short"
