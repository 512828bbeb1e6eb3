"""PromQL of the page of content variants. As in ``queries``, ``instance`` and ``job`` are aggregated away.

The label "row" holds the identity of a table's row, which is what tables join by.
"""

from __future__ import annotations

from dashboards.queries import HIDDEN, LAST, MOST_LINES, joined, per
from exporter.contract import Regex, select

CHOSEN_PERSONAS = Regex("$persona")

ACTUAL, PREDICTED = "variant_engagement_ratio", "variant_predicted_engagement_ratio"
SEEN = "variant_impressions"
KILLED_AT = "variant_killed_timestamp_seconds"


def _chosen(family: str) -> str:
    return select(family, persona=CHOSEN_PERSONAS)


def _keyed(inner: str, *of: str) -> str:
    return joined(inner, "row", *of, "persona", separator=HIDDEN)


# --- Variants, a row for each pattern that they are of. What has no impressions has no row.


def variant_table() -> str:
    """The rows of the table: views, with all of the identity."""
    return per("row, variant, persona, pattern", _keyed(_chosen(SEEN), "variant", "pattern"))


def variant(family: str) -> str:
    """One series per row of the table, with the label ``row`` only."""
    shown = _chosen(family) if family == SEEN else f"{_chosen(family)} and on (variant, persona, pattern) {_seen()}"
    return per("row", _keyed(f"({shown})", "variant", "pattern"))


def of_prediction() -> str:
    """Engagement over what was predicted, by ``row``; nothing where nothing was, or 0 was predicted."""
    return f"{variant(ACTUAL)} / ({variant(PREDICTED)} > 0)"


def for_order() -> str:
    """Engagement, and less than any where nobody has seen it yet: a column that is sorted by must have no gaps."""
    return f"{variant(ACTUAL)} or 0 * {variant(SEEN)} - 1"


def killed() -> str:
    """Whether the variant was killed, on each of its rows."""
    state = per("variant, persona", _chosen("variant_early_kill"))
    return per("row", _keyed(f"(0 * {_seen()} + on (variant, persona) group_left () {state})", "variant", "pattern"))


def _seen() -> str:
    return per("variant, persona, pattern", _chosen(SEEN))


def furthest_off() -> str:
    """Engagement over prediction, minus 1, of the variants that are furthest from it at the end, at most MOST_LINES."""

    def off(form: str) -> str:
        actual, predicted = (per("variant, persona", form.format(_chosen(each))) for each in (ACTUAL, PREDICTED))
        return f"{actual} / ({predicted} > 0) - 1"

    return f"({off('{}')}) and on (variant, persona) topk({MOST_LINES}, abs({off(LAST)}))"


# --- Kills, a row for each (variant, persona).


def kill_table() -> str:
    """When each variant was killed, in milliseconds; the latest."""
    return f"1000 * {_feed('row, variant, persona')}"


def kill_evidence() -> str:
    """log10 of the e-value, of the variants in the feed."""
    evidence = per("row", _keyed(_chosen("variant_kill_e_value"), "variant"))
    return f"log10(clamp_min({evidence}, 1e-300)) and on (row) {_feed('row')}"


def kill_ratio() -> str:
    """Engagement over what was predicted, of the variants in the feed."""
    actual, predicted = (per("row", _keyed(_chosen(family), "variant")) for family in (ACTUAL, PREDICTED))
    return f"{actual} / ({predicted} > 0) and on (row) {_feed('row')}"


def _feed(labels: str) -> str:
    return f"topk({MOST_LINES}, {per(labels, _keyed(_chosen(KILLED_AT), 'variant'))})"


# --- Patterns, suggestions, personas.


def pattern(family: str) -> str:
    """One series per pattern, with the label ``row`` only."""
    return per("row", _keyed(_chosen(family), "pattern"))


def pattern_table() -> str:
    """The rows of the table of patterns: worn out or not, with all of the identity."""
    return per("row, pattern, persona", _keyed(_chosen("pattern_fatigued"), "pattern"))


def pattern_evidence() -> str:
    """log10 of the e-value against "engagement does not fall with use"."""
    return f"log10(clamp_min({pattern('pattern_fatigue_e_value')}, 1e-300))"


def suggestions() -> str:
    """What to do next; the value is 1."""
    return per("action, kind, subject, reason", select("suggestion_info"))


def calibration() -> str:
    """How far predictions are off, by persona."""
    return per("persona", _chosen("prediction_calibration_error_ratio"))


def kills() -> str:
    """Kills of the last 2 minutes, for marks on graphs."""
    at = per("variant, persona", _chosen(KILLED_AT))
    return f"({at} > time() - 120) > 0"


def sessions(family: str) -> str:
    """The family by ``row``, one for each persona there is, and for none."""
    return per("row", _by_persona(select(family)))


def session_table() -> str:
    """The rows of the table of sessions."""
    return per("row, persona", _by_persona(select("variant_sessions")))


def kills_of_a_day() -> str:
    """How many kills were counted in the last 24 h. A replica counts all of them."""
    counted = per("persona, reason", f"increase({select('variant_kills_total')}[1d])")
    return f"sum by (row) ({_by_persona(counted)})"


def _by_persona(inner: str) -> str:
    """With a label ``row`` that is there without a persona, too: tables cannot join by a label that nothing has."""
    return f'label_replace({inner}, "row", "persona $1", "persona", "(.*)")'
