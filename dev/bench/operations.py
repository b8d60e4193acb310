"""The operations: which requests are sent, and what an answer must hold to be counted."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from load import Refused
from proofs import Prover

CLIENT_ID = "bench"
REDIRECT_URI = "https://client.example/callback"
AUDIENCE = "https://api.example"
API_SCOPE = "notes:read"
SCOPE = f"openid email offline_access {API_SCOPE}"
PEOPLE = 20
CODE_VERIFIER = "a-verifier-that-every-code-of-this-benchmark-shares"
_DIGEST = hashlib.sha256(CODE_VERIFIER.encode()).digest()
CODE_CHALLENGE = base64.urlsafe_b64encode(_DIGEST).rstrip(b"=").decode()

Operation = tuple[Iterator[bytes], Callable[[bytes], None]]
CHECKED = 50
"""Every fiftieth answer is looked into; the first of each run always."""


@dataclass(slots=True, kw_only=True)
class Material:
    """What a server has for the rounds: codes made in advance, tokens that one operation leaves to the next.

    Access tokens that were made in advance are the ones for UserInfo; else those of the codes are.
    """

    client_secret: str
    codes: deque[str]
    made_access_tokens: list[str]
    bought_access_tokens: deque[str] = field(default_factory=lambda: deque(maxlen=1000))
    refresh_tokens: deque[str] = field(default_factory=deque)

    def with_own_tokens(self) -> Material:
        """Return material that shares the codes, and keeps what they buy to itself."""
        return Material(client_secret=self.client_secret, codes=self.codes, made_access_tokens=[])

    @classmethod
    def of(cls, made: str) -> Material:
        """Read what a seeding script printed."""
        content = json.loads(made)
        return cls(
            client_secret=content["client_secret"],
            codes=deque(content["codes"]),
            made_access_tokens=content["access_tokens"],
        )


class Requests:
    """Requests for one server, whose addresses come from its own metadata; with a `prover`, each has a proof."""

    def __init__(
        self, issuer: str, metadata: dict[str, object], material: Material, prover: Prover | None = None
    ) -> None:
        self.issuer, self.material, self.prover = issuer, material, prover
        self.token_type = "DPoP" if prover else "Bearer"
        self.token_path = urlsplit(str(metadata["token_endpoint"])).path
        self.userinfo_path = urlsplit(str(metadata["userinfo_endpoint"])).path
        self.host = urlsplit(issuer).netloc
        basic = base64.b64encode(f"{CLIENT_ID}:{material.client_secret}".encode()).decode()
        self.token_head = (
            f"POST {self.token_path} HTTP/1.1\r\nHost: {self.host}\r\nAccept: application/json\r\n"
            f"Authorization: Basic {basic}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        )

    def token(self, **form: str) -> bytes:
        body, proof = urlencode(form), self.proof("POST", self.token_path)
        return f"{self.token_head}{proof}Content-Length: {len(body)}\r\n\r\n{body}".encode()

    def get(self, path: str, *, token: str | None = None) -> bytes:
        authorization = f"Authorization: {self.token_type} {token}\r\n" if token else ""
        authorization += self.proof("GET", path, token) if token else ""
        head = f"GET {path} HTTP/1.1\r\nHost: {self.host}\r\n{authorization}Accept: application/json\r\n\r\n"
        return head.encode()

    def proof(self, method: str, path: str, token: str | None = None) -> str:
        """Return the header line of a new proof, or nothing without a prover."""
        return f"DPoP: {self.prover.prove(method, self.issuer + path, token)}\r\n" if self.prover else ""

    def discovery(self, count: int) -> Operation:
        request = self.get("/.well-known/openid-configuration")

        def check(answer: dict[str, str]) -> None:
            expect(answer["issuer"] == self.issuer, "another issuer")

        return iter([request] * count), sampled(check)

    def client_credentials(self, count: int) -> Operation:
        requests = [self.token(grant_type="client_credentials", scope=API_SCOPE) for _ in range(count)]

        def check(answer: dict[str, str]) -> None:
            self.check_access_token(answer)

        return iter(requests), sampled(check)

    def code(self, count: int) -> Operation:
        requests = [
            self.token(
                grant_type="authorization_code",
                code=self.material.codes.popleft(),
                redirect_uri=REDIRECT_URI,
                code_verifier=CODE_VERIFIER,
            )
            for _ in range(count)
        ]
        self.material.refresh_tokens.clear()
        return iter(requests), self.keeping_tokens()

    def refresh(self, count: int) -> Operation:
        tokens = self.material.refresh_tokens
        seen = set(tokens)
        # As many as there are tokens are made now, with their proofs; what one answers is for the next round.
        requests = [self.token(grant_type="refresh_token", refresh_token=token) for token in list(tokens)[:count]]
        tokens.clear()
        return iter(requests), self.keeping_tokens(seen)

    def userinfo(self, count: int) -> Operation:
        tokens = self.material.made_access_tokens or list(self.material.bought_access_tokens)
        numbers = range(count if self.prover else len(tokens))  # a proof is good once
        requests = [self.get(self.userinfo_path, token=tokens[number % len(tokens)]) for number in numbers]

        def check(answer: dict[str, str]) -> None:
            expect(bool(answer["sub"]) and "@" in answer["email"], "no sub or no email")

        return (requests[number % len(requests)] for number in range(count)), sampled(check)

    def keeping_tokens(self, seen: set[str] | None = None) -> Callable[[bytes], None]:
        """Keep the tokens of each answer, look closer at some; no refresh token may be one of `seen`."""
        known = seen or set()

        def check(answer: dict[str, str]) -> None:
            self.check_access_token(answer)
            self.check_jwt(answer["id_token"])

        checked = sampled(check)

        def accept(body: bytes) -> None:
            answer = json.loads(body)
            token = answer["refresh_token"]
            expect(token not in known, "a refresh token came twice")
            known.add(token)
            self.material.refresh_tokens.append(token)
            self.material.bought_access_tokens.append(answer["access_token"])
            checked(body)

        return accept

    def check_access_token(self, answer: dict[str, str]) -> None:
        """It must be a good JWT, bound to a key if and only if there was a proof."""
        self.check_jwt(answer["access_token"])
        claims = json.loads(decode(answer["access_token"].split(".")[1]))
        expect(answer["token_type"] == self.token_type, "another type of token")
        expect(("cnf" in claims) == (self.prover is not None), "not bound as it should be")

    def check_jwt(self, token: str) -> None:
        """A token must be an ES256 JWT of this issuer that has not expired."""
        header, claims, signature = (decode(part) for part in token.split("."))
        expect(json.loads(header)["alg"] == "ES256" and len(signature) == 64, "not signed with ES256")
        expect(json.loads(claims)["iss"] == self.issuer, "a token of another issuer")
        expect(json.loads(claims)["exp"] > time.time(), "an expired token")


def sampled(check: Callable[[dict[str, str]], None]) -> Callable[[bytes], None]:
    """Run `check` on the first and then every fiftieth answer."""
    count = -1

    def accept(body: bytes) -> None:
        nonlocal count
        count += 1
        if count % CHECKED == 0:
            check(json.loads(body))

    return accept


def expect(true: bool, otherwise: str) -> None:
    if not true:
        raise Refused(otherwise)


def decode(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
