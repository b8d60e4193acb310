"""Which way of proving a sender wins, and what follows for tokens (G4, E4, K3)."""

from dataclasses import dataclass
from typing import ClassVar

import httpx
import pytest
from starlette.requests import Request

from ... import app
from ...core.client import Client
from ...core.confirmation import Confirmation
from ...core.errors import InvalidRequest
from ...endpoints.sender import Sender, SenderConstraint, Senders
from ...feature import Feature
from ...features import make_features
from ..harness import Answer, ServerUnderTest
from ..sqlite_server import serving_on_sqlite

BEARER = Client(client_id="web")


@dataclass(frozen=True)
class Seal:
    """A way for these tests: the header named after it is the key, and a client's metadata may ask for it."""

    name: str
    response_headers: ClassVar = {"Next": "what to prove next"}

    @property
    def token_type(self) -> str:
        return self.name.title()

    @property
    def request_headers(self) -> dict[str, str]:
        return {self.name: "a key"}

    def is_used(self, request: Request) -> bool:
        return self.name in request.headers

    def is_required_of(self, client: Client) -> bool:
        return client.metadata.get(self.name) is True

    async def identify(self, request: Request, client: Client) -> Sender:
        if self.name not in request.headers:
            raise InvalidRequest(f"a {self.name} is missing")
        value = request.headers[self.name]
        confirmation = Confirmation(method=self.name, value=value, token_type=self.token_type)
        return Sender(confirmation=confirmation, headers={"Next": f"{self.name} {value}"})


SENDERS = Senders((Seal("wax"), Seal("lead")))


def request_with(**headers: str) -> Request:
    return Request({"type": "http", "headers": [(name.encode(), value.encode()) for name, value in headers.items()]})


def requiring(name: str) -> Client:
    return Client(client_id="web", metadata={name: True})


async def test_the_first_way_that_is_used_wins_and_without_one_nobody_is_known() -> None:
    """G4: with no requirement the order of the features decides; else the token is a bearer token."""
    both = await SENDERS.identify(request_with(wax="k1", lead="k2"), BEARER)
    second = await SENDERS.identify(request_with(lead="k2"), BEARER)

    assert both.confirmation
    assert both.confirmation.as_claim() == {"wax": "k1"}
    assert second.confirmation
    assert second.confirmation.as_claim() == {"lead": "k2"}
    assert await SENDERS.identify(request_with(), BEARER) == Sender()
    assert await Senders().identify(request_with(wax="k1"), BEARER) == Sender()


async def test_what_is_required_of_a_client_is_met_by_that_way_alone() -> None:
    """D4, G4: neither by another way, nor by one that comes first."""
    sender = await SENDERS.identify(request_with(wax="k1", lead="k2"), requiring("lead"))

    assert sender.confirmation
    assert sender.confirmation.as_claim() == {"lead": "k2"}
    for headers in ({}, {"wax": "k1"}):
        with pytest.raises(InvalidRequest, match="a lead is missing"):
            await SENDERS.identify(request_with(**headers), requiring("lead"))


def test_a_proof_that_is_tried_is_seen() -> None:
    """G4."""
    assert SENDERS.is_proof_offered(request_with(lead=""))
    assert not SENDERS.is_proof_offered(request_with(iron="k1"))


@pytest.fixture
def with_seal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let servers have one more feature, which brings a way of proving senders."""
    further = Feature(name="seal", specification="", extends={SenderConstraint: lambda composition: Seal("wax")})
    monkeypatch.setattr(app, "make_features", lambda *given: [*make_features(*given), further])


async def buy(server: ServerUnderTest, **headers: str) -> Answer:
    form = {"grant_type": "client_credentials", "scope": "notes:read"}
    auth = httpx.BasicAuth("web", server.secrets["web"])
    path = server.authorization_server.server.urls.path("token")
    return Answer.of(await server.http.post(path, data=form, auth=auth, headers=headers))


@pytest.mark.usefixtures("with_seal")
async def test_the_token_its_type_the_answer_and_the_event_name_the_key() -> None:
    """G4, K3, RFC 7800 §3.1."""
    async with serving_on_sqlite() as server:
        await server.add_client()

        bound, plain = await buy(server, wax="k1"), await buy(server)

        assert bound["token_type"] == "Wax"
        assert bound.headers["next"] == "wax k1"
        assert plain["token_type"] == "Bearer"
        assert "next" not in plain.headers
        first, second = server.events.events
        assert (first.token_type, first.sender_constraint, first.cnf) == ("Wax", "wax", {"wax": "k1"})
        assert (second.token_type, second.sender_constraint, second.cnf) == ("Bearer", None, None)


@pytest.mark.usefixtures("with_seal")
async def test_a_client_that_has_to_prove_a_key_gets_nothing_without() -> None:
    """G4."""
    async with serving_on_sqlite() as server:
        await server.add_client(metadata={"wax": True})

        assert (await buy(server)).refusal == (400, "invalid_request")
        assert (await buy(server, wax="k1")).status == 200


@pytest.mark.usefixtures("with_seal")
async def test_a_sender_that_is_refused_is_told_what_to_prove_next_and_is_in_the_event() -> None:
    """E7, K3: it proved its key, whatever is wrong with the rest of the request."""
    async with serving_on_sqlite() as server:
        await server.add_client()
        form, auth = {"grant_type": "client_credentials", "scope": "x:y"}, httpx.BasicAuth("web", server.secrets["web"])

        refused = await server.http.post("/oauth/token", data=form, auth=auth, headers={"wax": "k1"})
        unproved = await server.http.post("/oauth/token", data=form, auth=auth)

        assert refused.status_code == unproved.status_code == 400
        assert refused.headers["next"] == "wax k1"
        assert "next" not in unproved.headers
        first, second = server.events.events
        assert (first.token_type, first.sender_constraint, first.cnf) == ("Wax", "wax", {"wax": "k1"})
        assert (second.token_type, second.sender_constraint, second.cnf) == (None, None, None)


@pytest.mark.usefixtures("with_seal")
async def test_the_openapi_document_shows_how_a_sender_proves_itself() -> None:
    """B7: the header of the request, those of the answers, and the types of tokens."""
    async with serving_on_sqlite() as server:
        token = (await server.http.get("/openapi.json")).json()["paths"]["/oauth/token"]["post"]

        wax = {"name": "wax", "in": "header", "description": "a key", "required": False, "schema": {"type": "string"}}
        assert wax in token["parameters"]
        for status in ("200", "400", "401"):
            assert token["responses"][status]["headers"]["Next"]["description"] == "what to prove next"
        assert "Next" not in token["responses"]["500"].get("headers", {})
        schema = token["responses"]["200"]["content"]["application/json"]["schema"]
        assert {"Bearer", "Wax"} <= set(schema["properties"]["token_type"]["enum"])
