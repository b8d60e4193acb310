"""What comes out in each layout (A1, A6). What holds for every set of answers is in `test_matrix.py`."""

import tomllib
from typing import Any

import pytest

from .conftest import Render
from .template import owned_paths

PACKAGE: dict[str, Any] = {
    "layout": "package",
    "package": "gatekeeper",
    "prefix": "/mcp/oauth",
    "database": "postgresql",
    "table_prefix": "company_identity_v2_",
}


def test_a_service_has_all_around_it(rendered: Render) -> None:
    """A6."""
    names = {path.name for path in rendered().iterdir()}

    assert {"pyproject.toml", "README.md", "Dockerfile", "compose.yaml", ".env.example", ".github"} <= names


@pytest.mark.slow
def test_a_package_touches_nothing_but_its_folder(rendered: Render) -> None:
    """A6: the host's own pyproject.toml, README and CI stay as they are."""
    project = rendered(**PACKAGE)

    assert {path.name for path in project.iterdir()} == {"gatekeeper", ".copier-answers.yml"}


@pytest.mark.slow
@pytest.mark.parametrize("further", [{}, {"profile": "everything", "ephemeral_store": "redis"}], ids=str)
def test_the_package_page_names_the_dependencies(rendered: Render, further: dict[str, Any]) -> None:
    """A6: what a service has in its pyproject.toml, the page of a package tells the host to add."""
    answers = {**PACKAGE, **further}
    page = (rendered(**answers) / "gatekeeper" / "README.md").read_text()
    service = rendered(**{**answers, "layout": "service"})

    for line in tomllib.loads((service / "pyproject.toml").read_text())["project"]["dependencies"]:
        assert f"\n{line.partition(';')[0]}\n" in page


@pytest.mark.slow
def test_every_owned_path_is_gone_when_nobody_owns_it(rendered: Render) -> None:
    """The map takes away what it names."""
    project = rendered(profile="m2m")

    paths = [path.replace("{=package=}", "authserver") for path in owned_paths()]

    assert not [path for path in paths if path.startswith("authserver/") and (project / path).exists()]
