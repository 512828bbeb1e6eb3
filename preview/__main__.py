"""``python -m preview``: look at the dashboards in a browser, or take their pictures. ``make dashboards-preview``."""

from __future__ import annotations

import argparse
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import yaml

from exporter.contract import DASHBOARD_UIDS
from preview import pictures
from preview.server import Place, generate, serving
from preview.tools import bundle, check
from winburn.processes import Group, ServerError, start

BUILD = Path("build") / "preview"
_DATASOURCES = Path("dashboards") / "provisioning" / "datasources" / "winburn.yml"


def main() -> int:
    """Status 1 where something is missing, or where a panel of a picture could not be drawn."""
    asked = _arguments()
    try:
        check()
        bundle(BUILD / "bundle")
        with Group() as children, ExitStack() as stack:
            demo = asked.demo or _own_demo(children, asked.warm)
            spec, generated = demo / "winburn.yml", BUILD / "generated"
            place = Place(BUILD / "bundle", spec, generated, _prometheus(demo), anew=not asked.pictures)
            generate(place)
            address = stack.enter_context(serving(place, 0 if asked.pictures else asked.port))
            if asked.pictures:
                return _pictures(address, asked)
            for uid in DASHBOARD_UIDS.values():
                print(f"{address}/?uid={uid}&theme=dark&from={asked.since or 'now-15m'}")
            print("The dashboards are generated anew at every reload. Ctrl-C ends it.", flush=True)
            while True:
                time.sleep(3600)
    except KeyboardInterrupt:
        return 0
    except RuntimeError as problem:
        print(problem, file=sys.stderr)
        return 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="preview", description="Grafana's components, our layout; not Grafana.")
    parser.add_argument("--demo", type=Path, help="folder of a demo that runs already; without it one is started")
    parser.add_argument("--warm", type=float, default=120, help="seconds that a demo of our own may gather data first")
    parser.add_argument("--port", type=int, default=10346)
    parser.add_argument("--pictures", type=Path, help="write screenshots into this folder instead of serving")
    parser.add_argument("--since", help="the range, such as now-15m, instead of each dashboard's own")
    parser.add_argument("--uid", action="append", choices=sorted(DASHBOARD_UIDS.values()), help="only this dashboard")
    parser.add_argument("--width", action="append", type=int)
    parser.add_argument("--theme", action="append", choices=pictures.THEMES)
    parser.add_argument("--var", action="append", default=[], metavar="NAME=VALUE", help="a variable's value")
    return parser.parse_args()


def _own_demo(children: Group, warm: float) -> Path:
    folder = BUILD / "demo"
    print(f"A demo is started in {folder}, and gathers data for {warm:.0f} s ...", flush=True)
    process = children.add(
        start([sys.executable, "-m", "winburn", "demo", "--folder", str(folder)], BUILD / "demo.log")
    )
    deadline = time.monotonic() + warm
    while time.monotonic() < deadline:
        if process.popen.poll() is not None:
            raise ServerError(f"The demo has ended. End of {process.log}:\n{process.tail()}")
        time.sleep(1)
    return folder


def _prometheus(demo: Path) -> str:
    """The demo's Prometheus, as it tells Grafana."""
    known = yaml.safe_load((demo / _DATASOURCES).read_text(encoding="utf-8"))
    url: str = next(each["url"] for each in known["datasources"] if each["type"] == "prometheus")
    return url


def _pictures(address: str, asked: argparse.Namespace) -> int:
    wanted = pictures.Wanted(
        asked.uid or list(DASHBOARD_UIDS.values()),
        asked.width or pictures.WIDTHS,
        asked.theme or pictures.THEMES,
        [
            *([("from", asked.since)] if asked.since else ()),
            *((f"var-{name}", value) for name, _, value in (each.partition("=") for each in asked.var)),
        ],
    )
    problems = pictures.take(address, asked.pictures, wanted)
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
