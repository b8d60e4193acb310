"""The sets of answers that the tests render: chosen ones, and few that have every possible pair of answers (A10).

`python -m tests.matrix` prints how many there are, of pairs too.
"""

import random
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import combinations
from typing import Any

from .template import choices, knowledge

Answers = dict[str, Any]
Row = Mapping[str, Any]  # a value for each factor, or for some
Pair = frozenset[tuple[str, Any]]

FEATURES: tuple[str, ...] = tuple(choices("features"))
PROFILES: dict[str, list[str]] = knowledge("profiles")
NEED_CODE_FLOW: dict[str, str] = knowledge("need_code_flow")
DEMO_NEEDS: list[str] = knowledge("demo_needs")
USE_EPHEMERAL_STORE: list[str] = knowledge("use_ephemeral_store")

# A feature is on or off. For an answer that is free text stand the default and what may go wrong.
FACTORS: dict[str, tuple[Any, ...]] = {
    **dict.fromkeys(FEATURES, (True, False)),
    "database": tuple(choices("database")),
    "ephemeral_store": tuple(choices("ephemeral_store")),
    "layout": tuple(choices("layout")),
    "signing_algorithms": (("ES256", "RS256"), ("PS256", "EdDSA"), ("EdDSA",)),
    "prefix": ("/oauth", "/mcp/oauth", "/a"),
    "table_prefix": ("oauth_", "a_", "company_identity_v2_"),  # the last is as long as one may be
    "demo": (False, True),
}


RULED = (*FEATURES, "demo", "ephemeral_store")
"""The factors that `is_refused` looks at."""


def is_refused(row: Row) -> bool:
    """Say whether the questions refuse a row, whatever the answers that it does not have.

    A place for what is forgotten is refused where nothing uses it: there it would not be asked for.
    """
    lost = row.get("code_flow") is False and any(row.get(feature) for feature in NEED_CODE_FLOW)
    shown = bool(row.get("demo")) and any(row.get(feature) is False for feature in DEMO_NEEDS)
    used = any(row.get(feature) is not False for feature in USE_EPHEMERAL_STORE)
    return lost or shown or (not used and row.get("ephemeral_store", "database") != "database")


def is_feasible(row: Row) -> bool:
    """Say whether the other factors can be answered so that nothing is refused: tries them all if it must."""
    return _can_be_completed(frozenset((factor, row[factor]) for factor in RULED if factor in row))


@cache
def _can_be_completed(given: frozenset[tuple[str, Any]]) -> bool:
    row = dict(given)
    if is_refused(row):
        return False
    factor = next((factor for factor in RULED if factor not in row), None)
    return factor is None or any(_can_be_completed(given | {(factor, value)}) for value in FACTORS[factor])


def pairs_of(row: Row) -> Iterator[Pair]:
    """Every two answers of a row."""
    yield from map(frozenset, combinations(row.items(), 2))


@cache
def all_pairs() -> dict[Pair, bool]:
    """Every two answers to two questions, and whether any row can have both."""
    return {
        frozenset({(one, a), (other, b)}): is_feasible({one: a, other: b})
        for one, other in combinations(FACTORS, 2)
        for a in FACTORS[one]
        for b in FACTORS[other]
    }


@cache
def pairwise() -> list[Row]:
    """Few rows that have every feasible pair: the best of some greedy ones at a time, the same in every run."""
    chance = random.Random(23)  # of the first hundred, one that needs few rows
    missing = dict.fromkeys(pair for pair, feasible in all_pairs().items() if feasible)
    rows: list[Row] = []
    while missing:
        starts = chance.sample(list(missing), min(20, len(missing)))
        candidates = [_fill(start, missing, chance) for start in starts]
        rows.append(max(candidates, key=lambda row: sum(pair in missing for pair in pairs_of(row))))
        for pair in pairs_of(rows[-1]):
            missing.pop(pair, None)
    return rows


def _fill(start: Pair, missing: Mapping[Pair, None], chance: random.Random) -> Row:
    """Complete a row, a factor at a time, with the answer that brings most of the missing pairs."""
    row = dict(start)
    for factor in chance.sample(list(FACTORS), len(FACTORS)):
        values = [row[factor]] if factor in row else chance.sample(FACTORS[factor], len(FACTORS[factor]))
        gain = {
            value: sum(frozenset({(factor, value), given}) in missing for given in row.items())
            for value in values
            if is_feasible({**row, factor: value})
        }
        row[factor] = max(gain, key=lambda value: gain[value])
    return {factor: row[factor] for factor in FACTORS}


def as_answers(row: Row) -> Answers:
    """What a person would answer: nothing that is not asked."""
    answers = {factor: row[factor] for factor in FACTORS if factor not in FEATURES}
    features = [feature for feature in FEATURES if row[feature]]
    if not set(DEMO_NEEDS) <= set(features):
        del answers["demo"]
    if not set(USE_EPHEMERAL_STORE) & set(features):
        del answers["ephemeral_store"]
    answers["signing_algorithms"] = list(row["signing_algorithms"])
    if row["layout"] == "package":
        answers["package"] = "gatekeeper"
    return {"profile": "custom", "features": features, **answers}


def features_of(answers: Answers) -> list[str]:
    """The features that answers choose, by name or by profile."""
    return [*(answers["features"] if "features" in answers else PROFILES[answers.get("profile", "oidc")])]


def _custom(*features: str) -> Answers:
    """These features, what they need, and the default of everything else."""
    needed = {"code_flow"} if set(features) & NEED_CODE_FLOW.keys() else set()
    return {"profile": "custom", "features": [name for name in FEATURES if name in needed.union(features)]}


def _without(feature: str) -> Answers:
    """All features but this one and what needs it."""
    gone = {feature, *(NEED_CODE_FLOW if feature == "code_flow" else ())}
    return _custom(*(name for name in FEATURES if name not in gone))


PAIRWISE: dict[str, Answers] = {f"pairs_{n:02}": as_answers(row) for n, row in enumerate(pairwise(), start=1)}

SETS: dict[str, Answers] = {
    "defaults": {},
    "none": {"profile": "m2m"},
    "all": {
        "profile": "everything",
        "project_name": "Zoë & Söhne's login",
        "demo": True,
        "database": "postgresql",
        "ephemeral_store": "redis",
    },
    **{f"only_{feature}": _custom(feature) for feature in FEATURES},
    **{f"without_{feature}": _without(feature) for feature in FEATURES},
    **PAIRWISE,
}
"""Every set of answers by its name: profiles, each feature alone, each left out, and the rows with every pair."""


def summary() -> str:
    """Say in a line how much there is."""
    feasible, covered = all_pairs(), {pair for row in pairwise() for pair in pairs_of(row)}
    return (
        f"{len(SETS)} sets of answers, {len(PAIRWISE)} of them for pairs: {len(covered)} covered of "
        f"{sum(feasible.values())} feasible, {len(feasible) - sum(feasible.values())} infeasible"
    )


if __name__ == "__main__":
    print(summary())
