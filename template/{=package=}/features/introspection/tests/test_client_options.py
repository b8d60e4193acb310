"""`clients create` for an API that asks about tokens."""

import pytest

from ....tests.cli.conftest import CommandLine

API = "https://api.example"


def test_an_api_is_created_with_the_resources_that_it_stands_for(settled: CommandLine) -> None:
    """H2: each once; spelled as `aud` names them."""
    other = "https://other.example/mcp"

    made = settled("clients", "create", "api", "--introspects", API, "--introspects", other, "--introspects", API)

    shown = settled("clients", "show", "api", "--json").json
    assert made.code == 0
    assert shown["introspects"] == [API, other]


def test_without_the_option_a_client_stands_for_nothing(settled: CommandLine) -> None:
    """H2."""
    settled("clients", "create", "worker")

    assert "introspects" not in settled("clients", "show", "worker", "--json").json


@pytest.mark.parametrize("resource", ["api", "https://api.example#a", "https://me@api.example"])
def test_what_cannot_be_an_audience_is_refused(settled: CommandLine, resource: str) -> None:
    """B6: it would never match."""
    refusal = settled("clients", "create", "api", "--introspects", resource).refusal

    assert refusal == f"--introspects {resource}: must be an absolute URL without fragment"
