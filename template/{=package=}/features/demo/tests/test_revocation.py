"""The demo's client hands its tokens back. Rendered with the feature revocation."""

from ....tests.people import Browser
from .visiting import press, sign_in, statuses


async def test_tokens_that_were_handed_back_are_refused_everywhere(browser: Browser) -> None:
    """RFC 7009 §2: UserInfo, the API and the token endpoint."""
    page = await sign_in(browser)

    revoked = await press(browser, page, "/demo/revoke")
    refreshed = await press(browser, revoked, "/demo/refresh")

    assert "The tokens are revoked" in revoked.text
    assert statuses(revoked)[:2] == ["401", "401"]
    assert "invalid_grant" in refreshed.text
