"""The client's own site: where people begin, where answers arrive, and what can be done with the tokens."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from hmac import compare_digest
from ssl import SSLContext

import httpx
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from ...core.errors import InvalidRequest, OAuthError, ServerError, TemporarilyUnavailable
from ...core.secrets import mint_secret
from ...endpoints.forms import Forms
from ...endpoints.render import NO_STORE
from ...endpoints.routing import Endpoint, Handler
from ...server import Server
from .client import OAuthClient, ServerRefused
from .exchange import Exchange, call
from .notes import PATH as NOTES
from .notes import WRITE
from .pages import STYLE_PATH, Pages, style
from .registration import FURTHER_SCOPE, SCOPE
from .tokens import Decoded
from .visits import Attempt, Notice, SignIn, Visits

HOME, LOGIN, CALLBACK = "/demo/", "/demo/login", "/demo/callback"
_LINK_LIFETIME = timedelta(days=1)
_TITLES = {
    "access_denied": "You said no",
    "temporarily_unavailable": "The server cannot be reached",
    "server_error": "Something went wrong here",
    "answer_refused": "The client does not believe this answer",
}
_COOKIE = f"{__package__.split('.')[-3]}_demo"
_COOKIE_LIFETIME = timedelta(hours=12)
"""Of the browser's cookie; what it stands for is in this process and ends with it."""

Submitted = Callable[[httpx.AsyncClient, SignIn], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoSite:
    """The endpoints. `visits` outlives them, as the printed link was made before."""

    server: Server
    forms: Forms
    client: OAuthClient
    visits: Visits
    pages: Pages

    def endpoints(self) -> Sequence[Endpoint]:
        """Return them."""
        return (
            self._endpoint("/demo", GET=self.to_home),
            self._endpoint(HOME, GET=self.home),
            self._endpoint(LOGIN, GET=self.login),
            self._endpoint(CALLBACK, GET=self.callback),
            self._endpoint("/demo/refresh", POST=self.refresh),
            self._endpoint("/demo/revoke", POST=self.revoke),
            self._endpoint("/demo/write", POST=self.write),
            self._endpoint("/demo/forget", POST=self.forget),
            self._endpoint(STYLE_PATH, GET=style),
        )

    def invitation(self) -> Sequence[str]:
        """Return lines with a link that begins a sign-in, good once and in any browser."""
        attempt = Attempt.begin(SCOPE, browser=None, now=self.server.now(), lifetime=_LINK_LIFETIME)
        self.visits.remember(attempt)
        link = self.client.authorization_url(self.server.urls.url("authorize"), attempt)
        return (f"a client: {self.server.urls.origin}{HOME}", f"an authorization link: {link}")

    async def to_home(self, request: Request) -> Response:
        """Lead on to the home page."""
        return _to(self.server.urls.origin + HOME)

    async def home(self, request: Request) -> Response:
        """Show the way in, or the tokens and what they open."""
        sign_in = self.visits.find(self._browser(request))
        if sign_in is None:
            return self.pages.render("index", issuer=self.client.issuer)
        tokens = sign_in.tokens
        async with _http() as http:
            metadata = await self.client.discover(http)
            exchanges = await self._exchanges(http, metadata["userinfo_endpoint"], sign_in)
        known = self.client.read_userinfo(exchanges["userinfo"].members, tokens)
        sign_in.name = str(known.get("name") or sign_in.name)
        return self.pages.render(
            "signed_in",
            issuer=self.client.issuer,
            sign_in=sign_in,
            tokens=tokens,
            notice=sign_in.take_notice(),
            id_token=Decoded.of(tokens.id_token),
            access_token=Decoded.of(tokens.access_token),
            minutes=max(0, round((tokens.expires_at - self.server.now()).total_seconds() / 60)),
            can_revoke="revocation_endpoint" in metadata,
            may_write=tokens.allows(WRITE),
            exchanges=exchanges,
        )

    async def login(self, request: Request) -> Response:
        """Send the browser to the server; `?more` asks for what writing needs."""
        async with _http() as http:
            metadata = await self.client.discover(http)
        browser = self._browser(request) or mint_secret()
        scope = FURTHER_SCOPE if "more" in request.query_params else SCOPE
        attempt = Attempt.begin(scope, browser=browser, now=self.server.now())
        self.visits.remember(attempt)
        response = _to(self.client.authorization_url(metadata["authorization_endpoint"], attempt))
        return self._keep(response, browser)

    async def callback(self, request: Request) -> Response:
        """Take the answer: whose is it, whence is it, and what does its code buy?"""
        browser, answer = self._browser(request), self.forms.read_query(request)
        attempt = self.visits.take(answer.require("state"), browser=browser, now=self.server.now())
        code = self.client.read_code(answer)
        async with _http() as http:
            tokens = await self.client.redeem(http, code, attempt)
        # On to another URL, so that the code is not what a reload or the history would send again.
        return self._keep(_to(HOME), self.visits.sign_in(tokens, browser=browser))

    async def refresh(self, request: Request) -> Response:
        """Exchange the refresh token for new tokens."""

        async def work(http: httpx.AsyncClient, sign_in: SignIn) -> None:
            sign_in.tokens = await self.client.refresh(http, sign_in.tokens)
            sign_in.notice = Notice("These are new tokens. The refresh token was replaced, and the old one is spent.")

        return await self._submitted(request, work)

    async def revoke(self, request: Request) -> Response:
        """Hand the tokens back and keep them, to see them refused."""

        async def work(http: httpx.AsyncClient, sign_in: SignIn) -> None:
            await self.client.revoke(http, sign_in.tokens)
            sign_in.written = None
            sign_in.notice = Notice("The tokens are revoked. They are still here, and below you see them refused.")

        return await self._submitted(request, work)

    async def write(self, request: Request) -> Response:
        """Write a note through the API."""
        form = await self.forms.read_form(request)
        sign_in = self._signed_in(request, form.require("form_token"))
        async with _http() as http:
            sign_in.written = await self._write(http, sign_in, form.get("text", ""))
        return _to(f"{HOME}#write")

    async def forget(self, request: Request) -> Response:
        """Forget the tokens here; the server is told nothing."""
        form = await self.forms.read_form(request)
        self._signed_in(request, form.require("form_token"))
        self.visits.forget(self._browser(request))
        return _to(HOME)

    async def refuse(self, refusal: OAuthError, request: Request) -> Response:
        """Return the page that says what went wrong."""
        error, message = refusal.error, refusal.description[:1].upper() + refusal.description[1:]
        if isinstance(refusal, ServerRefused):
            error, message = refusal.code, f"The server says: {refusal.said or refusal.code}"
        title = _TITLES.get(error, "This did not work")
        reference = refusal.reason if isinstance(refusal, ServerError) else ""
        return self.pages.render(
            "refused", status=refusal.status, title=title, message=f"{message}.", error=error, reference=reference
        )

    async def _exchanges(self, http: httpx.AsyncClient, userinfo: str, sign_in: SignIn) -> dict[str, Exchange]:
        token, notes = sign_in.tokens.access_token, f"{self.server.urls.origin}{NOTES}"
        calls = {
            "userinfo": call(http, "GET", userinfo, access_token=token),
            "read": call(http, "GET", notes, access_token=token),
            "without": call(http, "GET", notes),
        }
        if not sign_in.tokens.allows(WRITE):
            calls["write"] = self._write(http, sign_in, "this is not to be written")
        exchanges = dict(zip(calls, await asyncio.gather(*calls.values()), strict=True))
        return {**exchanges, "write": sign_in.written} if sign_in.written else exchanges

    async def _write(self, http: httpx.AsyncClient, sign_in: SignIn, text: str) -> Exchange:
        url, token = f"{self.server.urls.origin}{NOTES}", sign_in.tokens.access_token
        return await call(http, "POST", url, access_token=token, json_body={"text": text})

    async def _submitted(self, request: Request, work: Submitted) -> Response:
        form = await self.forms.read_form(request)
        sign_in = self._signed_in(request, form.require("form_token"))
        try:
            async with _http() as http:
                await work(http, sign_in)
        except (ServerRefused, TemporarilyUnavailable) as refusal:
            sign_in.notice = Notice(f"The server refused: {refusal.reason}", is_bad=True)
        return _to(HOME)

    def _signed_in(self, request: Request, form_token: str) -> SignIn:
        """Return whose form this is. Raises InvalidRequest if it is not from a page of ours."""
        sign_in = self.visits.find(self._browser(request))
        if sign_in is None or not compare_digest(sign_in.form_token.encode(), form_token.encode()):
            raise InvalidRequest("this form is of an older page: go back to the start")
        return sign_in

    def _browser(self, request: Request) -> str | None:
        return request.cookies.get(self._cookie)

    def _keep(self, response: Response, browser: str) -> Response:
        response.set_cookie(
            self._cookie,
            browser,
            max_age=int(_COOKIE_LIFETIME.total_seconds()),
            secure=self._is_secure,
            httponly=True,
            samesite="lax",
        )
        return response

    @property
    def _cookie(self) -> str:
        return f"__Host-{_COOKIE}" if self._is_secure else _COOKIE

    @property
    def _is_secure(self) -> bool:
        return self.server.urls.issuer.startswith("https://")

    def _endpoint(self, path: str, **handlers: Handler) -> Endpoint:
        return Endpoint(path=path, handlers=handlers, refuse=self.refuse)


def _to(url: str) -> Response:
    return RedirectResponse(url, 303, headers={**NO_STORE, "Referrer-Policy": "no-referrer"})


def _http() -> httpx.AsyncClient:
    # The server is on this computer: no proxy of the environment stands between.
    return httpx.AsyncClient(verify=_tls(), trust_env=False, timeout=10)


@cache
def _tls() -> SSLContext:
    """Reading all certificates takes longer than anything else on a page, so it is done once."""
    return httpx.create_ssl_context(trust_env=False)
