"""Pushed authorization requests (RFC 9126): clients say themselves what they ask for, browsers carry a reference."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Annotated, Any

from annotated_types import Ge, Le
from pydantic import BaseModel, ConfigDict

from ...core.client import AuthMethod
from ...endpoints.authorization_rules import AuthorizationRules, RequestCheck, RequestSource
from ...endpoints.interaction import FinalClaim
from ...endpoints.routing import Endpoint
from ...ephemeral import EphemeralStore
from ...feature import Composition, Feature
from ...settings import Seconds
from .endpoint import PushEndpoint, describe
from .pushed_requests import MAX_LIFETIME, PushedRequests
from .reference import CLIENT_METADATA, PARAMETERS, PushRule, Reference, SingleUse


class PARSettings(BaseModel):
    """What may be set about pushed requests."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    lifetime: Annotated[Seconds, Ge(timedelta(seconds=5)), Le(MAX_LIFETIME)] = timedelta(seconds=60)
    """How long a browser may take to bring the reference. How long the person takes then, this does not bound."""

    required: bool = False
    """Refuse requests that were not pushed. Off, clients choose, but for those that are registered to push."""


def feature(settings: PARSettings, *, ephemeral: EphemeralStore) -> Feature:
    """Return the feature. `ephemeral` keeps what was pushed, and remembers what was used."""
    requests = PushedRequests(ephemeral, settings.lifetime)

    def endpoints(composition: Composition) -> Sequence[Endpoint]:
        server, authentication = composition.server, composition.authentication
        push = PushEndpoint(
            server=server,
            authentication=authentication,
            senders=composition.senders,
            rules=composition.get(AuthorizationRules),
            requests=requests,
            forms=composition.forms,
            transport=composition.transport,
        )
        return (
            Endpoint(
                path=server.urls.path("par"),
                handlers={"POST": push.push},
                refuse=composition.refuse,
                cors=AuthMethod.NONE in authentication.names,
                describe=describe(composition.senders),
            ),
        )

    def source(composition: Composition) -> RequestSource:
        reference = Reference(requests, composition.server.now)
        return RequestSource(reference.is_ours, reference.read, PARAMETERS)

    def metadata(composition: Composition) -> Mapping[str, Any]:
        return {
            "pushed_authorization_request_endpoint": composition.server.urls.url("par"),
            CLIENT_METADATA: settings.required,
        }

    return Feature(
        name="par",
        specification="RFC 9126",
        endpoints=endpoints,
        metadata=metadata,
        extends={
            RequestSource: source,
            RequestCheck: lambda composition: RequestCheck(PushRule(settings.required).check),
            FinalClaim: lambda composition: FinalClaim(SingleUse(requests).claim),
        },
    )
