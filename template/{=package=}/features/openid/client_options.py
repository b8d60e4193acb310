"""Clients that want to know who signed in."""

from argparse import ArgumentParser, Namespace
from dataclasses import replace

from ...core.client import Client
from ...server import Server


def add_arguments(parser: ArgumentParser) -> None:
    """Say what may be told."""
    parser.add_argument("--id-token-alg", help="the algorithm its ID tokens are signed with; our first if not given")


def describe(client: Client, arguments: Namespace, server: Server) -> Client:
    """Return the client with its `id_token_signed_response_alg` (OIDC Dynamic Registration §2)."""
    algorithm = arguments.id_token_alg
    if algorithm is None:
        return client
    offered = server.settings.signing_algorithms
    if algorithm not in offered:
        raise ValueError(f"--id-token-alg {algorithm} is not offered here: choose {' or '.join(offered)}")
    return replace(client, metadata={**client.metadata, "id_token_signed_response_alg": algorithm})
