"""The authorization request: every rule that needs no person (RFC 6749 §4.1.1, OIDC Core §3.1.2.1)."""

import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ...core.authorization_request import (
    MAX_STATE_LENGTH,
    AuthorizationRequest,
    ResponseMode,
    UnsupportedResponseType,
    check_authorization_request,
    get_redirect_uri,
    get_response_mode,
    get_state,
)
from ...core.authorization_response import ResponseTarget
from ...core.client import AuthMethod, Client
from ...core.errors import InvalidRequest, OAuthError, UnauthorizedClient
from ...core.parameters import Parameters
from ...core.scope import Scope

REDIRECT_URI = "https://client.example/callback"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
PUBLIC = Client(client_id="app", grant_types=frozenset({"authorization_code"}), redirect_uris=(REDIRECT_URI,))
CONFIDENTIAL = Client(
    client_id="web",
    token_endpoint_auth_method=AuthMethod.CLIENT_SECRET_BASIC,
    grant_types=frozenset({"authorization_code"}),
    redirect_uris=(REDIRECT_URI,),
)
WORD = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=8)


def check(
    client: Client = PUBLIC, *, require_pkce: bool = True, scope: str = "a b", **changes: str
) -> AuthorizationRequest:
    good = {"response_type": "code", "code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    return check_authorization_request(
        Parameters({**good, **changes}),
        client,
        redirect_uri=REDIRECT_URI,
        response_modes=set(ResponseMode),
        scope=Scope.parse(scope),
        require_pkce=require_pkce,
    )


def test_a_good_request_becomes_a_value() -> None:
    """RFC 6749 §4.1.1, OIDC Core §3.1.2.1: everything that later steps need, and nothing unread."""
    request = check(
        state="s t",
        response_mode="fragment",
        prompt="login consent login",
        max_age="0",
        acr_values="urn:b urn:a",
        login_hint="ada@client.example",
        ui_locales="de en",
        scope="b a",
        unknown="ignored",
    )

    assert request == AuthorizationRequest(
        client_id="app",
        redirect_uri=REDIRECT_URI,
        response_mode="fragment",
        scope="b a",
        state="s t",
        code_challenge=CHALLENGE,
        prompt=("login", "consent"),
        max_age=0,
        acr_values=("urn:b", "urn:a"),
        login_hint="ada@client.example",
        ui_locales=("de", "en"),
    )


def test_a_request_that_says_little_gets_the_defaults() -> None:
    """P5: empty parameters are absent ones."""
    request = check(state="", prompt="", max_age="", acr_values="", response_mode="")

    assert (request.state, request.response_mode, request.prompt) == (None, "query", ())
    assert (request.max_age, request.acr_values, request.login_hint) == (None, (), None)


@given(
    st.builds(
        AuthorizationRequest,
        client_id=WORD,
        redirect_uri=WORD,
        response_mode=st.sampled_from(["query", "form_post"]),
        scope=st.lists(WORD, max_size=3).map(" ".join),
        state=st.none() | WORD,
        code_challenge=st.none() | WORD,
        prompt=st.lists(WORD, max_size=3).map(tuple),
        max_age=st.none() | st.integers(0, 10**9),
        acr_values=st.lists(WORD, max_size=3).map(tuple),
        login_hint=st.none() | st.text(st.characters(exclude_categories=["Cs"])),
        ui_locales=st.lists(WORD, max_size=3).map(tuple),
        required_subject=st.none() | WORD,
        details=st.dictionaries(WORD, WORD | st.dictionaries(WORD, st.none() | WORD), max_size=3),
    )
)
def test_what_is_stored_is_what_comes_back(request: AuthorizationRequest) -> None:
    """H12: the request that is answered is the request that was checked."""
    stored = json.loads(json.dumps(request.as_json()))

    assert AuthorizationRequest.from_json(stored) == request


@pytest.mark.parametrize(
    ("changes", "refusal", "words"),
    [
        ({"response_type": ""}, InvalidRequest, "response_type is missing"),
        ({"response_type": "token"}, UnsupportedResponseType, "must be code"),
        ({"response_type": "code token"}, UnsupportedResponseType, "must be code"),
        ({"response_type": "CODE"}, UnsupportedResponseType, "must be code"),
        ({"response_mode": "jwt"}, InvalidRequest, "response_mode"),
        ({"response_mode": "Query"}, InvalidRequest, "response_mode"),
        ({"state": "ü"}, InvalidRequest, "state"),
        ({"state": "a\nb"}, InvalidRequest, "state"),
        ({"state": "s" * (MAX_STATE_LENGTH + 1)}, InvalidRequest, "state is too long"),
        ({"prompt": "create"}, InvalidRequest, "not offered"),
        ({"prompt": "Login"}, InvalidRequest, "not offered"),
        ({"prompt": "none login"}, InvalidRequest, "excludes"),
        ({"prompt": "consent none"}, InvalidRequest, "excludes"),
        ({"max_age": "-1"}, InvalidRequest, "max_age"),
        ({"max_age": "1.5"}, InvalidRequest, "max_age"),
        ({"max_age": "ten"}, InvalidRequest, "max_age"),
        ({"max_age": "１０"}, InvalidRequest, "max_age"),
        ({"max_age": "1" * 10}, InvalidRequest, "max_age"),
        ({"max_age": "9" * 5_000}, InvalidRequest, "max_age"),
        ({"acr_values": "a\x7f"}, InvalidRequest, "acr_values"),
        ({"ui_locales": "dé"}, InvalidRequest, "ui_locales"),
        ({"code_challenge_method": "plain"}, InvalidRequest, "S256"),
        ({"code_challenge": CHALLENGE[1:]}, InvalidRequest, "code_challenge"),
    ],
)
def test_a_bad_request_is_refused(changes: dict[str, Any], refusal: type[OAuthError], words: str) -> None:
    """RFC 6749 §4.1.2.1, OIDC Core §3.1.2.6, D4, P4."""
    with pytest.raises(refusal, match=words):
        check(**changes)


def test_prompt_none_alone_is_fine() -> None:
    """OIDC Core §3.1.2.1."""
    assert check(prompt="none none").prompt == ("none",)


def test_a_client_without_the_grant_may_not_ask() -> None:
    """RFC 6749 §4.1.2.1, E1."""
    with pytest.raises(UnauthorizedClient):
        check(Client(client_id="job", grant_types=frozenset({"client_credentials"})))


def test_only_a_confidential_client_may_go_without_pkce_and_only_where_that_is_set() -> None:
    """D2, K4, RFC 9700 §2.1.1."""
    without: dict[str, Any] = {"code_challenge": "", "code_challenge_method": ""}

    assert check(CONFIDENTIAL, require_pkce=False, **without).code_challenge is None
    for client, require_pkce in ((CONFIDENTIAL, True), (PUBLIC, True), (PUBLIC, False)):
        with pytest.raises(InvalidRequest, match="code_challenge is missing"):
            check(client, require_pkce=require_pkce, **without)


def test_the_redirect_uri_must_be_there_and_be_registered() -> None:
    """R1, R14, D1: also for a client that has only one."""
    assert get_redirect_uri(Parameters({"redirect_uri": REDIRECT_URI}), PUBLIC) == REDIRECT_URI

    for asked in ({}, {"redirect_uri": ""}, {"redirect_uri": "https://evil.example/"}):
        with pytest.raises(InvalidRequest, match="redirect_uri"):
            get_redirect_uri(Parameters(asked), PUBLIC)


def test_any_port_is_for_native_clients() -> None:
    """R6, D1: whose registered URI is on loopback."""
    known: dict[str, Any] = {"client_id": "cli", "redirect_uris": ("http://127.0.0.1/cb",)}
    asked = Parameters({"redirect_uri": "http://127.0.0.1:53123/cb"})

    assert get_redirect_uri(asked, Client(**known, is_native=True)) == asked["redirect_uri"]
    with pytest.raises(InvalidRequest):
        get_redirect_uri(asked, Client(**known))


def test_state_and_mode_are_read_as_they_are() -> None:
    """RFC 6749 §4.1.1, D6: the longest state is good."""
    state = "s" * MAX_STATE_LENGTH
    assert get_state(Parameters({"state": state})) == state
    assert get_state(Parameters({})) is None
    modes = [get_response_mode(Parameters({"response_mode": mode}), set(ResponseMode)) for mode in ("", *ResponseMode)]
    assert modes == ["query", "query", "fragment", "form_post"]


@given(
    state=st.none() | st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1),
    query=st.sampled_from(["", "?", "?tenant=1", "?a=1&b=%26"]),
    mode=st.sampled_from(["query", "fragment"]),
)
def test_an_answer_carries_state_and_issuer_and_keeps_the_registered_query(
    state: str | None, query: str, mode: str
) -> None:
    """D3, RFC 9207 §2, RFC 6749 §3.1.2: whatever the state, nothing of it becomes a parameter of its own."""
    target = ResponseTarget(
        redirect_uri=REDIRECT_URI + query, response_mode=mode, state=state, issuer="https://as.example"
    )

    location = target.location({"code": "c d&e"})

    parts = urlsplit(location)
    answer = parts.query.removeprefix(query[1:]) if mode == "query" else parts.fragment
    expected = [("code", "c d&e"), *([("state", state)] if state else []), ("iss", "https://as.example")]
    assert location.startswith(REDIRECT_URI + query)
    assert parse_qsl(answer.lstrip("&"), strict_parsing=True) == expected == target.parameters({"code": "c d&e"})
