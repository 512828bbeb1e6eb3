"""GrowthBook's statistics engine over experiments of four variants; run by its own Python, prints CPU seconds.

Arguments: the number of experiments, and ``bayesian`` or ``frequentist`` (with its sequential test).
"""

import random
import sys
import time

from gbstats.gbstats import process_experiment_results  # type: ignore[import-not-found]  # in the peer's own venv

ARMS = 4


def experiment(rng: random.Random, engine: str) -> dict[str, object]:
    """One experiment with one proportion, as GrowthBook's server hands it over."""
    rate = rng.uniform(0.01, 0.3)
    rows = []
    for arm in range(ARMS):
        n = rng.randrange(500, 50_000)
        # A sum of Bernoulli draws would cost more than the engine; its normal limit is as good here.
        successes = round(min(max(rng.gauss(n * rate, (n * rate * (1 - rate)) ** 0.5), 20), n))
        counts = {"m0_id": "m", "m0_main_sum": successes, "m0_main_sum_squares": successes, "m0_count": n}
        rows.append({"dimension": "", "variation": str(arm), "users": n, "count": n, **counts})
    names = [str(arm) for arm in range(ARMS)]
    metric = {"id": "m", "name": "m", "statistic_type": "mean", "main_metric_type": "binomial"}
    analysis = {
        "var_names": names,
        "var_ids": names,
        "weights": [1 / ARMS] * ARMS,
        "stats_engine": engine,
        "sequential_testing_enabled": engine == "frequentist",
    }
    return {
        "metrics": {"m": metric},
        "analyses": [analysis],
        "query_results": [{"rows": rows, "metrics": ["m"], "sql": ""}],
    }


def main() -> None:
    """Print the CPU seconds of all experiments, after one to warm up."""
    count, engine = int(sys.argv[1]), sys.argv[2]
    rng = random.Random(1)
    given = [experiment(rng, engine) for _ in range(count + 1)]
    process_experiment_results(given[0])
    before = time.process_time()
    for data in given[1:]:
        (result,) = process_experiment_results(data)
        if len(result["analyses"][0]["dimensions"][0]["variations"]) != ARMS:
            raise RuntimeError("not all variants were analysed")
    print(time.process_time() - before)


if __name__ == "__main__":
    main()
