"""Resource indicators (RFC 8707): a client says where its tokens shall be good, and they are good nowhere else."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict

from ...core.seam import Seam
from ...feature import Composition, Feature
from ...grants.issuing import AudienceRule
from ...settings import Names
from .audience import TokenAudience
from .resource import PARAMETER, identify
from .served import ResourcePolicy, ServedResources

SEAMS = (Seam("resources.Resources", ResourcePolicy),)


def _check_each(resources: tuple[str, ...]) -> tuple[str, ...]:
    for resource in resources:
        identify(resource)
    return resources


class ResourceIndicatorsSettings(BaseModel):
    """Which APIs there are tokens for."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    resources: Annotated[Names, AfterValidator(_check_each)] = ()
    """APIs that any client may ask tokens for, beside the default audience; spelled as `aud` shall name them."""


def feature(settings: ResourceIndicatorsSettings, *, resources: ResourcePolicy) -> Feature:
    """Return the feature. `resources` is the team's rule of what a client may ask for beyond what everybody may."""

    def served(composition: Composition) -> ServedResources:
        return ServedResources(composition.server.settings.default_audience, settings.resources, resources)

    return Feature(
        name="resource_indicators",
        specification="RFC 8707",
        token_parameters={PARAMETER: "the API that the access token shall be good at; may be repeated (RFC 8707 §2.2)"},
        repeatable_parameters=frozenset({PARAMETER}),
        extends={
            ServedResources: served,
            AudienceRule: lambda composition: AudienceRule(TokenAudience(composition.get(ServedResources)).choose),
        },
    )
