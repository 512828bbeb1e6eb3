"""What Sloth, Pyrra and OpenSLO say about alerts, as far as several of them say it alike."""

from __future__ import annotations

from collections.abc import Mapping

from winburn.convert.draft import Remarks

_RUNBOOKS = frozenset({"runbook", "runbook_url", "runbookurl", "runbook-url"})
_PAGES = frozenset({"page", "critical", "high", "p1", "p0", "sev0", "sev1", "emergency", "alert"})


def runbook_of(annotations: Mapping[str, str], remarks: Remarks, line: int) -> str | None:
    """The runbook's address among an alert's annotations; what else they say is told as lost."""
    runbook = None
    lost = []
    for name, value in annotations.items():
        if name.rpartition("/")[2].lower() in _RUNBOOKS and runbook is None and value.strip() and "{{" not in value:
            runbook = value.strip()
        else:
            lost.append(name)
    if lost:
        remarks.add(
            f"annotations were not carried ({', '.join(lost)}): alerts here have their own summary and description, with "
            "runbook and dashboard as links",
            line=line,
        )
    return runbook


def alert_name_lost(name: str) -> str:
    """The warning for an alert's own name."""
    return (
        f"the alert name {name} was not carried: alerts are called SLOErrorBudgetBurn and told apart by the label slo; "
        "routes and silences that match the name must follow"
    )


def severity_of(text: str) -> tuple[str, str | None]:
    """page or ticket for a severity in words; a warning where the word is neither."""
    word = text.strip().lower()
    severity = "page" if word in _PAGES else "ticket"
    warning = None if word == severity else f"the severity {text} became {severity}; routes that match it must follow"
    return severity, warning


def short_window(long: int) -> int:
    """Seconds of the short window beside a long one: a twelfth (SRE Workbook, chapter 5), in whole minutes."""
    return max(60, long // 12 // 60 * 60)
