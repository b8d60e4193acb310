"""What a feature owns is listed once, in `copier.yml`; everything else is the same in every project (A11)."""

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
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
    """Or switching one feature off would take a piece of another. Only a part that needs two may leave with either.

    Of the ephemeral stores one is chosen, and all leave with the features that need one.
    """
    paths = owned_paths()
    within = [(a, b) for a in paths for b in paths if b.startswith(f"{a}/")]

    assert len(paths) == len(set(paths))
    assert not [(a, b) for a, b in within if not re.search(r"/(features|ephemeral)/", b)]


def test_every_feature_is_in_the_table() -> None:
    """And has words that its own room says: a misspelt one would find nothing for ever."""
    assert list(OWNED) == list(FEATURES)
    for feature, owned in OWNED.items():
        room = SUPERSET / "features" / feature
        texts = files(room) if room.is_dir() else [room.with_suffix(".py")]
        assert any(owned.find_in(str(path), path.read_text()) for path in texts), feature


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
    for level, module, name in _imports_in(path.read_text()):
        yield path.parents[level - 1].joinpath(*module.split(".")), name


@cache  # most files are the same in all projects
def _imports_in(source: str) -> list[tuple[int, str, str]]:
    found = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom) and node.level)
    return [(node.level, node.module or "", alias.name) for node in found for alias in node.names]


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
    kept = [path for path in files(answered.folder) if path.stat().st_size]
    folders = {parent for path in files(answered.folder) for parent in path.parents}

    assert folders == {parent for path in kept for parent in path.parents}


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
        for line in owned.find_in(path.relative_to(answered.project).as_posix(), path.read_text())
        if feature != "code_flow" or "tests" not in path.parts
    ]

    assert not mentions, f"\n{len(mentions)} lines\n" + "\n".join(mentions)


@sets()
def test_a_running_server_names_no_feature_that_is_off(answered: Rendered, probe: Any) -> None:
    """Its tables, settings, options, documents and OpenAPI document."""
    told = ("tables", "settings", "help", "options", "documents", "openapi", "features")
    mentions = [
        f"{feature}: {kind}: {line}"
        for kind in told
        for feature, owned in _absent(answered).items()
        for line in owned.find_in(kind, json.dumps(probe[kind], indent=0).replace("\\n", "\n"))
    ]

    assert not mentions, "\n" + "\n".join(mentions)


@sets()
def test_an_endpoint_of_a_feature_that_is_off_is_nowhere(answered: Rendered, probe: Any) -> None:
    """404, as for any path that was never there."""
    prefix = answered.answers.get("prefix", "/oauth")
    absent = {endpoint for owned in _absent(answered).values() for endpoint in owned.endpoints}

    assert {probe["statuses"][endpoint] for endpoint in absent} <= {404}
    assert {endpoint for endpoint in all_of("endpoints") if f"{prefix}/{endpoint}" not in probe["paths"]} == absent


@sets()
def test_a_grant_of_a_feature_that_is_off_is_unsupported(answered: Rendered, probe: Any) -> None:
    """RFC 6749 §5.2; one that is on says what the request lacks."""
    absent = {grant for owned in _absent(answered).values() for grant in owned.grants}

    for grant, (status, answer) in probe["grants"].items():
        expected = "unsupported_grant_type" if grant in absent else "invalid_request"
        assert (status, answer["error"]) == (400, expected), grant


@sets()
def test_a_way_to_authenticate_that_is_off_fails_like_any_other(answered: Rendered, probe: Any) -> None:
    """RFC 6749 §5.2."""
    offered = {owned.method[0] for owned in _present(answered) if owned.method}

    assert offered == set(probe["authentication_methods"]) & set(probe["methods"])
    for method in probe["methods"].keys() - offered:
        status, answer = probe["methods"][method]
        assert (status, answer["error"]) == (401, "invalid_client"), method


@sets()
def test_a_parameter_of_a_feature_that_is_off_is_ignored(answered: Rendered, probe: Any) -> None:
    """RFC 6749 §3.1, §3.2: and a header too. One that is on is refused, with a value like this."""
    absent = _absent(answered).values()

    for kind in ("token_parameters", "headers"):
        ignored = {name for owned in absent for name in getattr(owned, kind)}
        for name, (status, answer) in probe[kind].items():
            assert (status == 200) == (name in ignored), name
            if status == 200:
                assert answer.keys() == probe["plain"][1].keys()
                assert answer["token_type"] == "Bearer"
    for name, page in probe["parameters"].items():
        assert (page == probe["request"]) == any(name in owned.parameters for owned in absent), name


@sets()
def test_an_option_of_a_feature_that_is_off_is_unknown(answered: Rendered, probe: Any) -> None:
    """No client can be registered for it."""
    absent = {option for owned in _absent(answered).values() for option in owned.options}
    offered = set(re.findall(r"--[a-z-]+", probe["options"]))

    assert not absent & offered
    assert {option for owned in _present(answered) for option in owned.options} <= offered


def _present(answered: Rendered) -> list[Owned]:
    return [OWNED[feature] for feature in answered.features]
