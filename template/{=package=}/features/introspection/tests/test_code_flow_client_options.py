"""`clients create` for an API, where there are public clients too."""

from ....tests.cli.conftest import CommandLine


def test_a_public_client_cannot_ask_about_tokens(settled: CommandLine) -> None:
    """C12, N/C1: so it is not given the means."""
    words = ("--public", "--redirect-uri", "https://app.example/", "--introspects", "https://api.example")

    refusal = settled("clients", "create", "app", *words).refusal

    assert refusal == "--introspects is for a client with a secret: a public one is told nothing of tokens"
