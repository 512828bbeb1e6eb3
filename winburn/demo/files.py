"""The demo's folder: its spec, and everything that is generated from it."""

from __future__ import annotations

import fcntl
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import alert_rules
import dashboards
from exporter import spec as specs
from winburn.demo.spec import Places, spec_text

OWNED = ("shop.db*", "state.db*", "*.log", "winburn.yml", "rules", "dashboards", "prometheus", "alertmanager")
_LOCK = ".winburn-demo"

_PROMETHEUS = """\
global:
  scrape_interval: 2s
  evaluation_interval: 2s
rule_files: [{rules}]
alerting:
  alertmanagers: [{{static_configs: [{{targets: [{alertmanager}]}}]}}]
scrape_configs:
  - {{job_name: winburn, static_configs: [{{targets: [{exporter}]}}]}}
  - {{job_name: shop, static_configs: [{{targets: [{shop}]}}]}}
"""


class FolderError(RuntimeError):
    """The folder cannot be used for the demo; the text says why and what to do."""


@contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """Make the folder ours and clear the remains of an earlier demo; nobody else can claim it inside the context.

    FolderError where another demo runs in it, where it holds files that no demo put there, or where it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FolderError(f"{folder} cannot be made: {(error.strerror or str(error)).lower()}") from None
    lock = folder / _LOCK
    if not lock.exists() and any(folder.iterdir()):
        raise FolderError(f"{folder} has files of something else; give the demo a folder of its own")
    with lock.open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FolderError(f"another demo runs in {folder}; give this one another folder") from None
        for pattern in OWNED:
            for path in folder.glob(pattern):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        yield


def write_generated(folder: Path, places: Places, alertmanager: str | None) -> Mapping[str, str]:
    """Write the spec and, from it, rules and dashboards into the folder; returns the rules' files, name to text.

    ``alertmanager`` is its address, for Grafana's data source; None where it does not run.
    """
    places.spec.write_text(spec_text(places), encoding="utf-8")
    spec = specs.load(places.spec)
    rules = alert_rules.generate(spec)
    _write(folder / "rules", rules)
    _write(folder / "dashboards", dashboards.generate(spec, _addresses(folder, places, alertmanager)))
    return rules


def prometheus_config(rules: Path, exporter: str, shop: str, alertmanager: str) -> str:
    """Prometheus' configuration: scrape the exporter and the shop (``host:port``), evaluate the rules, tell
    Alertmanager."""
    return _PROMETHEUS.format(
        rules=json.dumps(str(rules.absolute())),
        exporter=json.dumps(exporter),
        shop=json.dumps(shop),
        alertmanager=json.dumps(alertmanager),
    )


def _addresses(folder: Path, places: Places, alertmanager: str | None) -> dashboards.Addresses:
    json_files = str((folder / "dashboards" / "dashboards").absolute())
    if places.prometheus and alertmanager:
        return dashboards.Addresses(places.prometheus, alertmanager, json_files)
    return dashboards.Addresses(dashboards=json_files)


def _write(folder: Path, texts: Mapping[str, str]) -> None:
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
