"""Step-up authentication (RFC 9470): a client asks for a better sign-in, and gets that or a refusal.

`resource.py` is the side of the API that makes it ask.
"""

from ...endpoints.authorization_rules import RequestCheck
from ...endpoints.interaction import AuthenticationRule
from ...feature import Feature
from .request import Principals, ReachableContexts, is_enough


def feature(*, principals: Principals) -> Feature:
    """Return the feature with the team's people in it, who can sign in in the ways that their policy names."""
    return Feature(
        name="step_up",
        specification="RFC 9470",
        extends={
            RequestCheck: lambda composition: RequestCheck(ReachableContexts(principals).check),
            AuthenticationRule: lambda composition: AuthenticationRule(is_enough),
        },
    )
