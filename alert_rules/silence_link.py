"""The link of an alert to Alertmanager's page for a new silence, filled in with what identifies the alert."""

from __future__ import annotations

import re
from collections.abc import Mapping

from exporter.alert_texts import quoted_value, silence_address
from exporter.alerts import Alert
from exporter.spec import Links

MARK = '"%q"'
"""What stands in a template with a link that :func:`expand` would fill, and in no other."""

_VALUE = '{{{{ $labels.{label} | printf "%q" | urlquery | reReplaceAll "[+]" "%20" }}}}'
"""The label's value in quotes, escaped for an address. ``urlquery`` writes + for a blank, which the page does not
read back behind the #."""
_KNOWN = re.compile(r'\{\{ \$labels\.(\w+) \| printf "%q" \| urlquery \| reReplaceAll "\[\+\]" "%20" \}\}')


def silence_url(alert: Alert, links: Links, *, grouped: bool) -> str:
    """The template of the address. The matchers are the alert's name and its identity; ``slo_group`` is one of them
    only where the SLO is ``grouped``."""
    return silence_address(alert, links.alertmanager, lambda name: _VALUE.format(label=name), grouped=grouped)


def expand(template: str, labels: Mapping[str, str]) -> str:
    """What Prometheus makes of the links in a template."""
    return _KNOWN.sub(lambda match: quoted_value(labels[match[1]]), template)
