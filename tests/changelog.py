"""CHANGELOG.md as data: a section for each version, in parts that are always the same."""

import re
from dataclasses import dataclass

PARTS = ("What you get", "What moves in your repository", "What you must do")
SECURITY = "Security"


@dataclass(frozen=True)
class Section:
    """What the changelog says of a version. `date` is `unreleased` until it is released; `parts` are by heading."""

    version: str
    date: str
    parts: dict[str, str]

    @property
    def advisories(self) -> list[str]:
        """The ids of its lines that begin with **Security**; one without an id is given as the line itself."""
        text = "\n".join(self.parts.values())
        lines: list[str] = re.findall(r"^(?:- )?\*\*Security\*\*.*", text, re.MULTILINE)
        return [re.sub(r".*?\*\* ([A-Z]+-[0-9-]*[0-9]): .*", r"\1", line) for line in lines]

    def faults(self) -> list[str]:
        """What keeps it from being read by a team that updates, a line each."""
        wanted = ([SECURITY] if self.advisories else []) + list(PARTS)
        if list(self.parts) != wanted:
            return [
                f"the section for {self.version} has the parts {', '.join(self.parts)}: give it {', '.join(wanted)}"
            ]
        return [
            f"'{heading}' of {self.version} is empty: say Nothing." for heading, text in self.parts.items() if not text
        ]


def sections(changelog: str) -> dict[str, Section]:
    """Every section of a changelog by its version, in its order."""
    found = {}
    for block in re.split(r"^## ", changelog, flags=re.MULTILINE)[1:]:
        head, _, body = block.partition("\n")
        match = re.fullmatch(r"(\S+) \((\S+)\)", head)
        version, date = match.groups() if match else (head, "")
        parts = (part.partition("\n") for part in re.split(r"^### ", body, flags=re.MULTILINE)[1:])
        found[version] = Section(version, date, {heading: text.strip() for heading, _, text in parts})
    return found
