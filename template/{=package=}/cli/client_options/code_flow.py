"""Clients that people sign in to: where the answer goes, and whether the client can keep a secret."""

from argparse import ArgumentParser, Namespace
from dataclasses import replace
from datetime import datetime

from ...core.client import AuthMethod, Client
from ...core.redirect_uri import find_fault
from ...database import Transaction
from ...grants import authorization_code, refresh_token
from ...server import Server
from ...stores.grants import Grants


def add_arguments(parser: ArgumentParser) -> None:
    """Say what may be told."""
    parser.add_argument(
        "--redirect-uri", action="append", default=[], help="where answers go, exactly; may be repeated"
    )
    parser.add_argument("--public", action="store_true", help="it cannot keep a secret: in a browser or on a device")
    parser.add_argument("--native", action="store_true", help="any port will do in a loopback redirect URI")


def describe(client: Client, arguments: Namespace, server: Server) -> Client:
    """Return the client with its redirect URIs and, if nothing else is asked for, the grants that go with them."""
    for redirect_uri in arguments.redirect_uri:
        if fault := find_fault(redirect_uri):
            raise ValueError(f"--redirect-uri {redirect_uri}: {fault}")
    grant_types = client.grant_types
    if arguments.redirect_uri and not grant_types:
        grant_types = frozenset({authorization_code.GRANT_TYPE, refresh_token.GRANT_TYPE})
    if authorization_code.GRANT_TYPE in grant_types and not arguments.redirect_uri:
        raise ValueError("a client with authorization_code needs a --redirect-uri")
    if arguments.public and arguments.auth_method not in (None, AuthMethod.NONE):
        raise ValueError(f"--public and --auth-method {arguments.auth_method} contradict each other")
    return replace(
        client,
        grant_types=grant_types,
        redirect_uris=tuple(dict.fromkeys(arguments.redirect_uri)),
        token_endpoint_auth_method=AuthMethod.NONE if arguments.public else client.token_endpoint_auth_method,
        is_native=arguments.native,
    )


async def end(client_id: str, transaction: Transaction, now: datetime) -> None:
    """End what people gave the client: its refresh tokens, and its access tokens wherever the grant is looked at."""
    await Grants(transaction).end_of_client(client_id, now)
