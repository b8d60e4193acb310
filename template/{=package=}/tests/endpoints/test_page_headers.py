"""Around the pages: headers that keep them to themselves, where forms may lead, the style sheet."""

import base64
import hashlib
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.responses import Response

from ...endpoints import pages

SHEET = "/pages/style.css?v=1"


def finished() -> Response:
    return pages.render_page("finished", stylesheet=SHEET, title="Finished", message="Go back to the app.")


def form_post() -> Response:
    return pages.render_form_post("https://notes.example/cb", [("code", "c")], stylesheet=SHEET)


def policy_of(response: Response) -> dict[str, list[str]]:
    directives = response.headers["content-security-policy"].split("; ")
    return {name: sources for name, *sources in (directive.split(" ") for directive in directives)}


def fetch(query: str = "", **headers: str) -> Request:
    sent = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "GET", "path": "/", "query_string": query.encode(), "headers": sent})


@pytest.mark.parametrize("page", [finished, form_post])
def test_every_page_keeps_to_itself(page: Callable[[], Response]) -> None:
    """U2, RFC 9700 §4.16 and §4.2.4: no frame, no referrer, no copy, nothing from elsewhere."""
    response = page()

    policy = policy_of(response)
    assert policy["default-src"] == ["'none'"]
    assert policy["style-src"] == ["'self'"]
    assert policy["base-uri"] == policy["frame-ancestors"] == ["'none'"]
    assert ("script-src" in policy) == (page is form_post)
    assert response.headers["x-frame-options"] == "DENY"
    assert response.headers["referrer-policy"] == "no-referrer"
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["pragma"] == "no-cache"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["content-type"] == "text/html; charset=utf-8"


def test_the_script_is_the_one_the_policy_admits() -> None:
    """U4: the hash in the policy is that of the text between the tags."""
    response = form_post()

    _, script, _ = re.split(rb"</?script>", bytes(response.body))
    digest = base64.b64encode(hashlib.sha256(script).digest()).decode()
    assert policy_of(response)["script-src"] == [f"'sha256-{digest}'"]


def test_a_client_may_wait_at_the_opener() -> None:
    """A sign-in in a popup ends at the client's own page, which must still know its opener."""
    assert finished().headers["cross-origin-opener-policy"] == "unsafe-none"


@pytest.mark.parametrize(
    ("redirect_uri", "sources"),
    [
        ("https://app.example/cb", ("'self'", "https:")),
        ("HTTPS://app.example:8443/cb", ("'self'", "https:")),
        ("http://127.0.0.1:53123/cb", ("'self'", "https:", "http:")),
        ("http://[::1]:53123/cb", ("'self'", "https:", "http:")),
        ("http://localhost/cb", ("'self'", "https:", "http:")),
        ("com.example.app:/cb", ("'self'", "https:", "com.example.app:")),
        ("cursor://anysphere.cursor-mcp/oauth/callback", ("'self'", "https:", "cursor:")),
        ("https://app.example/a;script-src *,'unsafe-inline' \r\n", ("'self'", "https:")),
    ],
)
def test_a_form_may_lead_where_the_client_lives(redirect_uri: str, sources: tuple[str, ...]) -> None:
    """U4: browsers apply form-action to the redirects after a form, so the client's scheme must be in it."""
    assert pages.form_action_sources(redirect_uri) == sources


@pytest.mark.parametrize(
    "redirect_uri",
    [
        "",
        "https",
        "/cb",
        ":x",
        "javascript:alert(1)",
        "DATA:text/html,x",
        "a;b:/cb",
        "a b:/cb",
        "a,b:/cb",
        "'self':",
    ],
)
def test_a_form_leads_nowhere_dangerous(redirect_uri: str) -> None:
    """U4: no scheme, a scheme that runs in the browser, or one that would end the directive."""
    with pytest.raises(ValueError, match="no scheme"):
        pages.form_action_sources(redirect_uri)


@pytest.mark.parametrize("source", ["https:; script-src *", "a,b", "a b", "'unsafe-inline'", 'x"', "", "https:\n"])
def test_a_source_cannot_begin_another_directive(source: str) -> None:
    """U4, K2: header values are checked where they are written."""
    with pytest.raises(ValueError, match="not a source"):
        pages.render_page("finished", stylesheet=SHEET, form_action=(source,), title="t", message="m")


@given(redirect_uri=st.text(st.characters()))
def test_no_redirect_uri_breaks_the_header(redirect_uri: str) -> None:
    """U4: every source is a keyword or a bare scheme, or there is none."""
    try:
        sources = pages.form_action_sources(redirect_uri)
    except ValueError:
        return

    assert all(re.fullmatch(r"'self'|[a-z][a-z0-9+.-]*:", source) for source in sources)


async def test_the_style_sheet_is_cached_until_it_changes() -> None:
    """RFC 9110 §13.1.2: under its versioned URL for ever, under any other only with a question."""
    version = pages.stylesheet_url("/auth").removeprefix("/auth/pages/style.css?v=")

    versioned = await pages.stylesheet(fetch(f"v={version}"))
    bare = await pages.stylesheet(fetch("v=old"))
    known = await pages.stylesheet(fetch(if_none_match=f'"other", W/{versioned.headers["etag"]}'))

    assert versioned.headers["content-type"] == "text/css; charset=utf-8"
    assert versioned.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert bare.headers["cache-control"] == "no-cache"
    assert bare.body == versioned.body
    assert (known.status_code, known.body) == (304, b"")


def test_the_style_sheet_asks_for_nothing_elsewhere() -> None:
    """The page's policy would refuse it, and the person's visit is nobody's business."""
    style = (Path(pages.__file__).parent / "style.css").read_text()

    assert "url(" not in style
    assert "@import" not in style
    for preference in ("prefers-color-scheme", "prefers-reduced-motion", "forced-colors"):
        assert preference in style
