"""Clients that are APIs: they ask whether the tokens are good that they are called with."""

from argparse import ArgumentParser, Namespace
from dataclasses import replace

from ...core.client import Client
from ...server import Server
from ...settings import check_resource
from .visibility import CLIENT_METADATA


def add_arguments(parser: ArgumentParser) -> None:
    """Say what may be told."""
    parser.add_argument(
        "--introspects",
        action="append",
        default=[],
        metavar="RESOURCE",
        help="the API that it is, as `aud` names it: it may introspect tokens for it; may be repeated",
    )


def describe(client: Client, arguments: Namespace, server: Server) -> Client:
    """Return the client with the resources that it stands for. Raises ValueError."""
    resources = list(dict.fromkeys(arguments.introspects))
    if not resources:
        return client
    if client.is_public:
        raise ValueError("--introspects is for a client with a secret: a public one is told nothing of tokens")
    for resource in resources:
        try:
            check_resource(resource)
        except ValueError as error:
            raise ValueError(f"--introspects {resource}: {error}") from None
    return replace(client, metadata={**client.metadata, CLIENT_METADATA: resources})
