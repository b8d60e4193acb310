"""Who comes to a page of an interaction, and whether they may."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from starlette.requests import Request

from ..core.client import Client
from ..core.grant import Authentication
from ..core.interaction import Browser, Interaction
from ..core.parameters import Parameters
from ..core.secrets import digest
from ..database import Transaction
from ..server import Server
from ..stores.browser_sessions import BrowserSessions
from ..stores.interactions import Interactions
from .answering import Target, Unusable, answering
from .session_cookie import SessionCookie
from .visit import Outcome, Visit


class People(Protocol):
    """What the reception asks of `policy/principals.py`."""

    async def recognise(self, request: Request, *, now: datetime) -> Authentication | None: ...
    async def is_active(self, subject: str, transaction: Transaction) -> bool: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Reception:
    """Finds the interaction, the browser and the person of a request.

    An interaction leads to the one of `outcomes` that its request names, else to `answer`.
    """

    server: Server
    people: People
    cookie: SessionCookie
    answer: Outcome
    outcomes: Mapping[str, Outcome]

    async def receive(self, query: Parameters, request: Request, transaction: Transaction) -> Visit:
        """Return the visit.

        Raises Unusable for an unknown, finished, expired or foreign interaction, and whatever policy raises when it
        recognises the person, to be sent back to the client.
        """
        now = self.server.now()
        interaction_id = query.get("id", "")
        interaction = await Interactions(transaction).find(digest(interaction_id))
        if interaction is None:
            raise Unusable("We do not know this page", "Go back to the app and start again.", status=404)
        if interaction.finished_at is not None:
            raise Unusable.finished()
        if interaction.expires_at <= now:
            raise Unusable(
                "This took too long",
                "For your safety the page has expired. Go back to the app and start again.",
            )
        browser = await self._find_browser(request, transaction, now)
        if interaction.browser_id is not None and (browser is None or browser.id != interaction.browser_id):
            raise Unusable(
                "This was begun in another browser",
                "Finish it there, or go back to the app and start again here. If cookies are blocked, allow them.",
            )
        client, outcome, target = await self._find_target(interaction, transaction)
        with answering(target):
            authentication = await self._find_person(browser, request, transaction, now)
        return Visit(
            id=interaction_id,
            interaction=interaction,
            client=client,
            outcome=outcome,
            target=target,
            browser=browser,
            authentication=authentication,
            http=request,
            transaction=transaction,
            now=now,
        )

    async def admit(self, visit: Visit, session_lifetime: timedelta) -> Visit:
        """Return the visit of a browser that has a cookie and owns the interaction, from now on if not before.

        Raises Unusable when another browser was faster.
        """
        browser = visit.browser
        if browser is None:
            browser = await BrowserSessions(visit.transaction).begin(visit.now, visit.now + session_lifetime)
        if visit.interaction.browser_id is None:
            interactions = Interactions(visit.transaction)
            if not await interactions.claim(visit.interaction.digest, browser.id):
                raise Unusable("This was begun in another browser", "Go back to the app and start again here.")
        return replace(visit, browser=browser)

    async def _find_browser(self, request: Request, transaction: Transaction, now: datetime) -> Browser | None:
        secret = self.cookie.read(request)
        return await BrowserSessions(transaction).find(secret, now) if secret else None

    async def _find_person(
        self, browser: Browser | None, request: Request, transaction: Transaction, now: datetime
    ) -> Authentication | None:
        found = await self.people.recognise(request, now=now)
        if found is None and browser is not None:
            found = browser.authentication
        if found is None or not await self.people.is_active(found.subject, transaction):
            return None
        return found

    async def _find_target(self, interaction: Interaction, transaction: Transaction) -> tuple[Client, Outcome, Target]:
        request = interaction.request
        client = await self.server.clients.find(request.client_id, transaction)
        outcome = self.outcomes.get(request.response_mode, self.answer)
        target = outcome.find_target(request, client) if client else None
        if client is None or target is None:
            raise Unusable("This app is no longer known here", "Its makers or your administrator can tell you more.")
        return client, outcome, target
