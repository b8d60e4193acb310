"""What a feature owns is listed once, in `copier.yml`; everything else is the same in every project."""

import pytest

from .conftest import Render
from .template import COMPOSITION_FILES, MARKER, SUPERSET, TEMPLATE, contents, files, owned_paths


def test_only_the_composition_files_hold_markers() -> None:
    """A feature is a value in a list; its absence is silence."""
    marked = {
        path.relative_to(SUPERSET).as_posix() for path in files(SUPERSET, "*.py") if MARKER.search(path.read_text())
    }

    assert marked <= COMPOSITION_FILES


@pytest.mark.parametrize("path", owned_paths())
def test_an_owned_path_exists(path: str) -> None:
    """A line that names nothing would let a file stay that should go."""
    assert (TEMPLATE / path).exists()


def test_no_path_has_two_owners() -> None:
    """Or switching one feature off would take a piece of another."""
    paths = owned_paths()

    assert len(paths) == len(set(paths))
    assert not [(a, b) for a in paths for b in paths if b.startswith(f"{a}/")]


@pytest.mark.parametrize("profile", ["m2m", "oidc"])
def test_what_stays_stays_as_it_is(rendered: Render, profile: str) -> None:
    """The suite runs on the superset in place; this is why it speaks for every project."""
    superset = contents(SUPERSET)

    changed = {
        path
        for path, content in contents(rendered(profile=profile) / "authserver").items()
        if content != superset[path]
    }

    assert changed <= COMPOSITION_FILES
