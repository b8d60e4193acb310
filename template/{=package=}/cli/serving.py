"""Listening and answering: uvicorn on the fast parser and loop, and no header that it does not need."""

import errno
import socket
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any

from starlette.types import ASGIApp
from uvicorn import Config, Server
from uvicorn.supervisors import Multiprocess

from ..app import create_app
from .configuration import load_settings
from .connections import BoundedProtocol
from .refusal import Refusal

LOG_LEVELS = ("debug", "info", "warning", "error")


def add_listening_options(parser: ArgumentParser, *, host: str) -> None:
    """Give a command the options that say where to listen and what to log."""
    parser.add_argument("--host", default=host, help=f"a name or address of this computer; {host} if not given")
    parser.add_argument("--port", type=_port, default=8000, help="8000 if not given")
    parser.add_argument("--log-level", choices=LOG_LEVELS, default="info", help="what goes to standard error")


def bind(host: str, port: int) -> list[socket.socket]:
    """Return sockets bound to every address of `host`, which begin to listen when somebody is there to answer.

    Raises Refusal if that cannot be, as when the port is taken.
    """
    try:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except socket.gaierror:
        raise Refusal(f"--host {host} is no name or address: try 127.0.0.1") from None
    with ExitStack() as opened:
        sockets: list[socket.socket] = []
        for family, kind, protocol, _, address in addresses:
            each = opened.enter_context(socket.socket(family, kind, protocol))
            each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                each.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            try:
                each.bind(address)
            except OSError as error:
                if error.errno == errno.EADDRNOTAVAIL:
                    continue  # `localhost` has an IPv6 address on paper, perhaps not on this computer
                raise _cannot_listen(host, port, error) from None
            sockets.append(each)
        if not sockets:
            raise Refusal(f"--host {host} is not an address of this computer: try 127.0.0.1")
        opened.pop_all()
    return sockets


def make_app() -> ASGIApp:
    """Return the app that `serve` runs, in each of its processes."""
    return create_app(load_settings())


def answer(
    app: str | Callable[[], ASGIApp], sockets: Sequence[socket.socket], *, workers: int = 1, log_level: str
) -> int:
    """Answer until told to stop, and return an exit code. With several workers, `app` is where to import it from."""
    config = Config(
        app,
        factory=True,
        http=BoundedProtocol,
        loop="uvloop",
        ws="none",
        lifespan="on",
        workers=workers,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # endpoints/transport.py reads them, from trusted proxies only
        log_config=_logging(log_level.upper()),
        timeout_worker_healthcheck=30,
    )
    server = Server(config)
    try:
        if workers > 1:
            Multiprocess(config, sockets=list(sockets)).run()
            return 0
        server.run(sockets=list(sockets))
    except KeyboardInterrupt:  # how a server in a terminal is stopped
        return 0
    return 0 if server.started else 1


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 65_535):
        raise ArgumentTypeError(f"{text} is no port: give a number from 1 to 65535")
    return int(text)


def _cannot_listen(host: str, port: int, error: OSError) -> Refusal:
    if error.errno == errno.EADDRINUSE:
        return Refusal(f"port {port} of {host} is taken: stop what listens there, or give another --port")
    return Refusal(f"cannot listen on port {port} of {host} ({error.strerror}): give another --port")


def _logging(level: str) -> dict[str, Any]:
    """Return what to log: everything of `level` as lines on standard error, of uvicorn only what is wrong."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"level": level, "handlers": ["stderr"]},
        "loggers": {"uvicorn": {"level": "WARNING"}, "asyncio": {"level": "WARNING"}, "alembic": {"level": "WARNING"}},
    }
