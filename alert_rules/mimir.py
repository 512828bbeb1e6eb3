"""The same for Grafana Mimir: a namespace of the ruler, and the configuration of a tenant's Alertmanager.

``mimirtool rules load`` takes the file's name without its ending as the namespace, as does the ruler's local storage,
which wants the file in a folder named after the tenant: https://grafana.com/docs/mimir/latest/manage/tools/mimirtool/.
"""

from __future__ import annotations

import re

from alert_rules.alertmanager import alertmanager_text
from alert_rules.messages import TEMPLATES_FILE, templates_text
from alert_rules.receivers import Told, receivers
from alert_rules.rules import rules_text
from alert_rules.yaml_text import comment
from exporter.spec import Spec

RULES_FILE = "rules/winburn.yml"
ALERTMANAGER_FILE = "alertmanager.yml"

_ABOUT_SECRETS = """\
Mimir reads no secrets from files. Put them in on the way, with envsubst of GNU gettext:
{exports}
  envsubst '{names}' < alertmanager.yml > /dev/shm/alertmanager.yml
  mimirtool alertmanager load /dev/shm/alertmanager.yml {templates}
"""


def mimir_files(spec: Spec) -> dict[str, str]:
    """The ruler's namespace ``winburn``, the Alertmanager's configuration and its templates, name -> text."""
    return {
        RULES_FILE: rules_text(spec),
        ALERTMANAGER_FILE: _alertmanager(spec),
        TEMPLATES_FILE: templates_text(),
    }


def _alertmanager(spec: Spec) -> str:
    """Alertmanager's own file, with ``${NAME}`` for each secret instead of the path of its file."""
    text = alertmanager_text(spec)
    paths = sorted(set(_paths(receivers(spec, str))))
    if not paths:
        return text
    names = {path: variable(path, paths) for path in paths}

    def put(match: re.Match[str]) -> str:
        return f"{match[1]}{match[2]}: ${{{names[_plain(match[3])]}}}"

    text = re.sub(r"^( +(?:- )?)(\w+)_file: (.+)$", put, text, flags=re.MULTILINE)
    about = _ABOUT_SECRETS.format(
        exports="\n".join(f'  export {name}="$(cat {path})"' for path, name in names.items()),
        names=" ".join(f"${{{name}}}" for name in names.values()),
        templates=TEMPLATES_FILE,
    )
    head, rest = text.split("\n", 1)
    return f"{head}\n{comment(about)}{rest}"


def variable(path: str, paths: list[str]) -> str:
    """Name of the environment's variable for a secret; told apart by a number where two paths would share it."""

    def named(text: str) -> str:
        return "WINBURN_" + re.sub(r"[^A-Z0-9]+", "_", text.upper()).strip("_")

    same = [each for each in paths if named(each) == named(path)]
    return named(path) + (f"_{same.index(path) + 1}" if len(same) > 1 else "")


def _paths(every: tuple[Told, ...]) -> list[str]:
    return [
        str(value)
        for told in every
        for made in told.integrations.values()
        for each in made
        for key, value in each.items()
        if key.endswith("_file")
    ]


def _plain(scalar: str) -> str:
    """The text of a YAML scalar as our dumper writes it."""
    if scalar[:1] == "'":
        return scalar[1:-1].replace("''", "'")
    return scalar
