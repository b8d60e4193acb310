"""Whether a token is active, and what it then stands for (RFC 7662 §2.2)."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from ...core.access_token import TYPE
from ...core.client import Client
from ...core.jose import verify_jwt
from ...core.jwk import ALGORITHMS, JoseError
from ...database import Transaction
from ...protect.carriers import BEARER
from ...protect.constraint import TokenConstraint
from ...server import Server

Members = Mapping[str, Any]
"""What the answer tells of an active token, by the names of RFC 7662 §2.2."""

_REQUIRED: Final = ("aud", "sub", "client_id", "iat", "jti")  # with iss and exp, RFC 9068 §2.2
_LEEWAY: Final = timedelta(seconds=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorizations:
    """A slot: what people gave to clients, where there are people. Without it, nothing that descends from that is
    active.

    `is_alive` says whether what an access token descends from still stands. `find_other` returns what
    its own client is told of a token of another kind that would be good now. Neither changes anything.
    """

    is_alive: Callable[[Members, Transaction], Awaitable[bool]]
    find_other: Callable[[str, Client, Transaction], Awaitable[Members | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveTokens:
    """Finds tokens that are good now: what a resource server would check, and what only this server knows."""

    server: Server
    constraints: Sequence[TokenConstraint]
    authorizations: Authorizations | None

    async def find(self, token: str, caller: Client, transaction: Transaction) -> Members | None:
        """Return what an active token stands for, or None. A hint is not needed, as the two kinds look different."""
        if "." in token:
            return await self._find_access_token(token, transaction)
        if self.authorizations is not None:
            return await self.authorizations.find_other(token, caller, transaction)
        return None

    async def _find_access_token(self, token: str, transaction: Transaction) -> Members | None:
        claims = await self._verify(token)
        if claims is None:
            return None
        token_type = self._find_token_type(claims)
        if token_type is None or await self.server.clients.find(claims["client_id"], transaction) is None:
            return None
        if "grant_id" in claims and not await self._is_alive(claims, transaction):
            return None
        return {**claims, "token_type": token_type}

    async def _verify(self, token: str) -> Members | None:
        ring, now = await self.server.keys.current(), self.server.now()
        try:
            claims = verify_jwt(
                token,
                ring.verification_keys(now),
                typ=TYPE,
                algorithms=ALGORITHMS,  # those of keys still published, whatever signs today
                now=now,
                leeway=_LEEWAY,  # for the clock of the server that issued it, which may be another
                issuer=self.server.urls.issuer,
                required=_REQUIRED,
            )
        except JoseError:
            return None
        return claims if now.timestamp() < claims["exp"] else None

    async def _is_alive(self, claims: Members, transaction: Transaction) -> bool:
        return self.authorizations is not None and await self.authorizations.is_alive(claims, transaction)

    def _find_token_type(self, claims: Members) -> str | None:
        """Return how the token is presented, or None if our own guards would take it from nobody.

        That is one that is bound in a way which nobody here can check, or not bound where all have to be: to call it
        active would invite to take it as a bearer token.
        """
        if "cnf" not in claims:
            return None if any(constraint.is_required for constraint in self.constraints) else BEARER
        bound = claims["cnf"].keys()
        return next((constraint.scheme for constraint in self.constraints if {constraint.method} == bound), None)
