"""The files as a whole: golden, deterministic, complete, and of the catalogue's names only."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from alert_rules import ALERTMANAGER_FILE, RULES_FILE, TEMPLATES_FILE, TESTS_FILE, generate
from exporter.alerts import ALERTS
from exporter.contract import FAMILIES
from tests.alert_rules.example import EMPTY, FULL

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden" / "rules"
FILES = (RULES_FILE, TESTS_FILE, ALERTMANAGER_FILE, TEMPLATES_FILE)
ALLOWED_TEMPLATES = (
    "{{ $value | humanize }}",
    "{{ $value | humanizePercentage }}",
    '{{ "{{" }}',
    "{{ if $value }}",
    "{{ else }}",
    "{{ end }}",
    "{{ $labels.slo_group | urlquery }}",
    *(
        f"{{{{ $labels.{name} }}}}"
        for name in (
            "variant",
            "metric",
            "source",
            "collector",
            "family",
            "slo_group",
            "persona",
            "pattern",
            "currency",
            "shard",
            "shards",
        )
    ),
    *(
        f'{{{{ $labels.{name} | printf "%q" | urlquery | reReplaceAll "[+]" "%20" }}}}'
        for name in sorted({"shard"} | {name for alert in ALERTS.values() for name in alert.identity})
    ),
)


def everything(files: dict[str, str]) -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(files[RULES_FILE])["groups"] for rule in group["rules"]]


def rules(files: dict[str, str]) -> list[dict[str, Any]]:
    """The alerts."""
    return [rule for rule in everything(files) if "alert" in rule]


def recorded(files: dict[str, str]) -> set[str]:
    return {rule["record"] for rule in everything(files) if "record" in rule}


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_as_it_was_agreed(name: str) -> None:
    path, text = GOLDEN / name, generate(FULL)[name]
    if os.environ.get("WINBURN_GOLDEN") == "1":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8"), (
        "if this is meant, run again with WINBURN_GOLDEN=1 and read the diff"
    )


def test_the_same_spec_gives_the_same_bytes_in_every_process() -> None:
    code = (
        "import sys; from alert_rules import generate; from tests.alert_rules.example import FULL;"
        "sys.stdout.reconfigure(encoding='utf-8'); print(generate(FULL))"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
        ).stdout
        for seed in ("1", "2", "77")
    }
    assert len(outputs) == 1


def test_the_order_in_the_spec_does_not_matter() -> None:
    turned = FULL.model_copy(update={"slos": FULL.slos[::-1], "experiments": FULL.experiments[::-1]})
    assert generate(turned) == generate(FULL)


def test_files_say_that_they_are_generated_and_carry_no_date_and_no_version() -> None:
    for text in generate(FULL).values():
        assert text.startswith("# DO NOT EDIT")
        # Go writes the form of a date as one of 2006.
        assert not re.search(r"20\d\d-\d\d|0\.1\.0", text.replace("2006-01-02", ""))


def test_every_slo_and_experiment_of_the_spec_appears_even_where_it_has_no_rule() -> None:
    text = generate(FULL)[RULES_FILE]
    for entity in (*FULL.slos, *FULL.experiments):
        assert re.search(rf"^# {re.escape(entity.name)}\b", text, re.MULTILINE), entity.name


def test_an_empty_spec_still_watches_winburn() -> None:
    files = generate(EMPTY)
    assert {rule["alert"] for rule in rules(files)} == {name for name in ALERTS if name.startswith("Winburn")}


def series_of(expr: str) -> set[str]:
    """Names of series in a PromQL expression of ours."""
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]|offset \w+|(by|on|ignoring) \([^)]*\)|\"[^\"]*\"", "", expr)
    words = {
        "max",
        "min",
        "sum",
        "and",
        "or",
        "unless",
        "absent",
        "vector",
        "time",
        "count",
        "label_replace",
        "rate",
        "last_over_time",
        "ALERTS",
    }
    return set(re.findall(r"[a-zA-Z_][a-zA-Z0-9_:]*", bare)) - words


def test_every_series_of_every_rule_is_in_the_catalogue() -> None:
    named = set().union(*(series_of(rule["expr"]) for rule in rules(generate(FULL))))
    assert named <= set(FAMILIES) | recorded(generate(FULL))
    assert {"slo_burn_rate", "slo_burn_p_value", "slo_status", "winburn_build_info"} <= named


def test_every_series_in_the_unit_tests_is_in_the_catalogue() -> None:
    tests = yaml.safe_load(generate(FULL)[TESTS_FILE])["tests"]
    series = {each["series"].partition("{")[0] for test in tests for each in test["input_series"]}
    assert series <= set(FAMILIES) | recorded(generate(FULL))


def test_every_rule_aggregates_away_which_exporter_said_it() -> None:
    for rule in rules(generate(FULL)):
        kept = ",".join(ALERTS[rule["alert"]].identity).replace(",", ", ")
        forms = {
            "WinburnDown": "absent(",
            "WinburnWatchdog": "vector(",
            "ExperimentGuardrailHarmed": " by (experiment, variant)",  # each rule is about one guardrail
        }
        shard = rule["labels"].get("scope") == "shard"
        expected = "max by (shard, shards)" if shard else forms.get(rule["alert"], f" by ({kept})")
        assert expected in rule["expr"]
        # Whatever else is matched is matched on labels of the alert's own identity or inside of one exporter.
        assert "instance" not in rule["expr"]
        assert "job" not in rule["expr"]


def test_every_rule_has_all_that_people_and_routes_need() -> None:
    for rule in rules(generate(FULL)):
        assert rule["labels"]["severity"] in {"page", "ticket", "info", "none"}
        assert set(rule["annotations"]) == {"summary", "description", "runbook_url", "dashboard_url", "silence_url"}
        assert all(rule["annotations"].values())


def test_no_template_but_the_few_that_cannot_fail() -> None:
    for rule in rules(generate(FULL)):
        for text in (*rule["labels"].values(), *rule["annotations"].values()):
            rest = text
            for template in ALLOWED_TEMPLATES:
                rest = rest.replace(template, "")
            assert "{{" not in rest, text


def test_rules_are_told_apart_by_name_and_static_labels() -> None:
    seen = [(rule["alert"], tuple(sorted(rule["labels"].items()))) for rule in rules(generate(FULL))]
    assert len(set(seen)) == len(seen)


def test_static_labels_never_contradict_the_identity() -> None:
    for rule in rules(generate(FULL)):
        for label in ("slo", "experiment"):
            if label in rule["labels"]:
                assert f'{label}="{rule["labels"][label]}"' in rule["expr"]
        assert not {"slo_group", "variant", "collector", "instance", "job"} & set(rule["labels"])
