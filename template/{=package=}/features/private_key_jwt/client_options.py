"""What `clients` may be told of a client that authenticates with a key of its own."""

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...core.client import Client
from ...core.encoding import parse_json_object
from ...core.jwk import Algorithm, JoseError
from ...core.jwk_set import JWKSet
from ...outbound.jwks import MAX_SIZE
from ...outbound.location import parse_location
from ...server import Server
from . import PrivateKeyJWTSettings
from .assertion import METHOD


def add_arguments(parser: ArgumentParser) -> None:
    """Say what may be told at `create`."""
    add_change_arguments(parser)
    parser.add_argument("--auth-signing-alg", help="the one algorithm it signs assertions with")


def add_change_arguments(parser: ArgumentParser) -> None:
    """Say what may be told at `change`."""
    parser.add_argument("--jwks", metavar="FILE", help=f"its public keys, a JWK Set, for --auth-method {METHOD}")
    parser.add_argument("--jwks-uri", metavar="URL", help="where it publishes them, in place of --jwks")


def describe(client: Client, arguments: Namespace, server: Server) -> Client:
    """Return the client with its keys (RFC 7591 §2). Raises ValueError saying what is wrong in a line."""
    algorithm, offered = arguments.auth_signing_alg, _offered(server)
    if client.token_endpoint_auth_method != METHOD:
        if arguments.jwks or arguments.jwks_uri or algorithm:
            raise ValueError(f"--jwks, --jwks-uri and --auth-signing-alg need --auth-method {METHOD}")
        return client
    if not (arguments.jwks or arguments.jwks_uri):
        raise ValueError(f"a client with {METHOD} needs --jwks FILE or --jwks-uri URL")
    if algorithm and algorithm not in offered:
        raise ValueError(f"--auth-signing-alg {algorithm} is not offered here: choose {' or '.join(offered)}")
    metadata = {"token_endpoint_auth_signing_alg": algorithm} if algorithm else {}
    return change(replace(client, metadata={**client.metadata, **metadata}), arguments, server)


def change(client: Client, arguments: Namespace, server: Server) -> Client:
    """Return the client with the keys it is given in place of those it has. Raises ValueError as `describe` does."""
    if not (arguments.jwks or arguments.jwks_uri):
        return client
    if client.token_endpoint_auth_method != METHOD:
        raise ValueError(f"{client.client_id} authenticates with {client.token_endpoint_auth_method}, not with keys")
    if arguments.jwks and arguments.jwks_uri:
        raise ValueError("--jwks and --jwks-uri contradict each other: give one")
    others = {name: value for name, value in client.metadata.items() if name not in ("jwks", "jwks_uri")}
    if arguments.jwks_uri:
        _check_uri(arguments.jwks_uri, server)
        return replace(client, metadata={**others, "jwks_uri": arguments.jwks_uri})
    algorithm = client.metadata.get("token_endpoint_auth_signing_alg")
    jwks = _read_keys(arguments.jwks, [algorithm] if algorithm else _offered(server))
    return replace(client, metadata={**others, "jwks": jwks})


def _offered(server: Server) -> Sequence[Algorithm]:
    settings: PrivateKeyJWTSettings = dict(server.settings)[METHOD]
    return settings.signing_algorithms


def _check_uri(jwks_uri: str, server: Server) -> None:
    try:
        if parse_location(jwks_uri).scheme != "https" and server.settings.mode != "development":
            raise ValueError("not https")
    except ValueError as error:
        raise ValueError(f"--jwks-uri {jwks_uri}: {error}") from None


def _read_keys(file: str, algorithms: Sequence[Algorithm]) -> Mapping[str, Any]:
    """Return the JWK Set in `file`; one key alone becomes a set. Nothing of a key is ever in a message."""
    try:
        data = Path(file).read_bytes()
    except OSError as error:
        raise ValueError(f"--jwks {file}: {error.strerror}") from None
    try:
        if len(data) > MAX_SIZE:
            raise ValueError(f"more than {MAX_SIZE} bytes")
        content = parse_json_object(data)
        jwks = {"keys": [content]} if "kty" in content else content
        keys = JWKSet(jwks)
    except (ValueError, JoseError) as error:
        raise ValueError(f"--jwks {file}: {error}") from None
    if not any(keys.keys_for(algorithm) for algorithm in algorithms):
        raise ValueError(f"--jwks {file}: no public key in it for {', '.join(algorithms)}")
    return jwks
