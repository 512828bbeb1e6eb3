"""Where the servers are looked for, the real fetch, and what is said where they cannot be had."""

from __future__ import annotations

import io
import os
import shutil
import threading
from pathlib import Path

import pytest

from winburn.processes import LOOPBACK, Group, free_ports, start_alertmanager, start_prometheus, wait_http
from winburn.servers import NAMES, Servers, ServersUnavailable, cache_folder, check, fetch, find, main

needs_apt = pytest.mark.skipif(
    not (shutil.which("apt-get") and shutil.which("dpkg")), reason="the fetch is for Debian and Ubuntu"
)


def make_program(path: Path, prints: str = "x, version 2.50.1 (branch: x)", status: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{prints}'\nexit {status}\n")
    path.chmod(0o755)
    return path


def cached(cache: Path) -> Path:
    return cache / "servers" / os.uname().machine / "usr" / "bin"


def programs(folder: Path, *names: str) -> list[Path]:
    return [make_program(folder / name) for name in names or ("prometheus", "promtool", "alertmanager", "amtool")]


@pytest.mark.parametrize(
    ("env", "folder"),
    [
        ({"WINBURN_CACHE": "/w", "XDG_CACHE_HOME": "/x", "HOME": "/h"}, "/w"),
        ({"XDG_CACHE_HOME": "/x", "HOME": "/h"}, "/x/winburn"),
        ({"XDG_CACHE_HOME": "relative", "HOME": "/h"}, "/h/.cache/winburn"),
        ({"WINBURN_CACHE": "", "XDG_CACHE_HOME": "", "HOME": "/h"}, "/h/.cache/winburn"),
    ],
)
def test_the_cache_is_ours_then_the_users(env: dict[str, str], folder: str) -> None:
    assert cache_folder(env) == Path(folder)


def test_no_home_folder_names_the_variable_to_set() -> None:
    with pytest.raises(ServersUnavailable, match="set WINBURN_CACHE"):
        cache_folder({})


def test_path_comes_before_the_cache_program_by_program(tmp_path: Path) -> None:
    path, cache = tmp_path / "bin", tmp_path / "cache"
    programs(path, "prometheus", "alertmanager")
    programs(cached(cache), "prometheus", "promtool", "prometheus-alertmanager")
    found = find({"PATH": str(path)}, cache)
    assert found == Servers(path / "prometheus", cached(cache) / "promtool", path / "alertmanager", None)
    assert found.missing == ("amtool",)


def test_debians_name_of_alertmanager_comes_before_the_upstream_name(tmp_path: Path) -> None:
    programs(tmp_path, "prometheus-alertmanager", "alertmanager")
    assert find({"PATH": str(tmp_path)}, tmp_path / "none").alertmanager == tmp_path / "prometheus-alertmanager"


def test_without_path_and_cache_nothing_is_found(tmp_path: Path) -> None:
    assert find({}, tmp_path) == Servers()
    assert Servers().missing == tuple(NAMES)


def test_a_file_that_is_not_executable_is_not_found(tmp_path: Path) -> None:
    make_program(tmp_path / "prometheus").chmod(0o644)
    assert find({"PATH": str(tmp_path)}, tmp_path / "none").prometheus is None


def test_what_is_on_path_is_not_fetched(tmp_path: Path) -> None:
    programs(tmp_path / "bin")
    lines: list[str] = []
    found = fetch(tmp_path / "cache", {"PATH": str(tmp_path / "bin")}, lines.append)
    assert (found.missing, lines, (tmp_path / "cache").exists()) == ((), [], False)


@pytest.mark.parametrize(
    ("prints", "status", "says"),
    [
        ("prometheus, version 2.41.0 (branch: HEAD)", 0, "is Prometheus 2.41, too old"),
        ("prometheus, version 1.99.0", 0, "is Prometheus 1.99, too old"),
        ("boom", 3, "does not run on this machine"),
    ],
)
def test_a_prometheus_that_is_too_old_or_broken_is_refused(tmp_path: Path, prints: str, status: int, says: str) -> None:
    paths = programs(tmp_path)
    make_program(paths[0], prints, status)
    with pytest.raises(ServersUnavailable, match=f"{says}.*: install Prometheus 2.42"):
        check(Servers(*paths))


def test_a_program_of_another_architecture_is_refused(tmp_path: Path) -> None:
    paths = programs(tmp_path)
    paths[3].write_bytes(b"\x7fELF" + bytes(200))
    with pytest.raises(ServersUnavailable, match=r"amtool does not run on this machine \(Exec format error\): install"):
        check(Servers(*paths))


@pytest.mark.parametrize("tool", ["apt-get", "dpkg"])
def test_a_machine_without_debians_tools_is_told_what_to_install(tmp_path: Path, tool: str) -> None:
    programs(tmp_path / "bin", *{"apt-get", "dpkg"} - {tool})
    with pytest.raises(ServersUnavailable, match=f"there is no {tool} here.*prometheus-alertmanager.*runs reduced"):
        fetch(tmp_path / "cache", {"PATH": str(tmp_path / "bin")}, lambda _: None)
    assert [entry.name for entry in (tmp_path / "cache").iterdir()] == ["servers.lock"]


def test_a_refused_download_gives_the_reason_without_the_password(tmp_path: Path) -> None:
    make_program(tmp_path / "bin/dpkg")
    refusal = "E: Failed to fetch http://me:secret@mirror/prometheus.deb  404  Not Found"
    make_program(tmp_path / "bin/apt-get", refusal, 100)
    with pytest.raises(ServersUnavailable, match=r"404  Not Found.*network") as caught:
        fetch(tmp_path / "cache", {"PATH": f"{tmp_path / 'bin'}:/bin:/usr/bin"}, lambda _: None)
    assert "secret" not in str(caught.value)


def test_a_cache_that_cannot_be_written_names_the_variable_to_set(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ServersUnavailable, match=r"cannot be written to .*set WINBURN_CACHE"):
        fetch(tmp_path / "file" / "cache", {"PATH": ""}, lambda _: None)


def test_the_command_exits_0_unless_the_servers_are_required(tmp_path: Path) -> None:
    amtool = make_program(tmp_path / "bin/amtool")
    env = {"PATH": str(tmp_path / "bin"), "WINBURN_CACHE": str(tmp_path / "cache")}
    for arguments, status in (([], 0), (["--require"], 1)):
        out, err = io.StringIO(), io.StringIO()
        assert main(arguments, env, out, err) == status
        assert out.getvalue() == f"amtool {amtool}\n"
        assert "there is no apt-get here" in err.getvalue()


def test_the_command_prints_name_and_path_of_all(tmp_path: Path) -> None:
    paths = programs(tmp_path)
    out, err = io.StringIO(), io.StringIO()
    assert main([], {"PATH": str(tmp_path), "WINBURN_CACHE": str(tmp_path / "c")}, out, err) == 0
    assert out.getvalue() == "".join(f"{name} {path}\n" for name, path in zip(NAMES, paths, strict=True))
    assert err.getvalue() == ""


@pytest.fixture(scope="module")
def outside() -> dict[str, str]:
    """Our environment with the archive's tools only, as on a machine without the servers."""
    return {**os.environ, "PATH": "/usr/bin:/bin:/usr/sbin:/sbin"}


@needs_apt
@pytest.mark.e2e
def test_two_fetches_side_by_side_share_one_download_and_the_servers_run(
    tmp_path: Path, outside: dict[str, str]
) -> None:
    if find(outside, tmp_path) != Servers():
        pytest.skip("the servers are installed here")
    lines: list[list[str]] = [[], []]
    (tmp_path / "fetch-of-a-killed-run").mkdir()
    results: list[Servers] = []
    threads = [
        threading.Thread(target=lambda told=told: results.append(fetch(tmp_path, outside, told.append)))
        for told in lines
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results[0] == results[1] == find(outside, tmp_path)
    assert sorted(line for told in lines for line in told if "prometheus-alertmanager" in line) == [
        "Fetching prometheus, prometheus-alertmanager from the package archive"
    ]
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["servers", "servers.lock"]
    _start_and_stop_both(results[0], tmp_path)


def _start_and_stop_both(servers: Servers, folder: Path) -> None:
    ports = free_ports(2)
    alertmanager_config = "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n"
    with Group() as group:
        both = [
            start_prometheus(servers, folder / "p", "global: {}\n", ports[0], folder / "p.log"),
            start_alertmanager(servers, folder / "a", alertmanager_config, ports[1], folder / "a.log"),
        ]
        for port, process in zip(ports, both, strict=True):
            group.add(process)
            wait_http(f"http://{LOOPBACK}:{port}/-/ready", 60, process)
        if (cached(folder).parent / "share/prometheus/web/templates").is_dir():
            wait_http(f"http://{LOOPBACK}:{ports[0]}/classic/static/jquery/jquery.min.js", 30, both[0])
        wait_http(f"http://{LOOPBACK}:{ports[1]}/", 30, both[1])
    assert [process.popen.returncode for process in both] == [0, 0]


@needs_apt
@pytest.mark.e2e
def test_empty_package_lists_are_filled_without_touching_the_machines(tmp_path: Path, outside: dict[str, str]) -> None:
    if find(outside, tmp_path) != Servers():
        pytest.skip("the servers are installed here")
    (tmp_path / "empty").mkdir()
    (tmp_path / "apt.conf").write_text(f'Dir::State::Lists "{tmp_path / "empty"}";\n')
    lines: list[str] = []
    found = fetch(tmp_path / "cache", {**outside, "APT_CONFIG": str(tmp_path / "apt.conf")}, lines.append)
    assert found.missing == ()
    assert any("lists of our own" in line for line in lines)
    assert not list((tmp_path / "empty").glob("*_*"))
