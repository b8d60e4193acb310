"""A client of this server, as any client elsewhere would be: it knows the issuer and finds the rest (OIDC Discovery).

It is public, so what protects it is PKCE (RFC 7636), `state`, `iss` (RFC 9207) and the checks of the ID token.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hmac import compare_digest
from typing import Any
from urllib.parse import urlencode

import httpx

from ...core.encoding import decode_base64url, parse_json_object
from ...core.errors import OAuthError, TemporarilyUnavailable
from ...core.jose import left_half_hash, verify_jwt
from ...core.jwk import ALGORITHMS, JoseError
from ...core.parameters import Parameters
from ...core.pkce import S256, compute_challenge
from ...protect.remote_keys import RemoteKeys
from .tokens import Tokens
from .visits import Attempt

_REQUIRED = ("iss", "sub", "aud", "exp", "iat")
_LEEWAY = timedelta(seconds=10)


class ServerRefused(OAuthError):
    """The server answered with an error. `code` and `said` are its words, and may be anything."""

    def __init__(self, code: str, said: str) -> None:
        super().__init__("the authorization server refused", reason=f"{code}: {said}")
        self.code = code
        self.said = said


class AnswerRefused(OAuthError):
    """The client does not believe an answer."""

    error = "answer_refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthClient:
    """The client's side of the protocol. It speaks to the server through its public endpoints only."""

    issuer: str
    client_id: str
    redirect_uri: str
    now: Callable[[], datetime]

    async def discover(self, http: httpx.AsyncClient) -> Mapping[str, Any]:
        """Return the server's metadata (OIDC Discovery §4). Raises AnswerRefused if it is another's."""
        metadata = _object(await _send(http, "GET", f"{self.issuer}/.well-known/openid-configuration"))
        if metadata.get("issuer") != self.issuer:
            raise AnswerRefused("the metadata belongs to another server")
        return metadata

    def authorization_url(self, endpoint: str, attempt: Attempt) -> str:
        """Return where to send the browser (RFC 6749 §4.1.1)."""
        parameters = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": attempt.scope,
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": compute_challenge(attempt.code_verifier),
            "code_challenge_method": S256,
        }
        return f"{endpoint}?{urlencode(parameters)}"

    def read_code(self, answer: Parameters) -> str:
        """Return the code in an answer whose `state` is known. Raises AnswerRefused or ServerRefused.

        `iss` comes first: an answer of another server must not get as far as our token request (RFC 9207 §2.4).
        """
        if answer.get("iss") != self.issuer:
            raise AnswerRefused("the answer is not from the server that was asked")
        if "error" in answer:
            raise ServerRefused(answer["error"], answer.get("error_description", ""))
        return answer.require("code")

    async def redeem(self, http: httpx.AsyncClient, code: str, attempt: Attempt) -> Tokens:
        """Exchange the code for tokens (RFC 6749 §4.1.3). Raises AnswerRefused or ServerRefused."""
        metadata = await self.discover(http)
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": attempt.code_verifier,
        }
        answer = _object(await self._post(http, metadata["token_endpoint"], form))
        person = await self._verify_id_token(http, metadata, answer)
        if not compare_digest(str(person.get("nonce")), attempt.nonce):
            raise AnswerRefused("the ID token belongs to another sign-in")
        return self._tokens(answer, person, scope=attempt.scope)

    async def refresh(self, http: httpx.AsyncClient, tokens: Tokens) -> Tokens:
        """Exchange the refresh token (RFC 6749 §6, OIDC Core §12). Raises AnswerRefused or ServerRefused."""
        metadata = await self.discover(http)
        form = {"grant_type": "refresh_token", "refresh_token": tokens.refresh_token or ""}
        answer = {
            "refresh_token": tokens.refresh_token,
            **_object(await self._post(http, metadata["token_endpoint"], form)),
        }
        person = await self._verify_id_token(http, metadata, answer)
        if person["sub"] != tokens.person["sub"]:
            raise AnswerRefused("the ID token is about somebody else")
        return self._tokens(answer, person, scope=tokens.scope)

    async def revoke(self, http: httpx.AsyncClient, tokens: Tokens) -> None:
        """Hand the tokens back (RFC 7009). Raises ServerRefused."""
        metadata = await self.discover(http)
        token = tokens.refresh_token or tokens.access_token
        await self._post(http, metadata["revocation_endpoint"], {"token": token})

    def read_userinfo(self, known: Mapping[str, Any], tokens: Tokens) -> Mapping[str, Any]:
        """Return what UserInfo knows, if it is of the person who signed in (OIDC Core §5.3.2). Raises AnswerRefused."""
        if known and known.get("sub") != tokens.person["sub"]:
            raise AnswerRefused("UserInfo is about somebody else")
        return known

    async def _post(self, http: httpx.AsyncClient, url: str, form: Mapping[str, str]) -> httpx.Response:
        return await _send(http, "POST", url, data={"client_id": self.client_id, **form})

    async def _verify_id_token(
        self, http: httpx.AsyncClient, metadata: Mapping[str, Any], answer: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        """Return the claims of the ID token in a token response (OIDC Core §3.1.3.7). Raises AnswerRefused."""
        access_token, id_token = answer.get("access_token"), answer.get("id_token")
        if not isinstance(access_token, str) or not isinstance(id_token, str):
            raise AnswerRefused("the answer lacks a token")
        keys = await RemoteKeys(metadata["jwks_uri"], client=http).current()
        try:
            claims = verify_jwt(
                id_token,
                keys,
                typ="JWT",
                algorithms=ALGORITHMS,
                now=self.now(),
                leeway=_LEEWAY,
                issuer=self.issuer,
                audience=self.client_id,
                strict_audience=True,
                required=_REQUIRED,
            )
        except JoseError as error:
            raise AnswerRefused("the ID token is not to be trusted", reason=str(error)) from error
        algorithm = parse_json_object(decode_base64url(id_token.partition(".")[0]))["alg"]
        if claims.get("at_hash") != left_half_hash(access_token, algorithm):
            raise AnswerRefused("the ID token belongs to another access token")
        return claims

    def _tokens(self, answer: Mapping[str, Any], person: Mapping[str, Any], *, scope: str) -> Tokens:
        return Tokens(
            access_token=answer["access_token"],
            id_token=answer["id_token"],
            refresh_token=answer.get("refresh_token"),
            scope=answer.get("scope", scope),  # absent means: as asked for (RFC 6749 §5.1)
            expires_at=self.now() + timedelta(seconds=answer["expires_in"]),
            person=person,
        )


async def _send(http: httpx.AsyncClient, method: str, url: str, **request: Any) -> httpx.Response:
    try:
        response = await http.request(method, url, **request)
    except httpx.HTTPError as error:
        raise TemporarilyUnavailable("the authorization server cannot be reached", reason=str(error)) from error
    if response.status_code == 200:
        return response
    refusal = _object(response)
    raise ServerRefused(str(refusal.get("error", response.status_code)), str(refusal.get("error_description", "")))


def _object(response: httpx.Response) -> dict[str, Any]:
    try:
        return parse_json_object(response.content)
    except ValueError as error:
        raise AnswerRefused("the answer is not the JSON that was expected", reason=str(error)) from error
