"""From YAML to a Spec, or to every mistake in it at once.

Three stages look at the text: is it YAML, does it have the shape of a spec, does it make sense. A stage looks at all
that the one before found no fault with, so that one typing error hides nothing else.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from exporter.spec.alerting_models import TeamRoute
from exporter.spec.base import Model, fields_of
from exporter.spec.errors import SpecError, SpecErrors
from exporter.spec.experiment_models import CsvCounts, Experiment
from exporter.spec.files import SpecText, read_files
from exporter.spec.join import join
from exporter.spec.models import Links, Spec
from exporter.spec.semantics import check
from exporter.spec.sentences import problems_of
from exporter.spec.slo_models import Slo
from exporter.spec.source_models import FileSource
from exporter.spec.tree import Parts, Problem, Tree, child, did_you_mean, unhidden

_LISTS = ("slos", "experiments")
_DROPPED = object()
_STAND_INS: Mapping[str, Any] = {
    "calendar": "month",
    "control": "stand-in",
    "events": "stand_in",
    "exposures": "stand_in",
    "good_when": "stand_in < 1",
    "histogram": "stand_in",
    "kind": "proportion",
    "long": "1h",
    "name": "a-stand-in-for-the-mistaken-name",
    "objective": 99.9,
    "period": "30d",
    "reason": "stand-in",
    "service": "stand-in",
    "severity": "page",
    "short": "5m",
    "slo": "stand-in",
    "source": "stand-in",
    "tables.variants": "stand-in",
    "threshold": 1,
    "variants": {},
    "variants.*": 0.5,
}
"""What stands for a mistaken value that must be there, so that the keys around it can be checked. What the checks find
at the key itself is not reported: that it is mistaken is known already."""
_ROUNDS = 10
_SQLITE = re.compile(r"(sqlite(?:\+\w+)?:///(?:file:)?)([^/:?][^?]*)(.*)", re.S)
PATHS = (
    "path",
    "url_file",
    "token_file",
    "webhook_file",
    "secret_file",
    "api_url_file",
    "routing_key_file",
    "api_key_file",
    "webhook_url_file",
    "password_file",
    "username_file",
    "ca_file",
    "cert_file",
    "key_file",
)
"""Keys whose value is a path, relative to the folder of the file that it stands in."""

AnyModel = TypeVar("AnyModel", bound=Model)


def load(path: Path) -> Spec:
    """The spec in a YAML file, or in all of a folder's together. SpecErrors where it has mistakes."""
    texts, unread = read_files(path)
    return _load(texts, unread, path if path.is_dir() else path.parent)


def load_text(text: str, file: str = "spec.yml", folder: Path = Path()) -> Spec:
    """The spec in a text; ``file`` stands in messages, relative paths are resolved against ``folder``."""
    return _load([SpecText(file, text, folder)], (), folder)


def _load(texts: Sequence[SpecText], unread: Sequence[SpecError], folder: Path) -> Spec:
    tree = join(texts, whole=not unread)
    problems = list(tree.problems)
    spec, kept = _shape(tree, problems)
    if spec is not None and tree.whole:
        sources: dict[str, str | None] = {str(name): None for name in _mapping(_meant(tree.value, "sources"))}
        sources |= {name: source.type for name, source in spec.sources.items()}
        found = check(
            spec, sources, _names(_meant(tree.value, "slos")), lambda parts: tree.place(_written(parts, kept))
        )
        problems += unhidden((p._replace(parts=_written(p.parts, kept)) for p in found), problems)
    if problems or unread or spec is None:
        raise SpecErrors([*unread, *(tree.error(problem) for problem in problems if not problem.explained)])
    return _completed(spec, tree, folder)


def _shape(tree: Tree, problems: list[Problem]) -> tuple[Spec | None, dict[str, list[int]]]:
    """The spec without what is mistaken in it, and the indexes at which the items of its lists are written down."""
    value = copy.deepcopy(tree.value)
    for _ in range(_ROUNDS):
        kept, pruned = _without_dropped(value)
        try:
            return Spec.model_validate(pruned), kept
        except ValidationError as error:
            found = problems_of(error)
        problems += unhidden((p._replace(parts=_written(p.parts, kept)) for p, _ in found), problems)
        # What is missing because its key is misspelt is known already.
        problems += [
            Problem(_written(place.meant, kept), "", explained=True)
            for _, place in found
            if place.meant and _at(pruned, place.meant) is None
        ]
        for problem, place in found:
            if problem.on_key:
                _drop(value, _written(place.droppable, kept))
            else:
                _mend(value, _written(place.parts, kept), _written(place.droppable, kept))
    return None, {}


def _without_dropped(value: dict[str, Any]) -> tuple[dict[str, list[int]], dict[str, Any]]:
    lists = {key: list(enumerate(value[key])) for key in _LISTS if isinstance(value.get(key), list)}
    left = {key: [(i, item) for i, item in items if item is not _DROPPED] for key, items in lists.items()}
    kept = {key: [i for i, _ in items] for key, items in left.items()}
    return kept, {**value, **{key: [item for _, item in items] for key, items in left.items()}}


def _written(parts: Parts, kept: Mapping[str, Sequence[int]]) -> Parts:
    """The place in the file of a place in the spec without its mistaken items."""
    if len(parts) > 1 and isinstance(parts[1], int) and parts[0] in kept:
        return (parts[0], kept[str(parts[0])][parts[1]], *parts[2:])
    return parts


def _mend(value: dict[str, Any], parts: Parts, droppable: Parts) -> None:
    """Take a mistake away: put a stand-in where something must stand, or leave out what may be left out."""
    holder = _at(value, parts[:-1])
    required = len(droppable) < len(parts)
    above = parts[-2] if len(parts) > 1 else ""
    key = str(parts[-1]) if required else f"{above}.*"
    if required and f"{above}.{key}" in _STAND_INS:
        key = f"{above}.{key}"
    if key in _STAND_INS and isinstance(holder, dict):
        holder[parts[-1]] = _STAND_INS[key]
    else:
        _drop(value, droppable)


def _at(value: Any, parts: Parts) -> Any:
    for part in parts:
        value = child(value, part)
    return value


def _drop(value: Any, parts: Parts) -> None:
    """Take a value away; items of lists leave a hole, so that those behind them keep their index."""
    *above, last = parts
    value = _at(value, tuple(above))  # None, where something around it is gone already
    if isinstance(value, list):
        value[int(last)] = _DROPPED
    elif isinstance(value, dict):
        value.pop(last, None)


def _meant(value: Mapping[str, Any], key: str) -> Any:
    """What stands under a key of the spec, or under a misspelling of it: that it is misspelt is one mistake enough."""
    keys = fields_of(Spec)
    misspelt = (name for name in value if name not in keys and did_you_mean(name, keys) == key)
    return value.get(key, value.get(next(misspelt, key)))


def _names(items: Any) -> set[str]:
    """Of all items of a list, those that are mistaken otherwise too."""
    named = items if isinstance(items, list) else []
    return {name for item in named if isinstance(name := _mapping(item).get("name"), str)}


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _completed(spec: Spec, tree: Tree, folder: Path) -> Spec:
    """With what follows from other parts of the spec: absolute or resolved paths, and the columns of CSV files."""

    def here(parts: Parts) -> Path:
        return tree.folder(parts) or folder

    receivers, routes, smtp = spec.alerting.receivers, spec.alerting.routes, spec.alerting.smtp
    return _with(
        spec,
        sources={name: _told(source, here(("sources", name))) for name, source in spec.sources.items()},
        slos=tuple(_with_bad_column(slo) for slo in spec.slos),
        experiments=tuple(
            _with_apply(_with_columns(experiment, spec), here(("experiments", i)))
            for i, experiment in enumerate(spec.experiments)
        ),
        engagement=spec.engagement and _with_apply(spec.engagement, here(("engagement",))),
        state=_resolved(spec.state, here(("state",))),
        live=_with(spec.live, grafana=_resolved(spec.live.grafana, here(("live",))))
        if spec.live.grafana
        else spec.live,
        links=_with_alertmanager(spec),
        alerting=_with(
            spec.alerting,
            receivers={role: _told(receivers[role], here(("alerting", "receivers", role))) for role in receivers},
            routes=tuple(_with_paths(route, here(("alerting", "routes", i))) for i, route in enumerate(routes)),
            smtp=smtp and _resolved(smtp, here(("alerting", "smtp"))),
            alertmanager_http=_told(spec.alerting.alertmanager_http, here(("alerting", "alertmanager_http"))),
        ),
    )


def _with_bad_column(slo: Slo) -> Slo:
    csv = slo.sli.csv
    if csv is None or csv.bad is not None or csv.good is not None:
        return slo
    return _with(slo, sli=_with(slo.sli, csv=_with(csv, bad="bad")))


def _with_apply(holder: AnyModel, folder: Path) -> AnyModel:
    """An experiment, or the engagement, with the paths of its webhooks resolved."""
    apply = getattr(holder, "apply", None)
    if apply is None:
        return holder
    targets = {action: getattr(apply, action) for action in type(apply).model_fields}
    webhooks = {
        action: _with(target, webhook=_resolved(target.webhook, folder))
        for action, target in targets.items()
        if target is not None and target.webhook is not None
    }
    return _with(holder, apply=_with(apply, **webhooks))


def _with_columns(experiment: Experiment, spec: Spec) -> Experiment:
    metrics = tuple(
        _with(metric, csv=CsvCounts())
        if metric.csv is None and isinstance(spec.sources[metric.source], FileSource)
        else metric
        for metric in experiment.metrics
    )
    return _with(experiment, metrics=metrics)


def _with_alertmanager(spec: Spec) -> Links:
    """Links to the page of the first Alertmanager, unless the spec names another; never with its password."""
    if "alertmanager" in spec.links.model_fields_set or not spec.alerting.alertmanager:
        return spec.links
    scheme, _, rest = spec.alerting.alertmanager[0].partition("://")
    host, slash, path = rest.partition("/")
    return _with(spec.links, alertmanager=f"{scheme}://{host.rpartition('@')[2]}{slash}{path}")


def _with_paths(route: TeamRoute, folder: Path) -> TeamRoute:
    return _with(route, receivers={role: _told(receiver, folder) for role, receiver in route.receivers.items()})


def _told(model: AnyModel, folder: Path) -> AnyModel:
    """With its paths, and those of the models directly in it, resolved."""
    parts = {name: part for name in type(model).model_fields if isinstance(part := getattr(model, name), Model)}
    return _with(_resolved(model, folder), **{name: _resolved(part, folder) for name, part in parts.items()})


def _resolved(model: AnyModel, folder: Path) -> AnyModel:
    """Paths, and the file of an SQLite URL, as seen from where the spec is read."""
    paths = {key: str(folder / text) for key in PATHS if (text := getattr(model, key, None)) is not None}
    url = getattr(model, "url", None)
    if url is not None and (match := _SQLITE.fullmatch(url)):
        paths["url"] = match[1] + str(folder / match[2]) + match[3]
    return _with(model, **paths)


def _with(model: AnyModel, **changes: Any) -> AnyModel:
    """A copy with changes. It counts as set what the YAML has set, and nothing that was only completed here."""
    return model.model_copy(update=changes) if changes else model
