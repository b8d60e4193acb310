"""Clients that authenticate with a key of their own: `private_key_jwt` (RFC 7523 §2.2, §3; OIDC Core §9)."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated

from annotated_types import Ge, Le
from pydantic import BaseModel, ConfigDict, Field

from ...endpoints.client_authentication import ClientAuthenticator
from ...ephemeral import EphemeralStore
from ...feature import Composition, Feature
from ...outbound.fetcher import Fetcher
from ...outbound.jwks import RemoteJWKSets
from ...settings import Algorithms, Seconds
from .assertion import AssertionRules
from .authenticator import PrivateKeyJWT
from .client_keys import ClientKeys


class PrivateKeyJWTSettings(BaseModel):
    """What may be set about client assertions."""

    model_config = ConfigDict(use_attribute_docstrings=True, frozen=True)

    signing_algorithms: Annotated[Algorithms, Field(min_length=1)] = ("PS256", "ES256", "EdDSA")
    """The algorithms that clients may sign with, which metadata tells them. RS256 is for those that know no other."""

    assertion_lifetime: Annotated[Seconds, Ge(timedelta(seconds=30)), Le(timedelta(hours=1))] = timedelta(seconds=300)
    """How far ahead the `exp` of an assertion may be. For as long its `jti` is remembered."""


def feature(settings: PrivateKeyJWTSettings, *, ephemeral: EphemeralStore, fetcher: Fetcher) -> Feature:
    """Return the feature. `ephemeral` remembers the assertions that were used, `fetcher` brings clients' keys."""

    def authenticators(composition: Composition) -> Sequence[ClientAuthenticator]:
        server = composition.server
        return (
            PrivateKeyJWT(
                rules=AssertionRules(
                    audience=server.urls.issuer,
                    algorithms=settings.signing_algorithms,
                    lifetime=settings.assertion_lifetime,
                ),
                keys=ClientKeys(RemoteJWKSets(fetcher)),
                ephemeral=ephemeral,
                now=server.now,
            ),
        )

    return Feature(
        name="private_key_jwt",
        specification="RFC 7523 §2.2",
        client_authentication=authenticators,
        close=fetcher.close,
    )
