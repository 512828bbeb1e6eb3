"""Reference values computed elsewhere, read where the file exists: every case must be claimed by a check."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from exporter.stats import (
    allocation,
    bayes,
    contrast,
    epochs,
    fatigue,
    kill,
    moments,
    multiple,
    ratio,
    sequential,
    srm,
    strata,
)

ROOT = Path(__file__).resolve().parents[3]
FILE = Path(os.environ.get("WINBURN_SHARED", ROOT.parent / "shared")) / "cases" / "statistics.json"
CASES = json.loads(FILE.read_text()) if FILE.exists() else []

Values = dict[str, Any]


def beta(i: Values) -> Values:
    arms = (i["s_control"], i["n_control"], i["s_variant"], i["n_variant"], tuple(i["prior"]))
    kept, shipped = bayes.expected_loss(*arms)
    return {
        "prob_variant_beats_control": bayes.prob_beats(*arms),
        "expected_loss_choose_control": kept,
        "expected_loss_choose_variant": shipped,
    }


def normal_loss(i: Values) -> Values:
    kept, shipped = bayes.normal_expected_loss(i["mu"], i["sigma"])
    return {"loss_choose_control": kept, "loss_choose_variant": shipped}


def normal_best(i: Values) -> Values:
    return {"prob_best": bayes.normal_prob_best(i["means"], i["std_errors"])}


def inverse_metric(i: Values) -> Values:
    best = bayes.normal_prob_best(i["means"], i["std_errors"], "decrease")
    return {"argmax_weight": np.argmax(allocation.thompson_weights(best))}


def variance_of_difference(i: Values) -> Values:
    arms = [ratio.variance(i[f"n_{a}"], i[f"mean_{a}"], i[f"var_{a}"], 1, 0, 0) for a in ("control", "variant")]
    return {"variance": sum(arms)}


def boundary(i: Values) -> Values:
    rho = np.sqrt(sequential.information(1, i["alpha"], i["tuning_n"])[0])
    return {"rho": rho, "z": sequential.z_boundary(i["n"], i["alpha"], i["tuning_n"])}


def proportion(i: Values) -> Values:
    arms = (i["s_control"], i["n_control"], i["s_variant"], i["n_variant"])
    n, options = i["n_control"] + i["n_variant"], (i["alpha"], i["tuning_n"])
    difference, error = epochs.stratified_difference([arms[1]], [arms[0]], [arms[3]], [arms[2]])
    z_boundary = sequential.z_boundary(n, *options)
    log_e = sequential.mixture_log_e(difference / error, n, *options)
    return {
        "difference": difference,
        "std_error": error,
        "z": difference / error,
        "z_boundary": z_boundary,
        "ci": difference + np.array([-1, 1]) * z_boundary * error,
        "log_e_value": log_e,
        "p_always_valid": np.exp(-log_e),
        "lift_ci_fieller": sequential.lift_interval(*arms, *options),
        "lift": arms[2] / arms[3] / (arms[0] / arms[1]) - 1,
    }


def half_normal(i: Values) -> Values:
    return {"log_e": kill.half_normal_log_e(i["z"], i["r"])}


def event_split(i: Values) -> Values:
    x = (i["events_control"], i["events_variant"], i["share_variant"])
    low, high = sequential.event_split_lift_interval(*x, i["alpha"], i["prior_concentration"])
    odds = (np.array([low, high]) + 1) * x[2] / (1 - x[2])
    log_e = sequential.event_split_log_e(*x, i["prior_concentration"])
    return {"log_e": log_e, "lift_ci": [low, high], "share_ci": odds / (1 + odds)}


def event_rates(i: Values) -> Values:
    share = i["exposure_variant"] / (i["exposure_control"] + i["exposure_variant"])
    log_e = sequential.event_split_log_e(i["events_control"], i["events_variant"], share, i["prior_concentration"])
    rates = [i[f"events_{a}"] / i[f"exposure_{a}"] for a in ("control", "variant")]
    return {"share_variant": share, "log_e": log_e, "rate_ratio": rates[1] / rates[0]}


def early_kill(i: Values) -> Values:
    concentrations = i.get("concentrations", i.get("prior_concentration"))
    log_e = kill.split_log_e(
        i["events_control"], i["events_variant"], i["share_variant"], i["margin"], concentrations=concentrations
    )
    kept = i["share_variant"] * (1 - i["margin"])
    return {
        "log_e": log_e,
        "e": np.exp(log_e),
        "null_share": kept / (1 - i["share_variant"] + kept),
        "kill_at_alpha_05": log_e >= np.log(20),
        "kill_at_alpha_01": log_e >= np.log(100),
    }


def sample_ratio(i: Values) -> Values:
    arguments = (i["counts"], i["probabilities"], i["concentration"])
    p = srm.p_value(*arguments)
    return {"log_e": srm.log_e(*arguments), "p_always_valid": p, "alarm_at_001": p <= 0.001}


def e_bh(i: Values) -> Values:
    return {"rejected_indices": np.flatnonzero(multiple.e_bh(i["e"], i["alpha"]))}


def running_maximum(i: Values) -> Values:
    return {"adjusted": multiple.adjust_running_max(i["running_max_e"])}


def fatigue_trend(i: Values) -> Values:
    found = fatigue.trend(i["exposures"], i["events"], i["rho"], dispersion=1)
    return {
        "pooled_rate": sum(i["events"]) / sum(i["exposures"]),
        "score": found.score,
        "information": found.variance / found.dispersion,
        "slope_per_use_logit": found.slope,
        "log_e_decline": found.log_e_value,
    }


def ratio_metric(i: Values) -> Values:
    return {"ratio": i["num_mean"] / i["den_mean"], "variance_of_estimate": ratio.variance(**i)}


def scale_mixture(i: Values) -> Values:
    log_e = sequential.mixture_log_e(i["z"], i["n"], i["alpha"], i["tuning_ns"])
    return {"log_e": log_e, "significant": log_e >= -np.log(i["alpha"])}


def ramp(i: Values) -> Values:
    names = ("n_control", "s_control", "n_variant", "s_variant")
    difference, error = epochs.stratified_difference(*([epoch[name] for epoch in i["epochs"]] for name in names))
    return {"stratified_difference": difference, "stratified_std_error": error}


def thompson(i: Values) -> Values:
    return {"weights": allocation.thompson_weights(i["prob_best"], i["floor"])}


CHECKS: dict[str, Callable[[Values], Values]] = {
    "beta_prob_beats_control": beta,
    "normal_expected_loss": normal_loss,
    "normal_prob_best": normal_best,
    "gb_delta_variance absolute": variance_of_difference,
    "asympcs z-boundary": boundary,
    "asympcs proportion": proportion,
    "one-sided half-normal": half_normal,
    "event-split Beta": event_split,
    "event rates": event_rates,
    "early-kill": early_kill,
    "sequential SRM": sample_ratio,
    "e-BH": e_bh,
    "adjusted running maximum": running_maximum,
    "fatigue trend": fatigue_trend,
    "ratio metric": ratio_metric,
    "scale-mixture": scale_mixture,
    "traffic ramp": ramp,
    "additive floor": thompson,
    "inverse metric": inverse_metric,
}


def losses(i: Values) -> Values:
    arms = [i["s_control"], i["s_variant"]], [i["n_control"], i["n_variant"]]
    kept, shipped = bayes.loss_per_arm(*arms, tuple(i["prior"]))
    return {"expected_loss_choose_control": kept, "expected_loss_choose_variant": shipped}


def general_proportion(i: Values) -> Values:
    arms = [moments.mean_of("proportion", {"n": i[f"n_{a}"], "successes": i[f"s_{a}"]}) for a in ("control", "variant")]
    n, options = i["n_control"] + i["n_variant"], (i["alpha"], i["tuning_n"])
    pair, z = strata.Pair(*arms[0], *arms[1], np.float64(n)), sequential.z_boundary(n, *options)
    return {
        "z": contrast.z_score(pair),
        "ci": contrast.difference_interval(pair, z),
        "lift_ci_fieller": contrast.fieller(pair, z),
    }


def general_rates(i: Values) -> Values:
    names = ("control", "variant")
    sums = [{"exposure": i[f"exposure_{a}"], "events": i[f"events_{a}"]} for a in names]
    rates = [moments.mean_of("rate", each)[0] for each in sums]
    share = contrast.event_share(i["exposure_variant"] / (i["exposure_control"] + i["exposure_variant"]))
    log_e = sequential.event_split_log_e(i["events_control"], i["events_variant"], share, i["prior_concentration"])
    return {"rate_ratio": rates[1] / rates[0], "share_variant": share, "log_e": log_e}


def general_ratio(i: Values) -> Values:
    n, (num, den) = i["n"], (i["num_mean"], i["den_mean"])
    sums = {"n": n, "numerator": n * num, "denominator": n * den, "product": (n - 1) * i["cov"] + n * num * den}
    sums["numerator_squares"] = (n - 1) * i["num_var"] + n * num**2
    sums["denominator_squares"] = (n - 1) * i["den_var"] + n * den**2
    return dict(zip(("ratio", "variance_of_estimate"), moments.mean_of("ratio", sums), strict=True))


def general_ramp(i: Values) -> Values:
    table = {name: np.array([epoch[name] for epoch in i["epochs"]]) for name in i["epochs"][0]}
    columns = []
    for a in ("control", "variant"):
        sums = {"n": table[f"n_{a}"], "successes": table[f"s_{a}"]}
        columns += [*moments.mean_of("proportion", sums), sums["n"]]
    pair = strata.combine(*columns)
    difference, error = pair.mean_variant - pair.mean_control, np.sqrt(pair.var_control + pair.var_variant)
    return {"stratified_difference": difference, "stratified_std_error": error}


def inverse_top_two(i: Values) -> Values:
    best = bayes.normal_prob_best(i["means"], i["std_errors"], "decrease")
    return {"argmax_weight": np.argmax(allocation.top_two(best))}


AGAIN: dict[str, Callable[[Values], Values]] = {
    "beta_prob_beats_control": losses,
    "asympcs proportion": general_proportion,
    "event rates": general_rates,
    "ratio metric": general_ratio,
    "traffic ramp": general_ramp,
    "inverse metric": inverse_top_two,
}


@pytest.mark.skipif(not CASES, reason=f"no reference cases at {FILE}")
def test_every_case_is_claimed_by_one_check_and_every_check_has_a_case() -> None:
    names = [case["name"] for case in CASES]
    claims = {name: [prefix for prefix in CHECKS if name.startswith(prefix)] for name in names}
    assert len(set(names)) == len(names) == 30
    assert [name for name, prefixes in claims.items() if len(prefixes) != 1] == []
    assert sorted({prefix for prefixes in claims.values() for prefix in prefixes} ^ CHECKS.keys()) == []


@pytest.mark.skipif(not CASES, reason=f"no reference cases at {FILE}")
@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_reference_case(case: Values) -> None:
    (check,) = (check for prefix, check in CHECKS.items() if case["name"].startswith(prefix))
    found = check(case["inputs"])
    wanted = {name: value for name, value in case["expected"].items() if "WRONG" not in name}
    assert wanted.keys() <= found.keys()
    _same(found, wanted, case)


@pytest.mark.skipif(not CASES, reason=f"no reference cases at {FILE}")
@pytest.mark.parametrize("prefix", AGAIN)
def test_reference_case_by_the_functions_for_every_kind_of_metric(prefix: str) -> None:
    cases = [case for case in CASES if case["name"].startswith(prefix)]
    assert cases
    for case in cases:
        found = AGAIN[prefix](case["inputs"])
        _same(found, {name: case["expected"][name] for name in found}, case)


def _same(found: Values, wanted: Values, case: Values) -> None:
    for name, value in wanted.items():
        np.testing.assert_allclose(found[name], value, rtol=case["tolerance"], atol=case["tolerance"], err_msg=name)
