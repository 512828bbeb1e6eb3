"""slo-generator over SLOs of Prometheus; run by its own Python, prints CPU seconds.

Arguments: the server's address, the Unix time to evaluate at, the number of SLOs.
"""

import logging
import sys
import time

from slo_generator.compute import compute  # type: ignore[import-not-found]  # in the peer's own venv

WINDOWS = (300, 1800, 3600, 7200, 21600, 86400, 259200, 2592000)


def main() -> None:
    """Print the CPU seconds of all SLOs, after one to warm up."""
    url, at, count = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
    logging.disable(logging.CRITICAL)
    steps = [
        {"name": str(seconds), "window": seconds, "burn_rate_threshold": 1, "alert": False,
         "message_alert": "", "message_ok": ""}
        for seconds in WINDOWS
    ]  # fmt: skip
    config = {"backends": {"prometheus": {"url": url}}, "error_budget_policies": {"default": {"steps": steps}}}
    slos = [slo(number, at) for number in range(count + 1)]
    compute(slos[0], config, timestamp=at)
    before = time.process_time()
    for one in slos[1:]:
        reports = compute(one, config, timestamp=at)
        if len(reports) != len(WINDOWS) or not all(report.get("bad_events_count", -1) >= 0 for report in reports):
            raise RuntimeError(f"not all windows were evaluated: {reports}")
    print(time.process_time() - before)


def slo(number: int, at: float) -> dict[str, object]:
    """An SLO of one service, as its YAML would be; the peer asks of now, so the queries say when."""
    inner = f'job="service-{number % 10}",slo!="{number}"'
    indicator = {
        "filter_good": f'requests_total{{{inner},code!~"5.."}}[window] @ {at:.0f}',
        "filter_bad": f'requests_total{{{inner},code=~"5.."}}[window] @ {at:.0f}',
    }
    return {
        "apiVersion": "sre.google.com/v2",
        "kind": "ServiceLevelObjective",
        "metadata": {"name": f"slo-{number}", "labels": {}},
        "spec": {
            "description": "availability",
            "backend": "prometheus",
            "method": "good_bad_ratio",
            "exporters": [],
            "error_budget_policy": "default",
            "goal": 0.999,
            "service_level_indicator": indicator,
        },
    }


if __name__ == "__main__":
    main()
