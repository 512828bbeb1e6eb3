"""Dashboard JSON against the types of @grafana/schema: each page and panel as a literal that tsc checks.

A fresh literal may have no key that its type has not, so this finds keys that Grafana does not know, values of a wrong
type and words that are in no enum. What is left out is not found: it has Grafana's default. Queries and options of
transformations have no type there, and there is none at all for alert lists (which we do not use).
"""

from __future__ import annotations

import json
import re
import subprocess
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.dashboards.documents import Json
from tests.grafana_npm import FOLDER, installed

MAJORS = ("11", "12", "13")
"""Of @grafana/schema, as package.json has them under schema-<major>."""
KINDS = {
    "stat": ("stat", False),
    "table": ("table", True),
    "timeseries": ("timeseries", True),
    "state-timeline": ("statetimeline", True),
    "bargauge": ("bargauge", False),
    "text": ("text", False),
}
"""Panel type -> its folder in the package, and whether it has field options of its own."""

ALLOWED: dict[str, str] = {
    **{
        f"page.annotations.list[].{key}": "the Prometheus data source's own keys of an annotation, which no schema has"
        for key in ("expr", "step", "tagKeys", "textFormat", "titleFormat", "useValueForTime")
    },
    "page.templating.list[].definition": "what Grafana itself writes beside `query` and shows in lists of variables",
}
"""Paths of keys that are left out before tsc looks, for it tells of one key in an object only -> why they are right."""
KNOWN: dict[tuple[str, str], str] = {
    ("11", "custom.hideFrom"): "Grafana 11 has custom.hidden instead, which stands beside it",
    ("12", "custom.hidden"): "since 12 it is custom.hideFrom, which stands beside it",
    ("13", "custom.hidden"): "since 12 it is custom.hideFrom, which stands beside it",
}
"""Major and property of an override that is left out too, for this major does not know it -> why it is there."""

_CONFIG: Json = {
    "lib": ["es2022", "dom"],
    "module": "esnext",
    "moduleResolution": "bundler",
    "noEmit": True,
    "skipLibCheck": True,
    "strict": True,
    "types": [],
}
_ERROR = re.compile(r"^(\w+)\.ts\((\d+),\d+\): error TS\d+: (.*)$")


def check(pages: Mapping[str, Json], major: str, folder: Path) -> dict[str, list[str]]:
    """Page -> what tsc finds in it: panel and path of the value, and tsc's words. ``folder`` is empty and ours."""
    schema = installed() / "node_modules" / f"schema-{major}"
    (folder / "types.ts").write_text(_types(schema), encoding="utf-8")
    places: dict[str, tuple[str, list[str]]] = {}
    for number, (name, page) in enumerate(pages.items()):
        lines = list(_module(_without(page, major)))
        (folder / f"page{number}.ts").write_text("\n".join(text for text, _ in lines), encoding="utf-8")
        places[f"page{number}"] = (name, [path for _, path in lines])
    options = _CONFIG | {"paths": {"@grafana/schema": [str(_declarations(schema) / "index.d.ts")]}}
    config = {"compilerOptions": options, "include": ["*.ts"]}
    (folder / "tsconfig.json").write_text(json.dumps(config), encoding="utf-8")
    tsc = installed() / "node_modules" / ".bin" / "tsc"
    done = subprocess.run(
        [tsc, "-p", folder, "--pretty", "false"], cwd=folder, capture_output=True, text=True, check=False
    )
    found: dict[str, list[str]] = defaultdict(list)
    for line in done.stdout.splitlines():
        if match := _ERROR.match(line):
            name, paths = places.get(match[1], (match[1], []))
            found[name].append(f"{paths[int(match[2]) - 1] if paths else match[2]}: {match[3]}")
        else:  # tsc's further words on what it has just said
            assert line.startswith(" "), line
    assert done.returncode == 0 or done.stdout, done.stderr
    return dict(found)


def _declarations(schema: Path) -> Path:
    """11.6 keeps them beside its modules, later ones in a folder of their own."""
    return next(path for place in ("types", "esm") if (path := schema / "dist" / place / "index.d.ts").is_file()).parent


def _types(schema: Path) -> str:
    def declared(folder: str) -> str:
        (found,) = (_declarations(schema) / "raw" / folder / "x").glob("*ypes.gen.d.ts")
        return json.dumps(str(found).removesuffix(".d.ts"))

    lines = [f"import type * as raw from {declared('dashboard')};"]
    for folder, _ in KINDS.values():
        lines.append(f"import type * as {folder} from {declared(f'composable/{folder}/panelcfg')};")
    shapes = []
    for kind, (folder, own) in KINDS.items():
        custom = f"{folder}.FieldConfig" if own else "{}"
        shapes.append(f"export type {folder}Panel = Panel<{json.dumps(kind)}, {folder}.Options, {custom}>;")
    return "\n".join([*lines, (FOLDER / "types.ts").read_text(encoding="utf-8"), *shapes, ""])


def _without(value: Any, major: str) -> Any:
    """The page without what is KNOWN."""
    if isinstance(value, dict):
        return {key: _without(item, major) for key, item in value.items()}
    if isinstance(value, list):
        kept = [item for item in value if not (isinstance(item, dict) and (major, item.get("id")) in KNOWN)]
        return [_without(item, major) for item in kept]
    return value


def _module(page: Json) -> Iterator[tuple[str, str]]:
    """Lines of TypeScript, each with the path of the value that it holds."""
    yield "import type * as type from './types';", ""
    yield from _constant("dashboard", "Page", {key: value for key, value in page.items() if key != "panels"}, "page")
    for number, panel in enumerate(page["panels"]):
        yield from _constant(f"panel{number}", f"{KINDS[panel['type']][0]}Panel", panel, panel.get("title", ""))


def _constant(name: str, kind: str, value: Json, path: str) -> Iterator[tuple[str, str]]:
    yield f"export const {name}: type.{kind} =", path
    yield from _literal(value, path)
    yield ";", path


def _literal(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """One line for each value, so that tsc's line says which one it is about."""
    if isinstance(value, dict):
        yield "{", path
        for key, item in value.items():
            if re.sub(r"\[\d+\]", "[]", f"{path}.{key}") in ALLOWED:
                continue
            (first, _), *rest = _literal(item, f"{path}.{key}")
            yield f"{json.dumps(key)}: {first}", f"{path}.{key}"
            yield from rest
            yield ",", path
        yield "}", path
    elif isinstance(value, list):
        yield "[", path
        for index, item in enumerate(value):
            yield from _literal(item, f"{path}[{index}]")
            yield ",", path
        yield "]", path
    else:
        yield json.dumps(value), path
