"""Which selectors of an expression get one more matcher."""

from __future__ import annotations

import pytest

from exporter.contract import FAMILIES, is_of_tenant, of_tenant
from exporter.matchers import with_matcher


def tenanted(expr: str) -> str:
    return with_matcher(expr, {"ours", "slo:ours"}.__contains__, 't="x"')


@pytest.mark.parametrize(
    ("expr", "wanted"),
    [
        ("ours", 'ours{t="x"}'),
        ("ours{}", 'ours{t="x"}'),
        ("ours{ }", 'ours{ t="x"}'),
        ('ours{a="b"}', 'ours{t="x",a="b"}'),
        ('slo:ours{a="b"}[5m] offset 1h', 'slo:ours{t="x",a="b"}[5m] offset 1h'),
        ("rate(ours[5m])", 'rate(ours{t="x"}[5m])'),
        ("ours / on (ours) theirs", 'ours{t="x"} / on (ours) theirs'),
        ("max by (ours) (ours)", 'max by (ours) (ours{t="x"})'),
        ('theirs{ours="ours"} or ours', 'theirs{ours="ours"} or ours{t="x"}'),
        ('{ours="a"} or ours', '{ours="a"} or ours{t="x"}'),
        ('ours{a="}{ours"} > ours', 'ours{t="x",a="}{ours"} > ours{t="x"}'),
        ('ours{a=~"$a|",b="${c}"} and ours', 'ours{t="x",a=~"$a|",b="${c}"} and ours{t="x"}'),
        ("ours[$__rate_interval]", 'ours{t="x"}[$__rate_interval]'),
        ('label_replace(ours, "ours", "$1", "b", "(ours)")', 'label_replace(ours{t="x"}, "ours", "$1", "b", "(ours)")'),
        ("ours # ours\n+ ours", 'ours{t="x"} # ours\n+ ours{t="x"}'),
        ("ours_more + not_ours + 1e-4", "ours_more + not_ours + 1e-4"),
        ("vector(1)", "vector(1)"),
        ("", ""),
    ],
)
def test_selectors_of_ours_get_it_and_nothing_else(expr: str, wanted: str) -> None:
    assert tenanted(expr) == wanted


def test_no_family_is_called_like_a_label() -> None:
    labels = {label for family in FAMILIES.values() for label in family.all_labels}
    assert not labels & FAMILIES.keys()


OURS = ("slo_burn_rate", "winburn_event_latency_seconds_bucket", "slo:sli_bad_chance:increase1h", "ALERTS_FOR_STATE")
OTHERS = ("process_cpu_seconds_total", "slo:sli_error:ratio_rate5m", "http_requests_total", "up")


def test_what_carries_the_tenant() -> None:
    assert all(map(is_of_tenant, OURS))
    assert not any(map(is_of_tenant, OTHERS))
    assert of_tenant("acme") == 'tenant="acme"'
