"""The features of this server. The only module that knows which ones exist."""

# isort: off
from ..feature import Feature
from ..settings import ServerSettings
from . import client_credentials

# {% if "code_flow" in features %}
from ..policy.consent import Consent
from ..policy.principals import Principals
from ..policy.refresh_tokens import RefreshTokenRule
from . import code_flow
from .code_flow import CodeFlowSettings

# {% endif %}
# {% if "openid" in features %}
from ..policy.claims import Claims
from . import openid
from .openid import OpenIDSettings

# {% endif %}
# {% if "revocation" in features %}
from . import revocation

# {% endif %}
# {% if "protected_resource" in features %}
from . import protected_resource

# {% endif %}
# {% if demo %}
from ..policy.clients import Clients
from . import demo

# {% endif %}
# isort: on


class Settings(ServerSettings):
    """Everything this server can be told."""

    # {#- Each feature brings the empty line above it. +#}
    # {% if "code_flow" in features %}

    code_flow: CodeFlowSettings = CodeFlowSettings()
    """The authorization code flow."""
    # {% endif %}
    # {% if "openid" in features %}

    openid: OpenIDSettings = OpenIDSettings()
    """OpenID Connect."""
    # {% endif %}


def make_features(settings: Settings) -> list[Feature]:
    """Return the features in the order their checks run."""
    # {% if "code_flow" in features %}
    principals = Principals()
    # {% endif %}
    return [
        # {% if "code_flow" in features %}
        code_flow.feature(
            settings.code_flow, principals=principals, consent=Consent(), refresh_token_rule=RefreshTokenRule()
        ),
        # {% endif %}
        # {% if "openid" in features %}
        openid.feature(settings.openid, claims=Claims(principals)),
        # {% endif %}
        # {% if "revocation" in features %}
        revocation.feature(),
        # {% endif %}
        # {% if "protected_resource" in features %}
        protected_resource.feature(),
        # {% endif %}
        # {% if demo %}
        demo.feature(settings, principals=principals, clients=Clients()),
        # {% endif %}
        client_credentials.feature(),
    ]
