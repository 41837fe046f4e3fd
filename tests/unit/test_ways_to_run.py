"""The units, the compose file, the image and the Kubernetes example: what they name exists, and their walls stand."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot import __version__
from bot.cli import main
from bot.settings import Settings

REPO = Path(__file__).parents[2]
OPERATIONS = REPO / "docs" / "operations"
UNITS = sorted(OPERATIONS.glob("*.service"))
THEIRS = re.compile(r"AWS_[A-Z_]+")
"""What the file store's library reads by itself."""


def is_setting(name: str) -> bool:
    return name.lower() in Settings.model_fields or bool(THEIRS.fullmatch(name))


def lines(unit: Path) -> dict[str, str]:
    found = (line.split("=", 1) for line in unit.read_text().splitlines() if "=" in line and not line.startswith("#"))
    return {name: value for name, value in found}  # noqa: C416  # its own words are lists


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_starts_a_command_that_there_is_with_settings_that_there_are(unit: Path) -> None:
    named = lines(unit)
    program, command = named["ExecStart"].rsplit(" ", 1)
    assert program == "/opt/clapper/bin/clapper"
    assert command in main.commands
    settings = [pair.split("=")[0] for pair in named["Environment"].split()]
    assert [name for name in settings if not is_setting(name)] == []
    assert named["ProtectSystem"] == "strict"
    assert named["CapabilityBoundingSet"] == ""


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_can_read_a_unit(unit: Path, tmp_path: Path) -> None:
    systemd = shutil.which("systemd-analyze")
    if systemd is None:
        pytest.skip("systemd is not installed")
    # The program need not be on this machine.
    copy = tmp_path / unit.name.replace("@", "@1")
    copy.write_text(unit.read_text().replace("/opt/clapper/bin/clapper", "/bin/true"))
    done = subprocess.run([systemd, "verify", copy], capture_output=True, check=False, text=True)
    ours = [line for line in done.stderr.splitlines() if copy.name in line]
    assert (done.returncode, ours) == (0, []), done.stderr


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load((REPO / "compose.yaml").read_text(encoding="utf-8"))["services"]
    return found


def test_each_profile_of_the_compose_file_is_whole(services: dict[str, dict[str, Any]]) -> None:
    assert {name for name in services if services[name]["profiles"] == ["sqlite"]} == {"bot"}
    assert {profile for service in services.values() for profile in service["profiles"]} == {"sqlite", "cluster"}
    for service in services.values():
        assert set(service.get("depends_on", {})) <= set(services)
    volumes = {mount.split(":")[0] for service in services.values() for mount in service.get("volumes", [])}
    assert volumes == set(yaml.safe_load((REPO / "compose.yaml").read_text(encoding="utf-8"))["volumes"])


def test_our_containers_can_write_to_their_volume_alone(services: dict[str, dict[str, Any]]) -> None:
    ours = [service for service in services.values() if service.get("build") == "."]
    assert len(ours) == 3
    for service in ours:
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert [mount.split(":")[1] for mount in service["volumes"]] == ["/data"]
        assert set(service.get("command", ["run"])) <= set(main.commands)
        assert [name for name in service.get("environment", {}) if not is_setting(name)] == []


def test_the_example_for_kubernetes_names_what_there_is() -> None:
    text = (OPERATIONS / "kubernetes.yaml").read_text(encoding="utf-8")
    parts = {(part["kind"], part["metadata"]["name"]): part for part in yaml.safe_load_all(text)}
    named = [*parts["Secret", "clapper"]["stringData"], *parts["ConfigMap", "clapper"]["data"]]
    for kind in ("StatefulSet", "Deployment"):
        (pod,) = [part["spec"]["template"]["spec"] for (of, _), part in parts.items() if of == kind]
        (container,) = pod["containers"]
        named += [variable["name"] for variable in container["env"]]
        assert container["args"][0] in main.commands
        assert container["image"].endswith(f":{__version__}")
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert pod["securityContext"]["runAsUser"] == 10001, "as in the Dockerfile"
        assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]}
    assert [name for name in named if not is_setting(name)] == []
    bot = parts["StatefulSet", "clapper-bot"]["spec"]
    assert str(bot["replicas"]) == parts["ConfigMap", "clapper"]["data"]["SHARD_COUNT"]


def test_the_image_runs_as_a_user_of_its_own_and_writes_to_its_volume() -> None:
    image = (REPO / "Dockerfile").read_text()
    assert re.search(r"^USER 10001$", image, re.MULTILINE)
    assert re.search(r"^VOLUME /data$", image, re.MULTILINE)
    assert "DATA_DIR=/data" in image
