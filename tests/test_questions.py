"""Every question has a default; a bad answer gets one clear line and renders nothing (A2, A4, A12)."""

import keyword
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from .template import choices, knowledge, questions, render

BAD_ANSWERS: list[tuple[dict[str, Any], str]] = [
    ({"project_name": ""}, "project_name must be 1 to 60 characters"),
    ({"project_name": 'A "quoted" name'}, "without quotes"),
    ({"project_name": "two\nlines"}, "on one line"),
    ({"package": "Auth"}, "use lower-case letters"),
    ({"package": "auth-server"}, "use lower-case letters"),
    ({"package": "1auth"}, "begin with a letter"),
    ({"package": "auth\n"}, "is no package name"),
    ({"package": "class"}, "is a Python keyword"),
    ({"package": "secrets"}, "standard library"),
    ({"package": "jwt"}, "would hide a library"),
    ({"package": "redis"}, "would hide a library"),
    ({"package": "tests"}, "would hide a library or folder"),
    ({"issuer": "auth.example.com"}, "give an absolute one"),
    ({"issuer": "ftp://auth.example.com"}, "give an absolute one"),
    ({"issuer": "https://Auth.example.com"}, "is not canonical"),
    ({"issuer": "https://auth.example.com/"}, "is not canonical"),
    ({"issuer": "https://auth.example.com?x=1"}, "is not canonical"),
    ({"issuer": "https://auth.example.com#"}, "is not canonical"),
    ({"issuer": "https://user@auth.example.com"}, "is not canonical"),
    ({"issuer": "https://b\u00fccher.example"}, "is not canonical"),
    ({"issuer": "https://auth.example.com/a/../b"}, "is not canonical"),
    ({"issuer": "https://auth.example.com\n"}, "is not canonical"),
    ({"issuer": "https://auth.example.com:443"}, "leave a default port out"),
    ({"issuer": "http://localhost:80"}, "leave a default port out"),
    ({"issuer": "https://auth.example.com:70000"}, "from 1 to 65535"),
    ({"issuer": "http://auth.example.com"}, "use https"),
    ({"issuer": "http://localhost.example.com"}, "use https"),
    ({"prefix": ""}, "begin with a slash"),
    ({"prefix": "oauth"}, "begin with a slash"),
    ({"prefix": "/"}, "end without one"),
    ({"prefix": "/oauth/"}, "end without one"),
    ({"prefix": "/o auth"}, "use letters, digits"),
    ({"prefix": "/a/../b"}, "no segment with a leading dot"),
    ({"prefix": "/.well-known/oauth"}, "choose another path"),
    ({"profile": "fapi2"}, "is not in ['oidc', 'm2m', 'everything', 'custom']"),
    ({"profile": "custom", "features": ["magic"]}, "'magic' is not in"),
    ({"profile": "custom", "features": ["openid"]}, "openid needs code_flow"),
    ({"profile": "custom", "features": ["revocation"]}, "revocation needs code_flow"),
    ({"profile": "custom", "features": ["par", "dpop"]}, "par needs code_flow, because what is pushed"),
    ({"profile": "custom", "features": ["device"]}, "add code_flow or leave device out"),
    ({"profile": "custom", "features": ["introspection", "step_up"]}, "step_up needs code_flow"),
    ({"profile": "everything", "features": ["dpop"]}, "profile everything has its own features (code_flow, openid"),
    ({"profile": "m2m", "features": ["code_flow"]}, "profile m2m has its own features (none)"),
    ({"profile": "oidc", "features": ["code_flow"]}, "answer profile=custom to choose them"),
    ({"profile": "m2m", "demo": True}, "needs code_flow and openid and protected_resource"),
    ({"profile": "custom", "features": ["code_flow", "openid"], "demo": True}, "needs protected_resource"),
    ({"database": "mysql"}, "is not in ['sqlite', 'postgresql']"),
    ({"ephemeral_store": "etcd"}, "is not in ['database', 'redis', 'memory']"),
    ({"ephemeral_store": "redis"}, "would hold nothing, because none of dpop, par, private_key_jwt is chosen"),
    ({"profile": "m2m", "ephemeral_store": "memory"}, "leave it at database"),
    ({"signing_algorithms": []}, "choose at least one"),
    ({"signing_algorithms": ["HS256"]}, "'HS256' is not in"),
    ({"table_prefix": ""}, "an underscore at the end"),
    ({"table_prefix": "oauth"}, "an underscore at the end"),
    ({"table_prefix": "OAuth_"}, "a lower-case letter"),
    ({"table_prefix": "a_prefix_that_is_so_long_"}, "at most 20 characters"),
    ({"table_prefix": "sqlite_"}, "belongs to the database itself"),
    ({"layout": "monolith"}, "is not in ['service', 'package']"),
]

ANSWERS = ".copier-answers.yml"

GOOD_ANSWERS: list[dict[str, Any]] = [
    {"issuer": "https://auth.example.com"},
    {"issuer": "https://example.com:8443/tenants/a"},
    {"issuer": "http://127.0.0.1:9000"},
    {"issuer": "http://[::1]:9000"},
    {"prefix": "/mcp/oauth"},
    {"package": "identity_2"},
    {"project_name": "Zoë & Söhne's login"},
    {"table_prefix": "a_"},
    {"profile": "custom", "features": []},
    {"profile": "custom", "features": ["private_key_jwt", "introspection", "resource_indicators"]},
    {"profile": "custom", "features": ["dpop"], "ephemeral_store": "redis"},
    {"profile": "custom", "features": ["private_key_jwt"], "ephemeral_store": "memory"},
    {"profile": "everything", "ephemeral_store": "database"},
]


@pytest.mark.parametrize(("answers", "sentence"), BAD_ANSWERS, ids=lambda value: str(value)[:60])
def test_a_bad_answer_gets_one_line_and_renders_nothing(
    template: Path, tmp_path: Path, answers: dict[str, Any], sentence: str
) -> None:
    """A12."""
    with pytest.raises(ValueError, match=r"\A[^\n]*\Z") as refusal:
        render(template, tmp_path / "project", answers)

    assert sentence in str(refusal.value)
    assert not (tmp_path / "project").exists()


@pytest.mark.parametrize("answers", GOOD_ANSWERS, ids=str)
def test_a_good_answer_is_taken(template: Path, tmp_path: Path, answers: dict[str, Any]) -> None:
    """A2."""
    project = render(template, tmp_path / "project", answers, only=ANSWERS)

    assert answers.items() <= yaml.safe_load((project / ANSWERS).read_text()).items()


@pytest.mark.parametrize("name", sorted([*keyword.kwlist, *keyword.softkwlist]))
def test_no_keyword_names_the_package(name: str) -> None:
    """A12: the list in the validator is complete."""
    assert name != name.lower() or name in questions()["package"]["validator"].split() or name == "_"


def test_no_standard_module_names_the_package() -> None:
    """A12: the list in the validator is complete."""
    refused = questions()["package"]["validator"].replace('"', " ").split()

    names = {name for name in sys.stdlib_module_names if name == name.lower() and not name.startswith("_")}

    assert names <= set(refused)


@pytest.mark.parametrize("name", questions())
def test_a_question_has_help_and_a_default(name: str) -> None:
    """A2: no question without both, for ever."""
    question = questions()[name]

    assert question["help"].endswith((".", "?"))
    assert "default" in question


@pytest.mark.parametrize("name", questions())
def test_a_free_answer_has_a_validator(name: str) -> None:
    """A2: where there is no list of choices, something else says what is accepted."""
    question = questions()[name]

    assert {"choices", "validator"}.intersection(question)


def test_the_features_of_a_profile_stay_what_they_are() -> None:
    """A3: an update must bring no feature that nobody asked for. Only who wanted everything gets more."""
    profiles = knowledge("profiles")

    assert profiles["oidc"] == ["code_flow", "openid", "revocation", "protected_resource"]
    assert profiles["m2m"] == []
    assert profiles["everything"] == choices("features")
    assert {*profiles, "custom"} == {*choices("profile")}


def test_a_profile_chooses_features(template: Path, tmp_path: Path) -> None:
    """A3: what is not asked is not recorded, so an update asks the profile again."""
    project = render(template, tmp_path / "project", {"profile": "m2m"}, only=ANSWERS)
    answers = yaml.safe_load((project / ANSWERS).read_text())

    assert answers["profile"] == "m2m"
    assert answers["signing_algorithms"] == ["ES256"]
    assert not {"features", "demo"}.intersection(answers)


def test_nothing_in_the_template_asks_for_trust(template: Path) -> None:
    """No tasks, no migrations, no extensions: Renovate and careful teams can use it."""
    settings = next(yaml.safe_load_all((template / "copier.yml").read_text().split("\n---\n")[0]))

    assert not {"_tasks", "_migrations", "_jinja_extensions"}.intersection(settings)
