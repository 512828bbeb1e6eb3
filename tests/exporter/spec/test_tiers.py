import pytest

from exporter.spec import Slo, tiers_in_force


def slo(period: str, **alerting: object) -> Slo:
    return Slo.model_validate(
        {
            "name": "a",
            "service": "a",
            "objective": 99.9,
            "period": period,
            "sli": {"source": "p", "total": "a", "bad": "b"},
            "alerting": alerting,
        }
    )


def names(*args: str, **alerting: object) -> list[tuple[str, str]]:
    return [(tier.name, severity) for tier, severity in tiers_in_force(slo(*args, **alerting))]


def test_a_month_has_all_four() -> None:
    assert names("30d") == [("fast", "page"), ("medium", "page"), ("slow", "ticket"), ("trickle", "ticket")]


@pytest.mark.parametrize(
    ("period", "count"), [("12d", 4), ("11d", 3), ("4d", 3), ("3d", 2), ("1d", 2), ("4h", 1), ("1h", 0)]
)
def test_a_long_window_is_at_most_a_quarter_of_the_period(period: str, count: int) -> None:
    assert len(names(period)) == count


def test_the_severity_is_that_of_the_list_and_the_order_that_of_the_windows() -> None:
    assert names("30d", page=["slow"], ticket=["trickle", "fast"]) == [
        ("fast", "ticket"),
        ("slow", "page"),
        ("trickle", "ticket"),
    ]


def test_what_is_not_listed_is_not_in_force() -> None:
    assert names("30d", page=[], ticket=[]) == []
