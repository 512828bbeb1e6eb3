import pytest

from exporter.spec import SpecErrors, load_text


def errors(variants: str, control: str = "a") -> list[str]:
    text = (
        "sources: {csv: {type: file, path: x.csv}}\n"
        f"experiments: [{{name: e, control: {control}, variants: {variants}, alpha: 0.05,\n"
        "  metrics: [{name: m, kind: proportion, source: csv}]}]\n"
    )
    try:
        load_text(text)
    except SpecErrors as caught:
        return [error.message for error in caught.errors]
    return []


@pytest.mark.parametrize(
    "variants",
    [
        "{a: 0.5, b: 0.5}",
        "{a: 0.333333333333, b: 0.333333333333, c: 0.333333333333}",  # 1e-12 short
        "{a: 0.3333333333, b: 0.3333333333, c: 0.3333333334}",
        "{a: 1, b: 0}",
    ],
)
def test_shares_that_sum_to_one_are_taken(variants: str) -> None:
    assert errors(variants) == []


@pytest.mark.parametrize("variants", ["{a: 0.5, b: 0.499999998}", "{a: 0.5, b: 0.6}", "{a: 0, b: 0}"])
def test_shares_that_do_not_sum_to_one_are_refused(variants: str) -> None:
    (message,) = errors(variants)
    assert message.startswith("the shares add up to ")


def test_the_correction_that_is_proposed_is_right() -> None:
    assert "add 0.1 to one of them" in errors("{a: 0.5, b: 0.4}")[0]
    assert "take 0.2 from one of them" in errors("{a: 0.5, b: 0.7}")[0]
