"""`clients create` and `clients change` for applications whose tokens are always bound."""

from ....tests.cli.conftest import CommandLine

MEMBER = "dpop_bound_access_tokens"


def test_a_client_may_always_have_to_prove_its_key(settled: CommandLine) -> None:
    """G4, RFC 9449 §5.2."""
    settled("clients", "create", "wary", "--dpop-bound")
    settled("clients", "create", "lax")

    wary, lax = (settled("clients", "show", name, "--json").json for name in ("wary", "lax"))
    assert wary[MEMBER] is True
    assert MEMBER not in lax


def test_a_client_that_is_there_can_be_bound_and_let_go(settled: CommandLine) -> None:
    """G4: once its developers are ready, and back if they were not; a change of something else leaves it."""
    settled("clients", "create", "web")

    found = []
    for option in ("--dpop-bound", "--name=Web", "--no-dpop-bound"):
        assert settled("clients", "change", "web", option).code == 0
        found.append(settled("clients", "show", "web", "--json").json[MEMBER])

    assert found == [True, True, False]
