"""A real exporter and Grafana Live, which is a fake here: see tests/exporter/notify/fake_grafana.py."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from tests.e2e.exporter import serve
from tests.exporter.notify.fake_grafana import listening
from winburn.processes import Group

SPEC = """\
refresh: 1s
sources:
  shop: {{type: sql, url: "sqlite:///shop.db"}}
experiments:
  - name: new-form
    control: old
    variants: {{old: 0.5, new: 0.5}}
    metrics:
      - {{name: conversion, kind: proportion, source: shop, query: "SELECT variant, n, successes FROM counts"}}
live: {{grafana: {{url: "{url}/grafana", token_file: grafana.token}}}}
"""


def test_every_refresh_is_pushed_whole_and_a_rotated_token_is_found(
    group: Group, wait_for: Callable[..., None], tmp_path: Path
) -> None:
    with closing(sqlite3.connect(tmp_path / "shop.db")) as shop, shop:
        shop.execute("CREATE TABLE counts (variant, n, successes)")
        shop.executemany("INSERT INTO counts VALUES (?, ?, ?)", [("old", 1000, 100), ("new", 1000, 120)])
    with listening() as fake:
        (tmp_path / "grafana.token").write_text(fake.token)
        spec = tmp_path / "winburn.yml"
        spec.write_text(SPEC.format(url=fake.url))
        exporter = serve(group, spec)
        *_, points = fake.wait(3)
        rows = {(point.measurement, point.tags.get("variant"), point.tags.get("metric")) for point in points}
        assert rows >= {("experiment", "new", "conversion"), ("experiment", "old", "conversion"), ("arm", "new", None)}
        (arm,) = (point for point in points if (point.measurement, point.tags.get("variant")) == ("arm", "new"))
        assert (arm.fields["participants"], arm.fields["killed"]) == (1000, 0)

        fake.token = "glsa_rotated"
        before = len(fake.pushes)
        wait_for(lambda: 401 in fake.statuses, 60)
        (tmp_path / "grafana.token").write_text("glsa_rotated\n")
        fake.wait(before + 2)
        counted = exporter.scrape()
        target = f"grafana/{fake.url.removeprefix('http://')}/grafana"
        assert counted.values("winburn_live_push_total", target=target, result="ok")[0] >= 3
        assert counted.values("winburn_live_push_total", target=target, result="failed")[0] >= 1
    assert "glsa" not in exporter.process.log.read_text()
