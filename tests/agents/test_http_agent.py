"""Services over HTTP as agents, with real servers on this machine."""

import asyncio
import datetime as dt
import hashlib
import hmac
import ipaddress
import json
import ssl
import threading
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from missioncontrol.adapters.agents.http.client import Answer, retry_after
from missioncontrol.adapters.agents.http.kind import HttpKind
from missioncontrol.adapters.agents.http.limits import address_of, is_allowed
from missioncontrol.domain.agent import Shape
from missioncontrol.domain.declaration import Declaration, Limits
from missioncontrol.domain.errors import Rejected
from missioncontrol.domain.work import Work
from missioncontrol.ports.agent import AttemptFailed
from tests.agents.heard import SECRET, HeardLine, a_workshop, assignment, run
from tests.agents.service import Reply, Service, always, in_turn, serving

KIND = HttpKind()


def declared(url: str, output: Shape | None = None, **settings: Any) -> Declaration:
    shape = output or Shape()
    return Declaration("service", "http", {"url": url, **settings}, output=shape)


def work(
    root: Path,
    agent: Declaration,
    inputs: dict[str, Any] | None = None,
    line: HeardLine | None = None,
    environment: dict[str, str] | None = None,
) -> Work:
    async def story() -> Work:
        made = KIND.make(agent, a_workshop(root, environment))
        return await made.perform(assignment(inputs), line or HeardLine())

    return run(story())


def failure(root: Path, agent: Declaration, **more: Any) -> AttemptFailed:
    with pytest.raises(AttemptFailed) as caught:
        work(root, agent, **more)
    return caught.value


# What it does.


def test_inputs_go_out_as_json_and_the_answer_is_the_output(tmp_path: Path) -> None:
    with serving(always({"sum": 5})) as service:
        done = work(tmp_path, declared(f"{service.url}/add"), {"a": 2, "b": 3})
    (request,) = service.requests
    assert json.loads(request["body"]) == {"a": 2, "b": 3}
    assert (request["method"], request["path"]) == ("POST", "/add")
    assert done.output == {"sum": 5}


def test_the_service_can_tell_attempts_of_one_step_from_others(tmp_path: Path) -> None:
    with serving(always({})) as service:
        work(tmp_path, declared(service.url))
    headers = service.requests[0]["headers"]
    assert headers["idempotency-key"] == "key-1"
    assert (headers["mission-run"], headers["mission-step"]) == ("run-1", "a")


def test_a_signature_covers_time_and_body(tmp_path: Path) -> None:
    with serving(always({})) as service:
        agent = declared(service.url, signing_secret="HOOK_KEY")
        work(tmp_path, agent, {"a": 1}, environment={"HOOK_KEY": SECRET})
    (request,) = service.requests
    signed = request["headers"]["mission-timestamp"].encode() + b"." + request["body"]
    expected = hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
    assert request["headers"]["mission-signature"] == f"v1={expected}"
    assert SECRET not in str(request)


def test_a_header_is_filled_from_a_variable(tmp_path: Path) -> None:
    with serving(always({})) as service:
        agent = declared(service.url, headers={"Authorization": "Bearer {API_KEY}"})
        work(tmp_path, agent, environment={"API_KEY": SECRET})
    assert service.requests[0]["headers"]["authorization"] == f"Bearer {SECRET}"


def test_a_get_asks_with_its_inputs_as_query(tmp_path: Path) -> None:
    with serving(always([1])) as service:
        done = work(tmp_path, declared(service.url, method="GET"), {"q": "a b", "n": 2})
    assert service.requests[0]["path"] == "/?q=a+b&n=2"
    assert done.output == [1]


def test_text_is_handed_back_as_text(tmp_path: Path) -> None:
    with serving(always(b"hello", Content_Type="text/plain; charset=utf-8")) as service:
        assert work(tmp_path, declared(service.url)).output == "hello"


@pytest.mark.parametrize(
    ("media", "expected"),
    [
        ("text/plain; charset=latin-1", "caf\u00e9"),
        ("text/plain", "caf\ufffd"),
        ("text/plain; charset=idna", "caf\ufffd"),
    ],
)
def test_a_text_is_read_as_it_was_written(media: str, expected: str) -> None:
    assert Answer(200, {"content-type": media}, b"caf\xe9", "").text == expected


def test_the_usage_that_a_service_tells_is_counted(tmp_path: Path) -> None:
    payload = {"usage": {"input_tokens": 9, "output_tokens": 4, "cost": 70}}
    line = HeardLine()
    with serving(always(payload)) as service:
        work(tmp_path, declared(service.url, usage=True), line=line)
    assert (line.used.input_tokens, line.used.output_tokens, line.used.cost) == (9, 4, 70)


def test_a_usage_that_cannot_be_read_fails_the_attempt(tmp_path: Path) -> None:
    with serving(always({"usage": {"input_tokens": "many"}})) as service:
        error = failure(tmp_path, declared(service.url, usage=True))
    assert error.code == "http.bad_usage"


def test_a_call_of_a_service_that_spends_is_admitted_before_it_is_sent(tmp_path: Path) -> None:
    line = HeardLine()
    line.tokens_max = 10
    with serving(always({})) as service:
        limits = Limits(input_tokens=10, output_tokens=5, by_call=True)
        agent = Declaration("s", "http", {"url": service.url}, model="m", limits=limits)
        error = failure(tmp_path, agent, line=line)
    assert error.code == "budget.exceeded"
    assert service.requests == []


# Work that ends later.


def test_work_that_was_accepted_is_asked_after_until_it_ends(tmp_path: Path) -> None:
    replies = in_turn(
        (202, {"Location": "/jobs/7"}, {}),
        (202, {}, {"state": "working"}),
        (200, {}, {"state": "done"}),
    )
    line = HeardLine()
    with serving(replies) as service:
        done = work(tmp_path, declared(f"{service.url}/jobs", poll_seconds=0.01), line=line)
    assert [request["path"] for request in service.requests] == ["/jobs", "/jobs/7", "/jobs/7"]
    assert done.output == {"state": "done"}
    assert line.moved


def test_cancelling_tells_the_service(tmp_path: Path) -> None:
    def answer(service: Service, request: dict[str, Any]) -> Reply:
        return 202, {"Location": "/jobs/7"}, {}

    async def story(service: Service) -> None:
        agent = declared(service.url, poll_seconds=0.01, cancels=True)
        line = HeardLine()
        made = KIND.make(agent, a_workshop(tmp_path))
        task = asyncio.ensure_future(made.perform(assignment(), line))
        await line.spoke.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with serving(answer) as service:
        run(story(service))
    last = service.requests[-1]
    assert (last["method"], last["path"]) == ("DELETE", "/jobs/7")


def test_work_is_not_asked_after_on_another_host(tmp_path: Path) -> None:
    with serving(always({}, 202, Location="http://127.0.0.1:1/jobs")) as service:
        error = failure(tmp_path, declared(service.url, private=True))
    assert error.code == "http.redirected"


# What goes wrong.


def test_a_busy_service_is_asked_again_when_it_says(tmp_path: Path) -> None:
    line = HeardLine()
    with serving(in_turn((429, {"Retry-After": "1"}, {}), (200, {}, {"ok": True}))) as service:
        done = work(tmp_path, declared(service.url), line=line)
    assert done.output == {"ok": True}
    assert "retrying in 1 s" in line.text
    assert len({request["headers"]["idempotency-key"] for request in service.requests}) == 1


def test_a_service_that_asks_for_too_much_patience_is_left_alone(tmp_path: Path) -> None:
    with serving(always({}, 503, Retry_After="86400")) as service:
        error = failure(tmp_path, declared(service.url))
    assert (error.code, error.retryable) == ("http.busy", True)
    assert len(service.requests) == 1


def test_what_may_have_been_done_is_not_done_again(tmp_path: Path) -> None:
    with serving(always({"why": "disk full"}, 500)) as service:
        error = failure(tmp_path, declared(service.url))
    assert error.code == "http.refused"
    assert "disk full" in error.reason
    assert len(service.requests) == 1


def test_that_it_may_be_asked_later_does_not_say_that_nothing_was_done(tmp_path: Path) -> None:
    with serving(always({}, 502, Retry_After="0")) as service:
        assert failure(tmp_path, declared(service.url)).code == "http.refused"
    assert len(service.requests) == 1


@pytest.mark.parametrize(
    "header", ["\u00b2", "-5", "0.5", "Wed, 21 Oct 99999 07:28:00 GMT", "soon"]
)
def test_a_time_that_cannot_be_read_is_none(header: str) -> None:
    assert retry_after(Answer(429, {"retry-after": header}, b"", ""), 0.0) == 0.0


@pytest.mark.parametrize("location", ["http://127.0.0.1:99999/", "http://[x"])
def test_an_address_that_is_none_is_not_followed(tmp_path: Path, location: str) -> None:
    with serving(always({}, 202, Location=location)) as service:
        error = failure(tmp_path, declared(service.url))
    assert (error.code, error.retryable) == ("http.redirected", False)


def test_it_is_done_again_where_the_service_honours_the_key(tmp_path: Path) -> None:
    with serving(in_turn((502, {}, {}), (200, {}, 1))) as service:
        assert work(tmp_path, declared(service.url, repeatable=True)).output == 1
    assert len(service.requests) == 2


def test_a_refusal_says_what_to_check(tmp_path: Path) -> None:
    with serving(always({"error": f"{SECRET} is no key"}, 401)) as service:
        error = failure(tmp_path, declared(service.url))
    assert (error.code, error.retryable) == ("http.refused", False)
    assert "[secret] is no key" in error.reason
    assert "secret" in error.hint


def test_a_redirect_to_another_host_is_not_followed(tmp_path: Path) -> None:
    with serving(always({}, 307, Location="http://example.com/")) as service:
        error = failure(tmp_path, declared(service.url))
    assert error.code == "http.redirected"


def test_a_redirect_within_the_service_is_followed(tmp_path: Path) -> None:
    with serving(in_turn((307, {"Location": "/new"}, {}), (200, {}, 1))) as service:
        assert work(tmp_path, declared(service.url), {"a": 1}).output == 1
    assert [request["body"] for request in service.requests] == [b'{"a":1}'] * 2


def test_an_answer_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    with serving(always("x" * 2000)) as service:
        error = failure(tmp_path, declared(service.url, answer_bytes_max=1000))
    assert error.code == "http.answer_too_large"


def test_inputs_that_are_too_large_are_not_sent(tmp_path: Path) -> None:
    with serving(always({})) as service:
        agent = declared(service.url, request_bytes_max=10)
        assert failure(tmp_path, agent, inputs={"a": "x" * 20}).code == "http.request_too_large"
    assert service.requests == []


def test_an_answer_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    shape = Shape("object", {"sum": Shape("integer")})
    with serving(always({"sum": "five"})) as service:
        error = failure(tmp_path, declared(service.url, shape))
    assert error.code == "http.bad_output"
    assert "sum" in error.reason


def test_what_is_no_json_is_refused(tmp_path: Path) -> None:
    with serving(always(b"<html>", Content_Type="application/json")) as service:
        assert failure(tmp_path, declared(service.url)).code == "http.not_json"


def test_a_service_that_is_not_there_is_unreachable(tmp_path: Path) -> None:
    error = failure(tmp_path, declared("http://127.0.0.1:1/", tries=1))
    assert (error.code, error.retryable) == ("http.unreachable", True)


def test_a_service_that_does_not_answer_is_late(tmp_path: Path) -> None:
    waiting = threading.Event()

    def answer(service: Service, request: dict[str, Any]) -> Reply:
        waiting.wait(3)
        return 200, {}, {}

    with serving(answer) as service:
        error = failure(tmp_path, declared(service.url, seconds_max=0.05))
        waiting.set()
    assert error.code == "http.late"


@pytest.mark.parametrize(
    ("address", "private", "expected"),
    [
        ("127.0.0.1", True, True),
        ("127.0.0.1", False, False),
        ("10.1.2.3", False, False),
        ("::1", False, False),
        ("::ffff:10.0.0.1", False, False),
        ("169.254.169.254", True, False),
        ("::ffff:169.254.169.254", True, False),
        ("224.0.0.1", True, False),
        ("0.0.0.0", True, False),
        ("8.8.8.8", False, True),
        ("8.8.8.8", True, True),
    ],
)
def test_private_addresses_are_reached_only_where_they_are_meant(
    address: str, private: bool, expected: bool
) -> None:
    assert is_allowed(ipaddress.ip_address(address), private=private) is expected


def test_a_public_name_that_leads_inside_is_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(*, private: bool) -> str:
        async def looked_up(*given: Any, **more: Any) -> list[Any]:
            return [(0, 0, 0, "", ("127.0.0.1", 80))]

        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", looked_up)
        return await address_of("service.example.com", 80, private=private)

    assert run(story(private=True)) == "127.0.0.1"
    with pytest.raises(AttemptFailed) as caught:
        run(story(private=False))
    assert caught.value.code == "http.forbidden_address"


@pytest.mark.parametrize(
    "settings",
    [
        {"url": "ftp://example.com"},
        {"url": "http://user:pw@example.com"},
        {"url": "http://example.com", "headers": {"Host": "other"}},
        {"url": "http://example.com", "headers": {"Idempotency-Key": "1"}},
        {"url": "http://example.com", "colour": "red"},
        {"url": "http://example.com", "tries": 0},
        {"url": "http://example.com", "method": "TRACE"},
        {},
    ],
)
def test_bad_settings_are_refused_by_name(settings: dict[str, Any]) -> None:
    with pytest.raises(Rejected, match="'service'") as caught:
        KIND.card(Declaration("service", "http", settings))
    assert caught.value.code == "agent.bad_settings"


def test_a_missing_variable_is_named(tmp_path: Path) -> None:
    with serving(always({})) as service:
        error = failure(tmp_path, declared(service.url, headers={"A": "{NOT_THERE}"}))
    assert error.code == "http.no_variable"
    assert "NOT_THERE" in error.reason


def certificate(root: Path, name: str) -> tuple[ssl.SSLContext, str]:
    """Return what a server shows that is called `name`, and the file that makes it trusted."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now.replace(year=2100))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    shown = root / "certificate.pem"
    shown.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret = root / "key.pem"
    forms = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    secret.write_bytes(key.private_bytes(serialization.Encoding.PEM, *forms))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(shown, secret)
    return context, str(shown)


def test_a_certificate_is_checked_against_the_name_that_was_declared(tmp_path: Path) -> None:
    tls, trusted = certificate(tmp_path, "localhost")
    with serving(always({"ok": True}), tls) as service:
        assert work(tmp_path, declared(service.url, ca_file=trusted)).output == {"ok": True}
    tls, trusted = certificate(tmp_path, "elsewhere.example")
    with serving(always({"ok": True}), tls) as service:
        error = failure(tmp_path, declared(service.url, ca_file=trusted, tries=1))
    assert (error.code, error.retryable) == ("http.bad_certificate", False)
    assert "Hostname mismatch" in error.reason
    assert "`ca_file`" in error.hint


# What it says of itself.


def test_a_service_that_changes_something_is_of_the_writing_tier() -> None:
    assert KIND.card(declared("http://example.com")).risk == "write"
    assert KIND.card(declared("http://example.com", method="GET")).risk == "read"


def test_a_service_proves_that_it_works(tmp_path: Path) -> None:
    with serving(always({"version": "4.2"})) as service:
        agent = declared(f"{service.url}/do", health="/health")
        proof = run(KIND.prove(agent, a_workshop(tmp_path), round_trip=True))
    assert proof.version == "4.2"
    assert [request["path"] for request in service.requests] == ["/health"]


def test_a_service_that_refuses_us_is_no_proof(tmp_path: Path) -> None:
    with serving(always({}, 403)) as service, pytest.raises(AttemptFailed) as caught:
        run(KIND.prove(declared(service.url), a_workshop(tmp_path), round_trip=False))
    assert "secret" in caught.value.hint
