"""Programs that look at what is under deploy/, and what they are given."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from winburn.cli.dashboards import dashboards
from winburn.cli.rules import rules
from winburn.cli.serve import serve

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
KUBERNETES = "1.31"
"""The oldest release whose schemas everything must fit; newer ones take it too."""
COMMANDS: Mapping[str, click.Command] = {"serve": serve, "rules": rules, "dashboards": dashboards}


def program(name: str) -> Path:
    """Of the environment's packages or on PATH; skips where there is none."""
    places = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    found = shutil.which(name, path=places)
    if found is None:
        pytest.skip(f"there is no {name} here")
    return Path(found)


def run(*command: str | Path, cwd: Path = ROOT) -> str:
    """Its stdout; fails with all it said where it does not end well."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, cwd=cwd)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def documents(text: str) -> list[dict[str, Any]]:
    """The objects of a YAML stream."""
    return [each for each in yaml.load_all(text, yaml.CSafeLoader) if each]


def understood(words: Sequence[str]) -> dict[str, Any]:
    """The options of a command line of winburn; an error where winburn does not know one."""
    name, *arguments = words
    with COMMANDS[name].make_context(name, list(arguments)) as context:
        return dict(context.params)


def check(made: Iterable[Mapping[str, Any]]) -> None:
    """Every object of Kubernetes itself by its schema, in which unknown fields are mistakes."""
    schemas = pytest.importorskip("kubernetes_validate", reason="kubernetes-validate is not installed")
    for each in made:
        if not each["apiVersion"].startswith("monitoring.coreos.com/"):
            schemas.validate(dict(each), KUBERNETES, strict=True)


def check_restricted(template: Mapping[str, Any]) -> None:
    """A pod template by Kubernetes' restricted profile:
    https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
    """
    pod = template["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] > 0
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod)
    assert pod["automountServiceAccountToken"] is False
    for volume in pod["volumes"]:
        assert len({"configMap", "emptyDir", "secret", "persistentVolumeClaim"} & set(volume)) == 1
    for container in pod["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert all("hostPort" not in port for port in container["ports"])
