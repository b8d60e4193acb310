"""Clients that send no request through a browser."""

from argparse import ArgumentParser, BooleanOptionalAction, Namespace
from dataclasses import replace

from ...core.client import Client
from ...grants import authorization_code
from ...server import Server
from .reference import CLIENT_METADATA

_OPTION = "--require-pushed-authorization-requests"


def add_arguments(parser: ArgumentParser) -> None:
    """Say what may be told at `create`."""
    parser.add_argument(_OPTION, action="store_true", help="its authorization requests are refused unless pushed")


def add_change_arguments(parser: ArgumentParser) -> None:
    """Say what may be told at `change`."""
    parser.add_argument(_OPTION, action=BooleanOptionalAction, help="refuse its authorization requests unless pushed")


def describe(client: Client, arguments: Namespace, server: Server) -> Client:
    """Return the client with its `require_pushed_authorization_requests` (RFC 9126 §6)."""
    return change(client, arguments, server)


def change(client: Client, arguments: Namespace, server: Server) -> Client:
    """Return the client as it is told, or as it is. Raises ValueError for one that sends no such requests."""
    required = arguments.require_pushed_authorization_requests
    if required is None:
        return client
    if required and authorization_code.GRANT_TYPE not in client.grant_types:
        raise ValueError(f"{_OPTION} is for clients with {authorization_code.GRANT_TYPE}")
    others = {name: value for name, value in client.metadata.items() if name != CLIENT_METADATA}
    return replace(client, metadata={**others, CLIENT_METADATA: True} if required else others)
