"""Where do the signing keys live, and who rotates them?

By default in files that only the server's user can read (`key_directory`), rotated with the `keys` commands.
That is sound for one host or a shared volume. Decide otherwise if your keys live in an HSM, a KMS or Vault:
return a `KeyStore` of your own. A key that is elsewhere signs over the network:

    @dataclass(frozen=True, slots=True)
    class KmsKey:  # is a `core.jose.SigningKey`
        kms: KmsClient
        name: str
        kid: str  # `core.jwk.thumbprint` of the public key
        algorithm: Algorithm
        public_jwk: Mapping[str, str]  # `VerificationKey(kid, algorithm, public_key).jwk`, made at start-up

        async def sign(self, signing_input: bytes) -> bytes:
            der = await self.kms.sign(self.name, sha256(signing_input).digest())
            return der_to_raw_signature(der, SECP256R1())

    class KmsKeys:  # is a `core.keys.KeyStore`
        async def current(self) -> KeyRing:  # asked for each request, so it answers from memory
            return self.ring  # KeyRing([Key(signer=KmsKey(...), created_at=..., signs_from=...)])

Whatever you choose: before `signs_from`, announce a new key for as long as others cache the JWK Set; keep the
old one until `verifies_until`, when the last token that it signed has ended.
"""

from ..core.keys import KeyStore
from ..settings import ServerSettings

contract = 1


def key_store(settings: ServerSettings, default: KeyStore) -> KeyStore:
    """Return where the keys come from. `default` reads the files in `settings.key_directory`."""
    return default
