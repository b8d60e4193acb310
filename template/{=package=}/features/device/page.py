"""The verification page (RFC 8628 §3.3): a person enters the code, and an interaction begins.

Nothing is looked up before somebody sends the form, and nothing is allowed here: the pages of the interaction ask.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from ...core.events import Event
from ...core.interaction import Interaction
from ...core.parameters import Parameters
from ...core.secrets import digest, mint_secret
from ...database import Transaction
from ...endpoints.answering import BrowserRefusal
from ...endpoints.forms import Forms
from ...endpoints.openapi import describe_content, describe_form, describe_query
from ...endpoints.pages import Template, render_page
from ...endpoints.render import NO_STORE
from ...endpoints.routing import Endpoint
from ...endpoints.session_cookie import SessionCookie
from ...endpoints.transport import TransportPolicy
from ...server import Server
from ...stores.browser_sessions import BrowserSessions
from ...stores.interactions import Interactions
from .attempts import WINDOW, Attempts, address_of
from .events import DeviceEvent
from .outcome import FOLDER, make_request
from .store import DeviceCodes
from .user_code import LENGTH, print_user_code, read_user_code

PATH = "device"

_BROWSER_LIFETIME = timedelta(hours=1)
"""How long a browser is known in which nobody signs in; no code is good for as long."""

_RESPONSES: Mapping[str, Any] = {
    "200": describe_content("text/html", "the page"),
    "303": {"description": "on to the pages that sign in and ask"},
    "400": describe_content("text/html", "the page again: this code does not work"),
    "429": describe_content("text/html", "a page: too many codes did not work"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationPage:
    """Takes codes. `attempts` is how many wrong ones an address may send while `WINDOW` lasts."""

    server: Server
    forms: Forms
    cookie: SessionCookie
    transport: TransportPolicy
    stylesheet: str
    further_stylesheet: str
    attempts: int

    async def show(self, request: Request) -> Response:
        """Show the form (GET), with the code filled in that the URL brings along (RFC 8628 §3.3.1)."""
        return self._show(request, self.forms.read_query(request).get("user_code", ""))

    async def submit(self, request: Request) -> Response:
        """Look the code up (POST), and lead on to where the person signs in and is asked."""
        form = await self.forms.read_form(request)
        typed, secret = form.get("user_code", ""), self.cookie.read(request)
        if secret is None or not _is_genuine(form, secret):
            return self._show(request, typed, error="This page was out of date. Allow cookies, and send it again.")
        user_code = read_user_code(typed)
        if user_code is None:
            return self._show(request, typed, error=f"A code has {LENGTH} letters, and no vowels or digits.")
        client_ip, now = self.transport.read_peer(request.scope).client_ip, self.server.now()
        async with self.server.database.transaction() as transaction:
            attempts = Attempts(transaction)
            attempt = await attempts.count(address_of(client_ip), now)
            is_one_too_many = attempt.number > self.attempts
            onward = None if is_one_too_many else await self._begin(user_code, secret, transaction, now)
            if onward is not None:
                await attempts.give_back(address_of(client_ip))
            await transaction.commit()
        if onward is not None:
            return onward
        await self._report(client_ip, "too many from this address" if is_one_too_many else "nothing waits under it")
        if is_one_too_many:
            return self._refuse(attempt.window_ends_at - now)
        return self._show(request, typed, error="This code does not work. Check it, or get a new one on your device.")

    async def _begin(self, user_code: str, secret: str, transaction: Transaction, now: datetime) -> Response | None:
        """Return the way on to a new interaction of this browser, or None if nothing waits under the code."""
        code = await DeviceCodes(transaction).find_pending(user_code, now)
        if code is None:
            return None
        browsers = BrowserSessions(transaction)
        known = await browsers.find(secret, now)
        browser = known or await browsers.begin(now, now + _BROWSER_LIFETIME)
        interaction_id = mint_secret()
        await Interactions(transaction).add(
            Interaction(
                digest=digest(interaction_id),
                request=make_request(code, user_code),
                browser_id=browser.id,
                account_chosen=None,
                created_at=now,
                expires_at=code.expires_at,
                finished_at=None,
            )
        )
        location = f"{self.server.urls.path('interaction')}?id={interaction_id}"
        response = Response(status_code=303, headers={**NO_STORE, "Location": location})
        if known is None:
            self.cookie.set(response, browser.secret, max_age=int(_BROWSER_LIFETIME.total_seconds()))
        return response

    def _show(self, request: Request, typed: str, *, error: str | None = None) -> Response:
        user_code, secret = read_user_code(typed), self.cookie.read(request)
        known = secret or mint_secret()
        response = render_page(
            Template("device_code", FOLDER),
            stylesheet=self.stylesheet,
            status=400 if error else 200,
            further_stylesheet=self.further_stylesheet,
            action=self.server.urls.path(PATH),
            csrf=_make_token(known),
            user_code=print_user_code(user_code) if user_code else typed[: 4 * LENGTH],
            is_filled_in=bool(user_code) and error is None,
            error=error,
        )
        if secret is None:
            self.cookie.set(response, known, max_age=int(_BROWSER_LIFETIME.total_seconds()))
        return response

    def _refuse(self, wait: timedelta) -> Response:
        response = render_page(
            "finished",
            stylesheet=self.stylesheet,
            status=429,
            title="Too many codes did not work",
            message=f"No more are accepted from here for now. Try again in {WINDOW.seconds // 60} minutes.",
        )
        response.headers["Retry-After"] = str(max(1, int(wait.total_seconds())))
        return response

    async def _report(self, client_ip: str | None, reason: str) -> None:
        await self.server.emit(Event(name=DeviceEvent.USER_CODE_REFUSED, reason=reason, client_ip=client_ip))

    def endpoint(self) -> Endpoint:
        """Return the endpoint to mount."""
        return Endpoint(
            path=self.server.urls.path(PATH),
            handlers={"GET": self.show, "POST": self.submit},
            refuse=BrowserRefusal(self.stylesheet),
            describe={
                "get": {
                    "summary": "Where a person enters the code of a device",
                    "description": "RFC 8628 §3.3",
                    "parameters": describe_query({"user_code": "to fill in"}),
                    "responses": {status: _RESPONSES[status] for status in ("200", "400")},
                },
                "post": {
                    "summary": "Send the form of the page",
                    "requestBody": describe_form({"user_code": "in either case", "csrf": "as the page gave it"}),
                    "responses": _RESPONSES,
                },
            },
        )


def _make_token(secret: str) -> str:
    """Return the token of the form in a browser with this cookie: no other site can know it."""
    return hmac.new(secret.encode(), b"user code", "sha256").hexdigest()


def _is_genuine(form: Parameters, secret: str) -> bool:
    return hmac.compare_digest(form.get("csrf", "").encode(), _make_token(secret).encode())
