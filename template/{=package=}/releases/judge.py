"""The judge: it would rather ask a person to look than call something mended that is not."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from .modules import Unreadable
from .notes import Advisory, Note, Place
from .project import Project

Verdict = Literal["fixed", "missing", "unclear"]


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether a fix is in the code. `reasons` say where it is not, or what nobody but a person can tell."""

    advisory: Advisory
    verdict: Verdict
    reasons: tuple[str, ...]


def judge(notes: Sequence[Note], project: Project, rendered: Project | None = None) -> list[Judgement]:
    """Return a judgement for each advisory, in the order of the notes.

    `rendered` is what the project was before the team edited it, if that is at hand: what was not there is not missed.
    """
    return [_judge(advisory, project, rendered) for note in notes for advisory in note.security]


def _judge(advisory: Advisory, project: Project, rendered: Project | None) -> Judgement:
    faults = [fault for place in advisory.code for fault in find_faults(place, project, rendered)]
    verdict: Verdict = "missing" if "missing" in dict(faults) else "unclear" if faults else "fixed"
    return Judgement(advisory, verdict, tuple(dict.fromkeys(reason for _, reason in faults)))


def find_faults(place: Place, project: Project, rendered: Project | None = None) -> Iterator[tuple[Verdict, str]]:
    """Return what speaks against the fix at `place`: which verdict, and why.

    What must be present counts only as it was released; what must be gone counts under any names of variables, and in
    every file, whatever the definition is called there.
    """
    is_found = False
    for candidate in project.candidates(place):
        if isinstance(candidate, Unreadable):
            is_found = True
            yield "unclear", f"{candidate.where} cannot be read"
            continue
        for snippet in place.gone:
            if candidate.resembles(snippet):
                is_found = True
                yield "missing", f"{candidate.where} still has {_brief(snippet)}"
        is_copy = not candidate.is_part and any(candidate.resembles(snippet) for snippet in place.known_by)
        if candidate.is_named or is_copy:
            is_found |= candidate.is_named or not place.definition
            if place.removed and not place.present:
                yield "missing", f"{candidate.where} is still there"
            for snippet in place.present:
                if not candidate.has(snippet):
                    yield "missing", f"{candidate.where} lacks {_brief(snippet)}"
    if not is_found and not place.removed and (rendered is None or _is_there(place, rendered)):
        yield "unclear", f"{' or '.join(place.definition) or place.path} cannot be found: look where it went"


def _is_there(place: Place, project: Project) -> bool:
    """Say whether the code was there, be it under a name that it had before the fix."""
    readable = (each for each in project.candidates(place) if not isinstance(each, Unreadable))
    telling = (*place.gone, *place.known_by)
    return any(each.is_named or any(map(each.resembles, telling)) for each in readable)


def _brief(snippet: str) -> str:
    first, *more = snippet.strip().splitlines()
    return f"`{first}{' …' if more else ''}`"
