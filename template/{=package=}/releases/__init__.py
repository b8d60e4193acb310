"""What each release mended, and a judge that says whether it is in the code.

`<version>.toml` here is the note of a release; `releases/` in the folder of a feature holds what concerns only that. A
weakness that was mended is an entry with places by which the fix is recognised, however the code was moved, renamed or
reformatted since: the judge reads code, not version numbers, because an update can leave a fix behind.

Nothing is imported but the standard library, and nothing of the server: the judge works where the server does not, and
can be loaded from this folder alone to judge another project.
"""

from .judge import Judgement, Verdict, find_faults, judge
from .notes import Advisory, Note, NoteError, Place, order, read_note, read_notes
from .project import Project

__all__ = [
    "Advisory",
    "Judgement",
    "Note",
    "NoteError",
    "Place",
    "Project",
    "Verdict",
    "find_faults",
    "judge",
    "order",
    "read_note",
    "read_notes",
]
