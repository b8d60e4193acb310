"""Protected resource metadata (RFC 9728): how a client that knows only an API finds this server.

It describes the default audience. An API on a host of its own serves its own document: see `protect/metadata.py`.
"""

from collections.abc import Sequence

from ..endpoints.metadata import serve_document
from ..endpoints.openapi import describe_document
from ..endpoints.routing import Endpoint
from ..feature import Composition, Feature
from ..protect.constraint import TokenConstraint
from ..protect.guard import Guard
from ..protect.keys import LocalKeys
from ..protect.metadata import WELL_KNOWN, metadata_path, metadata_url, protected_resource_document


def feature() -> Feature:
    """Return the feature."""
    return Feature(name="protected_resource", specification="RFC 9728", endpoints=_endpoints)


def make_guard(composition: Composition) -> Guard[None]:
    """Return the guard of the default audience, for APIs in the same process as this server."""
    server = composition.server
    audience = server.settings.default_audience
    return Guard(
        issuer=server.urls.issuer,
        audience=audience,
        keys=LocalKeys(server.keys, server.now),
        realm=server.settings.realm,
        resource_metadata=metadata_url(audience),
        constraints=composition.extensions(TokenConstraint),  # type: ignore[type-abstract]
        now=server.now,
    )


def _endpoints(composition: Composition) -> Sequence[Endpoint]:
    server = composition.server
    of_features = {name for feature in composition.features for name in feature.scopes}
    own = [name for name in server.scopes.supported() if name not in of_features]
    document = protected_resource_document(make_guard(composition), own)
    max_age = int(server.settings.metadata_cache_lifetime.total_seconds())
    # Behind its path too where there is one, but clients that look at the root only are common.
    return tuple(
        Endpoint(
            path=path,
            handlers={"GET": serve_document(document, max_age=max_age)},
            refuse=composition.refuse,
            cors=True,
            needs_https=False,
            describe=describe_document("What this resource is, and whom to ask for tokens", "RFC 9728 §3"),
        )
        for path in dict.fromkeys((metadata_path(server.settings.default_audience), WELL_KNOWN))
    )
