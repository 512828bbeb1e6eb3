# ruff: noqa: E501 - tables of inputs read best one to a line
"""What all formats have in common: files and lines in errors, names, determinism, and that nothing else is raised."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.spec import load_text
from winburn.convert import Input, Options, convert
from winburn.convert.shapes import FORMATS

SLOTH = """version: prometheus/v1
service: shop
slos:
  - name: {name}
    objective: 99
    sli: {{events: {{error_query: "sum(rate(e[{{{{.window}}}}]))", total_query: "sum(rate(a[{{{{.window}}}}]))"}}}}
"""


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("", "x.yaml: no SLO stands in it: give a file with some"),
        ("- 1", "x.yaml:1: no mapping, so no SLO: it was not carried"),
        ("a: [1", "x.yaml:2: not YAML: did not find expected ',' or ']'; mend it, then convert again"),
        ("a: *b", "x.yaml:1: the alias *b has no anchor before it; write the value out"),
        ("? [a]\n: b", "x.yaml:1: a key that is a list or a mapping: quote a value that begins with { or [, like PromQL"),
        ("kind: ConfigMap\napiVersion: v1", "x.yaml:1: no SLO of Sloth, Pyrra, OpenSLO or slo-generator (v1 ConfigMap); not carried, try --from"),
        ("apiVersion: openslo/v1alpha\nkind: SLO", "x.yaml:1: the version 'openslo/v1alpha' is not known; migrate it to openslo/v1 or sre.google.com/v2, or try --from"),
        ("service_name: a\nslo_name: b\nslo_target: 1", "x.yaml:1: slo-generator's version 1: run slo-generator migrate, then convert that"),
        ("version: prometheus/v1\nslos: 3", "x.yaml:2: not converted: slos must be a list, and here stands a text ('3')"),
        ("version: prometheus/v1\nslos:\n  - 5", "x.yaml:3: not converted: slos[0] must be a mapping, not a text ('5')"),
        ("version: prometheus/v1\nslos:\n  - {name: a, objective: high, sli: {raw: {error_ratio_query: x}}}", "x.yaml:3: a: not converted: slos[0].objective must be a number, not 'high'"),
        ("version: prometheus/v1\nslos:\n  - {name: a, objective: 99}", "x.yaml:3: a: not converted: sli has neither events, raw nor plugin; add the queries and convert again"),
        ("version: prometheus/v1\nslos:\n  - name: a\n    objective: 99\n    sli:\n      events:\n        error_query: x", "x.yaml:7: a: not converted: slos[0].sli.events.total_query is missing; add it and convert again"),
        ("apiVersion: pyrra.dev/v1alpha1\nkind: ServiceLevelObjective\nmetadata: {name: a}\nspec: {target: lots}", "x.yaml:4: a: not converted: target must be a percentage like 99.9, not 'lots'"),
        ("apiVersion: pyrra.dev/v1alpha1\nkind: ServiceLevelObjective\nmetadata: {name: a}\nspec: {target: '99', window: month, indicator: {bool_gauge: {metric: up}}}", "x.yaml:4: a: not converted: window: 'month' is not a duration; write it like 30s, 5m, 1h30m or 30d"),
        ("apiVersion: openslo/v1\nkind: SLO\nmetadata: {name: a}\nspec: {objectives: []}", "x.yaml:4: a: not converted: objectives is missing; add one with a target and convert again"),
        ("apiVersion: sre.google.com/v2\nkind: ServiceLevelObjective\nmetadata: {name: a}\nspec: {goal: 0.9, backend: prometheus, method: nope}", "x.yaml:4: a: not converted: the method 'nope' is not one of query_sli, good_bad_ratio, distribution_cut"),
    ],
)  # fmt: skip
def test_bad_input_is_refused_with_file_and_line(text: str, note: str) -> None:
    found = convert([Input("x.yaml", text)])
    assert found.text == ""
    assert [str(each) for each in found.notes][-1] == note


def test_one_broken_file_does_not_keep_the_others() -> None:
    found = convert([Input("a.yaml", "a: ["), Input("b.yaml", SLOTH.format(name="ok"))])
    assert list(found.kinds) == ["shop-ok"]
    assert [note.file for note in found.notes] == ["a.yaml"]


def test_names_are_unique_over_all_files() -> None:
    texts = [Input(f"{i}.yaml", SLOTH.format(name="same")) for i in range(3)]
    found = convert(texts)
    assert list(found.kinds) == ["shop-same", "shop-same-2", "shop-same-3"]
    assert [note.slo for note in found.notes] == ["shop-same-2", "shop-same-3"]


def test_a_key_given_twice_is_told() -> None:
    found = convert([Input("x.yaml", SLOTH.format(name="a") + "service: other\n")])
    assert [str(note) for note in found.notes] == ["x.yaml:7: service is given twice; the last one was taken"]


def test_options_are_followed() -> None:
    found = convert(
        [Input("x.yaml", SLOTH.format(name="a"))], source_url="http://p:1/x?a={b}", options=Options(7 * 86400)
    )
    spec = load_text(found.text)
    assert spec.slos[0].period == 7 * 86400
    assert spec.sources["prometheus"].url == "http://p:1/x?a={b}"  # type: ignore[union-attr]
    assert convert([Input("x.yaml", "slos: []\nversion: other")], form="sloth").text == ""


def test_odd_texts_survive_in_yaml() -> None:
    odd = 'it\'s \\ "quoted": {a} # not a comment \u2028 \U0001f642 end:'
    text = f"version: prometheus/v1\nservice: s\nslos:\n  - name: a\n    objective: 99\n    description: {quoted(odd)}\n    labels: {{x: {quoted(odd)}, y: 'on', z: '1', k: '- a'}}\n"
    text += "    sli: {raw: {error_ratio_query: 'sum(a{b=`it''s \"x\" \\d`})/sum(c)'}}\n"
    found = convert([Input("x.yaml", text)])
    labels = load_text(found.text).slos[0].labels
    assert labels["x"] == 'it\'s \\ "quoted": {a} # not a comment \U0001f642 end:'
    assert (labels["y"], labels["z"], labels["k"]) == ("on", "1", "- a")


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


CASES = [
    document
    for path in sorted((Path(__file__).parent / "cases").glob("*.in.yaml"))
    for document in yaml.load_all(path.read_text(), Loader=yaml.BaseLoader)
]
SPOILT = st.sampled_from(
    [
        "",
        "x",
        "0",
        "1",
        "99",
        "-1",
        "1e99",
        "nan",
        "1m",
        "1M",
        "true",
        "{{ x }}",
        "up",
        "a[",
        "a b",
        None,
        [],
        {},
        ["x"],
        {"x": "y"},
        [{}],
    ]
)


def spoil(value: Any, draw: Callable[[st.SearchStrategy[Any]], Any]) -> Any:
    """The value with one thing in it replaced, or left out."""
    if not isinstance(value, dict | list) or not value or draw(st.integers(0, 5)) == 0:
        return draw(SPOILT)
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    key = draw(st.sampled_from(keys))
    copied = dict(value) if isinstance(value, dict) else list(value)
    if draw(st.integers(0, 9)) == 0:
        del copied[key]
    else:
        copied[key] = spoil(value[key], draw)
    return copied


@given(st.data(), st.sampled_from([None, None, None, *FORMATS]))
@settings(max_examples=250, deadline=None)
def test_no_document_raises_and_all_that_comes_out_is_valid(data: st.DataObject, form: str | None) -> None:
    document = data.draw(st.sampled_from(CASES))
    for _ in range(data.draw(st.integers(1, 3))):
        document = spoil(document, data.draw)
    found = convert([Input("x.yaml", json.dumps(document))], form=form)
    assert found.notes or found.text
    if found.text:
        assert len(load_text(found.text).slos) == len(found.kinds)


@given(text=st.text(max_size=60))
@settings(max_examples=200)
def test_no_text_raises(text: str) -> None:
    assert convert([Input("x.yaml", text)]).text == ""


def test_aliases_cannot_explode() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]
    found = convert([Input("x.yaml", "\n".join(lines))])
    assert "values: split the file" in found.notes[0].message
