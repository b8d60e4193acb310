"""The token endpoint where people give grants: members, headers and events of its answers (RFC 6749 §5)."""

import pytest

from ..harness import Answer, ServerUnderTest
from ..people import add_person, obtain_code, obtain_tokens, redeem, refresh


@pytest.fixture
async def web(server: ServerUnderTest) -> ServerUnderTest:
    """The server, with ada and a client."""
    await add_person(server)
    await server.add_client("web")
    return server


def check_not_kept(answer: Answer) -> None:
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["pragma"] == "no-cache"


async def test_no_answer_with_or_about_a_credential_may_be_kept(web: ServerUnderTest) -> None:
    """E6, M8, RFC 6749 §5.1: of either grant, good or refused."""
    code = await obtain_code(web)
    tokens = await redeem(web, code)

    for answer in (
        tokens,
        await refresh(web, tokens["refresh_token"]),
        await redeem(web, "unknown"),
        await refresh(web, "unknown"),
        await refresh(web, tokens["refresh_token"], scope="admin"),
        await redeem(web, code),
    ):
        check_not_kept(answer)


async def test_a_grant_without_scope_is_answered_without_scope(web: ServerUnderTest) -> None:
    """RFC 6749 §5.1, §3.3: and without what only scopes bring."""
    tokens = await obtain_tokens(web, scope=None)

    assert set(tokens.body) == {"access_token", "token_type", "expires_in"}


@pytest.mark.parametrize("name", ["code", "redirect_uri", "code_verifier"])
async def test_a_repeated_parameter_spends_no_code(web: ServerUnderTest, name: str) -> None:
    """P1, D8: refused before any work."""
    code = await obtain_code(web)
    path = web.authorization_server.server.urls.path("token")
    body = f"grant_type=authorization_code&code={code}&redirect_uri=x&code_verifier=y&{name}=z"

    repeated = Answer.of(
        await web.http.post(
            path,
            content=body,
            headers={"content-type": "application/x-www-form-urlencoded"},
            auth=("web", web.secrets["web"]),
        )
    )

    assert repeated.refusal == (400, "invalid_request")
    check_not_kept(repeated)
    assert (await redeem(web, code)).status == 200


async def test_the_grants_are_advertised(web: ServerUnderTest) -> None:
    """E1, B2."""
    metadata = (await web.http.get("/.well-known/oauth-authorization-server")).json()

    assert {"authorization_code", "refresh_token", "client_credentials"} <= set(metadata["grant_types_supported"])


async def test_every_issuance_and_denial_is_told_with_who_and_which_grant(web: ServerUnderTest) -> None:
    """E7, N K3: what one authorization led to can be followed by its id."""
    tokens = await obtain_tokens(web)
    await refresh(web, tokens["refresh_token"])
    await refresh(web, "unknown")

    told = [event for event in web.events.events if event.name.startswith(("token_", "refresh_"))]
    assert [str(event.name) for event in told] == [
        "refresh_issued",
        "token_issued",
        "refresh_rotated",
        "token_issued",
        "token_denied",
    ]
    assert {event.client_id for event in told} == {"web"}
    assert {event.client_ip for event in told} == {"127.0.0.1"}
    assert len({(event.subject, event.grant_id) for event in told[:-1]}) == 1
    assert [event.grant_type for event in told] == ["authorization_code"] * 2 + ["refresh_token"] * 3
    assert (told[-1].result, told[-1].reason) == ("invalid_grant", "unknown refresh token")


async def test_the_reason_of_a_denial_is_told_to_us_alone(web: ServerUnderTest) -> None:
    """E6: expired, replayed and foreign read alike outside, and apart in the audit log."""
    await web.add_client("other")
    code = await obtain_code(web)
    await redeem(web, code, "other")
    web.clock.advance(60)
    await redeem(web, code)

    reasons = [event.reason for event in web.events.events if event.name == "token_denied"]
    assert reasons == ["the code belongs to web", "the code has expired"]
