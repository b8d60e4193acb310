"""Somebody else's JWK Set, whose keys may leave their `alg` to the token (RFC 7517 §4.4, §5)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from .jwk import PRIVATE_MEMBERS, Algorithm, JoseError, VerificationKey, load_jwk

MAX_KEYS: Final = 50


class JWKSet:
    """Public keys as their owner published them.

    Raises JoseError for what is no JWK Set, for too many keys, and for a set with a private or symmetric key in it:
    whoever published one has lost it, and the keys beside it cannot be relied on either.
    """

    def __init__(self, jwk_set: Mapping[str, Any]) -> None:
        members = jwk_set.get("keys")
        if not isinstance(members, list) or len(members) > MAX_KEYS:
            raise JoseError(f"not a JWK Set with a list of at most {MAX_KEYS} keys")
        self._members = [member for member in members if isinstance(member, dict)]
        if any(not PRIVATE_MEMBERS.isdisjoint(member) or member.get("kty") == "oct" for member in self._members):
            raise JoseError("a private or symmetric key is in the JWK Set")
        self._usable: dict[Algorithm, Mapping[str, VerificationKey]] = {}

    def keys_for(self, algorithm: Algorithm) -> Mapping[str, VerificationKey]:
        """Return the keys that may verify `algorithm`, by `kid`; those that are not fit for it are passed over.

        A key without `kid` is named by its thumbprint. Of two keys with one name the first counts.
        """
        if algorithm not in self._usable:
            self._usable[algorithm] = MappingProxyType(self._load(algorithm))
        return self._usable[algorithm]

    def _load(self, algorithm: Algorithm) -> dict[str, VerificationKey]:
        keys: dict[str, VerificationKey] = {}
        for member in self._members:
            try:
                key = load_jwk(member, algorithm=algorithm)
            except JoseError:
                continue
            keys.setdefault(key.kid, key)
        return keys
