"""What comes out is a project that its own tools accept (A1, A3, A6, A11)."""

import ast
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from .conftest import Render
from .template import ROOT, contents, files, owned_paths

COMBINATIONS: dict[str, dict[str, Any]] = {
    "defaults": {},
    "demo": {"demo": True},
    "m2m": {"profile": "m2m"},
    "code_flow": {"profile": "custom", "features": ["code_flow"]},
    "openid": {
        "profile": "custom",
        "features": ["code_flow", "openid"],
        "signing_algorithms": ["PS256", "EdDSA"],
    },
    "revocation": {"profile": "custom", "features": ["code_flow", "revocation"], "prefix": "/auth"},
    "api": {"profile": "custom", "features": ["code_flow", "protected_resource"], "table_prefix": "as_"},
    "api_alone": {"profile": "custom", "features": ["protected_resource"], "database": "postgresql"},
    "package": {
        "layout": "package",
        "package": "gatekeeper",
        "prefix": "/mcp/oauth",
        "database": "postgresql",
        "table_prefix": "company_identity_v2_",  # as long as one may be
    },
}

# The suites of the others are parts of these, run by `make test` in the superset too.
WITH_ITS_OWN_SUITE = ("package", "defaults", "code_flow", "m2m")

combinations = pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in COMBINATIONS]
)

# uvicorn loads these two by itself, SQLAlchemy the third.
LOADED_BY_OTHERS = {"httptools", "uvloop", "sqlalchemy"}
IMPORT_NAMES = {
    "argon2-cffi": "argon2",
    "pydantic-settings": "pydantic_settings",
    "pyjwt": "jwt",
}
# What a dependency brings along and shows in its own interface: no need to name it twice.
BROUGHT_BY = {
    "starlette": "fastapi",
    "pydantic": "fastapi",
    "annotated_types": "pydantic",
    "anyio": "starlette",
    "sqlalchemy": "sqlmodel",
    "typing_extensions": "fastapi",
}

# What a server for machines may say of people, and why.
MACHINES_MAY_SAY = (
    r"REFRESH_\w+ = ",  # the list of events is the same in every server, and so are the rules of whoever reads the log
    r"(?i)database.*password|password.*database|\.password == _PLACEHOLDER|Where the database is, password included",
    r"password=None",  # what `cryptography` calls the passphrase of a key file
)


def run(project: Path, *command: str, **environment: str) -> None:
    """Run a Python tool in `project`; fail with everything it said."""
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=project,
        env=os.environ | {"PYTHONPATH": str(project), "PYTHONDONTWRITEBYTECODE": "1"} | environment,
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"


@pytest.fixture
def project(rendered: Render, name: str) -> Path:
    return rendered(**COMBINATIONS[name])


@pytest.fixture
def package(name: str) -> str:
    return str(COMBINATIONS[name].get("package", "authserver"))


@pytest.fixture
def configuration(rendered: Render, project: Path, name: str) -> str:
    """The project's own configuration of its tools, or for a package what a service would have."""
    if (project / "pyproject.toml").exists():
        return str(project / "pyproject.toml")
    return str(rendered(**{**COMBINATIONS[name], "layout": "service"}) / "pyproject.toml")


@combinations
def test_ruff_has_nothing_to_say(project: Path, configuration: str) -> None:
    """A11."""
    run(project, "ruff", "check", "--no-cache", "--config", configuration)
    run(project, "ruff", "format", "--check", "--no-cache", "--config", configuration)


@combinations
def test_every_type_is_right(project: Path, configuration: str) -> None:
    """A11: `mypy --strict`. The cache is shared: a module that two projects have is checked in both."""
    run(project, "mypy", "--config-file", configuration, "--cache-dir", str(ROOT / "build" / "mypy"))


@combinations
def test_imports_point_down(project: Path, configuration: str) -> None:
    """The floors hold in the rendered project too."""
    command = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    done = subprocess.run(
        [sys.executable, "-c", command, "--config", configuration, "--no-cache", "--no-logo"],
        cwd=project,
        env=os.environ | {"PYTHONPATH": str(project)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in WITH_ITS_OWN_SUITE]
)
def test_its_own_tests_pass(project: Path, configuration: str, package: str) -> None:
    """A11: with warnings as errors, from the project's own folder."""
    patience = ["-o", "faulthandler_timeout=60", "-o", "faulthandler_exit_on_timeout=true"]
    options = ["-q", "-x", "-p", "no:cacheprovider", "-c", configuration, "--rootdir", ".", *patience]

    run(project, "pytest", *options, package)


def _imports(project: Path, package: str) -> Iterator[str]:
    for path in files(project / package, "*.py"):
        if "tests" in path.parts or path.name == "conftest.py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                yield from (alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
                yield node.module.partition(".")[0]


@combinations
def test_what_is_imported_is_what_is_declared(project: Path, configuration: str, package: str) -> None:
    """A11: no unused dependency, and none that comes by luck."""
    declared = {
        IMPORT_NAMES.get(name, name)
        for line in tomllib.loads(Path(configuration).read_text())["project"]["dependencies"]
        for name in re.findall(r"^[a-z0-9-]+", line)
    }

    imported = set(_imports(project, package)) - sys.stdlib_module_names

    assert declared - LOADED_BY_OTHERS <= imported
    assert imported <= declared | BROUGHT_BY.keys()


@pytest.mark.parametrize(("brought", "by"), BROUGHT_BY.items())
def test_what_comes_with_a_dependency_comes_by_promise(brought: str, by: str) -> None:
    """A11: it is a requirement of its own."""
    required = {re.split(r"[^\w-]", line, maxsplit=1)[0].lower() for line in metadata.requires(by) or ()}

    assert brought.replace("_", "-") in required


def _unused(project: Path, package: str) -> Iterator[str]:
    """Modules that no module imports but their own tests."""
    script = (
        f"import grimp; graph = grimp.build_graph({package!r}, cache_dir=None)\n"
        "for name in graph.modules:\n"
        "    users = [user for user in graph.find_modules_that_directly_import(name) if '.tests' not in user]\n"
        "    if not users and '.tests' not in name and not graph.find_children(name): print(name)"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=project, capture_output=True, text=True, check=True)
    yield from (name.removeprefix(f"{package}.") for name in done.stdout.split())


@combinations
def test_every_module_is_used(project: Path, package: str) -> None:
    """A11: what only a feature needs left with it. `protect/` is for others; the rest of these is found by name."""
    doors = re.compile(
        r"app|__main__|cli\.(commands|client_options)\..+|conftest|defaults|database\.(sqlite|postgresql)|(stores|policy|features\.\w+)\.migrations\..+|protect\..+"
    )

    assert not [name for name in _unused(project, package) if not doors.fullmatch(name)]


@combinations
def test_no_marker_and_no_empty_folder_is_left(project: Path) -> None:
    """A11: nothing shows that a template was here, but the file of answers."""
    for path, content in contents(project).items():
        assert not re.search(rb"# \{%|\{=|=\}", content), path
    for folder in project.rglob("*"):
        assert not folder.is_dir() or any(folder.iterdir()), folder


def test_machines_only_means_no_word_of_people(rendered: Render) -> None:
    """A3: m2m has no password, page or dead branch. Only a test may name what must not be there."""
    project = rendered(**COMBINATIONS["m2m"])
    word = re.compile(r"login|password|consent|authorization_code|openid|\brefresh(_|\b)", re.IGNORECASE)

    mentions = [
        f"{path.relative_to(project)}:{number}: {line.strip()}"
        for path in files(project)
        if path.suffix in {".py", ".toml", ".md", ".html", ".css", ".mako"} and "tests" not in path.parts
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if word.search(line) and not any(re.search(allowed, line) for allowed in MACHINES_MAY_SAY)
    ]

    assert not mentions, "\n" + "\n".join(mentions)


def test_a_package_touches_nothing_but_its_folder(rendered: Render) -> None:
    """A6: the host's own pyproject.toml, README and CI stay as they are."""
    project = rendered(**COMBINATIONS["package"])

    assert {path.name for path in project.iterdir()} == {"gatekeeper", ".copier-answers.yml"}


def test_a_service_has_all_around_it(rendered: Render) -> None:
    """A6."""
    names = {path.name for path in rendered().iterdir()}

    assert {"pyproject.toml", "README.md", "Dockerfile", "compose.yaml", ".env.example", ".github"} <= names


def test_the_package_page_names_the_dependencies(rendered: Render) -> None:
    """A6: what a service has in its pyproject.toml, the page of a package tells the host to add."""
    page = (rendered(**COMBINATIONS["package"]) / "gatekeeper" / "README.md").read_text()
    service = rendered(**{**COMBINATIONS["package"], "layout": "service"})

    for line in tomllib.loads((service / "pyproject.toml").read_text())["project"]["dependencies"]:
        assert f"\n{line.partition(';')[0]}\n" in page


def test_every_owned_path_is_gone_when_nobody_owns_it(rendered: Render) -> None:
    """The map takes away what it names."""
    project = rendered(profile="m2m")

    paths = [path.replace("{=package=}", "authserver") for path in owned_paths()]

    assert not [path for path in paths if path.startswith("authserver/") and (project / path).exists()]
