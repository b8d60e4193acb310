"""Serve for production.

First it looks at everything that the server stands on.
"""

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from datetime import UTC, datetime

from .. import serving
from ..checks import examine_start
from ..configuration import load_settings
from ..refusal import Refusal
from ..serving import add_listening_options, answer, bind, make_app


def add_arguments(parser: ArgumentParser) -> None:
    """Say what the command may be told."""
    add_listening_options(parser, host="127.0.0.1")
    parser.add_argument("--workers", type=_count, default=1, help="how many processes answer; 1 if not given")
    parser.set_defaults(run=run)


def run(arguments: Namespace) -> int:
    """Serve until told to stop. Raises Refusal with all that keeps the server from starting."""
    settings = load_settings()
    findings = examine_start(settings, datetime.now(UTC), processes=arguments.workers)
    if errors := [finding for finding in findings if finding.level == "error"]:
        raise Refusal(*errors)
    sockets = bind(arguments.host, arguments.port)
    print(f"{settings.issuer} is served on port {arguments.port} of {arguments.host}", flush=True)
    where = f"{serving.__name__}:{make_app.__name__}"  # each worker imports it by itself
    return answer(where, sockets, workers=arguments.workers, log_level=arguments.log_level)


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) >= 1):
        raise ArgumentTypeError(f"{text} is no number of workers: give 1 or more")
    return int(text)
