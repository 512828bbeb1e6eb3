"""`/live` in headless Chromium: at a phone's and a desk's width, in both themes, with numbers that move."""

from __future__ import annotations

import shutil
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.axe import axe_script
from tests.e2e.browser import BrowserError, Page, chromium
from tests.exporter.live.server import Live, live
from tests.exporter.live.world import health, world

SIZES = [(390, "light"), (390, "dark"), (1440, "light"), (1440, "dark")]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    if not shutil.which("chromium"):
        pytest.skip("needs Debian's package chromium")
    with chromium(tmp_path_factory.mktemp("chromium")) as page:
        yield page


@pytest.fixture
def page(browser: Page) -> Page:
    # The page of the test before would go on to look for its server, which is gone, and complain of that.
    browser.open("about:blank", width=1440)
    browser.problems.clear()
    return browser


@pytest.fixture
def server() -> Iterator[Live]:
    with live(heartbeat_seconds=0.3) as running:
        running.publish(world(0))
        yield running


@pytest.fixture(scope="module")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The script of axe-core, by npm, kept in the cache."""
    return axe_script(tmp_path_factory.mktemp("axe"))


def show(page: Page, server: Live, width: int = 1440, scheme: str = "light") -> None:
    page.open(f"http://127.0.0.1:{server.port}/live", width=width, scheme=scheme)
    page.wait("document.querySelector('#connection').textContent === 'live' && document.querySelector('#health > li')")


@pytest.mark.parametrize(("width", "scheme"), SIZES)
def test_it_shows_everything_and_complains_of_nothing(
    page: Page, server: Live, tmp_path: Path, width: int, scheme: str
) -> None:
    show(page, server, width, scheme)
    for tick in range(1, 6):
        server.publish(world(tick))
    page.wait("document.querySelectorAll('#kills > li').length === 2")
    page.wait("document.querySelectorAll('.chart canvas').length === 2")
    counts = {
        "#slos > li": 5,
        "#experiments .arm": 3,
        "#variants-body > tr": 7,
        "#fatigue > li": 1,
        "#suggestions > li": 1,
    }
    assert {name: page.run(f"document.querySelectorAll('{name}').length") for name in counts} == counts
    assert page.run("document.querySelector('#slos .pill').textContent") == "breached"
    assert page.run("document.documentElement.scrollWidth") <= width
    dark = page.run("getComputedStyle(document.body).backgroundColor") == "rgb(15, 18, 22)"
    assert dark is (scheme == "dark")
    page.picture(tmp_path / f"live-{width}-{scheme}.png")
    print(tmp_path / f"live-{width}-{scheme}.png")
    assert page.problems == []


@pytest.mark.parametrize(("width", "scheme"), SIZES)
def test_axe_finds_nothing_serious(page: Page, server: Live, axe: str, width: int, scheme: str) -> None:
    server.publish(world(5))
    show(page, server, width, scheme)
    page.run(f"{axe}; 0")
    found = page.run(
        "axe.run().then((r) => [r.passes.length, r.violations.map((v) => [v.impact, v.id, v.nodes[0].html])])"
    )
    assert found[0] > 20
    assert [each for each in found[1] if each[0] in ("serious", "critical")] == []


def test_without_anything_each_section_says_what_would_be_there(page: Page, server: Live) -> None:
    server.publish(health())
    show(page, server)
    empty = page.run("[...document.querySelectorAll('.empty:not([hidden])')].map((each) => each.textContent)")
    assert len(empty) == 9
    assert all(len(text) > 30 for text in empty)
    assert page.problems == []


def test_a_kill_is_told_to_screen_readers_once_it_happens_and_not_before(page: Page, server: Live) -> None:
    news = "document.getElementById('kills-news').textContent"
    server.publish(world(0))
    show(page, server)
    assert page.run(news) == ""
    server.publish(world(3))
    page.wait(f"{news} !== ''")
    assert "post-9 for ada was killed" in page.run(news)
    assert page.run("document.getElementById('kills-news').getAttribute('aria-live')") == "polite"


def test_the_variants_are_sorted_by_a_heads_button(page: Page, server: Live) -> None:
    show(page, server)
    page.run(
        "[...document.querySelectorAll('#variants-head button')].find((b) => b.textContent === 'Engagement').click()"
    )
    first = "document.querySelector('#variants-body th').textContent"
    page.wait(f"{first} === 'post-5'")
    assert page.run("document.querySelector('[aria-sort=descending]').textContent") == "Engagement"
    page.run("document.querySelector('[aria-sort=descending] button').click()")
    page.wait(f"{first} === 'post-9'")


def test_a_category_is_chosen_and_kept(page: Page, server: Live) -> None:
    show(page, server)
    page.wait("document.getElementById('category').options.length === 4")
    page.run(
        "{const c = document.getElementById('category'); c.value = 'quality'; c.dispatchEvent(new Event('change'))}"
    )
    page.wait("document.querySelectorAll('#slos > li').length === 1")
    show(page, server)
    page.wait("document.querySelectorAll('#slos > li').length === 1")
    page.run("localStorage.clear()")


def test_a_theme_is_chosen_over_the_systems(page: Page, server: Live) -> None:
    show(page, server, scheme="light")
    for _ in range(2):
        page.run("document.getElementById('theme').click()")
    assert page.run("document.getElementById('theme').textContent") == "Theme: dark"
    show(page, server, scheme="light")
    assert page.run("getComputedStyle(document.body).backgroundColor") == "rgb(15, 18, 22)"
    page.run("localStorage.clear()")


def test_it_says_stale_and_shows_no_old_number_when_the_exporter_hangs(page: Page, server: Live) -> None:
    server.publish(world(3), expires=100.0)
    show(page, server)
    page.wait("document.querySelectorAll('#slos > li').length === 5")
    server.now = 100.0
    page.wait("document.getElementById('connection').textContent === 'stale'")
    page.wait("document.querySelectorAll('#slos > li').length === 0")
    assert "not shown any more" in page.run("document.getElementById('alert').textContent")
    server.publish(world(3), expires=1000.0)
    page.wait("document.getElementById('connection').textContent === 'live'")
    page.wait("document.querySelectorAll('#slos > li').length === 5")
    assert page.run("document.getElementById('kills-news').textContent") == ""


def test_it_comes_back_by_itself_and_says_meanwhile_that_it_does(page: Page, server: Live) -> None:
    show(page, server)
    before = page.run("document.querySelector('#slos .big').textContent")
    page.call("Network.emulateNetworkConditions", offline=True, latency=0, downloadThroughput=-1, uploadThroughput=-1)
    server.cut()  # the emulation leaves a socket open
    page.wait("document.getElementById('connection').textContent === 'reconnecting'")
    assert page.run("document.querySelector('#slos .big').textContent") == before
    server.publish(world(2))
    page.call("Network.emulateNetworkConditions", offline=False, latency=0, downloadThroughput=-1, uploadThroughput=-1)
    page.wait("document.getElementById('connection').textContent === 'live'")
    page.wait(f"document.querySelector('#slos .big').textContent !== '{before}'")


def test_where_sockets_are_full_it_asks_for_json(page: Page) -> None:
    with live(limit=1, heartbeat_seconds=0.3) as server:
        server.publish(world(0))
        server.stream._admitted = 1  # as if another watched
        page.open(f"http://127.0.0.1:{server.port}/live", width=390)
        page.wait("document.getElementById('connection').textContent === 'polling'")
        page.wait("document.querySelectorAll('#slos > li').length === 5")


def test_it_can_be_installed_and_its_worker_keeps_no_numbers(page: Page, server: Live) -> None:
    show(page, server)
    page.wait("navigator.serviceWorker.getRegistration('live').then((found) => !!found?.active)")
    show(page, server)
    kept = page.run(
        "caches.keys().then((names) => Promise.all(names.map((name) => caches.open(name).then((c) => c.keys()))))"
        ".then((all) => all.flat().map((request) => new URL(request.url).pathname))"
    )
    assert "/live" in kept
    assert all(path == "/live" or path.startswith("/live/assets/") for path in kept)
    assert page.call("Page.getInstallabilityErrors")["installabilityErrors"] in (
        [],
        [{"errorId": "in-incognito", "errorArguments": []}],
    )
    assert page.problems == []


def test_the_browser_that_tests_it_would_see_a_mistake(page: Page, server: Live) -> None:
    """Else "no problems" would hold for a page that never ran."""
    show(page, server)
    page.run("console.error('a mistake')")
    page.run("setTimeout(() => { throw new Error('thrown') })")
    page.wait("true")
    page.run("new Promise((done) => setTimeout(done, 100))")
    assert len(page.problems) == 2
    with pytest.raises(BrowserError):
        page.run("nothing.there")
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(f"http://127.0.0.1:{server.port}/live/nothing")
