"""A device that asks, and people at browsers who let it in or do not."""

import html
import re
from typing import Any

import httpx

from ....core.client import AuthMethod, Client
from ....tests.harness import Answer, ServerUnderTest
from ....tests.people import Browser, Page
from ..device_code import GRANT_TYPE

SCOPE = "notes:read notes:write offline_access"
PROMPT, DONE, DENIED = "Connect a device", "You allowed it", "You did not allow it"
TOO_LATE = "This code can no longer be used"


async def add_device(server: ServerUnderTest, client_id: str = "tv", **changes: Any) -> Client:
    """Keep a public client that runs on devices; where senders can prove a key it need not."""
    known = {
        "token_endpoint_auth_method": AuthMethod.NONE,
        "grant_types": frozenset({GRANT_TYPE, "refresh_token"}),
        "redirect_uris": (),
    }
    return await server.add_client(client_id, **{**known, **changes})


async def ask(server: ServerUnderTest, client: str = "tv", scope: str = SCOPE, **form: str) -> Answer:
    """Have a device ask for its codes."""
    answer = await server.post("device_authorization", client, scope=scope, **form)
    assert answer.status == 200, answer.body
    return answer


async def poll(server: ServerUnderTest, asked: Answer, client: str = "tv", **form: str) -> Answer:
    """Have the device ask for its tokens."""
    return await server.token(client, **{"grant_type": GRANT_TYPE, "device_code": asked["device_code"], **form})


async def open_prompt(browser: Browser, query: str = "") -> Page:
    """Open the page where codes are entered."""
    return await browser.open(browser.server.authorization_server.server.urls.path("device") + query)


def read_prompt(page: Page) -> tuple[str, dict[str, str]]:
    """Return where the form of that page leads, and all its fields as they are."""
    found = re.search(r'<form method="post" action="([^"]*)" class="enter">(.*?)</form>', page.text, re.DOTALL)
    assert found, page.text
    inputs = re.findall(r"<input\s([^>]*)>", found[2], re.DOTALL)
    fields = [dict(re.findall(r'(name|value)="([^"]*)"', each)) for each in inputs]
    return html.unescape(found[1]), {each["name"]: html.unescape(each["value"]) for each in fields}


async def enter(browser: Browser, user_code: str) -> Page:
    """Open that page, type a code and go on."""
    return await send(browser, await open_prompt(browser), user_code)


async def send(browser: Browser, page: Page, user_code: str | None = None) -> Page:
    """Send the form of that page, with the code that is there or another one."""
    action, fields = read_prompt(page)
    changes = {} if user_code is None else {"user_code": user_code}
    return await follow(browser, await browser.http.post(action, data=fields | changes))


async def follow(browser: Browser, response: httpx.Response) -> Page:
    """Follow redirects, as a browser does."""
    return await browser.open(response.headers["location"]) if response.has_redirect_location else Page(response)


def read_boxes(page: Page) -> list[str]:
    """Return the names of the boxes that are ticked when the page is shown."""
    return [
        html.unescape(name) for name in re.findall(r'<input type="checkbox" name="([^"]*)"[^>]* checked>', page.text)
    ]


async def allow(browser: Browser, page: Page, *, untick: tuple[str, ...] = ()) -> Page:
    """Click Allow, with some boxes unticked."""
    ticked = [name for name in read_boxes(page) if name.removeprefix("scope:") not in untick]
    return await browser.submit(page, "consent", decision="allow", **dict.fromkeys(ticked, "yes"))


async def let_in(server: ServerUnderTest, asked: Answer, username: str = "ada") -> Browser:
    """Have a new browser go all the way: enter the code, sign in, allow."""
    browser = Browser(server)
    page = await allow(browser, await browser.sign_in(await enter(browser, asked["user_code"]), username))
    assert (page.status, page.heading) == (200, DONE)
    return browser


async def obtain_tokens(server: ServerUnderTest, client: str = "tv", **form: str) -> Answer:
    """Have a device ask, ada let it in, and the device fetch its tokens."""
    asked = await ask(server, client, **form)
    await let_in(server, asked)
    answer = await poll(server, asked, client)
    assert answer.status == 200, answer.body
    return answer
