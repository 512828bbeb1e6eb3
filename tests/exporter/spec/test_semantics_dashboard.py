"""Mistakes in dashboards of one's own."""

from __future__ import annotations

import pytest

from exporter.spec import SpecErrors, load_text

SPEC = """\
dashboards:
  - name: payments-wall
    title: Payments
    sections: [slos, counts, trust]
    panels:
      - {title: Running, expr: 'sum(experiments)', kind: bars}
      - {title: Budget, expr: 'max(slo_error_budget_remaining_ratio)', unit: percentunit}
"""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[slos, counts, trust]", "[slos, slos]", "the section 'slos' is there already"),
        (
            "title: Budget",
            "title: Running",
            "spec.yml:7: dashboards[payments-wall].panels[1].title: the panel",
        ),
        ("unit: percentunit", "unit: parsec", "unit"),
        ("[slos, counts, trust]", "[graphs]", "sections"),
        ("name: payments-wall", "name: a-name-that-is-too-long-for-a-uid", "name"),
    ],
)
def test_mistakes_are_found_by_check(old: str, new: str, said: str) -> None:
    with pytest.raises(SpecErrors) as caught:
        load_text(SPEC.replace(old, new))
    assert said in str(caught.value)


def test_a_page_that_shows_nothing_is_a_mistake() -> None:
    with pytest.raises(SpecErrors, match="shows nothing; give sections or panels"):
        load_text("dashboards: [{name: a, title: A, sections: []}]\n")


def test_two_of_one_name_are_a_mistake() -> None:
    with pytest.raises(SpecErrors, match="the dashboard 'a' is defined already"):
        load_text("dashboards: [{name: a, title: A}, {name: a, title: B}]\n")
