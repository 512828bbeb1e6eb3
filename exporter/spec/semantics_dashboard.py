"""What the schema cannot say of dashboards of one's own."""

from __future__ import annotations

from collections.abc import Iterator

from exporter.spec.dashboard_models import OwnDashboard
from exporter.spec.tree import Parts, Problem, shown


def check_dashboard(dashboard: OwnDashboard, parts: Parts) -> Iterator[Problem]:
    """Sections once each, titles of panels once each, and something to show at all."""
    if not dashboard.sections and not dashboard.panels:
        yield Problem(parts, "shows nothing; give sections or panels")
    for i, section in enumerate(dashboard.sections):
        if section in dashboard.sections[:i]:
            yield Problem((*parts, "sections", i), f"the section {shown(section)} is there already; remove one of them")
    titles = [panel.title for panel in dashboard.panels]
    for i, title in enumerate(titles):
        if title in titles[:i]:
            message = f"the panel {shown(title)} is there already; links to panels need a title each"
            yield Problem((*parts, "panels", i, "title"), message)
