"""Where endpoints are: paths and advertised URLs from one source (A5)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ...core.urls import URLs

ROOT = "https://as.example"


def urls(issuer: str = ROOT, prefix: str = "/oauth", **overrides: str) -> URLs:
    return URLs(issuer=issuer, prefix=prefix, overrides=overrides)


@pytest.mark.parametrize("issuer", [ROOT, "https://as.example/t1", "https://as.example/t1/t2"])
def test_endpoints_live_below_the_prefix_whatever_the_path_of_the_issuer(issuer: str) -> None:
    """A5."""
    assert urls(issuer).path("token") == "/oauth/token"
    assert urls(issuer).url("token") == "https://as.example/oauth/token"


def test_the_prefix_moves_every_endpoint() -> None:
    """A5."""
    assert urls(prefix="/a/b").path("token") == "/a/b/token"
    assert urls(prefix="/a/b").url("revoke") == "https://as.example/a/b/revoke"


def test_an_override_moves_one_endpoint_and_its_url() -> None:
    """A5, N."""
    moved = urls(token="/oauth/v1/token")

    assert moved.path("token") == "/oauth/v1/token"
    assert moved.url("token") == "https://as.example/oauth/v1/token"
    assert moved.path("revoke") == "/oauth/revoke"


@pytest.mark.parametrize("issuer", ["https://as.example:8443", "https://[2001:db8::1]:8443", "http://localhost:8000"])
def test_the_origin_keeps_scheme_and_port(issuer: str) -> None:
    """B1."""
    assert urls(issuer).origin == urls(issuer + "/t1").origin == issuer


@pytest.mark.parametrize(
    ("issuer", "name", "paths"),
    [
        (ROOT, "some-document", ["/.well-known/some-document"]),
        (ROOT + "/t1", "some-document", ["/.well-known/some-document/t1", "/t1/.well-known/some-document"]),
        (ROOT + "/t1/x", "some-document", ["/.well-known/some-document/t1/x", "/t1/x/.well-known/some-document"]),
    ],
)
def test_the_path_of_the_issuer_stands_behind_the_well_known_name(issuer: str, name: str, paths: list[str]) -> None:
    """B1, RFC 8414 §3.1 and §5; OIDC Discovery §4 puts it before."""
    known = urls(issuer)

    assert list(dict.fromkeys((known.well_known(name), known.appended_well_known(name)))) == paths


@pytest.mark.parametrize("issuer", [ROOT, ROOT + "/t1"])
def test_the_key_set_stays_at_the_root_of_the_host(issuer: str) -> None:
    """A5, B3."""
    assert urls(issuer, prefix="/elsewhere").jwks_path == "/.well-known/jwks.json"


@given(name=st.from_regex("[a-z_/]{1,20}", fullmatch=True), path=st.sampled_from(["", "/t1", "/t1/t2"]))
def test_every_url_is_the_origin_and_the_path(name: str, path: str) -> None:
    """A5: what is mounted is what is advertised."""
    all_urls = urls(ROOT + path, token="/oauth/other")

    assert all_urls.url(name) == ROOT + all_urls.path(name)
