"""For every set of answers: what comes out is a project that its own tools accept, and it runs (A4, A7, A10, A11)."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from typing import Any

import pytest

from .conftest import Rendered
from .matrix import (
    FACTORS,
    FEATURES,
    NEED_CODE_FLOW,
    PAIRWISE,
    PROFILES,
    SETS,
    all_pairs,
    as_answers,
    is_refused,
    pairs_of,
    pairwise,
)
from .ownership import ALWAYS, OWNED, TOGETHER
from .template import ROOT, contents, files, render

QUICK = ("defaults",)
"""What `make test-fast` renders. The others are marked as slow."""


def sets(*names: str) -> pytest.MarkDecorator:
    """Run a test for each of these sets, or for all. What is done with a set is done by one process."""
    marks = {name: () if name in QUICK else (pytest.mark.slow,) for name in SETS}
    return pytest.mark.parametrize("name", [pytest.param(name, marks=marks[name]) for name in names or SETS])


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


def test_every_feasible_pair_of_answers_is_in_a_row() -> None:
    """A10: the cover is complete, and no row is refused."""
    feasible = {pair for pair, is_feasible in all_pairs().items() if is_feasible}

    covered = {pair for row in pairwise() for pair in pairs_of(row)}

    assert covered == feasible
    assert not [row for row in pairwise() if is_refused(row)]


def test_a_pair_is_infeasible_only_where_a_rule_says_so() -> None:
    """A4: what needs the code flow, and what the demo shows."""
    infeasible = {pair for pair, is_feasible in all_pairs().items() if not is_feasible}

    assert infeasible == {
        *(frozenset({("code_flow", False), (feature, True)}) for feature in NEED_CODE_FLOW),
        *(frozenset({("demo", True), (feature, False)}) for feature in ("code_flow", "openid", "protected_resource")),
    }


def test_every_answer_stands_in_some_set() -> None:
    """A10: profiles, each feature alone and left out, and every choice of every question."""
    chosen = [(set(answers.get("features", ())), answers) for answers in SETS.values()]

    for feature in FEATURES:
        needed = {"code_flow"} if feature in NEED_CODE_FLOW else set()
        assert ({feature} | needed) in [features for features, _ in chosen]
        gone = {feature, *(NEED_CODE_FLOW if feature == "code_flow" else ())}
        assert set(FEATURES) - gone in [features for features, _ in chosen]
    assert {answers.get("profile", "oidc") for _, answers in chosen} == {*PROFILES, "custom"}
    for factor in set(FACTORS) - set(FEATURES):
        given = [answers.get(factor, False) for answers in PAIRWISE.values()]
        assert all((list(value) if isinstance(value, tuple) else value) in given for value in FACTORS[factor])


@sets()
def test_no_marker_and_no_empty_folder_is_left(answered: Rendered) -> None:
    """A11: nothing shows that a template was here, but the file of answers."""
    for path, content in contents(answered.project).items():
        assert not re.search(rb"# \{%|\{=|=\}", content), path
    for folder in answered.project.rglob("*"):
        assert not folder.is_dir() or any(folder.iterdir()), folder


@sets()
def test_a_second_render_changes_nothing(answered: Rendered, template: Any) -> None:
    """A7."""
    before = contents(answered.project)

    render(template, answered.project, answered.answers)

    assert contents(answered.project) == before


@sets()
def test_ruff_has_nothing_to_say(answered: Rendered) -> None:
    """A11."""
    configuration = ("--no-cache", "--config", str(answered.configuration))
    answered.run("-m", "ruff", "check", *configuration)
    answered.run("-m", "ruff", "format", "--check", *configuration)


@sets()
def test_every_type_is_right(answered: Rendered) -> None:
    """A11: `mypy --strict`. The cache is shared: what is the same in two sets is checked once."""
    cache = str(ROOT / "build" / "mypy")
    answered.run("-m", "mypy", "--config-file", str(answered.configuration), "--cache-dir", cache)


@sets()
def test_imports_point_down(answered: Rendered) -> None:
    """The floors hold in the rendered project too."""
    command = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    answered.run("-c", command, "--config", str(answered.configuration), "--no-cache", "--no-logo")


def _imports(answered: Rendered) -> Iterator[str]:
    for path in files(answered.folder, "*.py"):
        if "tests" in path.parts or path.name == "conftest.py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                yield from (alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
                yield node.module.partition(".")[0]


@sets()
def test_what_is_imported_is_what_is_declared(answered: Rendered) -> None:
    """A11: no unused dependency, and none that comes by luck."""
    declared = {
        IMPORT_NAMES.get(name, name)
        for line in tomllib.loads(answered.configuration.read_text())["project"]["dependencies"]
        for name in re.findall(r"^[a-z0-9-]+", line)
    }

    imported = set(_imports(answered)) - sys.stdlib_module_names

    assert declared - LOADED_BY_OTHERS <= imported
    assert imported <= declared | BROUGHT_BY.keys()


@pytest.mark.parametrize(("brought", "by"), BROUGHT_BY.items())
def test_what_comes_with_a_dependency_comes_by_promise(brought: str, by: str) -> None:
    """A11: it is a requirement of its own."""
    required = {re.split(r"[^\w-]", line, maxsplit=1)[0].lower() for line in metadata.requires(by) or ()}

    assert brought.replace("_", "-") in required


def _unused(answered: Rendered) -> list[str]:
    """Modules that no module imports but tests."""
    script = (
        f"import grimp; graph = grimp.build_graph({answered.package!r}, cache_dir=None)\n"
        "for name in graph.modules:\n"
        "    users = [user for user in graph.find_modules_that_directly_import(name) if '.tests' not in user]\n"
        "    if not users and '.tests' not in name and not graph.find_children(name): print(name)"
    )
    return [name.removeprefix(f"{answered.package}.") for name in answered.run("-c", script).split()]


@sets()
def test_every_module_is_used(answered: Rendered) -> None:
    """A11: what only a feature needs left with it. what is for APIs, others use, and some is found by name."""
    doors = re.compile(
        r"app|__main__|conftest|defaults|cli\.(commands|client_options)\..+|features\.\w+\.client_options|protect\..+|"
        r"features\.step_up\.resource|"
        r"(database|ephemeral)\.(sqlite|postgresql|database|redis|memory)|(.+\.)?migrations\..+"
    )

    assert not [name for name in _unused(answered) if not doors.fullmatch(name)]


@sets()
def test_it_starts_and_tells_what_it_has(answered: Rendered, probe: Any) -> None:
    """A4, A5: the metadata is that of its features. Tables are made twice before, and `alembic check` is content."""
    chosen = answered.features
    document = probe["documents"]["oauth-authorization-server"]
    told = {name for feature in chosen for name in OWNED[feature].metadata}
    told |= {name for both, names in TOGETHER.items() if set(both) <= set(chosen) for name in names}

    assert set(document) == ALWAYS | told
    assert ("openid-configuration" in probe["documents"]) == ("openid" in chosen)
    assert ("oauth-protected-resource" in probe["documents"]) == ("protected_resource" in chosen)
    assert document["grant_types_supported"] == probe["grant_types"]
    grants = [grant for feature in chosen for grant in OWNED[feature].grants]
    assert sorted(probe["grant_types"]) == sorted(["client_credentials", *grants])


@sets()
def test_what_is_advertised_is_mounted(answered: Rendered, probe: Any) -> None:
    """A5: below the prefix, wherever that is."""
    prefix = answered.answers.get("prefix", "/oauth")
    document = probe["documents"]["oauth-authorization-server"]
    endpoints = [url for name, url in document.items() if name.endswith("_endpoint")]

    assert all(url.startswith(f"{document['issuer']}{prefix}/") for url in endpoints)
    assert {url.removeprefix(document["issuer"]) for url in endpoints} <= set(probe["paths"])
    assert {path for path in probe["paths"] if not path.startswith("/demo")} <= set(probe["openapi"]["paths"])


@sets()
def test_the_tables_have_the_prefix(answered: Rendered, probe: Any) -> None:
    """A9: so that they can live beside a team's own."""
    prefix = answered.answers.get("table_prefix", "oauth_")

    assert probe["tables"]
    assert not [table for table in probe["tables"] if not table.startswith(prefix)]


def test_each_row_answers_what_is_asked() -> None:
    """A10: and nothing else, as a person would."""
    for row in pairwise():
        answers = as_answers(row)
        assert ("ephemeral_store" in answers) == any(row[name] for name in ("dpop", "par", "private_key_jwt"))
        assert ("demo" in answers) == all(row[name] for name in ("code_flow", "openid", "protected_resource"))
