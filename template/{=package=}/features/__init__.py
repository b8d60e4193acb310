"""The features of this server. The only module that knows which ones exist."""

# {% from "questions/features.jinja" import use_ephemeral_store %}
# isort: skip_file
from ..database import Database
from ..feature import Feature
from ..server import SEAMS as SEAMS_OF_SERVER
from ..settings import ServerSettings
from . import client_credentials

# {% if "code_flow" in features %}
from . import code_flow
from .code_flow import CodeFlowSettings

# {% endif %}
# {% if "openid" in features %}
from . import openid
from .openid import OpenIDSettings

# {% endif %}
# {% if "revocation" in features %}
from . import revocation

# {% endif %}
# {% if "protected_resource" in features %}
from . import protected_resource

# {% endif %}
# {% if "dpop" in features %}
from . import dpop
from .dpop import DPoPSettings

# {% endif %}
# {% if "dpop" in features and "code_flow" in features %}
from .dpop import code_flow as dpop_in_code_flow

# {% endif %}
# {% if "step_up" in features %}
from . import step_up

# {% endif %}
# {% if "step_up" in features and "openid" in features %}
from .step_up import essential as step_up_in_openid

# {% endif %}
# {% if "par" in features %}
from . import par
from .par import PARSettings

# {% endif %}
# {% if "device" in features %}
from . import device
from .device import DeviceSettings

# {% endif %}
# {% if "private_key_jwt" in features %}
from ..outbound.fetcher import Fetcher
from . import private_key_jwt
from .private_key_jwt import PrivateKeyJWTSettings

# {% endif %}
# {% if "resource_indicators" in features %}
from . import resource_indicators
from .resource_indicators import ResourceIndicatorsSettings

# {% endif %}
# {% if "resource_indicators" in features and "code_flow" in features %}
from .resource_indicators import code_flow as resource_indicators_in_code_flow

# {% endif %}
# {% if "introspection" in features %}
from . import introspection

# {% endif %}
# {% if "introspection" in features and "code_flow" in features %}
from .introspection import code_flow as introspection_in_code_flow

# {% endif %}
# {% if use_ephemeral_store | select("in", features) | list %}
from ..defaults import EPHEMERAL_URL
from ..ephemeral import open_store
from pydantic import Field
from . import ephemeral

# {% endif %}
# {% if ephemeral_store == "redis" %}
from collections.abc import Mapping
from typing import ClassVar
from ..defaults import EPHEMERAL_URL_ALONE

# {% endif %}
# {% if demo %}
from . import demo

# {% endif %}

SEAMS = [
    *SEAMS_OF_SERVER,
    # {% if "code_flow" in features %}
    *code_flow.SEAMS,
    # {% endif %}
    # {% if "openid" in features %}
    *openid.SEAMS,
    # {% endif %}
    # {% if "resource_indicators" in features %}
    *resource_indicators.SEAMS,
    # {% endif %}
    # {% if "introspection" in features %}
    *introspection.SEAMS,
    # {% endif %}
]
"""What this server asks of policies."""


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
    # {% if "dpop" in features %}

    dpop: DPoPSettings = DPoPSettings()
    """Demonstrating Proof of Possession."""
    # {% endif %}
    # {% if "par" in features %}

    par: PARSettings = PARSettings()
    """Pushed authorization requests."""
    # {% endif %}
    # {% if "device" in features %}

    device: DeviceSettings = DeviceSettings()
    """Device authorization grant."""
    # {% endif %}
    # {% if "private_key_jwt" in features %}

    private_key_jwt: PrivateKeyJWTSettings = PrivateKeyJWTSettings()
    """Clients that authenticate with a key of their own."""
    # {% endif %}
    # {% if "resource_indicators" in features %}

    resource_indicators: ResourceIndicatorsSettings = ResourceIndicatorsSettings()
    """Resource indicators."""
    # {% endif %}
    # {% if use_ephemeral_store | select("in", features) | list %}

    ephemeral_url: str = Field(EPHEMERAL_URL, repr=False)
    """Where what may be used once is remembered, for as long as it is good."""
    # {% endif %}
    # {% if ephemeral_store == "redis" %}

    alone: ClassVar[Mapping[str, str]] = {"ephemeral_url": EPHEMERAL_URL_ALONE}
    # {% endif %}


def make_features(settings: Settings, database: Database) -> list[Feature]:
    """Return the features in the order their checks run. `database` is for what outlasts a request's transaction.

    Policies are imported here, when it is known that they fit, and not before: see `SEAMS`.
    """
    # {% if "code_flow" in features %}
    from ..policy.consent import Consent
    from ..policy.principals import Principals
    from ..policy.refresh_tokens import RefreshTokenRule

    # {% endif %}
    # {% if "openid" in features %}
    from ..policy.claims import Claims

    # {% endif %}
    # {% if "resource_indicators" in features %}
    from ..policy.resources import Resources

    # {% endif %}
    # {% if "introspection" in features %}
    from ..policy.introspection import Introspection

    # {% endif %}
    # {% if demo %}
    from ..policy.clients import Clients

    # {% endif %}
    # {% if "code_flow" in features %}
    principals = Principals()
    # {% endif %}
    # {% if use_ephemeral_store | select("in", features) | list %}
    store = open_store(settings.ephemeral_url, database)
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
        # {% if "dpop" in features %}
        dpop.feature(settings.dpop, ephemeral=store),
        # {% endif %}
        # {% if "dpop" in features and "code_flow" in features %}
        dpop_in_code_flow.feature(settings.dpop),
        # {% endif %}
        # {% if "step_up" in features and "openid" in features %}
        step_up_in_openid.feature(),
        # {% endif %}
        # {% if "step_up" in features %}
        step_up.feature(principals=principals),
        # {% endif %}
        # {% if "par" in features %}
        par.feature(settings.par, ephemeral=store),
        # {% endif %}
        # {% if "device" in features %}
        device.feature(settings.device),
        # {% endif %}
        # {% if "private_key_jwt" in features %}
        private_key_jwt.feature(
            settings.private_key_jwt,
            ephemeral=store,
            fetcher=Fetcher(allow_loopback=settings.mode == "development"),
        ),
        # {% endif %}
        # {% if "resource_indicators" in features %}
        resource_indicators.feature(settings.resource_indicators, resources=Resources()),
        # {% endif %}
        # {% if "resource_indicators" in features and "code_flow" in features %}
        resource_indicators_in_code_flow.feature(),
        # {% endif %}
        # {% if "introspection" in features %}
        introspection.feature(Introspection()),
        # {% endif %}
        # {% if "introspection" in features and "code_flow" in features %}
        introspection_in_code_flow.feature(principals),
        # {% endif %}
        # {% if use_ephemeral_store | select("in", features) | list %}
        ephemeral.feature(store),
        # {% endif %}
        # {% if demo %}
        demo.feature(settings, principals=principals, clients=Clients()),
        # {% endif %}
        client_credentials.feature(),
    ]
