"""A person at a real browser: Chromium, through the demo, by clicking. Pictures go to build/screenshots/."""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright

from .running import PASSWORD, PERSON, ROOT, Demo, demo

PICTURES = ROOT / "build" / "screenshots"
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A demo server."""
    with demo(tmp_path_factory.mktemp("demo")) as running:
        yield running


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """What drives the browser."""
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="module")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """The browser; skips where there is none."""
    if not Path(CHROMIUM).exists():
        pytest.skip("no Chromium: install it, or say in CHROMIUM where it is")
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
    yield browser
    browser.close()


LOOKS: dict[str, Any] = {
    "light-desktop": {"color_scheme": "light", "viewport": {"width": 1280, "height": 900}},
    "dark-desktop": {"color_scheme": "dark", "viewport": {"width": 1280, "height": 900}},
    "light-phone": {"color_scheme": "light", "viewport": {"width": 390, "height": 844}},
    "dark-phone": {"color_scheme": "dark", "viewport": {"width": 390, "height": 844}},
}


@pytest.fixture(params=[*LOOKS, "without-scripts"])
def visitor(request: pytest.FixtureRequest, chromium: Browser) -> Iterator[tuple[str, BrowserContext]]:
    """A browser window of each look, and one without JavaScript."""
    context = chromium.new_context(
        **LOOKS.get(request.param, {}), java_script_enabled=request.param != "without-scripts"
    )
    yield request.param, context
    context.close()


def picture(page: Page, name: str) -> None:
    """Keep a picture of the page, which must fit its width."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"{name}.png", full_page=True)


def test_a_person_signs_in_allows_and_sees_what_the_client_got(
    server: Demo, visitor: tuple[str, BrowserContext]
) -> None:
    """The whole way, with nothing that the browser complains about."""
    look, context = visitor
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))

    page.goto(f"{server.issuer}/demo/")
    picture(page, f"client-{look}")
    page.get_by_role("link", name=re.compile("sign in", re.IGNORECASE)).or_(
        page.get_by_role("button", name=re.compile("sign in", re.IGNORECASE))
    ).first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    picture(page, f"login-{look}")
    page.get_by_label("User name").fill(PERSON)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("asks for access")
    picture(page, f"consent-{look}")
    page.get_by_role("button", name="Allow").click()
    page.wait_for_url(re.compile(r"/demo/"))
    picture(page, f"callback-{look}")

    expect(page.locator("body")).to_contain_text(server.issuer)
    assert complaints == []


def test_a_wrong_password_is_told_and_the_name_is_kept(server: Demo, chromium: Browser) -> None:
    """The error is tied to the fields, for those who cannot see it."""
    page = chromium.new_page(color_scheme="light", viewport={"width": 390, "height": 844})

    page.goto(authorization_link(server))
    page.get_by_label("User name").fill(PERSON)
    page.get_by_label("Password").fill("wrong")
    page.keyboard.press("Enter")

    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("User name")).to_have_value(PERSON)
    expect(page.get_by_label("Password")).to_have_attribute("aria-invalid", "true")
    picture(page, "login-wrong")
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_broken_request_shows_a_page_with_a_reference(server: Demo, chromium: Browser, scheme: str) -> None:
    """An unknown client must never be redirected to."""
    page = chromium.new_page(color_scheme=scheme, viewport={"width": 390, "height": 844})  # type: ignore[arg-type]

    page.goto(f"{server.issuer}/oauth/authorize?client_id=nobody&redirect_uri=https://evil.example/&response_type=code")

    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert page.url.startswith(server.issuer)
    reference = page.locator("code").inner_text()
    assert reference in (server.folder / "errors").read_text()
    picture(page, f"error-{scheme}")
    page.close()


def test_two_tabs_are_two_interactions_and_both_end_well(server: Demo, chromium: Browser) -> None:
    """Signing in in one tab signs in the browser; the other tab goes on from there."""
    context = chromium.new_context()
    first, second = context.new_page(), context.new_page()
    first.goto(f"{server.issuer}/demo/login")
    second.goto(f"{server.issuer}/demo/login")

    for page in (first, second):
        page.get_by_label("User name").fill(PERSON)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("asks for access")
    for page in (second, first):
        page.get_by_role("button", name="Allow").click()
        page.wait_for_url(re.compile(r"/demo/"))

    first.go_back()
    expect(first.get_by_role("button", name="Allow")).to_have_count(0)
    context.close()


def test_a_person_compares_the_code_of_a_device_and_lets_it_in(
    server: Demo, visitor: tuple[str, BrowserContext]
) -> None:
    """RFC 8628 §3.3, §5.4: typed or brought by the link, the code is shown once more before anything is allowed."""
    look, context = visitor
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    scope = "notes:read notes:write offline_access"
    tv = server.create_client(f"tv-{look}", "--device", "--name", "Living room TV", "--scope", scope)
    secret = (tv["client_id"], tv["client_secret"])
    asked = httpx.post(f"{server.issuer}/oauth/device_authorization", auth=secret, data={"scope": scope}).json()

    page.goto(asked["verification_uri_complete"])
    expect(page.get_by_label("Code")).to_have_value(asked["user_code"])
    picture(page, f"device-filled-in-{look}")
    page.goto(asked["verification_uri"])
    page.get_by_label("Code").fill("bcdf ghjk")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("Code")).to_have_attribute("aria-invalid", "true")
    picture(page, f"device-wrong-{look}")
    assert len(complaints) == 1  # that the answer has the status 400
    page.get_by_label("Code").fill(asked["user_code"].lower().replace("-", " "))
    page.keyboard.press("Enter")
    page.get_by_label("User name").fill(PERSON)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text(asked["user_code"])).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth") if look in LOOKS else True
    page.get_by_label("change your notes").uncheck()
    picture(page, f"device-consent-{look}")
    page.get_by_role("button", name="Allow").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You allowed it")
    picture(page, f"device-allowed-{look}")

    grant_type = "urn:ietf:params:oauth:grant-type:device_code"
    form = {"grant_type": grant_type, "device_code": asked["device_code"]}
    tokens = httpx.post(f"{server.issuer}/oauth/token", auth=secret, data=form).json()
    assert tokens["scope"] == "notes:read offline_access"
    assert len(complaints) == 1


def authorization_link(server: Demo) -> str:
    """Return the link that `dev` printed."""
    found = re.search(r"authorization link: (\S+)", server.printed)
    assert found
    return found[1]
