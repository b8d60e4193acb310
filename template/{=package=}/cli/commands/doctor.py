"""Say what is wrong and how to mend it."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime

from ...core.finding import Finding
from ..checks import examine_exposure, examine_names, examine_start
from ..configuration import load_settings, named_variables
from ..refusal import Refusal
from ..tables import add_json_option, print_json


def add_arguments(parser: ArgumentParser) -> None:
    """Say what the command may be told."""
    add_json_option(parser)
    parser.set_defaults(run=run)


def run(arguments: Namespace) -> int:
    """Print a line for each finding; return 1 if there is an error among them."""
    findings = list(_examine(datetime.now(UTC)))
    if arguments.json:
        print_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            print(f"{finding.level:7}  {finding}")
    return int(any(finding.level == "error" for finding in findings))


def _examine(now: datetime) -> Iterator[Finding]:
    named = named_variables()
    try:
        settings = load_settings()
    except Refusal as refusal:  # without settings, only their names can be looked at
        yield from (Finding("error", line) for line in refusal.lines)
        told = {line.partition(":")[0] for line in refusal.lines}
        yield from examine_names({name: value for name, value in named.items() if name not in told})
        return
    yield from examine_names(named)
    yield from examine_exposure(settings)
    yield from examine_start(settings, now)
