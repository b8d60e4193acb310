"""A sender's key, and the proofs that it makes, honest or not."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ....core.encoding import encode_base64url
from ....core.jwk import SIGNATURES, Algorithm, PrivateKey, VerificationKey, thumbprint
from ....core.keys import LocalKey
from ....core.secrets import mint_secret
from ..proof import hash_access_token


class SenderKey:
    """A key pair that a client made for itself."""

    def __init__(self, algorithm: Algorithm = "ES256", private_key: PrivateKey | None = None) -> None:
        self.algorithm = algorithm
        self.private_key = private_key or LocalKey.generate(algorithm).private_key

    @property
    def thumbprint(self) -> str:
        """What `cnf` calls the key."""
        return thumbprint(self.private_key.public_key())

    @property
    def jwk(self) -> dict[str, str]:
        """The public half, and nothing else."""
        jwk = VerificationKey("", self.algorithm, self.private_key.public_key()).jwk
        return {name: value for name, value in jwk.items() if name not in ("kid", "alg", "use")}

    @property
    def header(self) -> dict[str, Any]:
        """The header of a good proof (RFC 9449 §4.2)."""
        return {"typ": "dpop+jwt", "alg": self.algorithm, "jwk": self.jwk}

    def claim(
        self, method: str, url: str, now: datetime, *, access_token: str | None = None, nonce: str | None = None
    ) -> dict[str, Any]:
        """Return the claims of a good proof for one request."""
        claims: dict[str, Any] = {"jti": mint_secret(), "htm": method, "htu": url, "iat": int(now.timestamp())}
        if access_token is not None:
            claims["ath"] = hash_access_token(access_token)
        if nonce is not None:
            claims["nonce"] = nonce
        return claims

    def prove(
        self, method: str, url: str, now: datetime, *, access_token: str | None = None, nonce: str | None = None
    ) -> str:
        """Return a good proof for one request."""
        return self.sign(self.claim(method, url, now, access_token=access_token, nonce=nonce))

    def sign(self, claims: Mapping[str, Any] | bytes, header: Mapping[str, Any] | bytes | None = None) -> str:
        """Sign exactly these claims under this header, a good one if it is not given."""
        parts = (
            part if isinstance(part, bytes) else json.dumps(part).encode() for part in (header or self.header, claims)
        )
        signing_input = ".".join(encode_base64url(part) for part in parts)
        signature = SIGNATURES[self.algorithm].sign(signing_input.encode(), self.private_key)
        return f"{signing_input}.{encode_base64url(signature)}"
