"""What a metric of each kind is counted by: columns of sums over units, which add up over time and over units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

KindName = Literal["proportion", "mean", "ratio", "rate"]


@dataclass(frozen=True, slots=True)
class Kind:
    """Columns of a metric, the units first. ``optional`` ones come as a group or not at all.

    ``signed`` columns may be below 0, and may fall. ``events`` is the column that ``experiment_variant_events`` shows.
    """

    columns: tuple[str, ...]
    events: str
    optional: tuple[tuple[str, ...], ...] = ()
    signed: frozenset[str] = frozenset()

    @property
    def units(self) -> str:
        """The column of the units, or of the exposure."""
        return self.columns[0]

    @property
    def every(self) -> tuple[str, ...]:
        """All columns, optional ones last."""
        return (*self.columns, *(column for group in self.optional for column in group))


KINDS: dict[str, Kind] = {
    "proportion": Kind(("n", "successes"), "successes"),
    "mean": Kind(
        ("n", "sum", "sum_squares"),
        "sum",
        optional=(("pre_sum", "pre_squares", "pre_product"), ("capped_sum", "capped_squares"), ("nonzero",)),
        signed=frozenset({"sum", "pre_sum", "pre_product", "capped_sum"}),
    ),
    "ratio": Kind(
        ("n", "numerator", "numerator_squares", "denominator", "denominator_squares", "product"),
        "numerator",
        signed=frozenset({"numerator", "denominator", "product"}),
    ),
    "rate": Kind(("exposure", "events"), "events"),
}
"""Kind -> its columns. mean: ``pre_*`` are sums of a covariate from before the experiment (its sum, its sum of squares,
and the sum of its products with the amount) for CUPED; ``capped_*`` the sums of winsorised amounts; ``nonzero`` the
units whose amount is not 0."""
