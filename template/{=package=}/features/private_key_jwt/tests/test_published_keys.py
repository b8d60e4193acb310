"""Keys that a client publishes: found where it says, looked for again when they change, never for nothing (C5, S8)."""

import json
from collections.abc import Callable

import pytest

from ....core.client import Client
from ....core.jwk_set import JWKSet
from ....core.keys import LocalKey
from ....outbound.fetcher import FetchError
from ....tests.harness import ServerUnderTest, serving
from ....tests.outbound.publishing import Publisher, answer, publishing
from ..client_keys import ClientKeys, NoKeys
from .assertions import KEY, add_signing_client, claims, honest, offer, public, sign

pytestmark = pytest.mark.anyio

ASK = {"grant_type": "client_credentials", "scope": "notes:read"}
NEW = LocalKey.generate("ES256")


def publish(publisher: Publisher, *keys: LocalKey) -> None:
    """Have the publisher answer with these keys."""
    publisher.say = answer(json.dumps(public(*keys)).encode(), content_type="application/jwk-set+json")


async def add_publishing_client(server: ServerUnderTest, publisher: Publisher) -> None:
    """Keep a client whose keys are at the publisher."""
    await add_signing_client(server, metadata={"jwks_uri": f"http://127.0.0.1:{publisher.port}/jwks"})


async def ask(server: ServerUnderTest, assertion: str) -> int:
    """Return the status that an assertion gets at the token endpoint."""
    path = server.authorization_server.server.urls.path("token")
    return (await server.http.post(path, data={**ASK, **offer(assertion)})).status_code


async def test_a_client_authenticates_with_keys_that_it_publishes(database_url: str) -> None:
    """C4: fetched once; a key that is new is found, and a flood of others fetches nothing (C5)."""
    async with publishing(tls=False) as publisher, serving(database_url, mode="development") as server:
        publish(publisher, KEY)
        await add_publishing_client(server, publisher)

        statuses = [await ask(server, await honest(server)) for _ in range(3)]
        flood = [await ask(server, await honest(server, LocalKey.generate("ES256"))) for _ in range(10)]

    assert statuses == [200] * 3
    assert flood == [401] * 10
    assert len(publisher.requests) == 1


async def test_production_fetches_no_keys_from_this_machine(database_url: str) -> None:
    """S8, S1: a registration is no way to have us call ourselves."""
    async with publishing(tls=False) as publisher, serving(database_url) as server:
        publish(publisher, KEY)
        await add_publishing_client(server, publisher)

        assert await ask(server, await honest(server)) == 401

    assert publisher.requests == []


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"keys": []}', b'{"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}', b" " * 70_000]
)
async def test_a_client_whose_keys_cannot_be_had_fails_like_any_other(database_url: str, body: bytes) -> None:
    """C3, C6, S1: the answer is the client's to mend, and says nothing of what we met."""
    async with publishing(answer(body), tls=False) as publisher, serving(database_url, mode="development") as server:
        await add_publishing_client(server, publisher)

        assert await ask(server, await honest(server)) == 401


async def test_nothing_is_fetched_for_who_cannot_be_the_client(database_url: str) -> None:
    """S3: no key could make these good, so nobody is sent out for one."""
    async with publishing(tls=False) as publisher, serving(database_url, mode="development") as server:
        publish(publisher, KEY)
        await add_publishing_client(server, publisher)
        uri = f"http://127.0.0.1:{publisher.port}/jwks"
        await server.add_client("secret", metadata={"jwks_uri": uri})
        registered = {"jwks_uri": uri, "token_endpoint_auth_signing_alg": "PS256"}
        await add_signing_client(server, "other", metadata=registered)

        attempts = [
            await honest(server, iss="secret", sub="secret"),
            await honest(server, iss="other", sub="other"),
            await honest(server, iss="nobody", sub="nobody"),
            await sign(claims(server.clock()), typ="logout+jwt"),
            await sign(claims(server.clock()), alg="HS256"),
        ]
        assert [await ask(server, attempt) for attempt in attempts] == [401] * len(attempts)

    assert publisher.requests == []


class Remote:
    """Everybody's `jwks_uri`: what is at hand, and what another look would show."""

    def __init__(self, at_hand: Callable[[], JWKSet], published: Callable[[], JWKSet]) -> None:
        self.at_hand, self.published = at_hand, published

    async def current(self, jwks_uri: str) -> JWKSet:
        return self.at_hand()

    async def refreshed(self, jwks_uri: str) -> JWKSet:
        return self.published()


def fail() -> JWKSet:
    raise FetchError("down")


CLIENT = Client(
    client_id="web",
    token_endpoint_auth_method="private_key_jwt",
    metadata={"jwks_uri": "https://client.example/jwks"},
)


async def test_another_look_shows_the_newest_keys() -> None:
    """M5: and where it fails there are none to verify with."""
    keys = ClientKeys(Remote(lambda: JWKSet(public(KEY)), lambda: JWKSet(public(NEW))))

    assert list(await keys.current(CLIENT, "ES256")) == [KEY.kid]
    assert list(await keys.refreshed(CLIENT, "ES256")) == [NEW.kid]
    assert list(await keys.current(CLIENT, "PS256")) == []
    broken = ClientKeys(Remote(fail, fail))
    for look in (broken.current, broken.refreshed):
        with pytest.raises(NoKeys, match="down"):
            await look(CLIENT, "ES256")


async def test_a_key_that_was_published_just_now_is_found(
    server: ServerUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """M5: kid unknown, one more look; a key that nobody published stays unknown."""
    looks: list[str] = []

    def newest() -> JWKSet:
        looks.append("again")
        return JWKSet(public(KEY, NEW))

    remote = Remote(lambda: JWKSet(public(KEY)), newest)
    monkeypatch.setattr(ClientKeys, "remote", remote, raising=False)
    await add_signing_client(server, metadata=CLIENT.metadata)

    assert await ask(server, await honest(server)) == 200
    assert looks == []
    assert await ask(server, await honest(server, NEW)) == 200
    assert looks == ["again"]
    assert await ask(server, await honest(server, LocalKey.generate("ES256"))) == 401
    assert looks == ["again"] * 2
