"""Client authentication: one way, one answer for every failure, one implementation (RFC 6749 §2.3)."""

from base64 import b64encode
from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import quote_plus

import pytest
from sqlalchemy import update
from starlette.requests import Request

from ...core.client import Client
from ...core.errors import InvalidClient, InvalidRequest
from ...core.parameters import Parameters
from ...core.secrets import digest, is_digest_of
from ...database import Statement, Transaction
from ...endpoints.client_authentication import (
    ClientAuthentication,
    ClientAuthenticator,
    ClientCredentials,
    ClientSecretBasic,
    ClientSecretPost,
)
from ...policy import clients
from ...policy.clients import Clients
from ...policy.tables import ClientRow
from ..harness import Answer, ServerUnderTest, serving

SCOPE = "notes:read"
GENERIC = {"error": "invalid_client", "error_description": "client authentication failed"}


@pytest.fixture
async def web(server: ServerUnderTest) -> ServerUnderTest:
    """The server, with a client that authenticates by header and one that does by form."""
    await add_clients(server)
    return server


async def add_clients(server: ServerUnderTest) -> None:
    await server.add_client("web")
    await server.add_client("posting", token_endpoint_auth_method="client_secret_post")


def basic(user_pass: str | bytes) -> dict[str, str]:
    encoded = user_pass.encode() if isinstance(user_pass, str) else user_pass
    return {"authorization": f"Basic {b64encode(encoded).decode()}"}


async def ask(server: ServerUnderTest, headers: Any = (), **form: str) -> Answer:
    path = server.authorization_server.server.urls.path("token")
    data = {"grant_type": "client_credentials", "scope": SCOPE, **form}
    return Answer.of(await server.http.post(path, data=data, headers=headers))


async def set_secret(server: ServerUnderTest, client_id: str, secret: str | None) -> None:
    """Give a client a secret of another make, as an import does, or none."""
    change = Statement(
        update(ClientRow).where(ClientRow.client_id == client_id).values(secret_digest=secret and digest(secret))  # type: ignore[arg-type]
    )
    async with server.database.transaction() as transaction:
        await transaction.run(change)
        await transaction.commit()


async def test_a_client_authenticates_by_header_or_by_form(web: ServerUnderTest) -> None:
    """C1: each as it registered."""
    by_header = await ask(web, basic(f"web:{web.secrets['web']}"))
    by_form = await ask(web, client_id="posting", client_secret=web.secrets["posting"])

    assert by_header.status == by_form.status == 200


@pytest.mark.parametrize("scheme", ["Basic", "basic", "BASIC"])
async def test_the_name_of_the_scheme_has_no_case(web: ServerUnderTest, scheme: str) -> None:
    """RFC 9110 §11.1."""
    credentials = b64encode(f"web:{web.secrets['web']}".encode()).decode()

    assert (await ask(web, {"authorization": f"{scheme} {credentials}"})).status == 200


@pytest.mark.parametrize(
    ("client_id", "secret"), [("a client", "s+e/c=r%t"), ("client:1", "s:e:c"), ("zoë", "ünïcode"), ("web", "100%25")]
)
async def test_ids_and_secrets_are_taken_form_encoded_and_raw(
    server: ServerUnderTest, client_id: str, secret: str
) -> None:
    """C3, C9, RFC 6749 §2.3.1: the RFC encodes, many clients do not. A colon in an id has only the encoded form."""
    await server.add_client(client_id)
    await set_secret(server, client_id, secret)

    encoded = await ask(server, basic(f"{quote_plus(client_id)}:{quote_plus(secret)}"))
    raw = await ask(server, basic(f"{client_id}:{secret}"))

    assert encoded.status == 200
    assert raw.status == (401 if ":" in client_id else 200)


def bad_headers() -> list[str]:
    good = b64encode(b"web:secret").decode()
    return [
        "Basic",
        "Basic ",
        "Basic !!!!",
        f"Basic {good}{good}",
        f"Basic {good[:4]}\u00e9{good[5:]}",
        f"Basic {good[:4]} {good[4:]}",
        "Basic " + b64encode(b"web").decode(),
        "Basic " + b64encode(b":").decode(),
        "Basic " + b64encode(b":secret").decode(),
        "Basic " + b64encode(b"web:").decode(),
        "Basic " + b64encode(b"web\x00:secret").decode(),
        "Basic " + b64encode(b"web%00:secret").decode(),
        "Basic " + b64encode(b"web:\xff\xfe").decode(),
        "Basic " + b64encode(b"%ff:%zz").decode(),
        f"Bearer {good}",
        "Digest username=web",
        good,
    ]


@pytest.mark.parametrize("header", bad_headers())
async def test_a_header_that_is_not_basic_and_right_fails_like_a_wrong_secret(
    web: ServerUnderTest, header: str
) -> None:
    """C3, C9: loose base64, NUL, no colon, no id, another scheme; never a fault of ours."""
    answer = await ask(web, {"authorization": header.encode("latin-1")})

    assert (answer.status, answer.body) == (401, GENERIC)
    assert answer.headers["www-authenticate"].startswith("Basic realm=")


@pytest.mark.parametrize("case", ["unknown", "wrong secret", "disabled", "deleted", "method", "no secret", "nothing"])
async def test_every_failure_has_one_answer(web: ServerUnderTest, case: str) -> None:
    """C3, C8, C10, C1: unknown, wrong, disabled, another method than registered, no stored secret, no credentials."""
    secret = web.secrets["web"]
    async with web.database.transaction() as transaction:
        if case == "disabled":
            await Clients().disable("web", transaction, now=web.clock())
        if case == "deleted":
            await Clients().delete("web", transaction)
        await transaction.commit()
    if case == "no secret":
        await set_secret(web, "web", None)

    if case == "method":
        answers = [
            await ask(web, client_id="web", client_secret=secret),
            await ask(web, basic(f"posting:{web.secrets['posting']}")),
        ]
    elif case == "nothing":
        answers = [await ask(web), await ask(web, client_id="web"), await ask(web, client_secret=secret)]
    else:
        client_id = "nobody" if case == "unknown" else "web"
        given = ["wrong"] if case == "wrong secret" else [secret]
        given += ["", "\x00", "None"] if case == "no secret" else []
        answers = [await ask(web, basic(f"{client_id}:{each}")) for each in given]

    for answer in answers:
        assert (answer.status, answer.body) == (401, GENERIC)
        assert answer.headers["www-authenticate"] == 'Basic realm="authorization server", charset="UTF-8"'


async def test_the_secret_of_one_client_is_not_that_of_another(web: ServerUnderTest) -> None:
    """C3."""
    assert (await ask(web, basic(f"web:{web.secrets['posting']}"))).status == 401


async def test_right_credentials_in_loose_base64_are_wrong(web: ServerUnderTest) -> None:
    """C9: two readers of one header must never see two credentials."""
    good = b64encode(f"web:{web.secrets['web']}".encode()).decode()
    assert (await ask(web, {"authorization": f"Basic {good}"})).status == 200

    in_between = [f"{good[:8]}{foreign}{good[8:]}" for foreign in ("!", " ", "-_", "=", "\t")]
    for loose in [*in_between, f"{good}====", f"{good}AAAA", good[:-1]]:
        assert (await ask(web, {"authorization": f"Basic {loose}"})).refusal == (401, "invalid_client")


class Handshake:
    """A method that a feature adds."""

    method = "handshake"
    parameters: ClassVar[Mapping[str, str]] = {"client_handshake": "a hand"}
    signing_algorithms = ("ES256", "EdDSA")

    def is_used(self, offered: ClientCredentials) -> bool:
        """The form says so."""
        return "client_handshake" in offered.form

    async def authenticate(self, offered: ClientCredentials) -> Client | None:
        """Nobody."""
        return None


class Nobody(Handshake):
    """What is left when nothing is offered."""

    method = "none"

    def is_used(self, offered: ClientCredentials) -> bool:
        """Never by itself."""
        return False

    async def authenticate(self, offered: ClientCredentials) -> Client | None:
        """Anybody."""
        return Client(client_id=offered.form["client_id"])


@pytest.mark.parametrize("beside", [{"client_secret": "x"}, {}])
async def test_a_method_of_a_feature_beside_another_is_refused(beside: dict[str, str]) -> None:
    """C2: whichever two; alone it is asked."""
    headers = [] if beside else [(b"authorization", b"Basic eDp5")]
    request = Request({"type": "http", "method": "POST", "headers": headers})
    methods: list[ClientAuthenticator] = [ClientSecretBasic(), ClientSecretPost(), Handshake()]
    authentication = ClientAuthentication(methods=methods, clients=Clients())
    form = Parameters({"client_id": "web", "client_handshake": "x.y.z", **beside})

    with pytest.raises(InvalidRequest):
        await authentication.authenticate(request, form, None)  # type: ignore[arg-type]


async def test_a_method_that_is_switched_off_is_an_attempt_all_the_same() -> None:
    """C2, C5: it fails, alone or beside another; it does not make a client a public one."""
    authentication = ClientAuthentication(methods=[Nobody()], clients=Clients(), refused=[Handshake()])
    request = Request({"type": "http", "method": "POST", "headers": []})
    alone = Parameters({"client_id": "app", "client_handshake": "x"})

    with pytest.raises(InvalidClient):
        await authentication.authenticate(request, alone, None)  # type: ignore[arg-type]
    both = ClientAuthentication(methods=[ClientSecretPost()], clients=Clients(), refused=[Handshake()])
    with pytest.raises(InvalidRequest):
        await both.authenticate(request, Parameters({**alone, "client_secret": "x"}), None)  # type: ignore[arg-type]


def test_metadata_names_the_algorithms_of_a_method_that_signs() -> None:
    """RFC 8414 §2, B2, C5: for each endpoint, if a method that is on has any."""
    quiet = ClientAuthentication(methods=[ClientSecretBasic()], clients=Clients(), refused=[Handshake()])
    signing = ClientAuthentication(methods=[ClientSecretBasic(), Handshake()], clients=Clients())

    assert quiet.as_metadata("token_endpoint") == {"token_endpoint_auth_methods_supported": ["client_secret_basic"]}
    assert signing.as_metadata("other_endpoint") == {
        "other_endpoint_auth_methods_supported": ["client_secret_basic", "handshake"],
        "other_endpoint_auth_signing_alg_values_supported": ["ES256", "EdDSA"],
    }


async def test_two_ways_in_one_request_are_refused(web: ServerUnderTest) -> None:
    """C2, C8, RFC 6749 §2.3: even if both are right."""
    secret = web.secrets["web"]

    answer = await ask(web, basic(f"web:{secret}"), client_id="web", client_secret=secret)

    assert answer.refusal == (400, "invalid_request")


async def test_two_headers_are_two_ways(web: ServerUnderTest) -> None:
    """C2, P1: a proxy may have read the other one."""
    right, wrong = basic(f"web:{web.secrets['web']}"), basic("web:wrong")

    for headers in ([*right.items(), *wrong.items()], [*right.items(), *right.items()]):
        assert (await ask(web, headers)).refusal == (400, "invalid_request")


async def test_a_client_id_beside_the_header_must_be_the_same(web: ServerUnderTest) -> None:
    """C2: equal is identification, different is refused."""
    headers = basic(f"web:{web.secrets['web']}")

    same, other = await ask(web, headers, client_id="web"), await ask(web, headers, client_id="posting")

    assert same.status == 200
    assert other.refusal == (400, "invalid_request")


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
async def test_only_the_methods_of_the_setting_are_accepted_and_advertised(database_url: str, method: str) -> None:
    """C5: one value; a secret by the other way fails, alone or beside the right one."""
    async with serving(database_url, token_endpoint_auth_methods=(method,)) as server:
        await add_clients(server)
        metadata = (await server.http.get("/.well-known/oauth-authorization-server")).json()
        by_header = await ask(server, basic(f"web:{server.secrets['web']}"))
        by_form = await ask(server, client_id="posting", client_secret=server.secrets["posting"])
        by_both = await ask(
            server, basic(f"web:{server.secrets['web']}"), client_id="posting", client_secret=server.secrets["posting"]
        )
        by_id = await ask(server, client_id="web")

    assert metadata["token_endpoint_auth_methods_supported"] == [method]
    assert {by_header.status, by_form.status} == {200, 401}
    assert (by_header if method == "client_secret_basic" else by_form).status == 200
    assert by_both.refusal == (400, "invalid_request")
    assert by_id.refusal == (401, "invalid_client")


async def test_an_unknown_client_costs_the_same_work_as_a_wrong_secret(
    web: ServerUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C3, C11: one look-up, one digest, one comparison of equal length."""
    work: list[object] = []
    compare, first = is_digest_of, type(web.database.transaction()).first

    def counted(secret: str, stored: bytes) -> bool:
        work.append(len(stored))
        return compare(secret, stored)

    async def look(transaction: Transaction, statement: Statement, **values: Any) -> Any:
        work.append("look-up")
        return await first(transaction, statement, **values)

    monkeypatch.setattr(clients, "is_digest_of", counted)
    monkeypatch.setattr(type(web.database.transaction()), "first", look)

    await ask(web, basic("web:wrong"))
    known, work[:] = list(work), []
    await ask(web, basic("nobody:wrong"))

    assert work == known == ["look-up", 32]


def test_credentials_do_not_show_in_a_repr() -> None:
    """C13, K8."""
    offered = ClientCredentials(
        form=Parameters({"client_secret": "hunter2"}),
        authorization="Basic d2ViOmh1bnRlcjI=",
        clients=Clients(),
        transaction=None,  # type: ignore[arg-type]
    )

    assert "hunter2" not in repr(offered)
    assert "d2ViOmh1bnRlcjI" not in repr(offered)
