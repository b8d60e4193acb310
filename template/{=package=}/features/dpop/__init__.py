"""Demonstrating Proof of Possession (RFC 9449): tokens that are worth nothing without their sender's key."""

from collections.abc import Callable, Mapping
from pkgutil import resolve_name
from typing import Any

from starlette.requests import Request

from ...endpoints.sender import SenderConstraint
from ...ephemeral import EphemeralStore
from ...feature import Composition, Feature
from ...protect.constraint import TokenConstraint
from ...settings import ENV_PREFIX
from .nonces import HEADER as NONCE_HEADER
from .nonces import Nonces, NoNonces, SharedNonces, SingleUseNonces
from .proofs import Proofs
from .resource import SCHEME, DPoPTokens, URLOf, url_at
from .sender import DPoPSender, ProofRule
from .settings import DPoPSettings as DPoPSettings


def feature(settings: DPoPSettings, *, ephemeral: EphemeralStore) -> Feature:
    """Return the feature. `ephemeral` is where used proofs are remembered, and nonces.

    Raises ValueError if the team's function is not where the setting says.
    """
    proofs = Proofs(
        records=ephemeral,
        nonces=_make_nonces(settings, ephemeral),
        algorithms=settings.signing_algorithms,
        window=settings.proof_window,
    )
    replace_url = _find_function(settings.url_of)

    def url_of(composition: Composition) -> URLOf:
        canonical = url_at(composition.server.urls.origin)
        return canonical if replace_url is None else lambda request: replace_url(request, canonical(request))

    def sender(composition: Composition) -> DPoPSender:
        return DPoPSender(
            proofs=proofs,
            rule=ProofRule(settings.required),
            url_of=url_of(composition),
            now=composition.server.now,
        )

    def tokens(composition: Composition) -> DPoPTokens:
        return DPoPTokens(
            proofs=proofs,
            url_of=url_of(composition),
            is_required=settings.required,
            now=composition.server.now,
        )

    def metadata(composition: Composition) -> Mapping[str, Any]:
        return {"dpop_signing_alg_values_supported": list(settings.signing_algorithms)}

    return Feature(
        name="dpop",
        specification="RFC 9449",
        metadata=metadata,
        extends={SenderConstraint: sender, TokenConstraint: tokens},
        cors_headers=(SCHEME,),
        cors_exposed=(NONCE_HEADER,),
    )


def _make_nonces(settings: DPoPSettings, ephemeral: EphemeralStore) -> Nonces:
    if not settings.require_nonce:
        return NoNonces()
    kind = SingleUseNonces if settings.nonce_single_use else SharedNonces
    return kind(ephemeral, settings.nonce_lifetime)


def _find_function(name: str | None) -> Callable[[Request, str], str] | None:
    if name is None:
        return None
    try:
        function = resolve_name(name)
    except (ValueError, ImportError, AttributeError) as error:
        raise ValueError(f"{ENV_PREFIX}DPOP__URL_OF names {name}, which is not there: {error}") from None
    if not callable(function):
        raise ValueError(f"{ENV_PREFIX}DPOP__URL_OF names {name}, which is no function")
    return function  # type: ignore[no-any-return]  # what it takes and returns nobody can see from here
