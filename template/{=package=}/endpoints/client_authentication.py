"""Client authentication (RFC 6749 §2.3), one implementation for every endpoint that asks for it."""

from base64 import b64decode
from binascii import Error
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Protocol
from urllib.parse import unquote_plus

from starlette.requests import Request

from ..core.client import AuthMethod, Client
from ..core.errors import InvalidClient, InvalidRequest
from ..core.parameters import Parameters
from ..database import Transaction
from ..server import Clients


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientCredentials:
    """What a request offers: the form, the Authorization header, and where to look clients up."""

    form: Parameters
    authorization: str | None = field(repr=False)
    clients: Clients
    transaction: Transaction


class ClientAuthenticator(Protocol):
    """One method. `authenticate` raises InvalidRequest for nonsense; any failure is None, or InvalidClient if it has
    a reason to tell. `parameters` describes what it reads of a form beyond `client_id` and `client_secret`, and
    `signing_algorithms` are those that it accepts, if clients sign anything.
    """

    @property
    def method(self) -> str: ...
    @property
    def parameters(self) -> Mapping[str, str]: ...
    @property
    def signing_algorithms(self) -> Sequence[str]: ...
    def is_used(self, offered: ClientCredentials) -> bool: ...
    async def authenticate(self, offered: ClientCredentials) -> Client | None: ...


class ClientSecretBasic:
    """The secret in the Authorization header (RFC 6749 §2.3.1)."""

    method = AuthMethod.CLIENT_SECRET_BASIC
    parameters: ClassVar[Mapping[str, str]] = {}
    signing_algorithms: ClassVar[Sequence[str]] = ()

    def is_used(self, offered: ClientCredentials) -> bool:
        """Any Authorization header is an attempt: an unknown scheme must not be passed over."""
        return offered.authorization is not None

    async def authenticate(self, offered: ClientCredentials) -> Client | None:
        """Try id and secret form-decoded as the RFC says, then raw as many clients send them."""
        scheme, _, encoded = (offered.authorization or "").partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            decoded = b64decode(encoded.strip(), validate=True).decode("utf-8")
        except (Error, ValueError):
            return None
        raw_id, separator, raw_secret = decoded.partition(":")
        client_id, secret = unquote_plus(raw_id), unquote_plus(raw_secret)
        named = offered.form.get("client_id")
        if named is not None and named not in (client_id, raw_id):
            raise InvalidRequest("client_id is not the one in the Authorization header")
        if not separator or not client_id or "\x00" in decoded + client_id:
            return None
        client = await offered.clients.authenticate(client_id, secret, offered.transaction)
        if client is None and (raw_id, raw_secret) != (client_id, secret):
            client = await offered.clients.authenticate(raw_id, raw_secret, offered.transaction)
        if client is None:
            raise InvalidClient(f"{self.method} failed for {client_id!r}")
        return client


class ClientSecretPost:
    """The secret in the form (RFC 6749 §2.3.1)."""

    method = AuthMethod.CLIENT_SECRET_POST
    parameters: ClassVar[Mapping[str, str]] = {}
    signing_algorithms: ClassVar[Sequence[str]] = ()

    def is_used(self, offered: ClientCredentials) -> bool:
        """The form says so by its secret."""
        return "client_secret" in offered.form

    async def authenticate(self, offered: ClientCredentials) -> Client | None:
        """Look the client up by id and secret."""
        client_id = offered.form.get("client_id")
        if client_id is None:
            return None
        return await offered.clients.authenticate(client_id, offered.form["client_secret"], offered.transaction)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientAuthentication:
    """The methods that are offered, in one value: what is enforced is what is advertised.

    `refused` are built in and switched off: what they would read must fail, not make a client a public one.
    """

    methods: Sequence[ClientAuthenticator]
    clients: Clients
    refused: Sequence[ClientAuthenticator] = ()

    @property
    def names(self) -> list[str]:
        """The methods as metadata advertises them (RFC 8414 §2)."""
        return [str(method.method) for method in self.methods]

    @property
    def parameters(self) -> Mapping[str, str]:
        """What the methods read of a form, described for the OpenAPI document."""
        return {name: text for method in self.methods for name, text in method.parameters.items()}

    @property
    def credentials(self) -> frozenset[str]:
        """The parameters of a form that nobody may keep, those of methods that are switched off too."""
        return frozenset({"client_secret"}.union(*(method.parameters for method in (*self.methods, *self.refused))))

    def as_metadata(self, endpoint: str) -> dict[str, list[str]]:
        """Return what metadata says of authentication at an endpoint, e.g. `token_endpoint` (RFC 8414 §2)."""
        members = {f"{endpoint}_auth_methods_supported": self.names}
        algorithms = dict.fromkeys(each for method in self.methods for each in method.signing_algorithms)
        if algorithms:
            members[f"{endpoint}_auth_signing_alg_values_supported"] = list(algorithms)
        return members

    async def authenticate(self, request: Request, form: Parameters, transaction: Transaction) -> Client:
        """Return the client that sent `form`.

        Raises InvalidRequest when it offers several methods at once, be they built in or not, and otherwise one
        InvalidClient for every failure: an unknown client, a wrong secret, a disabled client, a method other than
        the registered one.
        """
        headers = request.headers.getlist("authorization")
        offered = ClientCredentials(
            form=form,
            authorization=headers[0] if headers else None,
            clients=self.clients,
            transaction=transaction,
        )
        used = [method for method in (*self.methods, *self.refused) if method.is_used(offered)]
        if len(used) > 1 or len(headers) > 1:
            raise InvalidRequest("more than one way of client authentication is used")
        if not used:
            used = [method for method in self.methods if method.method == AuthMethod.NONE]
        if not used or used[0] not in self.methods:
            raise InvalidClient("no offered method of client authentication is used")
        client = await used[0].authenticate(offered)
        if client is None:
            raise InvalidClient(f"{used[0].method} failed for {form.get('client_id')!r}")
        if client.token_endpoint_auth_method != used[0].method:
            raise InvalidClient(f"{client.client_id} must use {client.token_endpoint_auth_method}")
        return client
