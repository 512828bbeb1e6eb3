"""Two tenants' rules in one Prometheus: what is called alike stays apart."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import yaml

from alert_rules import RULES_FILE, generate
from tests.alert_rules.example import slo, spec
from winburn.servers import Servers

LEFT = "slo_error_budget_remaining_ratio"


def alert(tenant: str, folder: Path) -> dict[str, Any]:
    """The labels and texts of the tenant's alert, from its own rules."""
    text = (folder / f"{tenant}.yml").read_text(encoding="utf-8")
    rules = [rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]]
    (rule,) = [rule for rule in rules if rule["alert"] == "SLOErrorBudgetExhausted"]
    return {"exp_labels": rule["labels"]}


def test_each_tenants_budget_is_its_own(servers: Servers, tmp_path: Path) -> None:
    for tenant in ("acme", "beta"):
        rules = generate(spec(slos=[slo("a")], tenant=tenant))[RULES_FILE]
        # promtool compares texts as well, which the generated tests check; here it is about who fires.
        document = yaml.safe_load(rules)
        for group in document["groups"]:
            for rule in group["rules"]:
                rule.pop("annotations", None)
        (tmp_path / f"{tenant}.yml").write_text(yaml.safe_dump(document))
    # For two hours acme's budget is gone, then for two both are.
    series = {"acme": "-1+0x240", "beta": "1+0x119 -1+0x120"}
    checks = [("1h", ["acme"]), ("3h50m", ["acme", "beta"])]
    test = {
        "rule_files": ["acme.yml", "beta.yml"],
        "tests": [
            {
                "interval": "1m",
                "input_series": [
                    {"series": f'{LEFT}{{slo="a",tenant="{tenant}",instance="x"}}', "values": values}
                    for tenant, values in series.items()
                ],
                "alert_rule_test": [
                    {
                        "eval_time": when,
                        "alertname": "SLOErrorBudgetExhausted",
                        "exp_alerts": [alert(tenant, tmp_path) for tenant in tenants],
                    }
                    for when, tenants in checks
                ],
            }
        ],
    }
    (tmp_path / "test.yml").write_text(yaml.safe_dump(test))
    command = [str(servers.need("promtool")), "test", "rules", str(tmp_path / "test.yml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
