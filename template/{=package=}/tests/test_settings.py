"""What the server can be told, and what it refuses to be told (B6, N)."""

import os
import string
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AnyHttpUrl, BaseModel, Field, ValidationError
from pydantic_settings import SettingsError

from ..settings import ENV_PREFIX, ServerSettings, check_issuer

HOST = st.from_regex(r"[a-z0-9\-.:\[\]@]{1,12}", fullmatch=True)
PATH = st.from_regex(r"(/[A-Za-z0-9.%/?#~]{0,4}){0,3}", fullmatch=True)


@pytest.fixture(autouse=True)
def nothing_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of whoever runs the tests counts."""
    for name in [name for name in os.environ if name.startswith(ENV_PREFIX)]:
        monkeypatch.delenv(name)


def told(**settings: Any) -> ServerSettings:
    return ServerSettings(_env_file=None, **{"issuer": "https://as.example", **settings})


def complaint(**settings: Any) -> tuple[str, str]:
    """Return which setting is refused and why."""
    with pytest.raises(ValidationError) as refused:
        told(**settings)
    (error,) = refused.value.errors()
    return ".".join(str(part) for part in error["loc"]), error["msg"]


def told_by_environment(monkeypatch: pytest.MonkeyPatch, **variables: str) -> ServerSettings:
    for name, value in {"ISSUER": "https://as.example", **variables}.items():
        monkeypatch.setenv(ENV_PREFIX + name, value)
    return ServerSettings(_env_file=None)


@pytest.mark.parametrize(
    "issuer",
    [
        "https://as.example",
        "https://as.example:8443",
        "https://as.example:65535",
        "https://as.example/t1",
        "https://as.example/t1/Team_2.x~-",
        "https://xn--bcher-kva.example",
        "https://192.0.2.7",
        "https://[2001:db8::1]:444/t1",
        "https://localhost",
        "https://a-b.example",
    ],
)
def test_a_canonical_issuer_is_taken_as_it_is(issuer: str) -> None:
    """B6, M1: not one character is changed, for clients compare strings."""
    assert told(issuer=issuer).issuer == issuer


@pytest.mark.parametrize(
    "issuer",
    [
        "",
        "as.example",
        "//as.example",
        "https:as.example",
        "https:/as.example",
        "https://",
        "HTTPS://as.example",
        "ftp://as.example",
        "https://AS.example",
        "https://bücher.example",
        "https://as.example.",
        "https://as..example",
        "https://-as.example",
        "https://as_.example",
        "https://user@as.example",
        "https://as.example:443",
        "https://as.example:",
        "https://as.example:0",
        "https://as.example:08443",
        "https://as.example:65536",
        "https://as.example/",
        "https://as.example/t1/",
        "https://as.example//t1",
        "https://as.example/.",
        "https://as.example/t1/../t2",
        "https://as.example/t%31",
        "https://as.example/t1;x",
        "https://as.example?",
        "https://as.example?x=1",
        "https://as.example#",
        "https://as.example/t1#x",
        "https://as.example\\t1",
        " https://as.example",
        "https://as.example\n",
        "https://as.exa\tmple",
        "https://127.1",
        "https://2130706433",
        "https://0x7f.0.0.1",
        "https://[::0001]",
        "https://[2001:DB8::1]",
        "https://[::ffff:192.0.2.7]",
    ],
)
@pytest.mark.parametrize("mode", ["production", "development"])
def test_an_issuer_that_clients_could_read_otherwise_is_refused(issuer: str, mode: str) -> None:
    """B6, M1, RFC 8414 §2: absolute https, lower-case ASCII host, no default port, slash, query or fragment."""
    name, message = complaint(issuer=issuer, mode=mode)

    assert name == "issuer"
    assert message.startswith("Value error, must ")


@pytest.mark.parametrize(
    ("issuer", "message"),
    [
        ("as.example", "must be an absolute https URL"),
        ("https://as.example:443", "must not name the default port"),
        ("https://as.example:65536", "must not name the default port, nor one above 65535"),
        ("https://as.example/", "must have no trailing slash"),
        ("http://as.example", "http is for loopback in development only"),
        ("https://127.1", "must be written as clients will read it, https://127.0.0.1/"),
    ],
)
def test_the_refusal_of_an_issuer_says_what_to_change(issuer: str, message: str) -> None:
    """B6, A12."""
    assert message in complaint(issuer=issuer)[1]


@pytest.mark.parametrize("issuer", ["http://localhost:8000", "http://127.0.0.1:8000", "http://[::1]:8000/t1"])
def test_http_will_do_on_loopback_in_development_only(issuer: str) -> None:
    """B6, N: production is the default; the refusal names both settings that could be changed."""
    assert told(issuer=issuer, mode="development").issuer == issuer

    name, message = complaint(issuer=issuer)

    assert name == ""
    assert f"{ENV_PREFIX}ISSUER" in message
    assert f"{ENV_PREFIX}MODE" in message


@pytest.mark.parametrize(
    "issuer",
    ["http://as.example", "http://localhost.example", "http://127.0.0.2", "http://localhost:80", "http://[::2]"],
)
def test_http_elsewhere_is_refused_in_development_too(issuer: str) -> None:
    """B6."""
    assert complaint(issuer=issuer, mode="development")[0] == "issuer"


@given(scheme=st.sampled_from(["https", "http"]), host=HOST, path=PATH)
def test_an_accepted_issuer_survives_clients_that_normalise(scheme: str, host: str, path: str) -> None:
    """M1: some clients parse the issuer before they compare it (RFC 9207 §2.4)."""
    issuer = f"{scheme}://{host}{path}"
    try:
        check_issuer(issuer)
    except ValueError:
        return

    assert str(AnyHttpUrl(issuer)).removesuffix("/") == issuer
    assert set(issuer) <= set(string.ascii_letters + string.digits + ":/.-_~[]")


@given(st.text())
def test_no_text_breaks_the_check_of_the_issuer(issuer: str) -> None:
    """B6: whatever it is, it is taken unchanged or refused."""
    for text in (issuer, f"https://{issuer}", f"https://as.example{issuer}"):
        try:
            assert check_issuer(text) == text
        except ValueError:
            continue


@pytest.mark.parametrize(
    "audience",
    ["https://api.example", "https://api.example/", "https://API.example:8443/v1?x=1", "http://[::1]:8080/mcp"],
)
def test_an_audience_is_an_absolute_url(audience: str) -> None:
    """B6, RFC 9728 §1.2."""
    settings = told(audience=audience)

    assert settings.default_audience == audience


@pytest.mark.parametrize(
    "audience",
    [
        "",
        "api",
        "/api",
        "//api.example",
        "urn:api",
        "https://",
        "https://:443",
        "https:///path",
        "https://api.example#",
        "https://api.example/#x",
        "https://user@api.example",
        "https://api.example@evil.example",
        "https://bücher.example",
        "https://api.example/a b",
        "https://api.example\n",
        "https://api.exa\tmple",
        " https://api.example",
        "https://api.example\\evil",
        'https://api.example/"',
        "https://api.example:99999",
    ],
)
def test_anything_else_is_no_audience(audience: str) -> None:
    """B6, A4: relative, with a fragment or a user name, or with characters that a parser would drop."""
    assert complaint(audience=audience)[0] == "audience"


def test_without_an_audience_tokens_are_for_the_issuer() -> None:
    """RFC 9068 §2.2."""
    assert told().default_audience == "https://as.example"


@pytest.mark.parametrize(
    "prefix",
    ["", "/", "oauth", "/oauth/", "//oauth", "/o auth", "/o?x", "/o#x", "/ö", "/%6f", "/.well-known", "/a/..", "/a/.b"],
)
def test_a_prefix_is_a_plain_path(prefix: str) -> None:
    """A5, B6: nothing that is read in two ways, and not the place of the well-known documents."""
    assert complaint(prefix=prefix)[0] == "prefix"


@pytest.mark.parametrize("path", ["/token", "/oauthx/token", "/oauth", "/elsewhere/token"])
def test_an_endpoint_may_not_escape_the_prefix(path: str) -> None:
    """A5, B6, N."""
    name, message = complaint(paths={"token": path})

    assert name == ""
    assert f"{ENV_PREFIX}PATHS puts token at {path}" in message


@pytest.mark.parametrize("path", ["", "oauth/token", "/oauth/../token", "/oauth/token/", "/oauth//token"])
def test_an_override_is_a_plain_path(path: str) -> None:
    """B6."""
    assert complaint(paths={"token": path})[0] == "paths.token"


def test_an_override_below_the_prefix_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """N, A5: from the environment it is JSON."""
    settings = told_by_environment(monkeypatch, PREFIX="/auth", PATHS='{"token": "/auth/v1/token"}')

    assert settings.paths == {"token": "/auth/v1/token"}


def test_overrides_that_are_no_json_are_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """B6."""
    with pytest.raises(SettingsError, match="paths"):
        told_by_environment(monkeypatch, PATHS="token=/oauth/v1/token")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("mode", "test"),
        ("signing_algorithms", ()),
        ("signing_algorithms", ("HS256",)),
        ("signing_algorithms", ("none",)),
        ("signing_algorithms", ("ES256", "ES256")),
        ("access_token_lifetime", 29),
        ("access_token_lifetime", 86_401),
        ("access_token_lifetime", "-60"),
        ("access_token_lifetime", "soon"),
        ("access_token_lifetime", "9" * 30),
        ("access_token_lifetime", "²"),
        ("jwks_cache_lifetime", 604_801),
        ("metadata_cache_lifetime", 604_801),
        ("metadata_cache_lifetime", "-1"),
        ("trusted_proxies", ("proxy.example",)),
        ("trusted_proxies", ("10.0.0.0/33",)),
        ("trusted_proxies", ("*",)),
        ("max_body_size", 1_023),
        ("max_body_size", 1_048_577),
        ("realm", ""),
        ("realm", 'a "realm"'),
        ("realm", "a\\realm"),
        ("realm", "a\r\nrealm"),
        ("realm", "bücher"),
        ("purge_interval", 9),
    ],
)
def test_a_value_out_of_bounds_is_refused_by_name(name: str, value: Any) -> None:
    """B6, N: every lifetime is bounded, every list is of known words, and each complaint names its setting."""
    assert complaint(**{name: value})[0].partition(".")[0] == name


def test_lifetimes_are_seconds_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """E2, N."""
    settings = told_by_environment(monkeypatch, ACCESS_TOKEN_LIFETIME="60", JWKS_CACHE_LIFETIME=" 0 ")

    assert settings.access_token_lifetime == timedelta(seconds=60)
    assert settings.jwks_cache_lifetime == timedelta(0)


def test_lists_are_written_with_commas_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """K1, B4, C5."""
    settings = told_by_environment(
        monkeypatch,
        TRUSTED_PROXIES="loopback, 10.0.0.0/8,192.0.2.7,",
        SIGNING_ALGORITHMS="ES256,RS256",
        TOKEN_ENDPOINT_AUTH_METHODS="client_secret_basic",
    )

    assert settings.trusted_proxies == ("loopback", "10.0.0.0/8", "192.0.2.7")
    assert settings.signing_algorithms == ("ES256", "RS256")
    assert settings.token_endpoint_auth_methods == ("client_secret_basic",)


def test_the_defaults_are_the_careful_ones() -> None:
    """N: production, no proxy trusted, and the lifetimes of E2."""
    settings = told()

    assert settings.mode == "production"
    assert settings.trusted_proxies == ()
    assert settings.access_token_lifetime == timedelta(seconds=900)


def test_the_environment_prefix_is_the_name_of_the_package() -> None:
    """The name is written nowhere, so it cannot be forgotten when the package is renamed."""
    assert f"{__package__.split('.')[-2].upper()}_" == ENV_PREFIX


def test_settings_do_not_change_while_the_server_runs() -> None:
    """Endpoints read them once, when they are composed."""
    with pytest.raises(ValidationError, match="frozen"):
        told().issuer = "https://evil.example"  # type: ignore[misc]  # that is the point


@pytest.fixture(
    params=[
        "postgresql://user:hunter2@db.example/oauth",
        "postgresql://user:hun@ter2@db.example/oauth",
        "postgresql://user:hunt/er2@db.example/oauth",
        "postgresql://:hunter2@db.example/oauth",
        "postgresql://db.example/oauth?user=u&password=hunter2&sslmode=require",
    ]
)
def url_with_password(request: pytest.FixtureRequest) -> Iterator[str]:
    return request.param  # type: ignore[no-any-return]


def test_the_password_of_the_database_is_not_printed(url_with_password: str) -> None:
    """C13: settings are printed, and end up in tickets."""
    settings = told(database_url=url_with_password)
    printed = f"{settings.model_dump_public()} {settings!r}"

    assert "ter2" not in printed
    assert "er2" not in printed
    assert "db.example/oauth" in printed


def test_no_password_in_any_url_is_printed(url_with_password: str) -> None:
    """C13: whichever setting it stands in, that of a feature too."""

    class FeatureSettings(BaseModel):
        queue: str = url_with_password

    class Settings(ServerSettings):
        cache_url: str = Field(url_with_password, repr=False)
        feature: FeatureSettings = FeatureSettings()

    printed = f"{Settings(_env_file=None, issuer='https://as.example').model_dump_public()}"

    assert "er2" not in printed
    assert printed.count("db.example/oauth") == 2
