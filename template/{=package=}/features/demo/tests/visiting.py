"""What a person does at the demo's client."""

import re

import httpx

from ....tests.people import Browser, Page

LOGIN = "/demo/login"


async def sign_in(browser: Browser, begin: str = LOGIN) -> Page:
    """Go from the client's button, or another place to begin, to the page with the tokens."""
    return await browser.allow(await browser.sign_in(await browser.open(begin)))


async def press(browser: Browser, page: Page, action: str, **fields: str) -> Page:
    """Press a button of the client's page; return the page that follows."""
    found = re.search(r'name="form_token" value="([^"]+)"', page.text)
    assert found
    response = await browser.http.post(action, data={"form_token": found[1], **fields}, follow_redirects=True)
    return Page(response)


async def stop_before_answer(browser: Browser) -> httpx.URL:
    """Sign in and allow, and return the URL of the answer without opening it."""
    page = await browser.sign_in(await browser.open(LOGIN))
    action, hidden = page.form("consent")
    response = await browser.http.post(action, data={**hidden, "decision": "allow"})
    return httpx.URL(response.headers["location"])


def statuses(page: Page) -> list[str]:
    """Return the statuses of the answers that the page shows, in order."""
    return re.findall(r'class="status \w+">(\d+)<', page.text)
