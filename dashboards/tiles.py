"""Panels that several dashboards have."""

from __future__ import annotations

from dashboards import queries as q
from dashboards.facts import Facts
from dashboards.fields import Steps, absent, field
from dashboards.panels import Stat, Text, now


def count(key: str, title: str, description: str, expr: str, steps: Steps) -> Stat:
    """A number of things; grey words where nothing is known, which is not 0."""
    return Stat(
        key,
        title,
        f"{description} Grey words instead of a number: nothing is known.",
        [now("Count", expr)],
        field=field(steps=steps, mappings=[absent()], decimals=0),
    )


def data_age(facts: Facts, what: str, collectors: str) -> Stat:
    """How old the numbers on the page are; ``collectors`` is the pattern of those that make them."""
    return Stat(
        "data-age",
        "Age of the data",
        f"Seconds since the {what} were last computed in whole, of the slowest source. Red: so old that series vanish "
        "and this page no longer tells the truth.",
        [now("Age", q.data_age(collectors))],
        field=field(
            "s",
            steps=((None, "green"), (facts.late, "orange"), (facts.stale, "red")),
            mappings=[absent("never computed")],
            decimals=0,
        ),
    )


def how_to_read(content: str) -> Text:
    """The page's own manual."""
    return Text("how-to-read", "How to read this", "What the words and numbers of this page mean.", content=content)
