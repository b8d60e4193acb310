"""The authentication itself: whose assertion is it, is it good, and is it the first time (RFC 7523 §2.2)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from ...core.client import Client
from ...core.errors import InvalidClient
from ...core.jose import JoseError, UnknownKey
from ...endpoints.client_authentication import ClientCredentials
from ...ephemeral import EphemeralStore
from .assertion import ASSERTION_TYPE, METHOD, Assertion, AssertionRules, Claimed, read_claimed, verify_assertion
from .client_keys import ClientKeys, NoKeys
from .decoy import verify_in_vain

REPLAY = "client_assertion"
"""The kind of the records of assertions that were used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateKeyJWT:
    """A client that signs an assertion with its private key. Every failure is the same InvalidClient."""

    rules: AssertionRules
    keys: ClientKeys
    ephemeral: EphemeralStore
    now: Callable[[], datetime]

    @property
    def method(self) -> str:
        """As clients register it (RFC 7591 §2)."""
        return METHOD

    @property
    def parameters(self) -> Mapping[str, str]:
        """What it reads of a form."""
        return {
            "client_assertion_type": f"{ASSERTION_TYPE}, beside an assertion",
            "client_assertion": "a JWT that the client signed, in place of a secret (RFC 7523 §2.2)",
        }

    @property
    def signing_algorithms(self) -> tuple[str, ...]:
        """Those that are enforced, for metadata."""
        return self.rules.algorithms

    def is_used(self, offered: ClientCredentials) -> bool:
        """Either parameter is an attempt."""
        return "client_assertion" in offered.form or "client_assertion_type" in offered.form

    async def authenticate(self, offered: ClientCredentials) -> Client | None:
        """Return the client that signed, if its assertion is used for the first time. Raises InvalidClient.

        Using it up comes last: an assertion that fails for anything else is as good as before.
        """
        token, now = offered.form.get("client_assertion", ""), self.now()
        if offered.form.get("client_assertion_type") != ASSERTION_TYPE:
            raise InvalidClient("client_assertion_type is not that of a JWT")
        try:
            claimed = read_claimed(token, self.rules)
        except JoseError as error:
            raise InvalidClient(f"no assertion of a client: {error}") from None
        if offered.form.get("client_id", claimed.client_id) != claimed.client_id:
            raise InvalidClient(f"client_id is not {claimed.client_id!r}, whom the assertion names")

        client = await offered.clients.find(claimed.client_id, offered.transaction)
        try:
            assertion = await self._verify(token, claimed, client, now)
        except JoseError as error:
            raise InvalidClient(f"the assertion of {claimed.client_id!r} fails: {error}") from None
        # An id has no NUL, so no two pairs have one name.
        if not await self.ephemeral.add(
            REPLAY, f"{claimed.client_id}\x00{assertion.jti}", now=now, expires_at=assertion.remember_until
        ):
            raise InvalidClient(f"the assertion of {claimed.client_id!r} was used before")
        return client

    async def _verify(self, token: str, claimed: Claimed, client: Client | None, now: datetime) -> Assertion:
        try:
            keys = await self.keys.current(client, claimed.algorithm)
            try:
                return verify_assertion(token, keys, claimed, self.rules, now)
            except UnknownKey:  # newer keys may know it
                keys = await self.keys.refreshed(client, claimed.algorithm)
                return verify_assertion(token, keys, claimed, self.rules, now)
        except (NoKeys, UnknownKey):
            verify_in_vain(token, claimed, self.rules, now)
            raise
