"""Client authentication (RFC 6749 §2.3), one implementation for every endpoint that asks for it."""

from base64 import b64decode
from binascii import Error
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol
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
    a reason to tell.
    """

    @property
    def method(self) -> str: ...
    def is_used(self, offered: ClientCredentials) -> bool: ...
    async def authenticate(self, offered: ClientCredentials) -> Client | None: ...


class ClientSecretBasic:
    """The secret in the Authorization header (RFC 6749 §2.3.1)."""

    method = AuthMethod.CLIENT_SECRET_BASIC

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
    """The methods that are offered, in one value: what is enforced is what is advertised."""

    methods: Sequence[ClientAuthenticator]
    clients: Clients

    @property
    def names(self) -> list[str]:
        """The methods as metadata advertises them (RFC 8414 §2)."""
        return [str(method.method) for method in self.methods]

    async def authenticate(self, request: Request, form: Parameters, transaction: Transaction) -> Client:
        """Return the client that sent `form`.

        Raises InvalidRequest when it offers several methods at once, be they built in or not, and otherwise one
        InvalidClient for every failure: an unknown client, a wrong secret, a disabled client, a method other than
        the registered one.
        """
        headers = request.headers.getlist("authorization")
        if len(headers) + ("client_secret" in form) > 1:
            raise InvalidRequest("more than one way of client authentication is used")
        offered = ClientCredentials(
            form=form,
            authorization=headers[0] if headers else None,
            clients=self.clients,
            transaction=transaction,
        )
        used = [method for method in self.methods if method.is_used(offered)]
        if len(used) > 1:
            raise InvalidRequest("more than one way of client authentication is used")
        if not used:
            used = [method for method in self.methods if method.method == AuthMethod.NONE]
        if not used or (used[0].method == AuthMethod.NONE and _offers_credentials(offered)):
            raise InvalidClient("no offered method of client authentication is used")
        client = await used[0].authenticate(offered)
        if client is None:
            raise InvalidClient(f"{used[0].method} failed for {form.get('client_id')!r}")
        if client.token_endpoint_auth_method != used[0].method:
            raise InvalidClient(f"{client.client_id} must use {client.token_endpoint_auth_method}")
        return client


def _offers_credentials(offered: ClientCredentials) -> bool:
    """A secret by a method that is switched off must fail, not turn a client into a public one."""
    return offered.authorization is not None or "client_secret" in offered.form
