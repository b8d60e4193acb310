"""`clients create` and `clients change` for applications that authenticate with a key."""

import json
from pathlib import Path
from typing import Any

import pytest

from ...core.keys import LocalKey
from .conftest import CommandLine, Outcome

KEY, NEW = LocalKey.generate("ES256"), LocalKey.generate("EdDSA")
PUBLIC = {"keys": [dict(KEY.public_jwk)]}


def keep(command: CommandLine, content: Any, name: str = "keys.json") -> str:
    """Write a file of keys; return where it is."""
    path = Path(command.folder) / name
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return str(path)


def create(command: CommandLine, *options: str) -> Outcome:
    """Create a client that authenticates with a key."""
    return command("clients", "create", "worker", "--auth-method", "private_key_jwt", *options)


def shown(command: CommandLine) -> dict[str, Any]:
    """Return all that is known of the client."""
    known: dict[str, Any] = command("clients", "show", "worker", "--json").json
    return known


def test_a_client_is_kept_with_its_public_keys_and_gets_no_secret(settled: CommandLine) -> None:
    """C4, C6."""
    outcome = create(settled, "--jwks", keep(settled, PUBLIC), "--json")

    known = shown(settled)
    assert outcome.json == {"client_id": "worker"}
    assert known["token_endpoint_auth_method"] == "private_key_jwt"
    assert known["jwks"] == PUBLIC
    assert known["grant_types"] == ["client_credentials"]


def test_one_key_alone_becomes_a_set(settled: CommandLine) -> None:
    """RFC 7517 §5: it is what most tools write."""
    create(settled, "--jwks", keep(settled, PUBLIC["keys"][0]), "--auth-signing-alg", "ES256")

    assert shown(settled)["jwks"] == PUBLIC
    assert shown(settled)["token_endpoint_auth_signing_alg"] == "ES256"


def test_a_client_is_kept_with_the_place_of_its_keys(settled: CommandLine) -> None:
    """C4, RFC 7591 §2: which is not called now."""
    create(settled, "--jwks-uri", "https://client.invalid/jwks")

    assert shown(settled)["jwks_uri"] == "https://client.invalid/jwks"
    assert "jwks" not in shown(settled)


def test_development_may_have_keys_at_this_machine(settled: CommandLine) -> None:
    """N H10."""
    uri = "http://localhost:9000/jwks"

    assert create(settled, "--jwks-uri", uri).refusal == f"--jwks-uri {uri}: not https"
    settled.told(mode="development")
    assert create(settled, "--jwks-uri", uri).code == 0


PRIVATE = {**KEY.public_jwk, "d": "AQAB"}


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ({"keys": [PRIVATE]}, "a private or symmetric key is in the JWK Set"),
        (PRIVATE, "a private or symmetric key is in the JWK Set"),
        ({"keys": [{"kty": "oct", "k": "c2VjcmV0"}, *PUBLIC["keys"]]}, "a private or symmetric key is in the JWK Set"),
        ({"keys": []}, "no public key in it for PS256, ES256, EdDSA"),
        ({"keys": [dict(LocalKey.generate("RS256").public_jwk)]}, "no public key in it for PS256, ES256, EdDSA"),
        ({}, "not a JWK Set"),
        (b"-----BEGIN PUBLIC KEY-----", "Expecting value"),
        (b"[]", "not an object"),
        (b" " * 70_000, "more than 65536 bytes"),
    ],
)
def test_keys_that_could_never_work_are_refused_in_a_line(settled: CommandLine, content: Any, fault: str) -> None:
    """C6, C7, B6: private ones, none, of another kind; and nothing of a key is printed."""
    outcome = create(settled, "--jwks", keep(settled, content))

    assert fault in outcome.refusal
    assert "keys.json" in outcome.refusal
    assert "AQAB" not in outcome.refusal
    assert settled("clients", "list").out == ""


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ((), "a client with private_key_jwt needs --jwks FILE or --jwks-uri URL"),
        (("--jwks", "missing.json"), "--jwks missing.json: No such file or directory"),
        (("--jwks-uri", "https://user@client.example/"), "not an absolute https URL"),
        (("--jwks-uri", "https://client.example/#x"), "not an absolute https URL"),
        (("--jwks-uri", "https://client.example:22/"), "belongs to another protocol"),
        (("--jwks-uri", "https://client.example/", "--jwks", "x"), "contradict each other"),
        (("--jwks-uri", "https://client.example/", "--auth-signing-alg", "RS256"), "choose PS256 or ES256 or EdDSA"),
        (
            ("--jwks-uri", "https://client.example/", "--auth-method", "client_secret_basic"),
            "need --auth-method private",
        ),
    ],
)
def test_a_client_that_could_not_authenticate_is_refused(
    settled: CommandLine, options: tuple[str, ...], fault: str
) -> None:
    """B6, S8: nothing is half done."""
    assert fault in create(settled, *options).refusal
    assert settled("clients", "list").out == ""


def test_keys_must_fit_the_algorithm_that_is_registered(settled: CommandLine) -> None:
    """B6."""
    refusal = create(settled, "--jwks", keep(settled, PUBLIC), "--auth-signing-alg", "EdDSA").refusal

    assert "no public key in it for EdDSA" in refusal


def test_options_of_keys_mean_nothing_to_a_client_with_a_secret(settled: CommandLine) -> None:
    """B6: what would be passed over is refused."""
    for option in (("--jwks", "x"), ("--jwks-uri", "https://client.example/"), ("--auth-signing-alg", "ES256")):
        refusal = settled("clients", "create", "worker", *option).refusal
        assert refusal == "--jwks, --jwks-uri and --auth-signing-alg need --auth-method private_key_jwt"


def test_keys_are_replaced_and_everything_else_stays(settled: CommandLine) -> None:
    """M5: a new key comes in beside the old one, then the old one goes; or the client publishes them from now on."""
    create(settled, "--jwks", keep(settled, PUBLIC), "--name", "The worker")
    before = shown(settled)
    both = {"keys": [dict(KEY.public_jwk), dict(NEW.public_jwk)]}

    assert settled("clients", "change", "worker", "--jwks", keep(settled, both)).lines == ["worker is changed"]
    assert shown(settled) == {**before, "jwks": both}

    settled("clients", "change", "worker", "--jwks-uri", "https://client.example/jwks")
    moved = {name: value for name, value in before.items() if name != "jwks"}
    assert shown(settled) == {**moved, "jwks_uri": "https://client.example/jwks"}

    settled("clients", "change", "worker", "--jwks", keep(settled, PUBLIC))
    assert shown(settled) == before


def test_a_change_that_does_not_fit_changes_nothing(settled: CommandLine) -> None:
    """B6: keys for who has a secret, keys of another algorithm, nothing at all, nobody."""
    file = keep(settled, PUBLIC)
    create(settled, "--jwks", file, "--auth-signing-alg", "ES256")
    settled("clients", "create", "secret")
    before = shown(settled)

    other = keep(settled, {"keys": [dict(NEW.public_jwk)]}, "other.json")
    assert "no public key in it for ES256" in settled("clients", "change", "worker", "--jwks", other).refusal
    assert settled("clients", "change", "worker").refusal == (
        "nothing of worker would change: `clients change --help` says what can"
    )
    assert settled("clients", "change", "secret", "--jwks", file).refusal == (
        "secret authenticates with client_secret_basic, not with keys"
    )
    assert "there is no client nobody" in settled("clients", "change", "nobody", "--jwks", file).refusal
    assert shown(settled) == before


def test_a_client_with_a_key_has_no_secret_to_rotate(settled: CommandLine) -> None:
    """C10: a secret that nothing would accept is not made."""
    create(settled, "--jwks", keep(settled, PUBLIC))

    assert settled("clients", "rotate-secret", "worker").refusal == (
        "worker authenticates with private_key_jwt: it has no secret"
    )
