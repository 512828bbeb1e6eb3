import pytest

from exporter.spec import OwnTables, SpecErrors, VariantKill, load_text, masked

SOURCES = 'sources: {shop: {type: sql, url: "sqlite:///shop.db"}}\n'


def errors(engagement: str) -> list[str]:
    try:
        load_text(f"{SOURCES}engagement: {engagement}\n")
    except SpecErrors as caught:
        return [error.message for error in caught.errors]
    return []


def test_a_source_is_enough_and_the_rest_has_defaults() -> None:
    spec = load_text(f"{SOURCES}engagement: {{source: shop}}\n")
    assert spec.engagement is not None
    assert spec.engagement.tables == "threads"
    assert spec.engagement.early_kill == VariantKill()
    assert (VariantKill().rule, VariantKill().alpha, VariantKill().lag) == ("evidence", 0.01, 120)
    assert (spec.engagement.fatigue.window, spec.engagement.fatigue.max_uses) == (604_800, 3)
    assert "window: 7d" in masked(spec)
    assert "lag: 2m" in masked(spec)


def test_null_switches_the_kill_off_and_own_queries_are_taken() -> None:
    spec = load_text(f"{SOURCES}engagement: {{source: shop, early_kill: null, tables: {{variants: SELECT 1}}}}\n")
    assert spec.engagement is not None
    assert spec.engagement.early_kill is None
    assert spec.engagement.tables == OwnTables(variants="SELECT 1")
    assert load_text(masked(spec)).engagement == spec.engagement


@pytest.mark.parametrize(
    ("engagement", "sentence"),
    [
        ("{source: shop, early_kill: {rule: threshold}, tables: {variants: a}}", "judges monitoring sessions"),
        ("{source: shop, early_kill: {lag: 25h}}", "1d1h is longer than 1d"),
        ("{source: shop, fatigue: {window: 91d}}", "longer than 90d"),
        ("{source: shp}", "did you mean 'shop'"),
    ],
)
def test_what_cannot_work_is_said(engagement: str, sentence: str) -> None:
    (message,) = errors(engagement)
    assert sentence in message


def test_the_threshold_rule_goes_with_the_named_schema() -> None:
    assert errors("{source: shop, early_kill: {rule: threshold}}") == []
