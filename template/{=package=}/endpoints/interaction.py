"""The pages between an authorization request and its answer: sign in, choose, consent.

Everything is kept in the database, so two tabs, a reload, the back button and a second click all end well. Every form
leads back to `show`, which looks again at what has to happen next.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Any, NoReturn, Protocol

from starlette.requests import Request
from starlette.responses import Response

from ..core.authorization_request import AccessDenied, AuthorizationRequest, Prompt
from ..core.client import Client
from ..core.errors import OAuthError
from ..core.events import Event, EventName
from ..core.grant import Authentication
from ..core.interaction import Interaction, Step, choose_step
from ..core.parameters import Parameters
from ..core.scope import Scope
from ..core.secrets import mint_secret
from ..database import Transaction
from ..grants.issuing_codes import begin_grant
from ..server import Server
from ..stores.browser_sessions import BrowserSessions
from ..stores.grants import Grants
from ..stores.interactions import Interactions
from .answering import Unusable, answering
from .forms import Forms
from .interaction_pages import InteractionPages
from .reception import Reception
from .render import NO_STORE
from .session_cookie import SessionCookie
from .transport import TransportPolicy
from .visit import Visit


class Principals(Protocol):
    """What the pages ask of `policy/principals.py`."""

    async def authenticate(
        self, username: str, password: str, transaction: Transaction, *, acr_values: Sequence[str], now: datetime
    ) -> Authentication | None: ...
    def login_url(self, return_to: str) -> str | None: ...
    async def display_name(self, subject: str, transaction: Transaction) -> str: ...


class Consent(Protocol):
    """What the pages ask of `policy/consent.py`."""

    async def is_needed(self, client: Client, authentication: Authentication, scope: Scope) -> bool: ...
    async def claims(self, client: Client, authentication: Authentication, scope: Scope) -> Mapping[str, Any]: ...


@dataclass(frozen=True, slots=True)
class AuthenticationRule:
    """A slot: whether the way in which a person signed in is good enough for this interaction.

    If not, they sign in anew. `is_enough` raises OAuthError where that would not help.
    """

    is_enough: Callable[[Interaction, Authentication], bool]


@dataclass(frozen=True, slots=True)
class FinalClaim:
    """A slot: what an interaction has to win before it is answered with yes, such as the one use of a reference.

    `claim` comes before anything is written, so it must let the same interaction try again. It raises OAuthError to
    any other that comes second.
    """

    claim: Callable[[Interaction, datetime], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionEndpoint:
    """Shows what is needed and takes what is answered. `session_lifetime` is how long a browser stays signed in."""

    server: Server
    reception: Reception
    principals: Principals
    consent: Consent
    rules: Sequence[AuthenticationRule]
    claims: Sequence[FinalClaim]
    pages: InteractionPages
    forms: Forms
    cookie: SessionCookie
    session_lifetime: timedelta
    transport: TransportPolicy

    async def show(self, request: Request) -> Response:
        """Show the page that is needed now, or answer the client when none is (GET)."""
        query = self.forms.read_query(request)
        async with self.server.database.transaction() as transaction:
            try:
                visit = await self.reception.receive(query, request, transaction)
                with answering(visit.target):
                    return await self._proceed(visit, wants_another="another" in query)
            except Unusable as end:
                return self.pages.finished(end.title, str(end), status=end.status)

    async def submit(self, request: Request) -> Response:
        """Take what a form says (POST), then look again. A form that is out of date is shown anew and does nothing."""
        query, form = await self.forms.read_form_beside_query(request)
        steps = {
            "login": self._login,
            "cancel": self._deny,
            "account": self._choose_account,
            "switch": self._switch_account,
            "consent": self._consent,
        }
        async with self.server.database.transaction() as transaction:
            try:
                visit = await self.reception.receive(query, request, transaction)
                with answering(visit.target):
                    take = steps.get(query.get("step", ""))
                    if take is None or not visit.is_genuine(form):
                        return self._look_again(visit)
                    return await take(visit, form)
            except Unusable as end:
                return self.pages.finished(end.title, str(end), status=end.status)

    async def _proceed(self, visit: Visit, *, wants_another: bool) -> Response:
        authentication = visit.authentication
        scope = Scope.parse(visit.interaction.request.scope)
        consent_needed = authentication is not None and await self.consent.is_needed(
            visit.client, authentication, scope
        )
        step = await self._choose_step(visit, consent_needed=consent_needed)
        if wants_another and Prompt.NONE not in visit.interaction.request.prompt:
            step = Step.LOGIN
        if step is Step.ISSUE and authentication is not None:
            return await self._allow(visit, authentication, visit.interaction.request)
        return await self._show(visit, step)

    async def _choose_step(self, visit: Visit, *, consent_needed: bool) -> Step:
        """Return what has to happen next; what `choose_step` and the rules of features raise ends the interaction."""
        authentication = visit.authentication
        try:
            if authentication and not all(rule.is_enough(visit.interaction, authentication) for rule in self.rules):
                authentication = None
            return choose_step(visit.interaction, authentication, consent_needed=consent_needed, now=visit.now)
        except OAuthError as refusal:
            await self._refuse(visit, EventName.AUTHORIZATION_FAILED, refusal)

    async def _show(self, visit: Visit, step: Step) -> Response:
        visit = await self.reception.admit(visit, self.session_lifetime)
        name = ""
        if visit.authentication:
            name = await self.principals.display_name(visit.authentication.subject, visit.transaction)
        await visit.transaction.commit()
        own_login = self.principals.login_url(self.server.urls.origin + self.pages.url(visit.id))
        if step is Step.LOGIN and own_login:
            response = Response(status_code=303, headers={**NO_STORE, "Location": own_login})
        elif step is Step.LOGIN:
            response = self.pages.login(visit)
        else:
            page = self.pages.consent if step is Step.CONSENT else self.pages.select_account
            response = page(visit, account=name)
        self.cookie.set(response, visit.owner.secret, max_age=int(self.session_lifetime.total_seconds()))
        return response

    async def _login(self, visit: Visit, form: Parameters) -> Response:
        username = form.get("username", "")
        authentication = await self.principals.authenticate(
            username,
            form.get("password", ""),
            visit.transaction,
            acr_values=visit.interaction.request.acr_values,
            now=visit.now,
        )
        if authentication is None:
            await self.server.emit(self._event(visit, EventName.AUTH_DENIED, reason="wrong user name or password"))
            return self.pages.login(
                visit, username=username, error="This user name and password do not belong together."
            )
        authentication = replace(authentication, sid=authentication.sid or mint_secret())
        browser = await BrowserSessions(visit.transaction).sign_in(
            visit.owner, authentication, visit.now + self.session_lifetime
        )
        if Prompt.SELECT_ACCOUNT in visit.interaction.request.prompt:
            # To type a name is to choose an account: nobody is asked for it twice.
            await Interactions(visit.transaction).record_choice(visit.interaction.digest, authentication.subject)
        event = self._event(visit, EventName.AUTH_SUCCEEDED, subject=authentication.subject)
        visit.transaction.after_commit(partial(self.server.emit, event))
        await visit.transaction.commit()
        response = self._look_again(visit)
        self.cookie.set(response, browser.secret, max_age=int(self.session_lifetime.total_seconds()))
        return response

    async def _choose_account(self, visit: Visit, form: Parameters) -> Response:
        if form.get("decision") != "continue" or visit.authentication is None:
            return self._look_again(visit, another="1")
        await Interactions(visit.transaction).record_choice(visit.interaction.digest, visit.authentication.subject)
        await visit.transaction.commit()
        return self._look_again(visit)

    async def _switch_account(self, visit: Visit, form: Parameters) -> Response:
        return self._look_again(visit, another="1")

    async def _consent(self, visit: Visit, form: Parameters) -> Response:
        if form.get("decision") == "deny":
            return await self._deny(visit, form)
        if form.get("decision") != "allow" or visit.authentication is None:
            return self._look_again(visit)
        if await self._choose_step(visit, consent_needed=True) is not Step.CONSENT:
            return self._look_again(visit)
        request = visit.outcome.narrow(visit.interaction.request, form)
        return await self._allow(visit, visit.authentication, request)

    async def _allow(self, visit: Visit, authentication: Authentication, request: AuthorizationRequest) -> Response:
        try:
            for each in self.claims:
                await each.claim(visit.interaction, visit.now)
        except OAuthError as refusal:
            await self._refuse(visit, EventName.AUTHORIZATION_FAILED, refusal)
        await self._finish(visit)
        claims = await self.consent.claims(visit.client, authentication, Scope.parse(request.scope))
        lifetime = visit.outcome.grant_lifetime
        grant = begin_grant(request, authentication, claims=claims, now=visit.now, lifetime=lifetime)
        await Grants(visit.transaction).add(grant)
        answer = await visit.outcome.allow(visit, request, grant)
        event = self._event(visit, visit.outcome.event, subject=grant.subject, grant_id=grant.id)
        visit.transaction.after_commit(partial(self.server.emit, event))
        await visit.transaction.commit()
        return await visit.target.answer(answer)

    async def _deny(self, visit: Visit, form: Parameters) -> Response:
        await self._refuse(visit, EventName.AUTHORIZATION_DENIED, AccessDenied("the person said no"))

    async def _refuse(self, visit: Visit, name: EventName, refusal: OAuthError) -> NoReturn:
        await self._finish(visit)
        await visit.outcome.refuse(visit)
        event = self._event(visit, name, result=refusal.error, reason=refusal.reason)
        visit.transaction.after_commit(partial(self.server.emit, event))
        await visit.transaction.commit()
        raise refusal

    async def _finish(self, visit: Visit) -> None:
        if not await Interactions(visit.transaction).finish(visit.interaction.digest, visit.now):
            raise Unusable.finished()

    def _look_again(self, visit: Visit, **query: str) -> Response:
        location = self.pages.url(visit.id, **query)
        return Response(status_code=303, headers={**NO_STORE, "Location": location})

    def _event(
        self,
        visit: Visit,
        name: StrEnum,
        *,
        subject: str | None = None,
        grant_id: str | None = None,
        result: str | None = None,
        reason: str | None = None,
    ) -> Event:
        return Event(
            name=name,
            client_id=visit.client.client_id,
            subject=subject or (visit.authentication.subject if visit.authentication else None),
            scope=visit.interaction.request.scope,
            grant_id=grant_id,
            result=result,
            reason=reason,
            client_ip=self.transport.read_peer(visit.http.scope).client_ip,
        )
