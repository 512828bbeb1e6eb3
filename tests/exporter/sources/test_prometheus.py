from __future__ import annotations

import json
import math
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from exporter.access import Access
from exporter.sources import prometheus_api
from exporter.sources.base import Matrix, SourceError, TooManySeries, label_of, series_key
from exporter.sources.batches import BATCH
from exporter.sources.prometheus import PrometheusSource, _requests
from tests.exporter.sources.fake_prometheus import Fake, answer, constant, hang, saying, send_json, vector


def open_fake(fake: Fake, *, series_limit: int = 100, **options: object) -> PrometheusSource:
    return PrometheusSource("prod", fake.url, series_limit=series_limit, timeout=60.0, **options)  # type: ignore[arg-type]


def hurried(source: PrometheusSource, hangs: Callable[[str], bool]) -> list[str]:
    """Let questions that hang be given up soon, and all others have the time that a busy machine needs; returns the
    list to which each question is added as it is asked."""
    ask, asked = source._api.ask, list[str]()

    def hurry(path: str, form: dict[str, str], **how: Any) -> Any:
        asked.append(form["query"])
        return ask(path, form, **how | {"timeout": 0.05 if hangs(form["query"]) else 60.0})

    source._api.ask = hurry  # type: ignore[method-assign,assignment]
    return asked


def one(name: str, value: str) -> list:
    return [({"__name__": name}, constant(value))]


def test_many_selectors_travel_in_few_queries_and_come_back_in_order(fake: Fake) -> None:
    selectors = [f"m{number}" for number in range(BATCH * 2 + 1)]
    fake.series = {selector: one(selector, str(number)) for number, selector in enumerate(selectors)}
    answers = open_fake(fake).counters(selectors, 100.0)
    assert answers == [{series_key({"__name__": f"m{number}"}): float(number)} for number in range(len(selectors))]
    assert len(fake.asked) == 3


def test_identical_selectors_are_asked_once(fake: Fake) -> None:
    fake.series = {"a": one("a", "1"), "b": one("b", "2")}
    answers = open_fake(fake).counters(["a", "b", "a"], 100.0)
    assert answers[0] == answers[2] != answers[1]
    assert fake.queries[0].count("label_replace(a\n") == 1


def test_no_selectors_are_no_question(fake: Fake) -> None:
    source = open_fake(fake)
    assert source.counters([], 0.0) == []
    assert source.history([], 0.0, 10.0, 1.0) == []
    assert source.up is None
    assert not fake.asked


def test_the_time_is_given_to_the_millisecond(fake: Fake) -> None:
    open_fake(fake).counters(["a"], 1700000000.1236)
    assert fake.asked[0][1]["time"] == "1700000000.124"


@pytest.mark.parametrize("value", ["NaN", "+Inf", "-Inf"])
def test_a_sample_without_a_finite_value_is_absent(fake: Fake, value: str) -> None:
    fake.series = {"a": [({"x": "1"}, constant(value)), ({"x": "2"}, constant("7"))]}
    source = open_fake(fake)
    assert source.counters(["a"], 0.0) == [{series_key({"x": "2"}): 7.0}]
    (matrix,) = source.history(["a"], 0.0, 2.0, 1.0)
    assert isinstance(matrix, Matrix)
    assert matrix.keys == (series_key({"x": "2"}),)


def test_a_bad_selector_gets_the_servers_sentence_and_costs_no_other(fake: Fake) -> None:
    fake.series = {"a": one("a", "1"), "b": one("b", "2")}
    fake.refused = {"bad{": 'parse error: unexpected "{"'}
    source = open_fake(fake)
    first, bad, last = source.counters(["a", "bad{", "b"], 0.0)
    assert first == {series_key({"__name__": "a"}): 1.0}
    assert last == {series_key({"__name__": "b"}): 2.0}
    assert isinstance(bad, SourceError)
    assert str(bad) == 'source prod answered HTTP 400: parse error: unexpected "{"'
    assert source.up is True


def test_a_bad_selector_is_asked_alone_from_then_on_and_together_again_once_it_is_well(fake: Fake) -> None:
    fake.refused = {"bad": "no"}
    source = open_fake(fake)
    source.counters(["a", "bad", "b"], 0.0)
    fake.asked.clear()
    source.counters(["a", "bad", "b"], 0.0)
    assert [query.count("label_replace") for query in fake.queries] == [2, 0]
    fake.refused = {}
    source.counters(["a", "bad", "b"], 0.0)
    fake.asked.clear()
    source.counters(["a", "bad", "b"], 0.0)
    assert len(fake.asked) == 1


def test_a_selector_that_takes_too_long_costs_the_others_one_answer_and_no_more(fake: Fake) -> None:
    def slow(fake: Fake, handler: object, form: dict[str, str]) -> None:
        (hang if "heavy" in form["query"] else answer)(fake, handler, form)  # type: ignore[arg-type]

    fake.behaviour = slow
    fake.series = {"a": one("a", "1")}
    source = open_fake(fake)
    hurried(source, lambda query: "heavy" in query)
    assert all(isinstance(each, SourceError) for each in source.counters(["a", "heavy"], 0.0))
    light, heavy = source.counters(["a", "heavy"], 0.0)
    assert light == {series_key({"__name__": "a"}): 1.0}
    assert isinstance(heavy, SourceError)
    assert source.up is True


def test_after_three_slow_queries_the_rest_waits_for_its_turn(fake: Fake) -> None:
    def slow(fake: Fake, handler: object, form: dict[str, str]) -> None:
        (answer if form["query"] == "1" else hang)(fake, handler, form)  # type: ignore[arg-type]

    fake.behaviour = slow
    source = open_fake(fake)
    asked = hurried(source, lambda query: query != "1")
    selectors = [f"m{number}" for number in range(5)]
    source.counters(selectors, 0.0)
    asked.clear()
    answers = source.counters(selectors, 0.0)
    assert [query for query in asked if query != "1"] == ["m0", "m1", "m2"]
    assert "was not asked" in str(answers[3])
    asked.clear()
    source.counters(selectors, 0.0)
    assert [query for query in asked if query != "1"] == ["m3", "m4", "m0"]


@pytest.mark.parametrize("refused", [{}, {"1": "only metrics, please"}])
def test_a_server_that_hung_is_asked_no_more_than_whether_it_lives(fake: Fake, refused: dict[str, str]) -> None:
    fake.series, fake.refused = {"a": one("a", "1")}, refused
    source = open_fake(fake)
    fake.behaviour = hang
    asked = hurried(source, lambda _: fake.behaviour is hang)
    for _ in range(2):
        asked.clear()
        with pytest.raises(SourceError, match="no whole answer"):
            source.counters(["a"], 0.0)
    assert asked == ["1"]
    fake.behaviour = None
    assert source.counters(["a"], 0.0) == [{series_key({"__name__": "a"}): 1.0}]
    assert source.up is True


def test_more_series_than_the_cap_are_an_error_of_that_selector(fake: Fake) -> None:
    fake.series = {"big": [({"x": str(x)}, constant("1")) for x in range(4)], "small": one("small", "1")}
    source = open_fake(fake, series_limit=3)
    for big, small in (source.counters(["big", "small"], 0.0), source.history(["big", "small"], 0.0, 2.0, 1.0)):
        assert isinstance(big, SourceError)
        assert "4 series" in str(big)
        assert "limits.series" in str(big)
        assert "(3)" in str(big)
        assert not isinstance(small, SourceError)


def test_series_that_come_and_go_count_together_in_a_history(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exporter.sources.prometheus.POINTS", 1)
    fake.series = {"a": [({"x": str(x)}, lambda at, x=x: "1" if at == x else "") for x in range(4)]}
    (error,) = open_fake(fake, series_limit=3).history(["a"], 0.0, 3.0, 1.0)
    assert "4 series" in str(error)
    (matrix,) = open_fake(fake, series_limit=4).history(["a"], 0.0, 3.0, 1.0)
    assert isinstance(matrix, Matrix)
    np.testing.assert_array_equal(matrix.values, np.where(np.eye(4) == 1, 1.0, np.nan))


def test_native_histograms_and_scalars_are_said_to_be_no_counters(fake: Fake) -> None:
    fake.behaviour = saying(200, vector({"metric": {}, "histogram": [0, {"count": "1"}]}))
    (answer_,) = open_fake(fake).counters(["a"], 0.0)
    assert "native histograms" in str(answer_)
    fake.behaviour = saying(200, b'{"status":"success","data":{"resultType":"scalar","result":[0,"1"]}}')
    (answer_,) = open_fake(fake).counters(["1"], 0.0)
    assert "a scalar, not an instant vector" in str(answer_)


@pytest.mark.parametrize(
    "body",
    [
        b"null",
        b"[]",
        b"{}",
        b'{"status": "success"}',
        b'{"status": "success", "data": []}',
        b'{"status": "success", "data": {"resultType": "vector", "result": {}}}',
        b'{"status": "success", "data": {"resultType": "vector", "result": [1]}}',
        b"[" * 100_000,
        vector({}),
        vector({"metric": {}}),
        vector({"metric": {}, "value": 1}),
        vector({"metric": {}, "value": [0]}),
        vector({"metric": {}, "value": [0, None]}),
        vector({"metric": {}, "value": [0, "many"]}),
        vector({"metric": {}, "value": ["now", "1"]}),
        vector({"metric": {"a": 1}, "value": [0, "1"]}),
        vector({"metric": {"a": "1"}, "value": [0, "1"]}, {"metric": {"a": "1"}, "value": [0, "1"]}),
    ],
)
def test_garbage_is_a_source_that_does_not_answer(fake: Fake, body: bytes) -> None:
    fake.behaviour = saying(200, body)
    source = open_fake(fake)
    with pytest.raises(SourceError, match="did not answer as the Prometheus API does"):
        source.counters(["a"], 0.0)
    assert source.up is False


@pytest.mark.parametrize("number", ["2", "-1", "x", None])
def test_a_series_of_no_selector_is_garbage(fake: Fake, number: str | None) -> None:
    mark = {} if number is None else {"winburn_query": number}
    fake.behaviour = saying(200, vector({"metric": mark, "value": [0, "1"]}))
    with pytest.raises(SourceError, match="belongs to no selector"):
        open_fake(fake).counters(["a", "b"], 0.0)


@pytest.mark.parametrize("values", [[[99, "1"]], [[1.5, "1"]], [["x", "1"]], [[float("nan"), "1"]], [[1]], None, 5])
def test_a_history_with_wrong_samples_is_garbage(fake: Fake, values: object) -> None:
    def behave(fake: Fake, handler: object, form: dict[str, str]) -> None:
        if "time" in form:
            return answer(fake, handler, form)  # type: ignore[arg-type]
        result = [{"metric": {}, "values": values}]
        return send_json(handler, 200, {"status": "success", "data": {"resultType": "matrix", "result": result}})  # type: ignore[arg-type]

    fake.behaviour = behave
    with pytest.raises(SourceError, match="did not answer as the Prometheus API does"):
        open_fake(fake).history(["a"], 0.0, 10.0, 1.0)


def test_an_answer_above_the_size_limit_is_not_read(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prometheus_api, "ANSWER_BYTES", 2**20)
    fake.behaviour = saying(200, b" " * 2**21)
    (error,) = open_fake(fake).counters(["a"], 0.0)
    assert isinstance(error, SourceError)
    assert "more than 1 MB" in str(error)


def test_a_query_that_warns_costs_only_itself_and_any_other_warning_the_whole_answer(fake: Fake) -> None:
    def behave(fake: Fake, handler: object, form: dict[str, str]) -> None:
        fake.warnings = ["PromQL warning: odd metric"] if "odd" in form["query"] else []
        answer(fake, handler, form)  # type: ignore[arg-type]

    fake.behaviour = behave
    source = open_fake(fake)
    well, odd = source.counters(["a", "odd"], 0.0)
    assert well == {}
    assert "odd metric" in str(odd)
    fake.behaviour = None
    fake.warnings = ["store gateway is away"]
    with pytest.raises(SourceError, match="partial: store gateway is away"):
        source.counters(["a"], 0.0)


def test_infos_are_no_warnings(fake: Fake) -> None:
    body = json.loads(vector())
    fake.behaviour = saying(200, json.dumps({**body, "infos": ["PromQL info: might not be a counter"]}).encode())
    assert open_fake(fake).counters(["a"], 0.0) == [{}]


def test_a_redirect_is_not_followed(fake: Fake) -> None:
    other = Fake()
    try:
        fake.behaviour = saying(307, b"", Location=other.url + "/api/v1/query")
        with pytest.raises(SourceError, match="redirect"):
            open_fake(fake, access=Access(token=lambda: "secret")).counters(["a"], 0.0)
        assert not other.asked
    finally:
        other.close()


def test_prefix_headers_and_a_fresh_token_are_sent_each_time(fake: Fake) -> None:
    tokens = iter(["first", "second"])
    source = PrometheusSource(
        "prod",
        fake.url + "/prometheus/?tenant=1",
        series_limit=5,
        access=Access({"X-Scope-OrgID": "team-a"}, token=lambda: next(tokens)),
    )
    for token in ("first", "second"):
        source.counters(["a"], 0.0)
        path, _, headers = fake.asked[-1]
        assert path == "/prometheus/api/v1/query?tenant=1"
        assert headers["X-Scope-OrgID"] == "team-a"
        assert headers["Authorization"] == f"Bearer {token}"


def test_user_and_password_of_the_address_are_sent_and_a_netrc_is_not(
    fake: Fake, tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login mallory password wrong\n")  # type: ignore[operator]
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))  # type: ignore[operator]
    PrometheusSource("prod", fake.url.replace("//", "//ann:p%40ss@"), series_limit=5).counters(["a"], 0.0)
    assert fake.asked[-1][2]["Authorization"] == "Basic YW5uOnBAc3M="
    open_fake(fake, access=Access({"Authorization": "Basic own"})).counters(["a"], 0.0)
    assert fake.asked[-1][2]["Authorization"] == "Basic own"


@pytest.mark.parametrize("url", ["localhost:9090", "ftp://x", "http://", "http://[::1", "http://x:notaport", ""])
def test_an_address_that_is_none_says_so(url: str) -> None:
    with pytest.raises(SourceError, match="http:// or https://"):
        PrometheusSource("prod", url, series_limit=5).counters(["a"], 0.0)


def test_history_is_chunked_and_merged_on_one_axis(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exporter.sources.prometheus.POINTS", 4)
    fake.series = {
        "a": [({"x": "1"}, lambda time: str(time * 2)), ({"x": "2"}, lambda time: "1" if time < 101 else "NaN")],
        "b": one("b", "5"),
    }
    seen: list[tuple[int, int]] = []
    a, b = open_fake(fake).history(["a", "b"], 100.0, 102.3, 0.25, lambda done, of: seen.append((done, of)))
    assert isinstance(a, Matrix)
    assert isinstance(b, Matrix)
    np.testing.assert_array_equal(a.times, np.arange(100.0, 102.3, 0.25))
    np.testing.assert_array_equal(a.values[0], a.times * 2)
    np.testing.assert_array_equal(a.values[1], np.where(a.times < 101, 1.0, np.nan))
    assert label_of(a.keys[1], "x") == "2"
    np.testing.assert_array_equal(b.values, np.full((1, 10), 5.0))
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_history_of_a_bad_selector_is_its_error_and_the_others_matrix(fake: Fake) -> None:
    fake.series = {"a": one("a", "1")}
    fake.refused = {"bad": "no"}
    a, bad = open_fake(fake).history(["a", "bad"], 0.0, 3.0, 1.0)
    assert isinstance(a, Matrix)
    assert a.values.tolist() == [[1.0, 1.0, 1.0, 1.0]]
    assert isinstance(bad, SourceError)


def test_history_before_its_start_is_empty_and_without_series_has_none(fake: Fake) -> None:
    source = open_fake(fake)
    (matrix,) = source.history(["a"], 10.0, 9.0, 1.0)
    assert isinstance(matrix, Matrix)
    assert matrix.times.size == 0
    (matrix,) = source.history(["a"], 10.0, 12.0, 1.0)
    assert isinstance(matrix, Matrix)
    assert (matrix.keys, matrix.values.shape) == ((), (0, 3))


def test_a_step_of_nothing_is_refused(fake: Fake) -> None:
    with pytest.raises(ValueError, match="millisecond"):
        open_fake(fake).history(["a"], 0.0, 1.0, 0.0)


def test_requests_keep_to_points_samples_and_batch() -> None:
    sizes = {f"m{number}": count for number, count in enumerate([1] * 70 + [30, 30, 20, 50, 900, 0, 3])}
    asked: dict[str, int] = dict.fromkeys(sizes, 0)
    for group, chunk in _requests(sizes, 8640):
        points = chunk.stop - chunk.start
        assert points <= 5000
        assert len(group) <= BATCH
        assert sum(max(sizes[selector], 1) for selector in group) * points <= 200_000
        for selector in group:
            assert chunk.start == asked[selector]
            asked[selector] = chunk.stop
    assert set(asked.values()) == {8640}


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("15d", 15 * 86400), ("15d or 10GiB", 15 * 86400), ("1y", 365 * 86400), ("10GiB", None), ("0s", None), (7, None)],
)
def test_retention_is_read_once(fake: Fake, text: object, seconds: float | None) -> None:
    fake.info = {"storageRetention": text}
    source = open_fake(fake)
    for at in (5e9, 6e9):
        assert source.retention_start(at) == (None if seconds is None else at - seconds)
    assert len(fake.asked) == 1
    assert source.up is True


def test_a_server_without_the_status_page_has_no_known_retention(fake: Fake) -> None:
    source = open_fake(fake)
    assert source.retention_start(5e9) is None
    assert source.retention_start(5e9) is None
    assert len(fake.asked) == 1
    assert source.up is True


def test_a_dead_server_is_asked_again_for_its_retention(fake: Fake) -> None:
    fake.info = {"storageRetention": "15d"}
    source = open_fake(fake)
    fake.stop()
    assert source.retention_start(5e9) is None
    assert source.up is False
    fake.start()
    assert source.retention_start(5e9) == 5e9 - 15 * 86400


def test_a_value_is_read_to_its_last_digit(fake: Fake) -> None:
    fake.series = {"a": one("a", "9007199254740991"), "b": one("b", "1.7976931348623157e+308")}
    a, b = open_fake(fake).counters(["a", "b"], 0.0)
    assert list(a.values()) == [9007199254740991.0]  # type: ignore[union-attr]
    assert math.isclose(*b.values(), 1.7976931348623157e308, rel_tol=0)  # type: ignore[union-attr]


TOO_MUCH = "query processing would load too many samples into memory in query execution"


def limited(samples: int) -> Callable[[Fake, Any, dict[str, str]], None]:
    """A server that refuses to load more samples than these: a selector has one at each instant."""

    def behave(fake: Fake, handler: Any, form: dict[str, str]) -> None:
        selectors = max(form["query"].count("label_replace("), 1)
        steps = (float(form["end"]) - float(form["start"])) / float(form["step"]) + 1 if "start" in form else 1
        if selectors * steps > samples:
            send_json(handler, 422, {"status": "error", "errorType": "execution", "error": TOO_MUCH})
        else:
            answer(fake, handler, form)

    return behave


def test_a_batch_that_is_too_much_is_asked_in_halves(fake: Fake) -> None:
    names = [f"m{number}" for number in range(6)]
    fake.series = {name: one(name, str(number)) for number, name in enumerate(names)}
    fake.behaviour = limited(3)
    found = open_fake(fake).counters(names, 0.0)
    assert [list(each.values()) for each in found] == [[number] for number in range(6)]  # type: ignore[union-attr]
    assert len(fake.asked) == 3


def test_a_history_that_is_too_much_is_asked_in_shorter_parts(fake: Fake) -> None:
    fake.series = {"a": [({"x": "1"}, lambda time: str(time * 2))]}
    fake.behaviour = limited(4)
    (matrix,) = open_fake(fake).history(["a"], 100.0, 112.0, 1.0)
    assert isinstance(matrix, Matrix)
    np.testing.assert_array_equal(matrix.values[0], np.arange(100.0, 112.5) * 2)
    fake.behaviour = limited(0)
    (refused,) = open_fake(fake).history(["a"], 100.0, 112.0, 1.0)
    assert isinstance(refused, TooManySeries)


def test_as_many_questions_are_open_at_once_as_the_spec_says(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exporter.sources.batches.BATCH", 1)
    names = [f"m{number}" for number in range(9)]
    fake.series = {name: one(name, "1") for name in names}
    lock, together, most = threading.Lock(), [0], [0]
    meet = threading.Barrier(3, timeout=60)

    def behave(fake: Fake, handler: Any, form: dict[str, str]) -> None:
        with lock:
            together[0] += 1
            most[0] = max(most[0], together[0])
        meet.wait()  # fails where fewer than three come
        with lock:
            together[0] -= 1
        answer(fake, handler, form)

    fake.behaviour = behave
    found = open_fake(fake, concurrency=3).counters(names, 0.0)
    assert all(isinstance(each, dict) for each in found)
    assert most == [3]
