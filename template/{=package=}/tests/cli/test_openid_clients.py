"""`clients create` for applications that want to know who signed in."""

from .conftest import CommandLine

CALLBACK = "https://app.example/callback"


def test_a_client_may_have_its_id_tokens_signed_as_it_likes(settled: CommandLine) -> None:
    """B4: `id_token_signed_response_alg`."""
    settled.told(signing_algorithms="ES256,EdDSA")

    settled("clients", "create", "web", "--redirect-uri", CALLBACK, "--scope", "openid", "--id-token-alg", "EdDSA")

    shown = settled("clients", "show", "web", "--json").json
    assert (shown["id_token_signed_response_alg"], shown["scope"]) == ("EdDSA", ["openid"])


def test_an_algorithm_that_nobody_here_signs_with_is_refused(settled: CommandLine) -> None:
    """B4."""
    refusal = settled("clients", "create", "web", "--redirect-uri", CALLBACK, "--id-token-alg", "RS256").refusal

    assert refusal == "--id-token-alg RS256 is not offered here: choose ES256"
