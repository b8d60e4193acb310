"""What a feature owns is listed once, in `copier.yml`; everything else is the same in every project."""

import ast
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from .conftest import Render
from .template import COMPOSITION_FILES, MARKER, ROOT, SUPERSET, TEMPLATE, contents, files, owned_paths

FEATURES = ("code_flow", "openid", "revocation", "protected_resource")
NEED_CODE_FLOW = {"openid", "revocation"}
WITHOUT_REVOCATION = ["code_flow", "openid", "protected_resource"]

PROJECTS: dict[str, dict[str, Any]] = {
    "+".join(chosen) or "none": {"profile": "custom", "features": list(chosen)}
    for size in range(len(FEATURES) + 1)
    for chosen in combinations(FEATURES, size)
    if "code_flow" in chosen or not NEED_CODE_FLOW.intersection(chosen)
} | {
    "demo": {"demo": True, "database": "postgresql"},
    "demo without revocation": {"profile": "custom", "features": WITHOUT_REVOCATION, "demo": True},
}

projects = pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.xdist_group(f"ownership of {name}")) for name in PROJECTS]
)


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
    """Or switching one feature off would take a piece of another. Only a test may need two, and leave with either."""
    paths = owned_paths()

    assert len(paths) == len(set(paths))
    assert not [(a, b) for a in paths for b in paths if b.startswith(f"{a}/") and "/tests/" not in b]


@pytest.mark.parametrize("profile", ["m2m", "oidc"])
def test_what_stays_stays_as_it_is(template: Path, rendered: Render, profile: str) -> None:
    """The suite runs on the superset in place; this is why it speaks for every project."""
    superset = contents(template / SUPERSET.relative_to(ROOT))

    changed = {
        path
        for path, content in contents(rendered(profile=profile) / "authserver").items()
        if content != superset[path]
    }

    assert changed <= COMPOSITION_FILES


def _relative_imports(path: Path) -> Iterator[tuple[Path, str]]:
    """Where each relative import of a module looks, and for what."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            folder = path.parents[node.level - 1].joinpath(*(node.module or "").split("."))
            yield from ((folder, alias.name) for alias in node.names)


def _is_here(folder: Path, name: str) -> bool:
    """A module that holds the name, or a package that has it as a module or defines it."""
    if folder.with_suffix(".py").exists() or (folder / f"{name}.py").exists() or (folder / name).is_dir():
        return True
    package = folder / "__init__.py"
    return package.exists() and name in package.read_text()


@projects
def test_nothing_that_stays_imports_what_leaves(rendered: Render, name: str) -> None:
    """A11: neither code nor a test, whichever features a team chose."""
    package = rendered(**PROJECTS[name]) / "authserver"

    dangling = [
        f"{path.relative_to(package)} imports {wanted} of {folder.relative_to(package)}"
        for path in files(package, "*.py")
        for folder, wanted in _relative_imports(path)
        if not _is_here(folder, wanted)
    ]

    assert not dangling, "\n" + "\n".join(dangling)


@projects
def test_no_folder_is_left_with_nothing_in_it(rendered: Render, name: str) -> None:
    """A11: an empty `__init__.py` alone says nothing."""
    package = rendered(**PROJECTS[name]) / "authserver"

    assert not [folder for folder in package.rglob("*") if folder.is_dir() and not any(_said(folder))]


def _said(folder: Path) -> Iterator[Path]:
    return (path for path in files(folder) if path.stat().st_size)
