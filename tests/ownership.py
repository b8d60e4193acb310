"""What belongs to a feature, by the names it has: with the feature off, nothing of it is anywhere (A11).

Files are not listed here: `copier.yml` does that, and every file is searched for these words.
"""

import re
from dataclasses import dataclass
from functools import cache
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Owned:
    """`words` finds its identifiers in code, prose and names of files; `except_for` finds what is
    another's, `except_in` files that may name it.

    The number of an RFC is a word of a feature, but for OpenID Connect and RFC 6749, whose rules the trunk follows too.

    `parameters` are those of an authorization request, `token_parameters` and `headers` those of a token request.
    `method` is a way of client authentication with the parameter that offers it, `options` are those of
    `clients create`. What is refused, and so shows that it is read, has the value `UNHEARD`.
    """

    words: str
    except_for: str = r"(?!)"
    except_in: str = r"(?!)"
    endpoints: tuple[str, ...] = ()
    metadata: tuple[str, ...] = ()
    grants: tuple[str, ...] = ()
    method: tuple[str, str] | None = None
    parameters: tuple[str, ...] = ()
    token_parameters: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    options: tuple[str, ...] = ()

    def find_in(self, path: str, text: str) -> list[str]:
        """Return the lines of a file that name the feature, and its path if that does."""
        return [] if re.search(self.except_in, path) else [*self._find(path), *self._find(text)]

    @cache  # noqa: B019  # most files are the same in all projects
    def _find(self, text: str) -> list[str]:
        pattern, other = re.compile(self.words, re.IGNORECASE), re.compile(self.except_for, re.IGNORECASE)
        lines = text.splitlines() if pattern.search(text) else []
        return [line.strip()[:160] for line in lines if pattern.search(other.sub("", line))]


UNHEARD = "https://nobody.example/has/heard#of"
"""No resource, no key, no proof, no authentication context."""

OWNED: dict[str, Owned] = {
    "code_flow": Owned(
        words=r"\blogin|argon2|consent|authorization_code|\brefresh(_|\b)|\bpkce",
        except_for=r"REFRESH_\w+ = .*",  # the events are the same everywhere, and so the rules of who reads the log
        endpoints=("authorize", "interaction", "pages/style.css"),
        metadata=(
            "authorization_endpoint",
            "response_modes_supported",
            "code_challenge_methods_supported",
            "authorization_response_iss_parameter_supported",
            "ui_locales_supported",
        ),
        grants=("authorization_code", "refresh_token"),
        method=("none", "client_id"),
        options=("--redirect-uri", "--public"),
    ),
    "openid": Owned(
        words=r"openid(?! connect)|\bid_token|userinfo(?!, fragment)",
        endpoints=("userinfo",),
        metadata=(
            "userinfo_endpoint",
            "subject_types_supported",
            "id_token_signing_alg_values_supported",
            "claims_supported",
            "claims_parameter_supported",
            "prompt_values_supported",
            "request_parameter_supported",
        ),
        options=("--id-token-alg",),
    ),
    "revocation": Owned(
        words=r"revocation_endpoint|\b7009\b",
        except_in=r"features/demo/",  # a client of any server: it hands its tokens back if it can
        endpoints=("revoke",),
        metadata=("revocation_endpoint", "revocation_endpoint_auth_methods_supported"),
    ),
    "protected_resource": Owned(words=r"features/protected_resource|protected_resource\.feature"),
    "dpop": Owned(
        words=r"dpop|\bjkt\b|\b9449\b",
        except_for=r"dpop\+jwt",  # a type that a signature may be of, and must be refused, whatever is on
        metadata=("dpop_signing_alg_values_supported",),
        parameters=("dpop_jkt",),
        headers=("DPoP",),
        options=("--dpop-bound",),
    ),
    "par": Owned(
        words=r"pushed|(?-i:\bPAR\b)|\b9126\b|urn:ietf:params:oauth:request_uri",
        endpoints=("par",),
        metadata=("pushed_authorization_request_endpoint", "require_pushed_authorization_requests"),
        options=("--require-pushed-authorization-requests",),
    ),
    "private_key_jwt": Owned(
        words=r"private_key_jwt|client_assertion|\b752[13]\b|jwt-bearer|\boutbound\b",
        metadata=("token_endpoint_auth_signing_alg_values_supported",),
        method=("private_key_jwt", "client_assertion"),
        options=("--jwks", "--jwks-uri", "--auth-signing-alg"),
    ),
    "device": Owned(
        words=r"device_code|user_code|\b8628\b|device_authorization|verification_uri|authorization_pending|slow_down",
        endpoints=("device_authorization", "device"),
        metadata=("device_authorization_endpoint",),
        grants=("urn:ietf:params:oauth:grant-type:device_code",),
    ),
    "introspection": Owned(
        words=r"introspect|\b7662\b",
        endpoints=("introspect",),
        metadata=("introspection_endpoint", "introspection_endpoint_auth_methods_supported"),
    ),
    "resource_indicators": Owned(
        words=r"resource_indicators|resource indicator|invalid_target|\b8707\b",
        parameters=("resource",),
        token_parameters=("resource",),
    ),
    "step_up": Owned(
        words=r"step[-_ ]up\b|\b9470\b|insufficient_user_authentication|unmet_authentication",
        parameters=("acr_values",),
    ),
}

# What two features have together, and neither alone.
TOGETHER: dict[tuple[str, str], tuple[str, ...]] = {
    ("introspection", "private_key_jwt"): ("introspection_endpoint_auth_signing_alg_values_supported",),
    ("revocation", "private_key_jwt"): ("revocation_endpoint_auth_signing_alg_values_supported",),
}

# What every server tells of itself (RFC 8414 §2).
ALWAYS = frozenset(
    {
        "issuer",
        "token_endpoint",
        "jwks_uri",
        "scopes_supported",
        "response_types_supported",
        "grant_types_supported",
        "token_endpoint_auth_methods_supported",
        "request_uri_parameter_supported",
    }
)


def all_of(kind: str) -> list[Any]:
    """What all features together have of a kind."""
    return [each for owned in OWNED.values() for each in getattr(owned, kind)]


QUESTIONS: dict[str, Any] = {
    "unheard": UNHEARD,
    "endpoints": [*all_of("endpoints"), "token"],
    "grants": all_of("grants"),
    "parameters": all_of("parameters"),
    "token_parameters": all_of("token_parameters"),
    "headers": all_of("headers"),
    "methods": [owned.method for owned in OWNED.values() if owned.method],
}
"""What the server of every set of answers is asked (see `probe.py`)."""
