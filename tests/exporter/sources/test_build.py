from __future__ import annotations

from pathlib import Path

import pytest

from exporter.sources.base import SourceError
from exporter.sources.build import open_source
from exporter.sources.file import FileSource
from exporter.sources.http_json import HttpSource
from exporter.sources.prometheus import PrometheusSource
from exporter.sources.sql import SqlSource
from exporter.spec import source_models as models
from tests.exporter.sources.fake_prometheus import Fake, constant


def prometheus(**keys: object) -> models.PrometheusSource:
    return models.PrometheusSource(type="prometheus", **keys)  # type: ignore[arg-type]


def test_each_model_has_its_source_and_nothing_is_connected(tmp_path: Path) -> None:
    models_ = [
        (prometheus(url="http://127.0.0.1:9"), "http://127.0.0.1:9", PrometheusSource),
        (models.SqlSource(type="sql", url="sqlite:///x.db"), "sqlite:///x.db", SqlSource),
        (models.FileSource(type="file", path=str(tmp_path / "x.csv")), None, FileSource),
        (models.HttpSource(type="http", url="http://127.0.0.1:9"), "http://127.0.0.1:9", HttpSource),
    ]
    for model, url, kind in models_:
        source = open_source("name", model, url=url, series_limit=7)
        assert type(source) is kind
        assert (source.name, source.up) == ("name", None)


def test_a_source_that_needs_an_address_is_a_mistake_without_one() -> None:
    with pytest.raises(ValueError, match="source prod has no url"):
        open_source("prod", prometheus(url_file="x"), url=None, series_limit=7)


def test_headers_limit_and_token_file_arrive_and_a_rotated_token_is_used(fake: Fake, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("first\n")
    fake.series = {"a": [({"x": str(x)}, constant("1")) for x in range(8)]}
    model = prometheus(headers={"X-Scope-OrgID": "team-a"}, token_file=str(token))
    source = open_source("prod", model, url=fake.url, series_limit=7)
    assert isinstance(source, PrometheusSource)
    (error,) = source.counters(["a"], 0.0)
    assert "8 series" in str(error)
    assert fake.asked[-1][2]["X-Scope-OrgID"] == "team-a"
    assert fake.asked[-1][2]["Authorization"] == "Bearer first"
    token.write_text("second")
    source.counters(["a"], 0.0)
    assert fake.asked[-1][2]["Authorization"] == "Bearer second"


@pytest.mark.parametrize("content", [None, b"", b" \n", b"two words", b"\xff", b"hunter2\x00"])
def test_a_token_file_that_holds_no_token_is_said_without_its_content(
    fake: Fake, tmp_path: Path, content: bytes | None
) -> None:
    if content is not None:
        (tmp_path / "token").write_bytes(content)
    source = open_source("prod", prometheus(token_file=str(tmp_path / "token")), url=fake.url, series_limit=7)
    assert isinstance(source, PrometheusSource)
    with pytest.raises(SourceError, match="token_file") as caught:
        source.counters(["a"], 0.0)
    assert "hunter2" not in str(caught.value)
    assert source.up is False
    assert not fake.asked
