"""SMTP: encryption, logging in, and the settings that cannot work."""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from channels.providers.base import Outcome, SettingsError
from tests.channels.provider_kit import message, send_all
from tests.channels.smtp_kit import SMTP, SinkWith, settings_for, started_when_asked_for
from tests.sinks.sink import Sink


@pytest.fixture(scope="module")
def sinks() -> Iterator[SinkWith]:
    """A sink for each set of options."""
    with started_when_asked_for() as sink:
        yield sink


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sink")])
    now = datetime.datetime.now(datetime.UTC)
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "sink.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


class TestLoginAndEncryption:
    """STARTTLS, TLS and AUTH, with a certificate that only these tests trust."""

    @pytest.mark.parametrize(("security", "options"), [("starttls", ()), ("tls", ("--tls",))])
    def test_logs_in_over_an_encrypted_line(
        self, security: str, options: tuple[str, ...], certificate: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        options = ("--certificate", str(certificate), "--login", "shop:s3cret", *options)
        with Sink("smtp", options=options) as sink:
            settings = settings_for(sink, security=security, username="shop", password="s3cret")
            assert SMTP.check(settings).ok
            outcomes = send_all(SMTP, settings, [message(n) for n in range(5)])
            assert {outcome.kind for outcome in outcomes.values()} == {"sent"}
            assert len(sink.journal()) == 5

    def test_a_certificate_nobody_trusts_breaks_the_connection(self, certificate: Path) -> None:
        with Sink("smtp", options=("--certificate", str(certificate))) as sink:
            settings = settings_for(sink, security="starttls")
            outcome = send_all(SMTP, settings, [message(1)])[1]
            assert (outcome.kind, outcome.reason, outcome.connection_error) == (
                "retry",
                "certificate_invalid",
                True,
            )
            assert not SMTP.check(settings).ok
            assert sink.journal() == []

    def test_encryption_is_never_left_out_because_the_server_has_none(self, smtp_sink: Sink) -> None:
        outcome = send_all(SMTP, settings_for(smtp_sink, security="starttls"), [message(1)])[1]
        assert (outcome.kind, outcome.reason, outcome.connection_error) == ("retry", "not_supported", True)

    def test_a_wrong_password_breaks_the_connection(self, sinks: SinkWith) -> None:
        sink = sinks(("--login", "shop:s3cret"))
        settings = settings_for(sink, username="shop", password="guess")
        outcome = send_all(SMTP, settings, [message(1)])[1]
        assert (outcome.kind, outcome.reason, outcome.connection_error) == ("retry", "login_refused", True)
        result = SMTP.check(settings)
        assert not result.ok
        assert "535" in result.message

    def test_a_login_that_fails_for_now_does_not(self, sinks: SinkWith) -> None:
        sink = sinks(("--login", "shop:s3cret"))
        sink.set_script([{"verb": "AUTH", "reply": "454 4.7.0 try later"}])
        settings = settings_for(sink, username="shop", password="s3cret")
        assert send_all(SMTP, settings, [message(1)])[1] == Outcome.retry(
            "login_refused", "The server refused the login: 454 4.7.0 try later"
        )


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"host": ""}, "host"),
        ({"port": "many"}, "port"),
        ({"port": 70000}, "port"),
        ({"security": "maybe"}, "security"),
        ({"from_address": "nobody"}, "from_address"),
        ({"from_name": "two\nlines"}, "from_name"),
        ({"password": "alone"}, "username"),
        ({"timeout": "nan"}, "timeout"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_settings_that_cannot_work_are_refused_by_field(changes: dict[str, Any], field: str) -> None:
    usual = {"host": "mail.example.test", "from_address": "news@example.test"}
    with pytest.raises(SettingsError) as problem:
        SMTP.clean({**usual, **changes})
    assert list(problem.value.errors) == [field]


def test_settings_have_sensible_defaults() -> None:
    cleaned = SMTP.clean({"host": "mail.example.test", "from_address": "news@example.test"})
    assert (cleaned["port"], cleaned["security"], cleaned["timeout"]) == (587, "starttls", 30)
