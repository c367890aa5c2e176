"""A secret goes however it is written, and nothing else goes with it."""

import base64
import html
import json
import shlex
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as some

from missioncontrol.domain import spellings
from missioncontrol.domain.secrets import LENGTH_MAX, REPLACEMENT, Scrubber, Stream


def json_text(text: str, *, ensure_ascii: bool = True) -> str:
    return json.dumps(text, ensure_ascii=ensure_ascii)[1:-1]


FORMS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "json": json_text,
    "json in unicode": lambda s: json_text(s, ensure_ascii=False),
    "json twice": lambda s: json_text(json_text(s)),
    "json thrice": lambda s: json_text(json_text(json_text(s))),
    "percent": quote,
    "percent, all": lambda s: quote(s, safe=""),
    "percent, most stay": lambda s: quote(s, safe="/:?#[]@!$&'()*+,;="),
    "percent, lower case": lambda s: "".join(
        c if c.isalnum() and c.isascii() else "".join(f"%{b:02x}" for b in c.encode()) for c in s
    ),
    "percent, every byte": lambda s: "".join(f"%{b:02X}" for b in s.encode()) if "/" in s else s,
    "form": quote_plus,
    "percent twice": lambda s: quote(quote(s, safe=""), safe=""),
    "form twice": lambda s: quote_plus(quote_plus(s)),
    "percent in json": lambda s: json_text(quote(s)),
    "html": html.escape,
    "html twice": lambda s: html.escape(html.escape(s)),
    "html in decimals": lambda s: html.escape(s).replace("&#x27;", "&#39;"),
    "html in json": lambda s: json_text(html.escape(s)),
    "html-safe json": lambda s: (
        json_text(s).replace("<", r"\u003c").replace(">", r"\u003e").replace("&", r"\u0026")
    ),
    "shell word": lambda s: shlex.quote(s).strip("'") if "'" not in s else s,
    "shell apostrophes": lambda s: s.replace("'", "'\\''"),
    "shell quotes": lambda s: s.replace("'", "'\"'\"'"),
    "shell in json": lambda s: json_text(s.replace("'", "'\\''")),
    "hex": lambda s: s.encode().hex(),
    "upper hex": lambda s: s.encode().hex().upper(),
    "base64": lambda s: base64.b64encode(s.encode()).decode(),
    "base64 for addresses": lambda s: base64.urlsafe_b64encode(s.encode()).decode(),
    "base64 without padding": lambda s: base64.b64encode(s.encode()).decode().rstrip("="),
    "base64 in an address": lambda s: quote(base64.b64encode(s.encode()).decode(), safe=""),
}
SIGNS = "abcXYZ059-_.~ /\\\"'&<>%+=$#@!?:\t\n\u00fc\u20ac\u0436\U0001f511"
SECRETS = some.text(some.sampled_from(SIGNS), min_size=8, max_size=40).filter(
    lambda text: len(set(text)) > 3 and text == text.strip()
)


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=25, deadline=None)
@given(secret=SECRETS, before=some.sampled_from(["", "x ", "x=", "(", "\u00fc:"]))
@example('it\'s <a> & "b" / 100% + c\\d', "=")
@example("sk-abcdef1234567890", "")
@example("schl\u00fcssel w\u00f6rter \U0001f511", " ")
def test_a_secret_goes_in_every_form(form: str, secret: str, before: str) -> None:
    written = FORMS[form](secret)
    scrubber = Scrubber([secret])
    assert scrubber.text(f"{before}{written}, so") == f"{before}{REPLACEMENT}, so"
    assert scrubber.bytes(f"{before}{written}, so".encode()) == f"{before}[secret], so".encode()


@settings(max_examples=60, deadline=None)
@given(
    secret=SECRETS,
    before=some.text(max_size=7),
    after=some.text(max_size=7),
    is_for_addresses=some.booleans(),
)
def test_a_secret_goes_from_the_middle_of_base64(
    secret: str, before: str, after: str, is_for_addresses: bool
) -> None:
    encode = base64.urlsafe_b64encode if is_for_addresses else base64.b64encode
    whole = encode(f"{before}{secret}{after}".encode()).decode()
    scrubbed = Scrubber([secret]).text(f"Basic {whole}")
    assert REPLACEMENT in scrubbed
    beginning = scrubbed.removeprefix("Basic ").partition(REPLACEMENT)[0]
    assert len(beginning) <= -(-len(before.encode()) * 8 // 6)


def test_what_precedes_a_secret_in_base64_stays() -> None:
    header = base64.b64encode(b"user:correct-horse").decode()
    clean = Scrubber(["correct-horse"]).text(f"Basic {header}")
    assert clean == "Basic dXNlcjp[secret]"


@settings(max_examples=80, deadline=None)
@given(
    secrets=some.lists(SECRETS, min_size=1, max_size=5),
    text=some.text(some.sampled_from(SIGNS), max_size=300),
)
def test_ordinary_text_stays(secrets: list[str], text: str) -> None:
    clean = Scrubber(secrets).text(text)
    if clean is not text:  # What went must have been there, with no more than escapes around it.
        bare = text.replace("\\", "")
        assert any(secret.replace("\\", "") in bare for secret in secrets) or "%" in text


@pytest.mark.parametrize(
    "text",
    [
        "the password is not here: pass word, password1, pass%20word, cGFzc3dvcmQ=",
        "token token token sk- sk-abc sk-abcdef sk-abcdef1 sk-abcdef123456",
        "70617373776f7264 and 736b2d616263",
        "a/b/c &amp;&amp; \\\\\\\\ '' \"\" %25%25%25",
    ],
)
def test_text_that_only_begins_like_a_secret_stays(text: str) -> None:
    secrets = ["password-for-token", "sk-abcdef1234567890", "a/b/c/d&e'f", "pass word & more"]
    assert Scrubber(secrets).text(text) is text


@settings(max_examples=80, deadline=None)
@given(
    secrets=some.lists(SECRETS, min_size=1, max_size=4),
    form=some.sampled_from(sorted(FORMS)),
    sizes=some.lists(some.integers(1, 60), min_size=1, max_size=20),
    data=some.data(),
)
def test_a_stream_says_what_the_whole_would_say(
    secrets: list[str], form: str, sizes: list[int], data: some.DataObject
) -> None:
    secrets = [*secrets, secrets[0] + "1234567890SECRET"]
    pieces = some.lists(some.sampled_from([*secrets, " ", "plain", "="]), max_size=25)
    text = "".join(FORMS[form](word) for word in data.draw(pieces)).encode()
    stream, out, place, turn = Stream(Scrubber(secrets)), b"", 0, 0
    while place < len(text):
        size = sizes[turn % len(sizes)]
        out += stream.take(text[place : place + size])
        place, turn = place + size, turn + 1
    assert out + stream.end() == Scrubber(secrets).bytes(text)


def test_a_stream_waits_for_the_longer_of_two_secrets() -> None:
    stream = Stream(Scrubber(["sk-abcdef12", "sk-abcdef1234567890SECRET"]))
    out = stream.take(b"it is sk-abcdef12") + stream.take(b"34567890SECRET, or") + stream.end()
    assert out == b"it is [secret], or"


def test_a_stream_lets_go_of_what_is_sure() -> None:
    scrubber = Scrubber(["hunter2-hunter2"])
    stream = Stream(scrubber)
    given = b"plain words " * 200
    assert len(stream.take(given)) == len(given) - scrubber.longest + 1
    assert Stream(Scrubber([])).take(given) == given


@pytest.mark.parametrize("run", range(9))
def test_json_stays_json_whatever_stands_before_a_secret(run: int) -> None:
    for secret in ('"quoted" secret', "/path/of/secret", "\u00fcber-geheim", "$ecret-word"):
        for ensure_ascii in (True, False):
            stored = json.dumps({"said": "\\" * run + secret}, ensure_ascii=ensure_ascii)
            clean = json.loads(Scrubber([secret]).text(stored))["said"]
            assert clean.lstrip("\\") == REPLACEMENT


def test_a_secret_beside_half_a_character_goes() -> None:
    scrubber = Scrubber(["hunter2-hunter2"])
    assert scrubber.text("\udc80 hunter2-hunter2") == "\udc80 [secret]"
    assert scrubber.text("\ud83d hunter2-hunter2") == "\ud83d [secret]"
    assert Scrubber(["raw-\udcff-secret"]).bytes(b"a raw-\xff-secret") == b"a [secret]"
    assert Scrubber(["raw-\ud83d-secret"]).text("a raw-\ud83d-secret") == "a [secret]"


def test_space_around_a_secret_is_no_part_of_it() -> None:
    assert Scrubber(["hunter2-hunter2\n"]).text("a hunter2-hunter2, b") == "a [secret], b"


def test_a_very_long_secret_goes_piece_by_piece() -> None:
    secret = "".join(chr(33 + (n * n * 7 + n // 90) % 90) for n in range(3 * LENGTH_MAX))
    assert set(Scrubber([secret]).text(f"{secret}").split(REPLACEMENT)) == {""}
    assert Scrubber([" " * 2 * LENGTH_MAX]).text(" " * 10_000) == " " * 10_000


@pytest.mark.parametrize("length", [600, 4000])
def test_a_long_secret_goes_in_the_usual_forms(length: int) -> None:
    secret = ('it\'s "long" & ' * 400)[:length].strip()
    for form in ("plain", "json", "json twice", "percent, all"):
        assert Scrubber([secret]).text(FORMS[form](secret)) == REPLACEMENT


def test_many_secrets_make_patterns_of_bounded_size(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    compiled = spellings._compiled

    def noted(pattern: str) -> object:
        sizes.append(len(pattern))
        return compiled(pattern)

    monkeypatch.setattr(spellings, "_compiled", noted)
    monkeypatch.setattr(spellings, "THOROUGHLY_MAX", 200_000)
    secrets = [f'it\'s {n:04} "secrets" & <more>' for n in range(300)]
    scrubber = Scrubber(secrets)
    assert scrubber.text(" ".join(secrets)) == " ".join([REPLACEMENT] * 300)
    assert max(sizes) <= spellings.PATTERN_MAX * 1.1
    assert 2 <= len(sizes) <= 4
