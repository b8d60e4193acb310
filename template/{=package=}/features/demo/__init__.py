"""stub"""

from ...feature import Feature


def feature(settings, *, principals):
    return Feature(name="demo", specification="")
