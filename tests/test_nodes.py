"""Two servers on one PostgreSQL, and once with one Redis, behave as one: whatever begins at one goes on at the other.

Every answer says which node gave it, so a test knows that both took part.
"""

import asyncio
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import import_module
from threading import Barrier
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from .dpop_client import CHALLENGE, VERIFIER, Key
from .nodes import ANSWERED_BY, Nodes, two_nodes
from .running import PASSWORD, PERSON, Person
from .servers import database_of, ephemeral_url_of

pytestmark = pytest.mark.slow

CALLBACK = "https://client.example/callback"
SCOPE = "openid profile offline_access notes:read"
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
CALLERS = 10


@dataclass(frozen=True)
class Client:
    """A client as it was created."""

    client_id: str
    client_secret: str

    @property
    def auth(self) -> httpx.BasicAuth:
        """Its credentials."""
        return httpx.BasicAuth(self.client_id, self.client_secret)


@dataclass(frozen=True)
class World:
    """The nodes, and a client that is known there."""

    nodes: Nodes
    client: Client
    database_url: str

    def post(self, node: str, endpoint: str, key: Key | None = None, **form: str) -> httpx.Response:
        """Post a form as the client, to the node that shall answer, with a proof of `key` if there is one."""
        url = self.nodes.endpoint(endpoint)
        with self.nodes.browser(node) as http:
            response = http.post(url, data=form, auth=self.client.auth, headers=key.prove("POST", url) if key else {})
        if key:
            key.learn(response)
        return response

    def userinfo(self, node: str, access_token: str, key: Key | None = None) -> httpx.Response:
        """Ask who the person is."""
        url = self.nodes.endpoint("userinfo")
        scheme, proof = ("DPoP", key.prove("GET", url, access_token)) if key else ("Bearer", {})
        with self.nodes.browser(node) as http:
            return http.get(url, headers={"Authorization": f"{scheme} {access_token}", **proof})

    def sign_in(self, url: str, *turns: str) -> dict[str, str]:
        """Have a person go through the pages of these nodes in turn; return what the client is told."""
        with self.nodes.browser(*turns) as browser:
            callback = Person(browser, self.nodes.issuer).sign_in(url)
        assert callback.startswith(f"{CALLBACK}?")
        return {name: values[0] for name, values in parse_qs(urlsplit(callback).query).items()}

    def obtain_code(self) -> str:
        """Have a person allow the client everything."""
        request = {
            "response_type": "code",
            "client_id": self.client.client_id,
            "redirect_uri": CALLBACK,
            "scope": SCOPE,
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }
        url = f"{self.nodes.endpoint('authorize')}?{urlencode(request)}"
        return self.sign_in(url, self.nodes.a, self.nodes.b)["code"]

    def redeem(self, node: str, code: str, key: Key | None = None) -> httpx.Response:
        """Redeem a code."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
        return self.post(node, "token", key, **form)

    def refresh(self, node: str, token: str) -> httpx.Response:
        """Refresh."""
        return self.post(node, "token", grant_type="refresh_token", refresh_token=token)

    def at_once(self, *requests: Callable[[httpx.Client], httpx.Response]) -> list[httpx.Response]:
        """Send requests at the same time, each on a connection that is open already; nginx shares them out."""
        together = Barrier(len(requests))

        def send(request: Callable[[httpx.Client], httpx.Response]) -> httpx.Response:
            with httpx.Client(verify=self.nodes.trust, base_url=self.nodes.issuer, timeout=60) as http:
                http.get("/.well-known/jwks.json")
                together.wait()
                return request(http)

        with ThreadPoolExecutor(len(requests)) as threads:
            answers = list(threads.map(send, requests))
        self.nodes.lose_count()
        assert {answer.headers[ANSWERED_BY] for answer in answers} == {self.nodes.a, self.nodes.b}
        return answers

    def posting(self, endpoint: str, **form: str) -> Callable[[httpx.Client], httpx.Response]:
        """Return a request for `at_once`."""
        return lambda http: http.post(self.nodes.endpoint(endpoint), data=form, auth=self.client.auth)


@pytest.fixture(scope="module", params=["database", "redis"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Two nodes on one PostgreSQL, with what is soon forgotten there too or in Redis; a person, and a client."""
    folder, answers = tmp_path_factory.mktemp("nodes"), {"database": "postgresql", "ephemeral_store": request.param}
    with database_of(answers, folder) as database_url:
        settings = {
            "AUTHSERVER_DATABASE_URL": database_url,
            "AUTHSERVER_EPHEMERAL_URL": "database:",
            "AUTHSERVER_DPOP__REQUIRE_NONCE": "true",
            "AUTHSERVER_DEVICE__INTERVAL": "1",
            **ephemeral_url_of(answers, "AUTHSERVER_EPHEMERAL_URL"),
        }
        with two_nodes(folder, settings) as nodes:
            nodes.command("users", "create", PERSON, "--password-stdin", given=f"{PASSWORD}\n")
            grants = ("authorization_code", "refresh_token", "client_credentials")
            options = [word for grant in grants for word in ("--grant-type", grant)]
            words = ("clients", "create", "web", "--device", "--redirect-uri", CALLBACK, "--scope", SCOPE, *options)
            client = Client(**json.loads(nodes.command(*words, "--json")))
            yield World(nodes, client, database_url)


def prepared(world: World, node: str) -> Key:
    """Return a key that was given a nonce by this node."""
    key = Key()
    asked = world.post(node, "token", key, grant_type="client_credentials")
    assert (asked.status_code, asked.json()["error"]) == (400, "use_dpop_nonce")
    assert key.nonce
    return key


@pytest.mark.parametrize("last", ["a", "b"])
def test_a_request_is_pushed_at_one_node_shown_at_the_other_and_redeemed_at_either(world: World, last: str) -> None:
    """F1, F2, G1, J2: the browser is passed to and fro as well, from page to page."""
    nodes, key = world.nodes, prepared(world, world.nodes.a)
    redeeming = {"a": nodes.a, "b": nodes.b}[last]

    pushed = world.post(
        nodes.a,
        "par",
        key,
        response_type="code",
        redirect_uri=CALLBACK,
        scope=SCOPE,
        state="kept",
        code_challenge=CHALLENGE,
        code_challenge_method="S256",
    )
    reference = urlencode({"client_id": "web", "request_uri": pushed.json()["request_uri"]})
    mark = len(nodes.answered)
    answer = world.sign_in(f"{nodes.endpoint('authorize')}?{reference}", nodes.b, nodes.a)
    shown = nodes.answered[mark:]
    tokens = world.redeem(redeeming, answer["code"], key)
    both = [world.userinfo(node, tokens.json()["access_token"], key) for node in (nodes.a, nodes.b)]

    assert pushed.status_code == 201
    assert ("/oauth/authorize", nodes.b) in shown
    assert {node for path, node in shown if path == "/oauth/interaction"} == {nodes.a, nodes.b}
    assert (answer["state"], answer["iss"]) == ("kept", nodes.issuer)
    assert tokens.json()["token_type"] == "DPoP"
    assert [told.json()["preferred_username"] for told in both] == [PERSON, PERSON]


def test_a_pushed_request_is_answered_once(world: World) -> None:
    """F1, J1: two people came with it, to a node each; the second is told."""
    nodes = world.nodes
    pushed = world.post(
        nodes.a,
        "par",
        response_type="code",
        redirect_uri=CALLBACK,
        scope="notes:read",
        code_challenge=CHALLENGE,
        code_challenge_method="S256",
    )
    reference = urlencode({"client_id": "web", "request_uri": pushed.json()["request_uri"]})

    with nodes.browser(nodes.a) as late, nodes.browser(nodes.b) as early:
        url = f"{nodes.endpoint('authorize')}?{reference}"
        begun = late.get(url).headers["location"]
        first = Person(early, nodes.issuer).sign_in(url)
        second = Person(late, nodes.issuer).sign_in(begun)

    assert "code=" in first
    assert "error=invalid_request_uri" in second
    assert "code=" not in second


def test_a_used_proof_is_refused_by_both(world: World) -> None:
    """D2, G1: by the node that saw it, and by the one that did not."""
    nodes, url = world.nodes, world.nodes.endpoint("token")
    key = prepared(world, nodes.a)
    proof = key.prove("POST", url)

    def present(node: str) -> httpx.Response:
        with nodes.browser(node) as http:
            form = {"grant_type": "client_credentials"}
            return http.post(url, data=form, auth=world.client.auth, headers=proof)

    first, *again = [present(node) for node in (nodes.a, nodes.b, nodes.a)]

    assert first.status_code == 200
    assert [(answer.status_code, answer.json()["error"]) for answer in again] == [(400, "invalid_dpop_proof")] * 2


def test_of_parallel_uses_of_a_proof_one_is_admitted(world: World) -> None:
    """D2, J2: both nodes are asked at the same time."""
    url = world.nodes.endpoint("token")
    for _ in range(3):
        proof = prepared(world, world.nodes.b).prove("POST", url)

        def use(http: httpx.Client, proof: dict[str, str] = proof) -> httpx.Response:
            return http.post(url, data={"grant_type": "client_credentials"}, auth=world.client.auth, headers=proof)

        answers = world.at_once(*[use] * CALLERS)

        assert sorted(answer.status_code for answer in answers) == [200, *[400] * (CALLERS - 1)]
        assert {answer.json().get("error") for answer in answers} == {None, "invalid_dpop_proof"}


def test_a_nonce_of_one_node_is_good_at_the_other(world: World) -> None:
    """G2: whichever gave it; at the token endpoint, and where the token is used."""
    nodes = world.nodes
    for giver, taker in ((nodes.a, nodes.b), (nodes.b, nodes.a)):
        key = prepared(world, giver)

        tokens = world.post(taker, "token", key, grant_type="client_credentials", scope="notes:read")
        made_up = prepared(world, giver)
        made_up.nonce = "made-up"
        refused = world.post(taker, "token", made_up, grant_type="client_credentials")

        assert tokens.status_code == 200, tokens.json()
        assert (refused.status_code, refused.json()["error"]) == (400, "use_dpop_nonce")


def test_a_device_polls_at_one_node_and_is_approved_at_the_other(world: World) -> None:
    """H5, V6: pending, too fast and approved are the same everywhere, and one node gives the tokens once."""
    nodes, key = world.nodes, prepared(world, world.nodes.a)
    asked = world.post(nodes.a, "device_authorization", scope=SCOPE).json()

    def poll(node: str) -> httpx.Response:
        return world.post(node, "token", key, grant_type=DEVICE_GRANT, device_code=asked["device_code"])

    waiting = [poll(nodes.a), poll(nodes.b)]
    with nodes.browser(nodes.b) as browser:
        heading = Person(browser, nodes.issuer).approve(asked["verification_uri_complete"])
    answers: list[httpx.Response] = []
    while not answers or answers[-1].json().get("error") == "slow_down":
        answers.append(poll(nodes.a))
    tokens = answers[-1].json()
    again = poll(nodes.b)

    assert [answer.json()["error"] for answer in waiting] == ["authorization_pending", "slow_down"]
    assert heading == "You allowed it"
    assert (tokens["token_type"], tokens["scope"]) == ("DPoP", SCOPE)
    assert again.json()["error"] == "invalid_grant"


def test_refreshes_raced_across_nodes_get_one_successor(world: World) -> None:
    """E4, F1: within the grace, wherever the retry lands; after that the successor counts."""
    nodes = world.nodes
    tokens = world.redeem(nodes.a, world.obtain_code()).json()

    answers = world.at_once(
        *[world.posting("token", grant_type="refresh_token", refresh_token=tokens["refresh_token"])] * CALLERS
    )
    (successor,) = {answer.json()["refresh_token"] for answer in answers}
    used = world.refresh(nodes.b, successor)
    replayed = world.refresh(nodes.a, tokens["refresh_token"])
    dead = [world.refresh(node, used.json()["refresh_token"]) for node in (nodes.a, nodes.b)]

    assert {answer.status_code for answer in answers} == {200}
    assert successor != tokens["refresh_token"]
    assert used.status_code == 200
    assert [answer.json()["error"] for answer in (replayed, *dead)] == ["invalid_grant"] * 3
    assert world.userinfo(nodes.b, used.json()["access_token"]).status_code == 401


def test_a_revocation_raced_with_refreshes_leaves_nothing(world: World) -> None:
    """E4, F6, H1: however the race ends, the family ends with it, at both nodes."""
    nodes = world.nodes
    for _ in range(5):
        tokens = world.redeem(nodes.b, world.obtain_code()).json()
        refresh = world.posting("token", grant_type="refresh_token", refresh_token=tokens["refresh_token"])
        revoke = world.posting("revoke", token=tokens["refresh_token"])

        *answers, revoked = world.at_once(*[refresh] * (CALLERS - 1), revoke)

        assert revoked.status_code == 200
        assert {answer.json().get("error", "none") for answer in answers} <= {"none", "invalid_grant"}
        won = [answer.json() for answer in answers if answer.status_code == 200]
        for each in (tokens, *won[:2]):
            for node in (nodes.a, nodes.b):
                assert world.refresh(node, each["refresh_token"]).json()["error"] == "invalid_grant"
                assert world.userinfo(node, each["access_token"]).status_code == 401


def test_a_code_raced_across_nodes_is_redeemed_once_and_ends_what_it_bought(world: World) -> None:
    """D7, K3: one answer has tokens, the others are replays, and after them those tokens are good at neither node."""
    nodes, code = world.nodes, world.obtain_code()
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}

    answers = world.at_once(*[world.posting("token", **form)] * CALLERS)

    (tokens,) = [answer.json() for answer in answers if answer.status_code == 200]
    assert {answer.json()["error"] for answer in answers if answer.status_code != 200} == {"invalid_grant"}
    for node in (nodes.a, nodes.b):
        assert world.refresh(node, tokens["refresh_token"]).json()["error"] == "invalid_grant"
        assert world.userinfo(node, tokens["access_token"]).status_code == 401


def test_what_is_soon_forgotten_is_where_it_was_said(world: World) -> None:
    """J1: with Redis, the database holds none of it."""
    asyncpg: Any = import_module("asyncpg")
    prepared(world, world.nodes.a)

    async def count() -> int:
        connection = await asyncpg.connect(world.database_url)
        try:
            return int(await connection.fetchval("SELECT count(*) FROM oauth_ephemeral_records"))
        finally:
            await connection.close()

    kept, is_in_redis = asyncio.run(count()), "redis" in world.nodes.settings["AUTHSERVER_EPHEMERAL_URL"]

    assert (kept == 0) == is_in_redis


def test_both_nodes_have_taken_part(world: World) -> None:
    """J2: the proxy takes turns, or none of this would show anything."""
    told = [node for _, node in world.nodes.answered]

    assert min(told.count(world.nodes.a), told.count(world.nodes.b)) > len(told) / 3
