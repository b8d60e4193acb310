"""`clients create` for applications that people sign in to."""

import pytest

from .conftest import CommandLine

CALLBACK = "https://app.example/callback"


def test_redirect_uris_make_a_client_of_the_code_flow(settled: CommandLine) -> None:
    """RFC 6749 §4.1: and that gets refresh tokens."""
    settled("clients", "create", "web", "--redirect-uri", CALLBACK, "--redirect-uri", "http://localhost/cb")

    shown = settled("clients", "show", "web", "--json").json

    assert shown["grant_types"] == ["authorization_code", "refresh_token"]
    assert shown["redirect_uris"] == [CALLBACK, "http://localhost/cb"]
    assert shown["is_native"] is False


def test_the_grants_that_are_asked_for_are_those_it_gets(settled: CommandLine) -> None:
    """M4."""
    settled("clients", "create", "web", "--redirect-uri", CALLBACK, "--grant-type", "authorization_code")

    assert settled("clients", "show", "web", "--json").json["grant_types"] == ["authorization_code"]


def test_a_public_client_has_no_secret(settled: CommandLine) -> None:
    """RFC 6749 §2.1."""
    outcome = settled("clients", "create", "app", "--redirect-uri", CALLBACK, "--public", "--native", "--json")

    shown = settled("clients", "show", "app", "--json").json
    assert outcome.json == {"client_id": "app"}
    assert (shown["token_endpoint_auth_method"], shown["is_native"]) == ("none", True)
    assert settled("clients", "rotate-secret", "app").refusal == "app is public: it has no secret"


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        (("--redirect-uri", "http://app.example/cb"), "http is allowed for localhost"),
        (("--redirect-uri", "https://app.example/cb#x"), "it has a fragment"),
        (("--redirect-uri", "javascript:alert(1)"), "the scheme javascript is not allowed"),
        (("--grant-type", "authorization_code"), "needs a --redirect-uri"),
        (("--public",), "a public client cannot have client_credentials"),
        (
            ("--redirect-uri", CALLBACK, "--public", "--auth-method", "client_secret_basic"),
            "--public and --auth-method client_secret_basic contradict each other",
        ),
    ],
)
def test_a_client_that_could_not_be_safe_is_refused(settled: CommandLine, options: tuple[str, ...], fault: str) -> None:
    """RFC 9700 §2.1."""
    assert fault in settled("clients", "create", "web", *options).refusal
    assert settled("clients", "list").out == ""
