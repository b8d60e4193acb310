"""A client that proves its key (RFC 9449), in as few lines as a test needs."""

import base64
import hashlib
import json
import secrets
import time
from typing import Any

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import ec

VERIFIER = "a-verifier-of-at-least-forty-three-characters"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


class Key:
    """A key of the client's, and the last nonce that it was given."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        jwk = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(self._key.public_key()))
        self._jwk = {name: jwk[name] for name in ("crv", "kty", "x", "y")}
        self.nonce: str | None = None

    @property
    def thumbprint(self) -> str:
        """The key's thumbprint (RFC 7638)."""
        canonical = json.dumps(self._jwk, sort_keys=True, separators=(",", ":"))
        return base64.urlsafe_b64encode(hashlib.sha256(canonical.encode()).digest()).rstrip(b"=").decode()

    def prove(self, method: str, url: str, access_token: str | None = None) -> dict[str, str]:
        """Return the header with a new proof (RFC 9449 §4.2)."""
        claims: dict[str, Any] = {
            "jti": secrets.token_urlsafe(16),
            "htm": method,
            "htu": url.partition("?")[0],
            "iat": int(time.time()),
        }
        if self.nonce:
            claims["nonce"] = self.nonce
        if access_token:
            digest = hashlib.sha256(access_token.encode()).digest()
            claims["ath"] = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        headers = {"typ": "dpop+jwt", "jwk": self._jwk}
        return {"DPoP": jwt.encode(claims, self._key, algorithm="ES256", headers=headers)}

    def learn(self, response: httpx.Response) -> None:
        """Keep the nonce of an answer (RFC 9449 §8.2)."""
        self.nonce = response.headers.get("dpop-nonce", self.nonce)
