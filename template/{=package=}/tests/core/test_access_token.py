"""The claims of access tokens (RFC 9068 §2.2) and what policy may not put there (E2, E3)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ...core.access_token import RESERVED, AccessToken, PrincipalKind

NOW = datetime(2030, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
USER = PrincipalKind(name="user", prefix="user_")
TOKEN = AccessToken(
    issuer="https://as.example",
    subject="user_1",
    kind=USER,
    audience=("https://api.example",),
    client_id="web",
    scope="notes:read",
    issued_at=NOW,
    lifetime=timedelta(seconds=900),
)


def test_an_access_token_says_what_resource_servers_need() -> None:
    """E2, RFC 9068 §2.2: whole seconds, and nothing that nobody knows."""
    claims = TOKEN.as_claims()

    issued_at = int(NOW.timestamp())
    assert len(claims.pop("jti")) >= 22
    assert claims == {
        "iss": "https://as.example",
        "sub": "user_1",
        "aud": "https://api.example",
        "client_id": "web",
        "scope": "notes:read",
        "iat": issued_at,
        "exp": issued_at + 900,
    }


def test_no_two_access_tokens_have_one_jti() -> None:
    """RFC 9068 §2.2.3: also when everything else is the same."""
    assert len({TOKEN.as_claims()["jti"] for _ in range(100)}) == 100


def test_what_is_known_of_the_sign_in_and_the_grant_is_told() -> None:
    """H7, E2: a resource server can ask for more, and an ended grant shows in one look-up."""
    signed_in = NOW - timedelta(hours=1)

    claims = replace(TOKEN, grant_id="grant", authenticated_at=signed_in, acr="urn:mfa").as_claims()

    assert (claims["grant_id"], claims["auth_time"], claims["acr"]) == ("grant", int(signed_in.timestamp()), "urn:mfa")


def test_several_audiences_are_a_list_and_one_is_a_string() -> None:
    """H6, RFC 7519 §4.1.3."""
    several = replace(TOKEN, audience=("https://a.example", "https://b.example"))

    assert several.as_claims()["aud"] == ["https://a.example", "https://b.example"]
    assert TOKEN.as_claims()["aud"] == "https://api.example"


def test_an_empty_scope_is_left_out() -> None:
    """RFC 6749 §3.3: its grammar has no empty form."""
    assert "scope" not in replace(TOKEN, scope="").as_claims()


def test_policy_may_add_claims_of_its_own() -> None:
    """N D4: consent may add claims."""
    assert replace(TOKEN, claims={"tenant": "acme"}).as_claims()["tenant"] == "acme"


@pytest.mark.parametrize("claim", sorted(RESERVED))
def test_policy_cannot_set_a_claim_of_the_protocol(claim: str) -> None:
    """E2: nor by a value that would have been right."""
    with pytest.raises(ValueError, match=f"policy supplied the claim {claim},"):
        replace(TOKEN, claims={"tenant": "acme", claim: "user_1"}).as_claims()


def test_all_claims_that_the_server_sets_are_reserved() -> None:
    """E2: what is set here is refused from policy, and so are those of ID tokens."""
    full = replace(TOKEN, grant_id="grant", authenticated_at=NOW, acr="urn:mfa")

    assert full.as_claims().keys() <= RESERVED
    assert {"nonce", "azp", "at_hash", "c_hash", "cnf", "act", "nbf", "amr", "sid"} <= RESERVED


@pytest.mark.parametrize("subject", ["1", "client_web", "USER_1", "user_", ""])
def test_a_subject_without_the_prefix_of_its_kind_is_refused(subject: str) -> None:
    """E3, RFC 9068 §5: a client can never be taken for a person; a prefix alone is nobody."""
    with pytest.raises(ValueError, match="of a user does not begin with 'user_'"):
        replace(TOKEN, subject=subject).as_claims()


def test_a_kind_can_ask_for_claims_that_must_be_there() -> None:
    """N E3: a mint that misses one fails."""
    tenant = PrincipalKind(name="tenant user", prefix="user_", required_claims=frozenset({"tenant"}))

    assert replace(TOKEN, kind=tenant, claims={"tenant": "acme"}).as_claims()["tenant"] == "acme"
    with pytest.raises(ValueError, match="the claim tenant is missing that a tenant user needs"):
        replace(TOKEN, kind=tenant).as_claims()
