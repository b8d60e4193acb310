"""Say what is wrong and how to mend it."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from ...core.finding import Finding
from ...releases import Judgement, NoteError, Project, judge, read_notes
from ..refusal import Refusal
from ..tables import add_json_option, print_json

PACKAGE = Path(__file__).parents[2]


def add_arguments(parser: ArgumentParser) -> None:
    """Say what the command may be told."""
    add_json_option(parser)
    parser.set_defaults(run=run)


def run(arguments: Namespace) -> int:
    """Print a line for each finding; return 1 if there is an error among them."""
    findings = [*examine_releases(PACKAGE), *_examine_server(datetime.now(UTC))]
    if arguments.json:
        print_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            print(f"{finding.level:7}  {finding}")
    return int(any(finding.level == "error" for finding in findings))


def examine_releases(package: Path) -> Iterator[Finding]:
    """Look whether the code of `package` has every fix that its release notes tell of."""
    try:
        notes = read_notes(package)
    except NoteError as error:
        yield Finding("error", str(error), "restore the note as it was released")
        return
    if not notes:
        yield Finding("error", "no release note is here", "restore `releases/` as it was released")
        return
    open_ones = [each for each in judge(notes, Project.around(package)) if each.verdict != "fixed"]
    yield from map(_tell, open_ones)
    if not open_ones:
        yield Finding("ok", f"version {notes[0].version}, with every security fix up to it")


def _tell(judgement: Judgement) -> Finding:
    advisory, reasons = judgement.advisory, "; ".join(judgement.reasons)
    what = f"{advisory.id} ({advisory.severity}) {advisory.title}: the fix of {advisory.version} is {judgement.verdict}"
    if advisory.accepted:
        return Finding("warning", f"{what}, {reasons}", f"accepted: {advisory.accepted}")
    return Finding("error", f"{what}, {reasons}", advisory.mend)


def _examine_server(now: datetime) -> Iterator[Finding]:
    try:  # imported late: whatever keeps the server from being imported must not keep the fixes from being told
        from ..checks import examine_exposure, examine_names, examine_start
        from ..configuration import load_settings, named_variables
    except (ImportError, SyntaxError) as error:
        yield Finding("error", f"the server cannot be imported: {error}")
        return
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
