"""The client credentials grant (RFC 6749 §4.4), which every server offers."""

from collections.abc import Callable, Mapping

from ..database import Transaction
from ..endpoints.client_authentication import ClientSecretBasic, ClientSecretPost
from ..feature import Composition, Feature
from ..grants.client_credentials import GRANT_TYPE, ClientCredentialsGrant
from ..grants.issuing import AudienceRule, keep_audience
from ..grants.token_request import Grant


def feature() -> Feature:
    """Return the feature."""
    return Feature(
        name="client_credentials",
        specification="RFC 6749 §4.4",
        grants=_grants,
        token_parameters={"scope": "what is asked for; for tokens that replace others, a part of what was granted"},
        client_authentication=lambda composition: (ClientSecretBasic(), ClientSecretPost()),
    )


def _grants(composition: Composition) -> Mapping[str, Callable[[Transaction], Grant]]:
    server = composition.server
    audience = composition.find(AudienceRule)
    grant = ClientCredentialsGrant(
        issuer=server.issuer,
        allow_scope=server.scopes.allow,
        choose_audience=audience.choose if audience else keep_audience,
        kind=server.clients.kind,
        subject_of=server.clients.subject,
    )
    return {GRANT_TYPE: lambda _: grant}
