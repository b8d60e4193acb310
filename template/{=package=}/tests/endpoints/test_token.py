"""The token endpoint: what it takes, what it answers, and in which words it refuses (RFC 6749 §3.2, §5)."""

import logging
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from ...core.access_token import TYPE
from ...core.errors import OAuthError
from ...core.jose import verify_jwt
from ...core.jwk import ALGORITHMS
from ...grants.client_credentials import ClientCredentialsGrant
from ...grants.issuing import TokenIssuer
from ...policy.errors import ErrorEnvelope
from ..harness import ISSUER, Answer, ServerUnderTest

FORM = "application/x-www-form-urlencoded"
GOOD = "grant_type=client_credentials&scope=notes:read"
CHALLENGE = 'Basic realm="authorization server", charset="UTF-8"'


@pytest.fixture
async def web(server: ServerUnderTest) -> ServerUnderTest:
    """The server, with a confidential client `web`."""
    await server.add_client("web", grant_types=frozenset({"client_credentials"}))
    return server


async def send(server: ServerUnderTest, body: Any = GOOD, *, method: str = "POST", **options: Any) -> Answer:
    """Send a body, by default a good one with good credentials; every answer must not be kept."""
    url = options.pop("url", server.authorization_server.server.urls.path("token"))
    headers = {"content-type": FORM, **options.pop("headers", {})}
    auth = options.pop("auth", httpx.BasicAuth("web", server.secrets.get("web", "")))
    response = await server.http.request(method, url, content=body, headers=headers, auth=auth, **options)
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["pragma"] == "no-cache"
    assert response.headers["content-type"] == "application/json"
    return Answer.of(response)


async def read_claims(server: ServerUnderTest, answer: Answer) -> dict[str, Any]:
    """Return the claims of the access token, verified as a resource server would."""
    keys = (await server.authorization_server.server.keys.current()).verification_keys(server.clock())
    return dict(verify_jwt(answer["access_token"], keys, typ=TYPE, algorithms=ALGORITHMS, now=server.clock()))


async def test_a_client_gets_a_token_in_its_own_name(web: ServerUnderTest) -> None:
    """RFC 6749 §4.4, §5.1: exactly these members, and no refresh token (§4.4.3, E4)."""
    answer = await send(web)

    assert answer.status == 200
    assert answer.body.keys() == {"access_token", "token_type", "expires_in", "scope"}
    assert (answer["token_type"], answer["expires_in"], answer["scope"]) == ("Bearer", 900, "notes:read")
    assert "www-authenticate" not in answer.headers


async def test_the_subject_of_such_a_token_is_the_client(web: ServerUnderTest) -> None:
    """E2, E3, RFC 9068 §2.2, §5: under a prefix that no person has."""
    answer = await send(web)

    claims = await read_claims(web, answer)
    issued_at = int(web.clock().timestamp())
    assert claims.pop("jti")
    assert claims == {
        "iss": ISSUER,
        "aud": ISSUER,
        "sub": "client_web",
        "client_id": "web",
        "scope": "notes:read",
        "iat": issued_at,
        "exp": issued_at + 900,
    }


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("&scope=notes:read+notes:write", "notes:read notes:write"),
        ("&scope=notes:write+notes:write", "notes:write"),
        ("&scope=notes:read+admin", "notes:read"),
        ("", None),
        ("&scope=", None),
    ],
)
async def test_the_scope_is_what_policy_leaves_and_the_answer_says_so(
    web: ServerUnderTest, asked: str, given: str | None
) -> None:
    """E5, RFC 6749 §3.3, §5.1: nothing asked for is nothing given; an empty parameter counts as absent (P5)."""
    answer = await send(web, f"grant_type=client_credentials{asked}")

    assert answer.status == 200
    assert answer.body.get("scope") == (await read_claims(web, answer)).get("scope") == given


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        ("scope=notes:read", 400, "invalid_request"),
        ("grant_type=", 400, "invalid_request"),
        ("grant_type=magic", 400, "unsupported_grant_type"),
        ("grant_type=Client_Credentials", 400, "unsupported_grant_type"),
        ("grant_type=client_credentials&scope=admin", 400, "invalid_scope"),
        ("grant_type=client_credentials&scope=a++b", 400, "invalid_scope"),
        ("grant_type=client_credentials&scope=%22", 400, "invalid_scope"),
    ],
)
async def test_refusals_are_those_of_the_rfc(web: ServerUnderTest, body: str, status: int, error: str) -> None:
    """E6, RFC 6749 §5.2: exactly two members, and a challenge for nobody who authenticated."""
    answer = await send(web, body)

    assert answer.refusal == (status, error)
    assert answer.body.keys() == {"error", "error_description"}
    assert "www-authenticate" not in answer.headers


async def test_a_client_may_use_only_its_own_grant_types(server: ServerUnderTest) -> None:
    """E1: the grant is offered here, but not to this client."""
    await server.add_client("web", grant_types=frozenset({"something_else"}))

    assert (await send(server)).refusal == (400, "unauthorized_client")


async def test_a_failed_authentication_is_401_with_a_challenge(web: ServerUnderTest) -> None:
    """C3, RFC 9110 §15.5.2: and comes before everything that the form could get wrong."""
    answer = await send(web, "grant_type=magic", auth=httpx.BasicAuth("web", "wrong"))

    assert answer.refusal == (401, "invalid_client")
    assert answer.headers["www-authenticate"] == CHALLENGE


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_only_post_is_answered(web: ServerUnderTest, method: str) -> None:
    """P7, RFC 6749 §3.2, RFC 9110 §15.5.6."""
    answer = await send(web, method=method)

    assert answer.refusal == (405, "invalid_request")
    assert answer.headers["allow"] == "POST"


async def test_a_head_request_is_refused_like_a_get(web: ServerUnderTest) -> None:
    """P7: nothing is issued that nobody reads."""
    response = await web.http.head(web.authorization_server.server.urls.path("token"))

    assert response.status_code == 405
    assert web.events.names == []


MULTIPART = '--x\r\nContent-Disposition: form-data; name="grant_type"\r\n\r\nclient_credentials\r\n--x--\r\n'


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", '{"grant_type": "client_credentials"}'),
        ("multipart/form-data; boundary=x", MULTIPART),
        ("text/plain", GOOD),
        (f"{FORM}x", GOOD),
        ("", GOOD),
    ],
)
async def test_only_forms_are_read(web: ServerUnderTest, content_type: str, body: str) -> None:
    """P7, D8, RFC 6749 §4.4.2: nobody reads a body in two ways."""
    assert (await send(web, body, headers={"content-type": content_type})).refusal == (400, "invalid_request")


@pytest.mark.parametrize("content_type", [f"{FORM};charset=UTF-8", FORM.upper()])
async def test_a_form_may_say_how_it_is_written(web: ServerUnderTest, content_type: str) -> None:
    """RFC 9110 §8.3.1: types know no case, and may have parameters."""
    assert (await send(web, headers={"content-type": content_type})).status == 200


@pytest.mark.parametrize(
    "repeated",
    ["grant_type=client_credentials", "scope=notes:read", "scope=", "grant%5Ftype=other", "other=1&other=1"],
)
async def test_a_parameter_given_twice_is_refused(web: ServerUnderTest, repeated: str) -> None:
    """P1, RFC 6749 §3.2: with the same value too, empty, or spelt in another way."""
    assert (await send(web, f"{GOOD}&{repeated}")).refusal == (400, "invalid_request")


@pytest.mark.parametrize("query", ["client_id=web", "client_secret=x", "scope=notes:write", "anything"])
async def test_nothing_is_taken_from_the_query_string(web: ServerUnderTest, query: str) -> None:
    """P2, D8, RFC 6749 §2.3.1: credentials in URLs end up in logs."""
    path = web.authorization_server.server.urls.path("token")

    assert (await send(web, url=f"{path}?{query}")).refusal == (400, "invalid_request")


@pytest.mark.parametrize(
    "body",
    [f"{GOOD}&x=%00", f"{GOOD}&x=%zz", f"{GOOD}&x=%", f"{GOOD}&x=%ff", f"{GOOD}&x=\xff".encode("latin-1")],
)
async def test_malformed_forms_are_refused(web: ServerUnderTest, body: Any) -> None:
    """P3: NUL, bad percent-encoding, and what is not UTF-8."""
    assert (await send(web, body)).refusal == (400, "invalid_request")


@pytest.mark.parametrize(
    "body",
    [f"{GOOD}&" + "&".join(f"p{n}=1" for n in range(60)), f"{GOOD}&x=" + "x" * 16_385],
)
async def test_a_form_has_its_limits(web: ServerUnderTest, body: str) -> None:
    """P6: in number and in length."""
    assert (await send(web, body)).refusal == (400, "invalid_request")


async def test_an_oversized_body_is_refused_before_it_is_read(web: ServerUnderTest) -> None:
    """P6, D8: what is announced as too large is not waited for."""
    is_read = False

    async def body() -> AsyncIterator[bytes]:
        nonlocal is_read
        is_read = True
        yield b"x"

    answer = await send(web, body(), headers={"content-length": str(web.settings.max_body_size + 1)})

    assert answer.refusal == (413, "invalid_request")
    assert not is_read


async def test_an_oversized_body_without_a_length_is_given_up(web: ServerUnderTest) -> None:
    """P6: after the limit, not after the end."""
    sent = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(1_000):
            sent += 1
            yield b"x" * 8_192

    answer = await send(web, chunks())

    assert answer.refusal == (413, "invalid_request")
    assert sent <= web.settings.max_body_size // 8_192 + 2


async def test_unknown_parameters_are_ignored(web: ServerUnderTest) -> None:
    """P8, RFC 6749 §3.2."""
    assert (await send(web, f"{GOOD}&foo=bar&resource=")).status == 200


async def test_plain_http_is_refused_and_never_redirected(web: ServerUnderTest) -> None:
    """K1, N K1: the credentials went over the wire already, so nothing may look as if it worked."""
    url = "http://as.example" + web.authorization_server.server.urls.path("token")

    answer = await send(web, url=url)

    assert answer.refusal == (400, "invalid_request")
    assert web.events.names == []


async def test_a_fault_is_500_and_teaches_nothing(
    web: ServerUnderTest, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """E6: the cause stands in the log under the incident that the answer names."""

    async def fail(*_: object, **__: object) -> str:
        raise RuntimeError("the password of the database is hunter2")

    monkeypatch.setattr(TokenIssuer, "issue", fail)

    answer = await send(web)

    incident = answer["error_description"].rpartition(" ")[2]
    assert answer.refusal == (500, "server_error")
    assert "hunter2" not in str(answer.body)
    assert incident in caplog.text
    assert "hunter2" in caplog.text


async def test_a_refusal_is_one_debug_line(web: ServerUnderTest, caplog: pytest.LogCaptureFixture) -> None:
    """N E6: with code, description and reason."""
    with caplog.at_level(logging.DEBUG):
        answer = await send(web, "grant_type=magic")

    lines = [record for record in caplog.records if answer["error"] in record.getMessage()]
    assert [record.levelname for record in lines] == ["DEBUG"]
    assert answer["error_description"] in lines[0].getMessage()
    assert "'magic'" in lines[0].getMessage()


async def test_an_issuance_is_told_to_the_audit_log(web: ServerUnderTest) -> None:
    """E7, N K3."""
    await send(web)

    (event,) = web.events.events
    assert (str(event.name), event.client_id, event.subject) == ("token_issued", "web", "client_web")
    assert (event.grant_type, event.scope, event.token_type) == ("client_credentials", "notes:read", "Bearer")
    assert event.client_ip == "127.0.0.1"


async def test_a_denial_is_told_to_the_audit_log_with_the_client_that_it_concerns(web: ServerUnderTest) -> None:
    """E7, N K3: also of a client that named itself in the header."""
    await send(web, "grant_type=client_credentials&scope=admin")

    (event,) = web.events.events
    assert (str(event.name), event.client_id, event.result) == ("token_denied", "web", "invalid_scope")
    assert (event.grant_type, event.reason, event.client_ip) == ("client_credentials", "admin", "127.0.0.1")


async def test_what_only_says_not_yet_is_not_told(web: ServerUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    """E7: the client will ask again; the log keeps its line of it (E6)."""

    class NotYet(OAuthError):
        error = "not_yet"
        is_denial = False

    async def refuse(*_: object) -> None:
        raise NotYet("come again")

    monkeypatch.setattr(ClientCredentialsGrant, "exchange", refuse)

    assert (await send(web)).refusal == (400, "not_yet")
    assert web.events.names == []


async def test_a_failed_authentication_is_told_with_who_was_meant(web: ServerUnderTest) -> None:
    """E7: guessing at secrets shows in the audit log; nobody is proved, so the id is only in the reason."""
    await send(web, auth=httpx.BasicAuth("web", "wrong"))

    (event,) = web.events.events
    assert (str(event.name), event.client_id, event.result) == ("token_denied", None, "invalid_client")
    assert "'web'" in (event.reason or "")
    assert "wrong" not in (event.reason or "")


async def test_scripts_of_other_origins_may_call_and_see_the_challenge(web: ServerUnderTest) -> None:
    """B8: success and refusal alike, and the preflight is answered."""
    origin = {"origin": "https://app.example"}
    good = await send(web, headers=origin)
    bad = await send(web, headers=origin, auth=httpx.BasicAuth("web", "wrong"))
    preflight = await web.http.options(
        web.authorization_server.server.urls.path("token"),
        headers={**origin, "access-control-request-method": "POST", "access-control-request-headers": "authorization"},
    )

    for answer in (good, bad):
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "WWW-Authenticate" in answer.headers["access-control-expose-headers"]
    assert preflight.status_code == 200
    assert "Authorization" in preflight.headers["access-control-allow-headers"]


async def test_an_envelope_of_the_teams_own_changes_the_body_and_nothing_else(
    web: ServerUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """K2: status, challenge and cache headers stay (`send` looks at the last)."""
    monkeypatch.setattr(ErrorEnvelope, "wrap", lambda _, members: {**members, "help": "https://help.example"})

    answer = await send(web, auth=httpx.BasicAuth("web", "wrong"))

    assert answer.refusal == (401, "invalid_client")
    assert answer["help"] == "https://help.example"
    assert answer.headers["www-authenticate"] == CHALLENGE
