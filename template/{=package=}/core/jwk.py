"""Public keys as JSON, read strictly and written canonically (RFC 7517, RFC 7638, RFC 8037)."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal, TypeAlias, cast, get_args

from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    EllipticCurvePublicNumbers,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, RSAPublicNumbers
from jwt.algorithms import Algorithm as Signatures
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm, RSAPSSAlgorithm

from .encoding import decode_base64url, encode_base64url

Algorithm: TypeAlias = Literal["ES256", "PS256", "RS256", "EdDSA"]
PublicKey: TypeAlias = EllipticCurvePublicKey | RSAPublicKey | Ed25519PublicKey
PrivateKey: TypeAlias = EllipticCurvePrivateKey | RSAPrivateKey | Ed25519PrivateKey

ALGORITHMS: Final[tuple[Algorithm, ...]] = get_args(Algorithm)
SIGNATURES: Final[Mapping[Algorithm, Signatures]] = {
    "ES256": ECAlgorithm(ECAlgorithm.SHA256, SECP256R1),
    "PS256": RSAPSSAlgorithm(RSAPSSAlgorithm.SHA256),
    "RS256": RSAAlgorithm(RSAAlgorithm.SHA256),
    "EdDSA": OKPAlgorithm(),
}

PRIVATE_MEMBERS: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_RSA_BITS: Final = range(2048, 8193)  # below: breakable; above: a verification that costs us too much


class JoseError(Exception):
    """A key or a token that is not to be trusted. The text is for the log only."""


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """A public key, bound to the one algorithm that it may be used with (RFC 8725 §3.1)."""

    kid: str
    algorithm: Algorithm
    public_key: PublicKey

    def is_signed(self, signing_input: bytes, signature: bytes) -> bool:
        """Say whether `signature` over `signing_input` was made by this key's owner."""
        return bool(SIGNATURES[self.algorithm].verify(signing_input, self.public_key, signature))

    @property
    def jwk(self) -> Mapping[str, str]:
        """The key as it stands in a JWK Set: public members, `kid`, `alg` and `use` (RFC 7517 §4)."""
        members = _public_members(self.public_key)
        return MappingProxyType({**members, "kid": self.kid, "alg": self.algorithm, "use": "sig"})


def thumbprint(public_key: PublicKey) -> str:
    """Return the SHA-256 thumbprint of a public key (RFC 7638 §3)."""
    canonical = json.dumps(_public_members(public_key), separators=(",", ":"), sort_keys=True)
    return encode_base64url(hashlib.sha256(canonical.encode("ascii")).digest())


def load_jwk(jwk: Mapping[str, Any], *, algorithm: Algorithm | None = None) -> VerificationKey:
    """Return the public key in a JWK. Raises JoseError.

    Its `alg` says what the key is for; a JWK without one needs `algorithm` from the caller, who must know it
    from elsewhere. A JWK without `kid` is named by its thumbprint. Private and symmetric keys are refused:
    whoever published one has lost it.
    """
    if not PRIVATE_MEMBERS.isdisjoint(jwk):
        raise JoseError("the JWK has private members")
    if jwk.get("use", "sig") != "sig":
        raise JoseError("the JWK is not for signatures")
    operations = jwk.get("key_ops", ["verify"])
    if not isinstance(operations, list) or "verify" not in operations:
        raise JoseError("the JWK is not for verification")

    named = jwk.get("alg", algorithm)
    if named not in ALGORITHMS or (algorithm is not None and named != algorithm):
        raise JoseError("the JWK has no alg, or one that is not accepted")
    try:
        public_key = _load_public_key(jwk, cast(Algorithm, named))
    except (ValueError, TypeError) as error:
        raise JoseError(f"the JWK is malformed: {error}") from None

    kid = jwk.get("kid") if "kid" in jwk else thumbprint(public_key)
    if not isinstance(kid, str) or not 0 < len(kid) <= 256:
        raise JoseError("the kid of the JWK is not a short string")
    return VerificationKey(kid, cast(Algorithm, named), public_key)


def load_jwk_set(jwk_set: Mapping[str, Any]) -> Mapping[str, VerificationKey]:
    """Return the usable keys of a JWK Set by `kid`, passing over the others (RFC 7517 §5). Raises JoseError.

    Of two keys that share a `kid` the first counts.
    """
    members = jwk_set.get("keys")
    if not isinstance(members, list):
        raise JoseError("the JWK Set has no keys")
    keys: dict[str, VerificationKey] = {}
    for key in _usable(members):
        keys.setdefault(key.kid, key)
    return MappingProxyType(keys)


def check_key(public_key: object, algorithm: Algorithm) -> PublicKey:
    """Return `public_key` if it is of the kind and strength that `algorithm` needs. Raises JoseError."""
    match algorithm, public_key:
        case "ES256", EllipticCurvePublicKey(curve=SECP256R1()):
            return public_key
        case "PS256" | "RS256", RSAPublicKey(key_size=bits) if bits in _RSA_BITS:
            return public_key
        case "EdDSA", Ed25519PublicKey():
            return public_key
    raise JoseError(f"this key is not of the kind and size that {algorithm} needs")


def _usable(members: Iterable[Any]) -> Iterable[VerificationKey]:
    for member in members:
        try:
            if isinstance(member, dict):
                yield load_jwk(member)
        except JoseError:
            continue


def _load_public_key(jwk: Mapping[str, Any], algorithm: Algorithm) -> PublicKey:
    match algorithm, jwk:
        case "ES256", {"kty": "EC", "crv": "P-256", "x": str(x), "y": str(y)}:
            numbers = EllipticCurvePublicNumbers(_integer(x, length=32), _integer(y, length=32), SECP256R1())
            return numbers.public_key()
        case "PS256" | "RS256", {"kty": "RSA", "n": str(n), "e": str(e)} if len(n) < 1400 and len(e) < 12:
            return check_key(RSAPublicNumbers(_integer(e), _integer(n)).public_key(), algorithm)
        case "EdDSA", {"kty": "OKP", "crv": "Ed25519", "x": str(x)}:
            return Ed25519PublicKey.from_public_bytes(decode_base64url(x))
    raise JoseError(f"the JWK is no key for {algorithm}")


def _integer(text: str, *, length: int | None = None) -> int:
    data = decode_base64url(text)
    if length is not None and len(data) != length:
        raise ValueError("a coordinate of the wrong length")
    return int.from_bytes(data, "big")


def _public_members(public_key: PublicKey) -> dict[str, str]:
    match public_key:
        case EllipticCurvePublicKey():
            point = public_key.public_numbers()
            x, y = (encode_base64url(coordinate.to_bytes(32, "big")) for coordinate in (point.x, point.y))
            return {"kty": "EC", "crv": "P-256", "x": x, "y": y}
        case RSAPublicKey():
            numbers = public_key.public_numbers()
            n, e = (
                encode_base64url(number.to_bytes((number.bit_length() + 7) // 8, "big"))
                for number in (numbers.n, numbers.e)
            )
            return {"kty": "RSA", "n": n, "e": e}
        case _:
            return {"kty": "OKP", "crv": "Ed25519", "x": encode_base64url(public_key.public_bytes_raw())}
