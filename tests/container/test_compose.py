"""compose.yaml: three services that fit together, each with no more rights than it needs."""

import re
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from ruamel.yaml import YAML

from proxy import __version__
from proxy.settings import DEMO, load_settings

ROOT = Path(__file__).resolve().parent.parent.parent


def read(path: str) -> Any:
    """A YAML file of the repository."""
    return YAML(typ="safe").load((ROOT / path).read_text(encoding="utf-8"))


COMPOSE: dict[str, Any] = read("compose.yaml")
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]


def mounts(service: str) -> dict[str, str]:
    """What a service sees: the source of each mount, by its place in the container."""
    found: dict[str, str] = {}
    for mount in SERVICES[service]["volumes"]:
        source, target, *_ = mount.split(":")
        found[target] = source
    return found


def seen(service: str, path: str) -> Path:
    """The file in the repository that a service finds at `path`."""
    for target, source in mounts(service).items():
        if PurePosixPath(path).is_relative_to(target):
            return ROOT / source / PurePosixPath(path).relative_to(target)
    raise AssertionError(f"{service} has nothing at {path}")


def test_there_are_three_services() -> None:
    """The proxy, what counts, and what shows."""
    assert sorted(SERVICES) == ["facegate", "grafana", "prometheus"]


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_has_no_more_rights_than_it_needs(name: str) -> None:
    """A root file system that cannot be written, no capability, no way to gain one, ports on this machine only."""
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "cap_add", "network_mode", "pid", "user", "devices"} & set(service)
    assert [port for port in service["ports"] if not port.startswith("127.0.0.1:")] == []


@pytest.mark.parametrize("name", SERVICES)
def test_an_image_is_pinned(name: str) -> None:
    """A full version, never what is newest; ours is the version of the package."""
    image, _, tag = SERVICES[name]["image"].rpartition(":")
    assert re.fullmatch(r"v?\d+\.\d+\.\d+", tag)
    assert image == "facegate" or re.fullmatch(r"docker\.io/[a-z]+/[a-z]+", image)
    assert (tag == __version__) or name != "facegate"


@pytest.mark.parametrize("name", SERVICES)
def test_what_is_mounted_exists(name: str) -> None:
    """Paths of the repository are there, and mounted so that nobody writes to them; volumes are declared."""
    for mount in SERVICES[name]["volumes"]:
        source, _, *mode = mount.split(":")
        if source.startswith("./"):
            assert (ROOT / source).exists(), source
            assert mode == ["ro"], mount
        else:
            assert source in COMPOSE["volumes"]
            assert mode == []


def test_no_secret_stands_in_it() -> None:
    """No password, key or token in an environment, and nothing that is taken from the caller's."""
    text = (ROOT / "compose.yaml").read_text()
    names = [name for service in SERVICES.values() for name in service.get("environment", {})]
    assert [name for name in names if re.search(r"PASSWORD|TOKEN|SECRET|KEY", name)] == []
    assert "${" not in text
    assert "fg_" not in text


def test_facegate_finds_its_configuration() -> None:
    """The settings name what is mounted beside them; journal and memory lie on a volume; the demonstration is behind."""
    path = seen("facegate", "/etc/facegate/proxy.yaml")
    assert path == ROOT / "deploy" / "container" / "proxy.yaml"
    settings = load_settings(path)
    assert settings.upstream.endpoint == DEMO
    for name in (
        settings.tenants,
        settings.lexicons,
        settings.cameras,
        *(f"{pack}/policy.yaml" for pack in settings.policies),
    ):
        assert seen("facegate", f"/etc/facegate/{name}").exists()
    journal = PurePosixPath(settings.audit.path)
    assert mounts("facegate")[str(journal.parent)] == "journal"
    assert settings.memory.path is None  # so it lies beside the journal, on the same volume
    assert SERVICES["facegate"]["ports"] == [f"127.0.0.1:8080:{settings.listen.port}"]
    assert float(SERVICES["facegate"]["stop_grace_period"].removesuffix("s")) > settings.drain_timeout_s


def test_prometheus_scrapes_the_admin_port() -> None:
    """By the service's name, under the job that alerts and dashboards know; data on a volume."""
    (option,) = [word for word in SERVICES["prometheus"]["command"] if word.startswith("--config.file=")]
    path = seen("prometheus", option.partition("=")[2])
    configuration = read(str(path.relative_to(ROOT)))
    admin = load_settings(ROOT / "deploy" / "container" / "proxy.yaml").admin
    (job,) = configuration["scrape_configs"]
    assert job == {"job_name": "facegate", "static_configs": [{"targets": [f"facegate:{admin.port}"]}]}
    assert [rules for rules in configuration["rule_files"] if not (path.parent / rules).is_file()] == []
    assert "--storage.tsdb.path=/prometheus" in SERVICES["prometheus"]["command"]
    assert mounts("prometheus")["/prometheus"] == "prometheus"


def test_grafana_is_provisioned() -> None:
    """Its data source is Prometheus, scraped as often as it thinks; its dashboards are where it looks for them."""
    (source,) = read(str(seen("grafana", "/etc/grafana/provisioning/datasources/prometheus.yaml")))["datasources"]
    assert (source["type"], source["url"], source["isDefault"]) == ("prometheus", "http://prometheus:9090", True)
    interval = read("dashboards/prometheus/prometheus.yaml")["global"]["scrape_interval"]
    assert source["jsonData"]["timeInterval"] == interval
    (provider,) = read(str(seen("grafana", "/etc/grafana/provisioning/dashboards/facegate.yaml")))["providers"]
    assert provider["allowUiUpdates"] is False
    folder = seen("grafana", provider["options"]["path"])
    assert sorted(path.name for path in folder.iterdir()) == ["facegate-overview.json"]
    environment = SERVICES["grafana"]["environment"]
    assert seen("grafana", environment["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]).is_file()
    assert mounts("grafana")["/var/lib/grafana"] == "grafana"


def test_nobody_logs_in_to_grafana() -> None:
    """Everybody on this machine may look; there is no account, and so no password."""
    environment = SERVICES["grafana"]["environment"]
    assert {name: value for name, value in environment.items() if name.startswith(("GF_AUTH", "GF_SECURITY"))} == {
        "GF_AUTH_ANONYMOUS_ENABLED": "true",
        "GF_AUTH_ANONYMOUS_ORG_ROLE": "Viewer",
        "GF_AUTH_DISABLE_LOGIN_FORM": "true",
        "GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION": "true",
    }
