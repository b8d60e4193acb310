"""What a feature owns is listed once, in `copier.yml`; everything else is the same in every project (A11)."""

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .conftest import Render, Rendered
from .matrix import FACTORS, FEATURES, SETS
from .ownership import OWNED, Owned, all_of
from .template import COMPOSITION_FILES, MARKER, ROOT, SUPERSET, TEMPLATE, contents, files, owned_paths
from .test_matrix import sets

STORES = FACTORS["ephemeral_store"]

# Files whose lines are the team's words or another project's, not the template's.
PROSE = {".py", ".toml", ".md", ".html", ".css", ".mako", ".yaml", ".yml", ".ini", ".example", ""}


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
    """Or switching one feature off would take a piece of another. Only a part that needs two may leave with either."""
    paths = owned_paths()

    assert len(paths) == len(set(paths))
    assert not [(a, b) for a in paths for b in paths if b.startswith(f"{a}/") and "/features/" not in b]


def test_every_feature_is_in_the_table() -> None:
    """And has words that its own room says: a misspelt one would find nothing for ever."""
    assert list(OWNED) == list(FEATURES)
    for feature, owned in OWNED.items():
        room = SUPERSET / "features" / feature
        texts = [path.read_text() for path in files(room)] if room.is_dir() else [room.with_suffix(".py").read_text()]
        assert any(owned.find_in(text) for text in texts), feature


@sets()
def test_what_stays_stays_as_it_is(template: Path, answered: Rendered) -> None:
    """The suite runs on the superset in place; this is why it speaks for every project."""
    superset = contents(template / SUPERSET.relative_to(ROOT))

    changed = {path for path, content in contents(answered.folder).items() if content != superset.get(path)}

    assert changed - {"README.md"} <= COMPOSITION_FILES


@pytest.mark.slow
def test_everything_is_the_superset(template: Path, rendered: Render) -> None:
    """A3: nothing is taken away from who wants all, but the ways that were not chosen to keep what is forgotten."""
    everything = {**SETS["all"], "layout": "package"}
    superset = contents(template / SUPERSET.relative_to(ROOT))

    kept = [contents(rendered(**{**everything, "ephemeral_store": store}) / "authserver") for store in STORES]

    assert {path for each in kept for path in each} == superset.keys()


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


@sets()
def test_nothing_that_stays_imports_what_leaves(answered: Rendered) -> None:
    """Neither code nor a test, whichever features a team chose."""
    dangling = [
        f"{path.relative_to(answered.folder)} imports {wanted} of {folder.relative_to(answered.folder)}"
        for path in files(answered.folder, "*.py")
        for folder, wanted in _relative_imports(path)
        if not _is_here(folder, wanted)
    ]

    assert not dangling, "\n" + "\n".join(dangling)


@sets()
def test_no_folder_is_left_with_nothing_in_it(answered: Rendered) -> None:
    """An empty `__init__.py` alone says nothing."""
    assert not [folder for folder in answered.folder.rglob("*") if folder.is_dir() and not any(_said(folder))]


def _said(folder: Path) -> Iterator[Path]:
    return (path for path in files(folder) if path.stat().st_size)


def _absent(answered: Rendered) -> dict[str, Owned]:
    return {feature: owned for feature, owned in OWNED.items() if feature not in answered.features}


@sets()
def test_no_file_names_a_feature_that_is_off(answered: Rendered) -> None:
    """Code, tests, README, settings, migrations, names of files.

    Only a test may name what a server for machines has not.
    """
    mentions = [
        f"{feature}: {path.relative_to(answered.project)}: {line}"
        for path in files(answered.project)
        if path.suffix in PROSE
        for feature, owned in _absent(answered).items()
        for line in owned.find_in(f"{path.relative_to(answered.project)}\n{path.read_text()}")
        if feature != "code_flow" or "tests" not in path.parts
    ]

    assert not mentions, f"\n{len(mentions)} lines\n" + "\n".join(mentions)


@sets()
def test_a_running_server_names_no_feature_that_is_off(answered: Rendered, probe: Any) -> None:
    """Its tables, settings, options, documents and OpenAPI document."""
    told = ("tables", "settings", "help", "options", "documents", "openapi", "features", "expirable")
    mentions = [
        f"{feature}: {kind}: {line}"
        for kind in told
        for feature, owned in _absent(answered).items()
        for line in owned.find_in(probe[kind] if isinstance(probe[kind], str) else json.dumps(probe[kind], indent=0))
    ]

    assert not mentions, "\n" + "\n".join(mentions)


@sets()
def test_an_endpoint_of_a_feature_that_is_off_is_nowhere(answered: Rendered, probe: Any) -> None:
    """404, as for any path that was never there; one that is on is there."""
    absent = {endpoint for owned in _absent(answered).values() for endpoint in owned.endpoints}

    for endpoint in all_of("endpoints"):
        assert (probe["statuses"][endpoint] == 404) == (endpoint in absent), endpoint


@sets()
def test_a_grant_of_a_feature_that_is_off_is_unsupported(answered: Rendered, probe: Any) -> None:
    """RFC 6749 §5.2; one that is on says what the request lacks."""
    absent = {grant for owned in _absent(answered).values() for grant in owned.grants}

    for grant in all_of("grants"):
        refusal = [400, "unsupported_grant_type" if grant in absent else "invalid_request"]
        assert probe["refusals"][grant] == refusal, grant


@sets()
def test_a_way_to_authenticate_that_is_off_fails_like_any_other(answered: Rendered, probe: Any) -> None:
    """RFC 6749 §5.2."""
    for method, _ in (owned.method for owned in OWNED.values() if owned.method):
        assert probe["methods"][method] == [401, "invalid_client"], method
        is_on = any(owned.method and owned.method[0] == method for owned in _present(answered))
        assert (method in probe["authentication_methods"]) == is_on


@sets()
def test_a_parameter_of_a_feature_that_is_off_is_ignored(answered: Rendered, probe: Any) -> None:
    """RFC 6749 §3.2: and a header too. The token is what it would be without."""
    of_absent = {name for owned in _absent(answered).values() for name in (*owned.parameters, *owned.headers)}

    if of_absent >= {*all_of("parameters"), *all_of("headers")}:
        assert probe["granted"]["token_type"] == "Bearer"


@sets()
def test_an_option_of_a_feature_that_is_off_is_unknown(answered: Rendered, probe: Any) -> None:
    """No client can be registered for it."""
    absent = {option for owned in _absent(answered).values() for option in owned.options}
    offered = set(probe["options"].replace(",", " ").replace("]", " ").split())

    assert not absent & offered
    assert {option for owned in _present(answered) for option in owned.options} <= offered


def _present(answered: Rendered) -> list[Owned]:
    return [OWNED[feature] for feature in answered.features]
