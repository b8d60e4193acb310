"""The dispatcher: what no endpoint may forget happens here once (D8, K1, E6)."""

from typing import Any

import httpx
import pytest
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from ...core.errors import OAuthError
from ...endpoints.routing import Endpoint, EndpointDispatcher
from ...endpoints.transport import TransportPolicy

TRANSPORT = TransportPolicy.of((), issuer="https://as.example")


async def team_app(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse("the team's")(scope, receive, send)


async def greet(request: Request) -> Response:
    return PlainTextResponse("ours")


async def refuse(refusal: OAuthError, request: Request) -> Response:
    return PlainTextResponse(f"{refusal.error}: {refusal.description}", refusal.status)


def make_endpoint(path: str = "/here", **changes: Any) -> Endpoint:
    return Endpoint(**{"path": path, "handlers": {"GET": greet}, "refuse": refuse, **changes})


async def call(endpoint: Endpoint, method: str = "GET", url: str = "https://as.example/here") -> httpx.Response:
    app = EndpointDispatcher(team_app, [endpoint], TRANSPORT)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as http:
        return await http.request(method, url)


async def test_a_path_of_ours_is_answered_and_every_other_is_the_teams() -> None:
    """A5: exactly, with no second spelling."""
    assert (await call(make_endpoint())).text == "ours"
    for other in ("/", "/here/", "/here/x", "/HERE", "//here"):
        assert (await call(make_endpoint(), url=f"https://as.example{other}")).text == "the team's"


async def test_plain_http_is_refused_only_where_credentials_travel() -> None:
    """K1: a stylesheet may be fetched in any way."""
    url = "http://as.example/here"

    assert (await call(make_endpoint(), url=url)).status_code == 400
    assert (await call(make_endpoint(needs_https=False), url=url)).text == "ours"


async def test_a_method_that_nobody_answers_is_refused_and_head_goes_with_get() -> None:
    """RFC 9110 §9.3.2, §15.5.6."""
    assert (await call(make_endpoint(), "HEAD")).status_code == 200
    assert (await call(make_endpoint(), "POST")).text == "invalid_request: this endpoint answers GET, HEAD"
    assert (await call(make_endpoint(handlers={"POST": greet}), "HEAD")).status_code == 405


async def test_a_caller_that_hangs_up_is_no_fault_of_ours(caplog: pytest.LogCaptureFixture) -> None:
    """E6: nobody is woken for it."""

    async def hang_up(request: Request) -> Response:
        raise ClientDisconnect

    answer = await call(make_endpoint(handlers={"GET": hang_up}))

    assert answer.status_code == 400
    assert caplog.records == []


def test_two_endpoints_cannot_have_one_path() -> None:
    """A5: one of them would never be reached."""
    with pytest.raises(ValueError, match="two endpoints want the path /here"):
        EndpointDispatcher(team_app, [make_endpoint(), make_endpoint("/there"), make_endpoint()], TRANSPORT)
