"""People at browsers: they sign in, read what is asked, and click."""

import html
import json
import re
from base64 import urlsafe_b64decode
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from argon2 import PasswordHasher

from ..app import AuthorizationServer
from ..core.pkce import compute_challenge
from ..features import Settings
from ..policy import principals
from ..policy.principals import Principals
from ..stores.grants import Grants
from .harness import ISSUER, REDIRECT_URI, Answer, ServerUnderTest

VERIFIER = "a-verifier-of-at-least-forty-three-characters"
PASSWORD = "correct horse battery staple"

# Clients ask for all that there is.
_SETTINGS: dict[str, Any] = {"issuer": ISSUER, "database_url": "sqlite:///is-not-opened", **Settings.alone}
SCOPE = " ".join(AuthorizationServer(Settings(_env_file=None, **_SETTINGS)).server.scopes.supported())

# The cheapest argon2id there is: these tests are about what happens around it.
principals._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


async def add_person(server: ServerUnderTest, username: str = "ada", password: str = PASSWORD) -> str:
    """Keep a person; return the subject."""
    async with server.database.transaction() as transaction:
        subject = await Principals().create(
            username, password, transaction, now=server.clock(), email=f"{username}@example.org"
        )
        await transaction.commit()
    return subject


def authorization_request(client_id: str = "web", **changes: str | None) -> dict[str, str]:
    """Return the parameters of a good request, with `changes`; None leaves a parameter out."""
    good = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": REDIRECT_URI,
        "scope": SCOPE,
        "state": "af0ifjsldkj",
        "code_challenge": compute_challenge(VERIFIER),
        "code_challenge_method": "S256",
        "nonce": "n-0S6_WzA2Mj",
    }
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


@dataclass(frozen=True)
class Page:
    """What the browser shows: a page of ours, or the answer that it carries to a client."""

    response: httpx.Response

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.response.status_code

    @property
    def text(self) -> str:
        """The page's source."""
        return self.response.text

    @property
    def heading(self) -> str:
        """The first heading, without its markup."""
        found = re.search(r"<h1>(.*?)</h1>", self.text, re.DOTALL)
        return html.unescape(re.sub(r"<[^>]+>", "", found[1])).strip() if found else ""

    @property
    def url(self) -> str:
        """Where the page is."""
        return str(self.response.request.url)

    def form(self, step: str) -> tuple[str, dict[str, str]]:
        """Return where a form leads and its hidden fields."""
        pattern = rf'<form method="post" action="([^"]*step={step}[^"]*)".*?</form>'
        found = re.search(pattern, self.text, re.DOTALL)
        assert found, f"no form for {step} on the page {self.heading!r}"
        hidden = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', found[0])
        return html.unescape(found[1]), {name: html.unescape(value) for name, value in hidden}

    @property
    def answer(self) -> dict[str, str]:
        """The parameters that go to the client, each of which must be there once."""
        location = urlsplit(self.response.headers["location"])
        parameters = parse_qs(location.query or location.fragment, strict_parsing=True)
        assert all(len(values) == 1 for values in parameters.values())
        return {name: values[0] for name, values in parameters.items()}

    @property
    def posted(self) -> dict[str, str]:
        """The parameters that the page posts to the client by itself (Form Post Response Mode)."""
        fields = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', self.text)
        return {html.unescape(name): html.unescape(value) for name, value in fields}

    @property
    def code(self) -> str:
        """The code that goes to the client."""
        return self.answer["code"]


@dataclass
class Browser:
    """A browser with a cookie jar of its own. It follows our redirects and stops at the client's."""

    server: ServerUnderTest
    http: httpx.AsyncClient = field(init=False)

    def __post_init__(self) -> None:
        transport = httpx.ASGITransport(self.server.app)
        self.http = httpx.AsyncClient(transport=transport, base_url=self.server.settings.issuer)

    async def open(self, url: str) -> Page:
        """Open a URL of ours."""
        return await self._follow(await self.http.get(url))

    async def authorize(self, client_id: str = "web", **changes: str | None) -> Page:
        """Come from a client with an authorization request."""
        path = self.server.authorization_server.server.urls.path("authorize")
        response = await self.http.get(path, params=authorization_request(client_id, **changes))
        return await self._follow(response)

    async def submit(self, page: Page, step: str, **fields: str) -> Page:
        """Send a form of the page with `fields` filled in."""
        action, hidden = page.form(step)
        return await self._follow(await self.http.post(action, data={**hidden, **fields}))

    async def sign_in(self, page: Page, username: str = "ada", password: str = PASSWORD) -> Page:
        """Fill in the login page."""
        return await self.submit(page, "login", username=username, password=password)

    async def allow(self, page: Page) -> Page:
        """Click Allow."""
        return await self.submit(page, "consent", decision="allow")

    async def deny(self, page: Page) -> Page:
        """Click Deny."""
        return await self.submit(page, "consent", decision="deny")

    async def _follow(self, response: httpx.Response) -> Page:
        while response.has_redirect_location:
            location = response.headers["location"]
            if not (location.startswith("/") or location.startswith(self.server.settings.issuer + "/")):
                break
            response = await self.http.get(location)
        return Page(response)


async def obtain_code(server: ServerUnderTest, client_id: str = "web", **changes: str | None) -> str:
    """Have a new browser go all the way: sign in as ada, allow; return the code."""
    browser = Browser(server)
    page = await browser.sign_in(await browser.authorize(client_id, **changes))
    return (await browser.allow(page)).code


async def redeem(server: ServerUnderTest, code: str, client: str = "web", **changes: str) -> Answer:
    """Redeem a code as its client would, with `changes`."""
    form: dict[str, Any] = {"redirect_uri": REDIRECT_URI, "code_verifier": VERIFIER, **changes}
    return await server.token(client, grant_type="authorization_code", code=code, **form)


async def obtain_tokens(server: ServerUnderTest, client_id: str = "web", **changes: str | None) -> Answer:
    """Obtain tokens by the whole code flow."""
    answer = await redeem(server, await obtain_code(server, client_id, **changes), client_id)
    assert answer.status == 200, answer.body
    return answer


async def refresh(server: ServerUnderTest, refresh_token: str, client: str = "web", **changes: str) -> Answer:
    """Present a refresh token as its client would, with `changes`."""
    return await server.token(client, grant_type="refresh_token", refresh_token=refresh_token, **changes)


def read_claims(token: str) -> dict[str, Any]:
    """Return the claims of a JWT, unverified."""
    payload = token.split(".")[1]
    claims: dict[str, Any] = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims


async def is_alive(server: ServerUnderTest, tokens: Answer) -> bool:
    """Say whether the authorization that an access token descends from has not ended."""
    async with server.database.transaction() as transaction:
        return await Grants(transaction).find_live(read_claims(tokens["access_token"])["grant_id"]) is not None
