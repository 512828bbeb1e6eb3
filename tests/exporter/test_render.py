"""Rendering, against prometheus_client itself: its writer for the bytes and its parsers for the meaning."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text
from prometheus_client.utils import floatToGoString

from exporter.contract import FAMILIES, ContractError, Family, Sample, sample
from exporter.render import (
    DuplicateSeriesError,
    Renderer,
    arrange,
    cut,
    exposition,
    format_value,
    line_prefix,
)

HISTOGRAM = Family("event_latency_seconds", "Time.", ("source",), type="histogram")

any_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(['a"b', "a\\b", "a\nb", ""])
floats = st.floats() | st.sampled_from([0.0, -0.0, 999999.0, 1e6, 1e15, 1e16, 1e17, 123456789.25, -1e6, 5e-324, 1e300])
label_names = st.lists(st.sampled_from(["slo", "window", "a", "B", "_z"]), unique=True, max_size=3)


@st.composite
def families_and_samples(draw: st.DrawFn) -> tuple[dict[str, Family], list[Sample]]:
    """Gauges and counters of any help text, with samples of any label values and any values, in any order."""
    families, samples = {}, []
    for number in range(draw(st.integers(1, 3))):
        counter = draw(st.booleans())
        name = f"family_{number}" + ("_total" if counter else "")
        labels = tuple(draw(label_names))
        families[name] = Family(name, draw(any_text), labels, type="counter" if counter else "gauge")
        rows = draw(st.lists(st.tuples(*[any_text for _ in labels]), unique=True, min_size=1, max_size=4))
        samples += [Sample(name, tuple(zip(labels, row, strict=True)), draw(floats)) for row in rows]
    return families, draw(st.permutations(samples))


class Reference:
    """The same families and samples as prometheus_client sees them."""

    def __init__(self, families: dict[str, Family], arranged: dict[str, list[Sample]]) -> None:
        self._families, self._arranged = families, arranged

    def collect(self) -> list[Metric]:
        metrics = []
        for name, samples in self._arranged.items():
            family = self._families[name]
            metric = Metric(name.removesuffix("_total"), family.help, family.type)
            for one in samples:
                metric.add_sample(one.name, dict(one.labels), one.value)
            metrics.append(metric)
        return metrics


def registry(families: dict[str, Family], arranged: dict[str, list[Sample]]) -> CollectorRegistry:
    reference = CollectorRegistry(auto_describe=False)
    reference.register(Reference(families, arranged))  # type: ignore[arg-type]
    return reference


@settings(max_examples=150, deadline=None)
@given(families_and_samples())
def test_the_bytes_are_those_of_prometheus_client_in_both_formats(
    given_samples: tuple[dict[str, Family], list[Sample]],
) -> None:
    families, samples = given_samples
    arranged = arrange(samples, families=families)
    ours = exposition(Renderer().blocks(arranged, families))
    assert ours.text == generate_latest(registry(families, arranged))
    assert ours.openmetrics + b"# EOF\n" == generate_openmetrics(registry(families, arranged))


@settings(max_examples=50, deadline=None)
@given(families_and_samples())
def test_both_parsers_read_every_series_and_value_back(
    given_samples: tuple[dict[str, Family], list[Sample]],
) -> None:
    families, samples = given_samples
    # OpenMetrics has no NaN or negative counters, and its parser refuses them.
    samples = [one for one in samples if families[one.name].type == "gauge" or one.value >= 0]
    ours = exposition(Renderer().blocks(arrange(samples, families=families), families))
    wanted = sorted((one.name, sorted(one.labels), repr(one.value)) for one in samples)
    for parsed in (
        parse_text(ours.text.decode()),
        parse_openmetrics(ours.openmetrics.decode() + "# EOF\n"),
    ):
        found = [(one.name, sorted(one.labels.items()), one.value) for family in parsed for one in family.samples]
        assert sorted((name, labels, repr(float(value))) for name, labels, value in found) == wanted


def test_a_histogram_keeps_its_buckets_in_the_order_of_their_bounds_and_reads_back() -> None:
    families = {HISTOGRAM.name: HISTOGRAM}
    samples = [
        Sample("event_latency_seconds_sum", (("source", "shop"),), 1.5),
        Sample("event_latency_seconds_count", (("source", "shop"),), 3.0),
        *(
            Sample("event_latency_seconds_bucket", (("source", "shop"), ("le", bound)), count)
            for bound, count in (("+Inf", 3.0), ("10.0", 3.0), ("0.5", 1.0), ("2.5", 2.0))
        ),
    ]
    arranged = arrange(samples, families=families)
    ours = exposition(Renderer().blocks(arranged, families))
    assert ours.text == generate_latest(registry(families, arranged))
    bounds = [dict(one.labels).get("le") for one in arranged[HISTOGRAM.name]]
    assert bounds == ["0.5", "2.5", "10.0", "+Inf", None, None]
    (parsed,) = parse_openmetrics(ours.openmetrics.decode() + "# EOF\n")
    assert (parsed.type, len(parsed.samples)) == ("histogram", 6)


def test_families_stand_by_name_samples_by_labels_and_only_where_there_are_samples() -> None:
    samples = [
        sample("slo_events", 3, slo="b", window="5m"),
        sample("slo_burn_rate", 2.5, slo="a", window="5m"),
        sample("slo_events", 1e6, slo="a", window="5m"),
        sample("slo_newborn_series_total", 7, slo="a"),
    ]
    text = exposition(Renderer().blocks(arrange(samples))).text.decode().splitlines()
    assert [line for line in text if not line.startswith("# HELP")] == [
        "# TYPE slo_burn_rate gauge",
        'slo_burn_rate{slo="a",window="5m"} 2.5',
        "# TYPE slo_events gauge",
        'slo_events{slo="a",window="5m"} 1e+06',
        'slo_events{slo="b",window="5m"} 3.0',
        "# TYPE slo_newborn_series_total counter",
        'slo_newborn_series_total{slo="a"} 7.0',
    ]


def test_help_and_type_come_from_the_catalogue() -> None:
    text = exposition(Renderer().blocks(arrange([sample("slo_trend", 1, slo="a")]))).text.decode()
    assert text.splitlines()[0] == f"# HELP slo_trend {FAMILIES['slo_trend'].help}"


@given(floats)
def test_values_are_spelled_as_prometheus_client_spells_them(value: float) -> None:
    assert format_value(value) == f"{floatToGoString(value)}\n"


def test_a_whole_number_that_is_no_float_is_spelled_as_one() -> None:
    assert format_value(3) == "3.0\n"


def test_labels_of_a_line_stand_by_name_whatever_the_order_of_the_family() -> None:
    assert line_prefix("x", (("b", "2"), ("a", "1"))) == 'x{a="1",b="2"} '


def test_a_duplicate_raises_by_default_and_else_the_first_is_kept() -> None:
    first, second = sample("slo_trend", 1, slo="a"), sample("slo_trend", -1, slo="a")
    with pytest.raises(DuplicateSeriesError, match=r"slo_trend .*twice"):
        arrange([first, second])
    seen: list[Sample] = []
    assert arrange([first, second, second], on_duplicate=seen.append) == {"slo_trend": [first]}
    assert seen == [second, second]


def test_a_name_outside_the_catalogue_is_refused() -> None:
    with pytest.raises(ContractError, match="slo_nonsense"):
        arrange([Sample("slo_nonsense", (), 1.0)])
    with pytest.raises(ContractError, match="slo_trend_sum"):
        arrange([Sample("slo_trend_sum", (("slo", "a"),), 1.0)])


def test_the_cap_keeps_the_first_by_order_and_counts_the_rest() -> None:
    samples = [sample("slo_trend", 0, slo=f"s{i}") for i in (3, 1, 2, 0)] + [sample("slo_status", 0, slo="a")]
    kept, dropped = cut(samples, 2)
    assert [dict(one.labels)["slo"] for one in kept] == ["a", "s0", "s1"]
    assert dropped == {"slo_trend": 2}
    assert cut(samples, 4) == (samples, {})


def test_prefixes_of_vanished_series_are_forgotten() -> None:
    renderer = Renderer()
    for generation in range(20):
        entities = [sample("slo_trend", 0, slo=f"{generation}-{i}") for i in range(1000)]
        renderer.blocks(arrange(entities))
        assert renderer.kept <= 2 * len(entities) + 1000
    renderer.blocks({})
    assert renderer.kept <= 1000


def test_a_kept_prefix_serves_the_new_value() -> None:
    renderer = Renderer()
    for value in (1.0, math.pi):
        (block,) = renderer.blocks(arrange([sample("slo_trend", value, slo="a")]))
        assert block.lines == f'slo_trend{{slo="a"}} {value!r}\n'
