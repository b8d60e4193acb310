"""The device authorization grant (RFC 8628): devices without a browser, which a person lets in from another one."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ...database import Transaction
from ...endpoints.pages import stylesheet_url
from ...endpoints.routing import Endpoint
from ...endpoints.session_cookie import SessionCookie
from ...endpoints.visit import Outcome
from ...feature import Composition, Feature
from ...grants.granted_tokens import MakeGrantedTokens
from ...grants.issuing import AudienceRule, keep_audience
from ...grants.token_request import Grant
from ...stores.grants import Grants
from ...stores.sweeper import Expirable
from . import attempts, authorization, page, store
from .authorization import DeviceAuthorizationEndpoint
from .device_code import GRANT_TYPE
from .grant import DeviceCodeGrant
from .outcome import DeviceOutcome
from .page import VerificationPage
from .settings import DeviceSettings as DeviceSettings
from .store import DeviceCodes
from .style import DESCRIPTION, style, style_path


def feature(settings: DeviceSettings) -> Feature:
    """Return the feature."""
    room = _Device(settings)
    return Feature(
        name="device",
        specification="RFC 8628",
        endpoints=room.endpoints,
        grants=room.grants,
        token_parameters={"device_code": "RFC 8628 §3.4"},
        metadata=room.metadata,
        extends={Outcome: room.outcome},
        expirable=(
            Expirable("device_codes", store.delete_expired),
            Expirable("device_attempts", attempts.delete_expired),
        ),
    )


class _Device:
    """Puts the parts together, once per server."""

    def __init__(self, settings: DeviceSettings) -> None:
        self._settings = settings

    def endpoints(self, composition: Composition) -> Sequence[Endpoint]:
        server, settings = composition.server, self._settings
        audience = composition.find(AudienceRule)
        device_authorization = DeviceAuthorizationEndpoint(
            server=server,
            settings=settings,
            authentication=composition.authentication,
            senders=composition.senders,
            forms=composition.forms,
            transport=composition.transport,
            choose_audience=audience.choose if audience else keep_audience,
            verification_uri=settings.verification_uri or server.urls.url(page.PATH),
        )
        verification = VerificationPage(
            server=server,
            forms=composition.forms,
            cookie=SessionCookie(is_secure=server.urls.issuer.startswith("https://")),
            transport=composition.transport,
            stylesheet=stylesheet_url(server.settings.prefix),
            further_stylesheet=style_path(server.settings.prefix),
            attempts=settings.user_code_attempts,
        )
        return (
            device_authorization.endpoint(composition.refuse),
            verification.endpoint(),
            Endpoint(
                path=style_path(server.settings.prefix),
                handlers={"GET": style},
                refuse=composition.refuse,
                needs_https=False,
                describe=DESCRIPTION,
            ),
        )

    def grants(self, composition: Composition) -> Mapping[str, Callable[[Transaction], Grant]]:
        tokens = composition.get(MakeGrantedTokens).make

        def redeem(transaction: Transaction) -> Grant:
            return DeviceCodeGrant(
                codes=DeviceCodes(transaction), grants=Grants(transaction), tokens=tokens(transaction)
            )

        return {GRANT_TYPE: redeem}

    def outcome(self, composition: Composition) -> Outcome:
        settings = composition.server.settings
        return DeviceOutcome(
            server=composition.server,
            transport=composition.transport,
            stylesheet=stylesheet_url(settings.prefix),
            further_stylesheet=style_path(settings.prefix),
            grant_lifetime=self._settings.code_lifetime + settings.access_token_lifetime,
        )

    def metadata(self, composition: Composition) -> Mapping[str, Any]:
        return {"device_authorization_endpoint": composition.server.urls.url(authorization.PATH)}
