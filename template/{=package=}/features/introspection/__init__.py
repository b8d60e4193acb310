"""Token introspection (RFC 7662): an API asks whether a token is good now, and what it stands for."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ...core.client import AuthMethod
from ...core.seam import Seam
from ...endpoints.client_authentication import ClientAuthentication
from ...endpoints.routing import Endpoint
from ...feature import Composition, Feature
from ...protect.constraint import TokenConstraint
from .endpoint import DESCRIPTION, IntrospectionEndpoint, IntrospectionRule
from .tokens import ActiveTokens, Authorizations

SEAMS = (Seam("introspection.Introspection", IntrospectionRule),)


def feature(rule: IntrospectionRule) -> Feature:
    """Return the feature with the team's rule in it of who is told of which token."""

    def endpoints(composition: Composition) -> Sequence[Endpoint]:
        introspection = IntrospectionEndpoint(
            server=composition.server,
            authentication=_of_confidential_clients(composition),
            forms=composition.forms,
            tokens=ActiveTokens(
                server=composition.server,
                constraints=composition.extensions(TokenConstraint),  # type: ignore[type-abstract]
                authorizations=composition.find(Authorizations),
            ),
            rule=rule,
        )
        return (
            Endpoint(
                path=composition.server.urls.path("introspect"),
                handlers={"POST": introspection.introspect},
                refuse=composition.refuse,
                describe=DESCRIPTION,
            ),
        )

    def metadata(composition: Composition) -> Mapping[str, Any]:
        return {
            "introspection_endpoint": composition.server.urls.url("introspect"),
            **_of_confidential_clients(composition).as_metadata("introspection_endpoint"),
        }

    return Feature(
        name="introspection",
        specification="RFC 7662",
        endpoints=endpoints,
        metadata=metadata,
    )


def _of_confidential_clients(composition: Composition) -> ClientAuthentication:
    """Anybody can name a public client, and would learn from here which tokens are good (RFC 7662 §2.1, §4)."""
    shared = composition.authentication
    return replace(shared, methods=[method for method in shared.methods if method.method != AuthMethod.NONE])
