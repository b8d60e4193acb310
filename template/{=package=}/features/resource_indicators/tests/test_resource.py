"""When two URLs name one resource, and what is no resource at all (RFC 8707 §2)."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ....core.parameters import Parameters, parse_parameters
from ..resource import MAX_LENGTH, MAX_RESOURCES, InvalidTarget, choose_among, identify, read_resources

API = "https://api.example"

HOSTS = st.from_regex(r"[a-z0-9]([a-z0-9\-]{0,8}[a-z0-9])?(\.[a-z]{2,6}){1,2}", fullmatch=True)
TAILS = st.from_regex(r"(/[A-Za-z0-9._~\-]{1,6}){0,3}(\?[A-Za-z0-9=&/]{0,8})?", fullmatch=True)
URLS = st.builds("{}://{}{}{}".format, st.sampled_from(["https", "http"]), HOSTS, st.sampled_from(["", ":8443"]), TAILS)


def read(*resources: str) -> tuple[str, ...]:
    return read_resources(Parameters({}, {"resource": resources}))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (API, f"{API}/"),
        (API, "HTTPS://API.example"),
        (API, "https://Api.Example/"),
        (f"{API}/mcp", "https://API.EXAMPLE/mcp"),
        (f"{API}?tenant=a", f"{API}/?tenant=a"),
        ("http://localhost:8000", "http://LOCALHOST:8000/"),
        ("https://[2001:db8::a]", "https://[2001:DB8::A]/"),
    ],
)
def test_a_root_slash_and_the_case_of_scheme_and_host_make_no_difference(one: str, other: str) -> None:
    """H6, RFC 3986 §6.2.2.1, §6.2.3: clients normalise what people typed."""
    assert identify(one) == identify(other)


@pytest.mark.parametrize(
    "other",
    [
        "http://api.example/mcp",
        "https://api.example",
        "https://api.example/mcp/",
        "https://api.example/MCP",
        "https://api.example/mcp?",
        "https://api.example/mcp?x=1",
        "https://api.example:8443/mcp",
        "https://api.example/./mcp",
        "https://api.example//mcp",
        "https://api.example/%6dcp",
        "https://api.example./mcp",
        "https://api.example.evil.example/mcp",
    ],
)
def test_every_other_difference_is_another_resource(other: str) -> None:
    """A1, A4: a guess at what somebody meant would be a token for somebody else."""
    assert identify(other) != identify("https://api.example/mcp")


@pytest.mark.parametrize(
    "resource",
    [
        "https://api.example#fragment",
        "https://api.example/#",
        "https://api.example#",
        "/mcp",
        "//api.example/mcp",
        "api.example",
        "mcp",
        "https:",
        "https://",
        "https:///mcp",
        "https:api.example",
        "https://user@api.example",
        "https://user:password@api.example/",
        "https://api.example@evil.example",
        "ftp://api.example",
        "urn:example:api",
        "javascript:alert(1)",
        "https://api.example/a b",
        " https://api.example",
        "https://api.example\n",
        "https://api.\texample",
        "https://api.example\\mcp",
        "https://bücher.example",
        "https://api.example/\x00",
        "https://api.example:99999",
        "https://[::1",
        "https://api.example/" + "x" * MAX_LENGTH,
    ],
)
def test_what_is_no_absolute_url_without_fragment_is_an_invalid_target(resource: str) -> None:
    """A4, RFC 8707 §2: relative, with a fragment, with a user name, with what a URL cannot hold, too long to read."""
    with pytest.raises(ValueError, match=r".+"):
        identify(resource)
    with pytest.raises(InvalidTarget) as refused:
        read(API, resource)
    assert refused.value.error == "invalid_target"


def test_the_longest_resource_is_as_long_as_a_page_shows() -> None:
    """A4: a boundary on both sides."""
    longest = f"{API}/".ljust(MAX_LENGTH, "x")

    assert identify(longest) == longest
    with pytest.raises(ValueError, match="500 characters"):
        identify(longest + "x")


def test_the_same_resource_counts_once_however_it_is_written() -> None:
    """H6: and in the order of the request."""
    assert read(f"{API}/b", f"{API}/a", "HTTPS://api.example/b", API, f"{API}/") == (f"{API}/b", f"{API}/a", API)


def test_a_request_names_a_bounded_number_of_resources() -> None:
    """A4, P6: spellings of one count too, since each has to be looked at."""
    assert len(read(*(f"{API}/{number}" for number in range(MAX_RESOURCES)))) == MAX_RESOURCES
    with pytest.raises(InvalidTarget):
        read(*([API] * (MAX_RESOURCES + 1)))


def test_an_empty_resource_is_none() -> None:
    """P5."""
    assert read_resources(parse_parameters(b"resource=&resource=", {"resource"})) == ()


def test_what_is_chosen_has_the_spelling_of_what_is_allowed() -> None:
    """H6: `aud` is what the API expects itself to be called."""
    allowed = {API: f"{API}/", f"{API}/a": "https://API.example/a"}

    assert choose_among(allowed, [f"{API}/a", API]) == ("https://API.example/a", f"{API}/")


@given(URLS)
def test_a_resource_is_identified_once(url: str) -> None:
    """RFC 3986 §6: what identifies it identifies itself."""
    assert identify(identify(url)) == identify(url)


@given(URLS)
def test_however_scheme_and_host_are_written_the_resource_is_the_same(url: str) -> None:
    """H6."""
    scheme, _, rest = url.partition("://")
    host = rest.partition("/")[0].partition("?")[0]
    shout = f"{scheme.upper()}://{host.upper()}{rest[len(host) :]}"

    assert identify(shout) == identify(url)


@given(URLS, URLS)
def test_resources_are_the_same_only_if_nothing_but_that_differs(one: str, other: str) -> None:
    """A1: no two resources are taken for one."""

    def plainly(url: str) -> str:
        return url if url.count("/") > 2 or "?" in url else f"{url}/"

    same = plainly(one).replace("/?", "?") == plainly(other).replace("/?", "?")
    assert (identify(one) == identify(other)) == same


@given(st.text(st.sampled_from([*string.printable, "é", "\x00", "\u2028", "．"]), max_size=40))
def test_whatever_is_sent_is_a_resource_or_an_invalid_target(text: str) -> None:
    """A4: no text makes the server fail, and what is let through has no part that is refused."""
    for sent in (text, f"https://{text}", f"https://api.example{text}"):
        try:
            (named,) = read(sent) or ("",)
        except InvalidTarget:
            continue
        assert not {"#", "@", "\\", "\t", "\n", "\x00", " "} & set(named.partition("://")[2].partition("/")[0])
        assert "#" not in named
        assert named.isascii()
