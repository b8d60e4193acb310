"""How often we are sent out (S3)."""

from ...outbound.budget import Budget


def test_a_budget_is_spent_and_comes_back_with_time() -> None:
    """S3: no more than the limit within any period, whenever that begins."""
    seconds = 0.0
    budget = Budget(lambda: seconds, limit=3, period=60)

    assert budget.spend()
    seconds = 30
    assert budget.spend()
    assert budget.spend()
    seconds = 59.9
    assert not budget.spend()
    seconds = 60
    assert budget.spend()
    assert not budget.spend()
    seconds = 90
    assert [budget.spend() for _ in range(3)] == [True, True, False]


def test_what_is_not_urgent_leaves_half_of_it() -> None:
    """S3, C5: a flood that makes us look again does not keep us from looking where we must."""
    budget = Budget(lambda: 0.0, limit=4)

    assert [budget.spend(urgent=False) for _ in range(3)] == [True, True, False]
    assert [budget.spend() for _ in range(3)] == [True, True, False]
