"""The few templates of the generated rules, filled in as Prometheus would."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote_plus

from alert_rules import silence_link
from exporter.notify.burns import humanize


def expanded(text: str, labels: Mapping[str, str], value: float = 1) -> str:
    text = text.replace('{{ "{{" }}', "\0")
    text = re.sub(r"\{\{ if \$value \}\}(.*?)\{\{ else \}\}.*?\{\{ end \}\}", r"\1", text, flags=re.DOTALL)
    text = text.replace("{{ $value | humanize }}", humanize(value))
    text = re.sub(r"\{\{ \$labels\.(\w+) \}\}", lambda found: labels.get(found[1], ""), text)
    text = re.sub(r"\{\{ \$labels\.(\w+) \| urlquery \}\}", lambda found: quote_plus(labels.get(found[1], "")), text)
    text = silence_link.expand(text, labels)
    assert "{{" not in text, text
    return text.replace("\0", "{{")
