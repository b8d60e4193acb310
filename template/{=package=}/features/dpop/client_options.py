"""Clients whose tokens are always bound to a key (RFC 9449 §5.2)."""

from argparse import ArgumentParser, BooleanOptionalAction, Namespace
from dataclasses import replace

from ...core.client import Client
from ...server import Server
from .sender import CLIENT_METADATA


def add_arguments(parser: ArgumentParser) -> None:
    """Say what may be told of a new client."""
    parser.add_argument("--dpop-bound", action="store_true", default=None, help="it gets no token without a DPoP proof")


def add_change_arguments(parser: ArgumentParser) -> None:
    """Say what may be told of a client that is there."""
    parser.add_argument(
        "--dpop-bound", action=BooleanOptionalAction, help="whether it gets no token without a DPoP proof"
    )


def describe(client: Client, arguments: Namespace, server: Server) -> Client:
    """Return the client with its `dpop_bound_access_tokens`, if anything is said of that."""
    if arguments.dpop_bound is None:
        return client
    return replace(client, metadata={**client.metadata, CLIENT_METADATA: arguments.dpop_bound})


change = describe
