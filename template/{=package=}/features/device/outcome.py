"""What an interaction leads to that began with a user code: the device's code is approved or denied, and a page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any, Final

from starlette.responses import Response

from ...core.authorization_request import AuthorizationRequest, Prompt
from ...core.client import Client
from ...core.events import Event
from ...core.grant import AuthorizationGrant
from ...core.parameters import Parameters
from ...core.scope import Scope
from ...endpoints.answering import Unusable
from ...endpoints.pages import Template, render_page
from ...endpoints.transport import TransportPolicy
from ...endpoints.visit import Visit
from ...server import Server
from .device_code import GRANT_TYPE, DeviceCode
from .events import DeviceEvent
from .store import DeviceCodes
from .user_code import print_user_code

FOLDER = Path(__file__).parent / "templates"
NAME: Final = "device"

_DETAILS = "device"
_SCOPE_FIELD = "scope:"


def make_request(code: DeviceCode, user_code: str) -> AuthorizationRequest:
    """Return the device's request as one that waits for a person. It is never answered without the page."""
    return AuthorizationRequest(
        client_id=code.client_id,
        redirect_uri="",
        response_mode=NAME,
        scope=code.scope,
        prompt=(Prompt.CONSENT,),
        resources=code.resources,
        details={
            _DETAILS: {
                "code": code.digest.hex(),
                "user_code": print_user_code(user_code),
                "client_ip": code.client_ip,
                "asked_at": code.created_at.isoformat(),
            }
        },
    )


@dataclass(frozen=True, slots=True)
class DeviceTarget:
    """Where the answer goes: nowhere but to the person, whose device asks for it by itself."""

    stylesheet: str

    async def answer(self, parameters: Mapping[str, str]) -> Response:
        """Return the last page."""
        status, title, message = 200, "You allowed it", "Go back to your device: it goes on by itself in a moment."
        error = parameters.get("error")
        if error == "access_denied":
            title, message = "You did not allow it", "The device gets no access. You can close this page."
        elif error == "server_error":
            status, title = 500, "Something went wrong here"
            message = f"Try again in a moment. If you ask for help, tell this: {parameters['error_description']}."
        elif error:
            status, title = 400, "This device cannot be connected"
            message = "The sign-in did not meet what is asked of it. Start again on your device."
        return render_page("finished", stylesheet=self.stylesheet, status=status, title=title, message=message)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceOutcome:
    """The `Outcome` of requests that came in at the device authorization endpoint."""

    server: Server
    transport: TransportPolicy
    stylesheet: str
    further_stylesheet: str
    grant_lifetime: timedelta
    name: str = NAME
    event: StrEnum = DeviceEvent.DEVICE_APPROVED

    def find_target(self, request: AuthorizationRequest, client: Client) -> DeviceTarget | None:
        """Return the last page, if the client still may use this grant."""
        return DeviceTarget(self.stylesheet) if GRANT_TYPE in client.grant_types else None

    def form_action(self, request: AuthorizationRequest) -> Sequence[str]:
        """Return where forms may lead: nowhere else."""
        return ("'self'",)

    def consent_page(self, request: AuthorizationRequest, client: Client) -> tuple[Template, Mapping[str, Any]]:
        """Return the page that shows the code to compare, and when and whence the device asked (RFC 8628 §5.4)."""
        told = request.details[_DETAILS]
        age = self.server.now() - datetime.fromisoformat(told["asked_at"])
        return Template("device_consent", FOLDER), {
            "further_stylesheet": self.further_stylesheet,
            "user_code": told["user_code"],
            "client_ip": told["client_ip"],
            "minutes": int(age.total_seconds() // 60),
            "scope_field": _SCOPE_FIELD,
        }

    def narrow(self, request: AuthorizationRequest, form: Parameters) -> AuthorizationRequest:
        """Return the request with the scope that is ticked. Raises Unusable when nothing of it is left.

        An empty scope could not be told from all that was asked for (RFC 6749 §5.1).
        """
        asked = Scope.parse(request.scope)
        ticked = Scope.of(token for token in asked if f"{_SCOPE_FIELD}{token}" in form)
        if asked and not ticked:
            raise Unusable("Nothing is ticked", "Go back and tick what the device may do, or choose Deny.")
        return replace(request, scope=str(ticked), details={})

    async def allow(self, visit: Visit, request: AuthorizationRequest, grant: AuthorizationGrant) -> Mapping[str, str]:
        """Give the grant to the device. Raises Unusable if somebody answered before, or it is too late."""
        if not await DeviceCodes(visit.transaction).approve(_code_of(visit), grant.id, visit.now):
            raise _too_late()
        return {}

    async def refuse(self, visit: Visit) -> None:
        """Have the device told that it gets nothing. Raises Unusable as `allow` does."""
        if not await DeviceCodes(visit.transaction).deny(_code_of(visit), visit.now):
            raise _too_late()
        denied = Event(
            name=DeviceEvent.DEVICE_DENIED,
            client_id=visit.client.client_id,
            subject=visit.authentication.subject if visit.authentication else None,
            scope=visit.interaction.request.scope,
            grant_type=GRANT_TYPE,
            client_ip=self.transport.read_peer(visit.http.scope).client_ip,
        )
        visit.transaction.after_commit(partial(self.server.emit, denied))


def _code_of(visit: Visit) -> bytes:
    """Return the digest of the device code that the interaction was begun for."""
    return bytes.fromhex(visit.interaction.request.details[_DETAILS]["code"])


def _too_late() -> Unusable:
    return Unusable(
        "This code can no longer be used",
        "It has expired, or was answered already. If your device still waits, get a new code there.",
    )
