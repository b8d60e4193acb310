"""What is kept of a push: all of it, but for what authenticates the client (F1)."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import ClassVar
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlmodel import col

from ....core.client import Client
from ....core.parameters import Parameters, parse_parameters
from ....core.secrets import digest
from ....database import Statement
from ....endpoints.authorization_rules import RequestSource, Sourced
from ....endpoints.client_authentication import (
    ClientAuthentication,
    ClientAuthenticator,
    ClientCredentials,
    ClientSecretBasic,
    ClientSecretPost,
)
from ....feature import Feature
from ....policy.clients import Clients
from ....stores.rows import InteractionRow
from ....tests.ephemeral.places import Place
from ....tests.harness import ServerUnderTest
from ....tests.people import authorization_request
from ....tests.sqlite_server import serving_on_sqlite
from ..pushed_requests import PushedRequests, as_text, from_text, mint_request_uri, name_of
from .pushing import add_features, look_up, push, push_well

NOW = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)
DETAIL = st.none() | st.booleans() | st.integers() | TEXT | st.lists(TEXT, max_size=3)
REQUESTS = st.builds(
    lambda values, several, confirmation, details: Sourced(
        parameters=parse_parameters(urlencode({**values, "resource": several}, doseq=True).encode(), {"resource"}),
        confirmation=confirmation,
        details=details,
    ),
    st.dictionaries(TEXT.filter(lambda name: name != "resource"), TEXT, max_size=6),
    st.lists(TEXT, max_size=3),
    st.none() | st.dictionaries(TEXT, TEXT, min_size=1, max_size=1),
    st.dictionaries(TEXT, DETAIL | st.dictionaries(TEXT, DETAIL, max_size=3), max_size=3),
)


def all_of(request: Sourced) -> object:
    """Return what there is to say of a request."""
    return request.parameters.as_json(), request.confirmation, request.details


@settings(deadline=None)
@given(REQUESTS)
def test_what_is_written_is_what_is_read(request: Sourced) -> None:
    """F1: any parameters, repeated ones too, with what their sender proved and what was read elsewhere."""
    assert all_of(from_text(as_text(request))) == all_of(request)


def test_what_comes_back_from_a_store_is_what_was_pushed(place: Place) -> None:
    """F1, J1: whichever store it is, until it expires."""
    lifetime = timedelta(seconds=60)

    @settings(max_examples=30, deadline=None)
    @given(REQUESTS)
    def keep_and_find(request: Sourced) -> None:
        asyncio.run(check(request))

    async def check(request: Sourced) -> None:
        opened = place.open()
        requests, request_uri = PushedRequests(opened.store, lifetime), mint_request_uri()
        await requests.keep(request_uri, request, NOW)
        found = await requests.find(request_uri, NOW + lifetime - timedelta(seconds=1))
        gone = await requests.find(request_uri, NOW + lifetime)
        await opened.close()

        assert found is not None
        assert all_of(found) == all_of(request)
        assert gone is None

    keep_and_find()


class Handshake:
    """A way of client authentication for these tests."""

    method = "handshake"
    parameters: ClassVar[Mapping[str, str]] = {"left_hand": "one half", "right_hand": "the other half"}
    signing_algorithms: Sequence[str] = ()

    def is_used(self, offered: ClientCredentials) -> bool:
        return "left_hand" in offered.form

    async def authenticate(self, offered: ClientCredentials) -> Client | None:
        return await offered.clients.find(offered.form["client_id"], offered.transaction)


async def test_what_authenticates_a_client_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """F1, K8: a secret, and whatever else a method reads, which nobody here knows by name."""
    further = Feature(name="handshake", specification="", client_authentication=lambda composition: (Handshake(),))
    add_features(monkeypatch, further)
    async with serving_on_sqlite() as server:
        post = await server.add_client("post", token_endpoint_auth_method="client_secret_post")
        hand = await server.add_client("hand", token_endpoint_auth_method="handshake")
        secret = server.secrets.pop("post")
        server.secrets.pop("hand", None)

        by_post = await push_well(server, "post", client_secret=secret)
        by_hand = await push_well(server, "hand", left_hand="l", right_hand="r", mind="m")

        assert dict((await look_up(server, by_post, post)).parameters) == authorization_request("post")
        assert dict((await look_up(server, by_hand, hand)).parameters) == {**authorization_request("hand"), "mind": "m"}


def test_what_a_method_reads_that_is_switched_off_is_a_credential_too() -> None:
    """C5, K8."""
    methods: list[ClientAuthenticator] = [ClientSecretBasic(), ClientSecretPost()]
    authentication = ClientAuthentication(methods=methods, clients=Clients(), refused=[Handshake()])

    assert authentication.credentials == {"client_secret", "left_hand", "right_hand"}


@pytest.mark.usefixtures("clients")
async def test_a_reference_is_nowhere_to_be_read(server: ServerUnderTest) -> None:
    """K8: neither what was pushed nor what waits for a person holds it; the details name it by its digest."""
    client = await server.add_client("mine", token_endpoint_auth_method="none")
    request_uri = await push_well(server, "mine")
    await server.http.get("/oauth/authorize", params={"client_id": "mine", "request_uri": request_uri})

    pushed = await look_up(server, request_uri, client)
    rows = Statement(select(col(InteractionRow.request)))
    async with server.database.transaction() as transaction:
        (row,) = await transaction.all(rows)

    assert pushed.details == {"pushed_request": digest(request_uri).hex()} == {"pushed_request": name_of(request_uri)}
    assert request_uri not in as_text(pushed)
    assert name_of(request_uri) in str(row.request)
    assert request_uri not in str(row.request)


async def open_bundle(parameters: Parameters, client: Client) -> Sourced:
    """Read a request that another feature finds inside of a parameter."""
    inside = Parameters(json.loads(parameters["bundle"]))
    return Sourced(parameters=inside, confirmation={"wax": "k1"}, details={"bundle": "opened"})


@pytest.fixture
async def bundling(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ServerUnderTest]:
    """A server with a feature that reads requests from elsewhere, and a client."""
    source = RequestSource(lambda parameters: "bundle" in parameters, open_bundle)
    add_features(
        monkeypatch, Feature(name="bundle", specification="", extends={RequestSource: lambda composition: source})
    )
    async with serving_on_sqlite() as server:
        await server.add_client("app", token_endpoint_auth_method="none")
        yield server


async def test_a_request_that_is_elsewhere_is_read_when_it_is_pushed(bundling: ServerUnderTest) -> None:
    """J2, F3: what counts is kept, and what was found out about it; nothing of what stood around it."""
    client = await bundling.add_client("other", token_endpoint_auth_method="none")
    inside = authorization_request("other", state="inside")

    kept = await look_up(bundling, await push_well(bundling, "other", bundle=json.dumps(inside), x="outside"), client)

    assert dict(kept.parameters) == inside
    assert kept.confirmation == {"wax": "k1"}
    assert kept.details["bundle"] == "opened"
    assert "pushed_request" in kept.details


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"redirect_uri": "https://evil.example/callback"}, "invalid_request"),
        ({"client_id": "somebody"}, "invalid_request"),
        ({"request_uri": "https://evil.example/request"}, "request_uri_not_supported"),
        ({"request": "eyJhbGciOiJub25lIn0.e30."}, "request_not_supported"),
    ],
)
async def test_what_was_read_elsewhere_is_checked_too(
    bundling: ServerUnderTest, changes: dict[str, str], error: str
) -> None:
    """J2: whose it is, where its answer goes, and that it refers to no other."""
    inside = {**authorization_request("app"), **changes}

    assert (await push(bundling, "app", bundle=json.dumps(inside))).refusal == (400, error)
