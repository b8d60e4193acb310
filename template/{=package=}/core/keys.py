"""Signing keys and their lives: announced, signing, retiring, gone (RFC 7517; NIST SP 800-57 part 1 §5.3)."""

import json
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final, Literal, Protocol, Self, TypeAlias

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from .jose import SigningKey
from .jwk import (
    SIGNATURES,
    Algorithm,
    JoseError,
    PrivateKey,
    VerificationKey,
    check_key,
    load_jwk,
    thumbprint,
)

KeyState: TypeAlias = Literal["announced", "signing", "retiring", "gone"]

_ECDSA: Final = ec.ECDSA(hashes.SHA256())


class KeyStoreError(Exception):
    """The keys cannot be read, or not be changed as asked. The text is one line for the operator."""


@dataclass(frozen=True, slots=True)
class LocalKey:
    """A `SigningKey` whose private half is in this process."""

    algorithm: Algorithm
    private_key: PrivateKey
    verification_key: VerificationKey

    @classmethod
    def generate(cls, algorithm: Algorithm) -> Self:
        """Return a new key for `algorithm`."""
        match algorithm:
            case "ES256":
                return cls.of(algorithm, ec.generate_private_key(ec.SECP256R1()))
            case "EdDSA":
                return cls.of(algorithm, ed25519.Ed25519PrivateKey.generate())
            case _:
                return cls.of(algorithm, rsa.generate_private_key(public_exponent=65537, key_size=2048))

    @classmethod
    def from_pem(cls, algorithm: Algorithm, pem: str) -> Self:
        """Read an unencrypted private key. Raises JoseError if it is none, or none for `algorithm`."""
        try:
            private_key = serialization.load_pem_private_key(pem.encode("ascii"), password=None)
        except (ValueError, TypeError):
            raise JoseError("not an unencrypted private key in PEM") from None
        return cls.of(algorithm, private_key)  # type: ignore[arg-type]  # `of` checks the kind

    @classmethod
    def of(cls, algorithm: Algorithm, private_key: PrivateKey) -> Self:
        """Return the key, named by its thumbprint. Raises JoseError if it is no key for `algorithm`."""
        public_key = check_key(private_key.public_key(), algorithm)
        return cls(algorithm, private_key, VerificationKey(thumbprint(public_key), algorithm, public_key))

    @property
    def kid(self) -> str:
        return self.verification_key.kid

    @property
    def public_jwk(self) -> Mapping[str, str]:
        return self.verification_key.jwk

    async def sign(self, signing_input: bytes) -> bytes:
        # What PyJWT does for ES256, in three quarters of the time: this is most of what a token costs.
        if isinstance(self.private_key, ec.EllipticCurvePrivateKey):
            r, s = decode_dss_signature(self.private_key.sign(signing_input, _ECDSA))
            return r.to_bytes(32, "big") + s.to_bytes(32, "big")
        return SIGNATURES[self.algorithm].sign(signing_input, self.private_key)

    def to_pem(self) -> str:
        """Return the private key as PKCS #8. It must go nowhere but into the key store."""
        form = serialization.PrivateFormat.PKCS8
        none = serialization.NoEncryption()
        return self.private_key.private_bytes(serialization.Encoding.PEM, form, none).decode("ascii")


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key and the instants that its life hangs on. All of its states follow from these and from `now`."""

    signer: SigningKey
    created_at: datetime
    signs_from: datetime
    retired_at: datetime | None = None
    """From here on it signs no more; in the future while its successor is announced."""
    verifies_until: datetime | None = None
    """From here on its signatures count no more, because the last token it signed has ended."""

    @property
    def kid(self) -> str:
        return self.signer.kid

    @property
    def algorithm(self) -> Algorithm:
        return self.signer.algorithm

    def state(self, now: datetime) -> KeyState:
        """Return where in its life the key is."""
        if self.verifies_until is not None and self.verifies_until <= now:
            return "gone"
        if self.retired_at is not None and self.retired_at <= now:
            return "retiring"
        return "signing" if self.signs_from <= now else "announced"


class KeyRing:
    """The keys as they were read, at any instant: immutable, and made anew when the store changes."""

    def __init__(self, keys: Iterable[Key]) -> None:
        """Raises KeyStoreError for a key whose public half is not what its `kid` and algorithm say."""
        self.keys = tuple(sorted(keys, key=lambda key: (key.signs_from, key.created_at, key.kid)))
        self._public = {key.kid: _load_public(key) for key in self.keys}
        turns = {key.signs_from for key in self.keys}
        turns |= {instant for key in self.keys for instant in (key.retired_at, key.verifies_until) if instant}
        self._turns = sorted(turns)
        self._phases: dict[int, _Phase] = {}

    def signing_key(self, algorithm: str, now: datetime) -> SigningKey:
        """Return the key that signs with `algorithm` now, the newest that may. Raises KeyStoreError."""
        key = self._phase(now).signing.get(algorithm)
        if key is None:
            raise KeyStoreError(f"no key signs {algorithm}: make one with `keys rotate`")
        return key

    def verification_keys(self, now: datetime) -> Mapping[str, VerificationKey]:
        """Return the public keys by `kid`: those announced, signing and retiring."""
        return self._phase(now).verification_keys

    def jwks(self, now: datetime) -> bytes:
        """Return the JWK Set to publish (RFC 7517 §5): public members, `kid`, `alg` and `use` of each key."""
        return self._phase(now).jwks

    def _phase(self, now: datetime) -> "_Phase":
        # Between two turns nothing changes, so each answer is made once per turn.
        index = bisect_right(self._turns, now)
        phase = self._phases.get(index)
        if phase is None:
            phase = self._phases[index] = self._make_phase(now)
        return phase

    def _make_phase(self, now: datetime) -> "_Phase":
        # They are in order of `signs_from`: of two that could sign, the newer does.
        signing: dict[str, SigningKey] = {key.algorithm: key.signer for key in self.keys if key.state(now) == "signing"}
        alive = {key.kid: self._public[key.kid] for key in self.keys if key.state(now) != "gone"}
        jwks = json.dumps({"keys": [dict(key.jwk) for key in alive.values()]}, separators=(",", ":"))
        return _Phase(signing, MappingProxyType(alive), jwks.encode("ascii"))


class KeyStore(Protocol):
    """Where the keys come from. Asked for each request, so an implementation keeps what it has at hand."""

    async def current(self) -> KeyRing:
        """Return the keys as they are now. Raises KeyStoreError."""
        ...


@dataclass(frozen=True, slots=True)
class _Phase:
    signing: Mapping[str, SigningKey]
    verification_keys: Mapping[str, VerificationKey]
    jwks: bytes


def _load_public(key: Key) -> VerificationKey:
    try:
        public = load_jwk(key.signer.public_jwk, algorithm=key.algorithm)
    except JoseError as error:
        raise KeyStoreError(f"key {key.kid} cannot be published: {error}") from None
    if public.kid != key.kid:
        raise KeyStoreError(f"key {key.kid} has a public half that is called {public.kid}")
    return public
