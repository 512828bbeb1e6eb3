"""The link of an alert to Alertmanager's page for a new silence, filled in with what identifies the alert."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from urllib.parse import quote

from exporter.alerts import Alert
from exporter.spec import Links

_VALUE = '{{{{ $labels.{label} | printf "%q" | urlquery | reReplaceAll "[+]" "%20" }}}}'
"""The label's value in quotes, escaped for an address. ``urlquery`` writes + for a blank, which the page does not
read back behind the #."""
_KNOWN = re.compile(r'\{\{ \$labels\.(\w+) \| printf "%q" \| urlquery \| reReplaceAll "\[\+\]" "%20" \}\}')


def silence_url(alert: Alert, links: Links, *, grouped: bool) -> str:
    """The template of the address. The matchers are the alert's name and its identity; ``slo_group`` is one of them
    only where the SLO is ``grouped``."""
    names = [name for name in alert.identity if grouped or name != "slo_group"]
    matchers = [quote(f'alertname="{alert.name}"', safe="")]
    matchers += [f"{name}%3D{_VALUE.format(label=name)}" for name in names]
    base = links.alertmanager.rstrip("/").replace("{{", "%7B%7B")
    return f"{base}/#/silences/new?filter=%7B{'%2C'.join(matchers)}%7D"


def expand(template: str, labels: Mapping[str, str]) -> str:
    """What Prometheus makes of the links in a template."""
    return _KNOWN.sub(lambda match: quote(json.dumps(labels[match[1]], ensure_ascii=False), safe="~"), template)
