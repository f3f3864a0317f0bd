"""What deploy/ tells an operator to do, done as far as it goes without a container engine or an init system:
the commands of the Dockerfile build and serve, systemd and nginx take their files.
"""

from __future__ import annotations

import fnmatch
import json
import os
import re
import shlex
import shutil
import signal
import socket
import ssl
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
import yaml
from serving import serving, serving_command

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
PICTURE = (ROOT / "examples" / "string.jpg").read_bytes()
KEY = "a-key-of-sixteen-letters"


def instructions(stage: int) -> list[tuple[str, str]]:
    """The instructions of one stage of the Dockerfile: (name, the rest of the line)."""
    text = re.sub(r"\\\n\s*", "", (DEPLOY / "Dockerfile").read_text())
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    stages: list[list[tuple[str, str]]] = []
    for line in lines:
        name, _, rest = line.partition(" ")
        if name == "FROM":
            stages.append([])
        stages[-1].append((name, rest))
    return stages[stage]


def named(stage: int, name: str) -> list[str]:
    return [rest for found, rest in instructions(stage) if found == name]


def isolated() -> list[str]:
    """What runs a command with no capability and, where this machine allows it, with all that is on disk
    read-only, as the container does. The user stays the same: another may not be able to reach this Python.
    """
    if os.geteuid() != 0:
        return []
    prefix = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs"]
    private = ["unshare", "--mount", "sh", "-c", 'mount -o remount,ro,bind / && exec "$@"', "sh"]
    allowed = subprocess.run([*private, "true"], capture_output=True).returncode == 0
    return [*private, *prefix] if allowed else prefix


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder /opt/inkdigits of the image, made by the Dockerfile's own commands."""
    place = tmp_path_factory.mktemp("image")
    build, target = place / "build", place / "inkdigits"
    build.mkdir()
    for copied in named(0, "COPY"):
        *sources, into = copied.split()
        for source in sources:
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, build / into)
            else:
                shutil.copy(ROOT / source, build / into)
    settings = dict(pair.split("=", 1) for rest in named(0, "ENV") for pair in rest.split())
    assert settings.pop("PIP_NO_CACHE_DIR") == "1"  # here, what was fetched before may be used again
    settings = {name: value.replace("/build", str(build)) for name, value in settings.items()}
    for command in named(0, "RUN"):
        command = command.replace("/opt/inkdigits", str(target)).replace("python -m", f"{sys.executable} -m")
        subprocess.run(command, shell=True, check=True, cwd=build, env={**os.environ, **settings})
    return target


def test_the_image_serves_without_root_and_writes_nothing(installed: Path) -> None:
    keys = installed.parent / "keys"
    keys.write_text(KEY + "\n")
    (entry,), (flags,) = (json.loads(one) for one in named(1, "ENTRYPOINT")), named(1, "CMD")
    command = [part.replace("/run/secrets/inkdigits-keys", str(keys)) for part in json.loads(flags)]
    command = [str(installed / "bin" / entry[0]), *entry[1:], *command]
    command[command.index("8000")] = "0"
    (user,) = named(1, "USER")
    assert user == "10001:10001"
    nowhere = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"}
    with serving_command([*isolated(), *command], nowhere, Path("/")) as served:
        url = served.url.replace("0.0.0.0", "127.0.0.1")
        assert httpx.get(f"{url}/").status_code == 200
        assert httpx.post(f"{url}/v1/read", files={"f": PICTURE}).status_code == 401
        key = {"authorization": f"Bearer {KEY}"}
        form = httpx.post(f"{url}/v1/read", files={"f": PICTURE, "g": bytes(2_000_000)}, headers=key)
        assert form.json()["answers"][0]["text"] == "30517"

        (check,) = named(1, "HEALTHCHECK")
        check = json.loads(check.partition(" CMD ")[2])
        check = [part.replace("http://127.0.0.1:8000", url) for part in check]
        assert subprocess.run([sys.executable, *check[1:]], timeout=30).returncode == 0

        listed = [path.name for path in (installed / "lib").glob("python*/site-packages/*")]
        assert "onnxruntime" in listed and not {"tensorflow", "keras", "sklearn"} & set(listed)
        assert served.end(signal.SIGTERM) == 0


def test_the_image_is_made_of_nothing_else() -> None:
    wanted = [
        line for line in (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines() if line[0] != "#"
    ]
    assert wanted[0] == "*"
    kept = [line[1:] for line in wanted if line.startswith("!")]
    copied = [source for rest in named(0, "COPY") for source in rest.split()[:-1]]
    assert sorted(kept) == sorted(copied)
    assert all((ROOT / source).exists() for source in copied)
    assert any(fnmatch.fnmatch("src/inkdigits/__pycache__", line) for line in wanted[1:])


def test_compose_publishes_a_locked_container_on_loopback_alone() -> None:
    described = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    service = described["services"]["inkdigits"]
    assert (DEPLOY / service["build"]["context"]).resolve() == ROOT
    assert (ROOT / service["build"]["dockerfile"]).exists()
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    assert service["read_only"] and service["cap_drop"] == ["ALL"]
    (secret,) = service["secrets"]
    assert secret in described["secrets"] and f"/run/secrets/{secret}" in service["command"]


def unit_command() -> list[str]:
    text = (DEPLOY / "inkdigits.service").read_text()
    found = re.search(r"^ExecStart=(.*)$", text, re.MULTILINE)
    assert found
    return shlex.split(found[1])


def test_the_unit_s_command_serves(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text(KEY + "\n")
    program, *flags = unit_command()
    assert program == "/opt/inkdigits/bin/inkdigits"
    flags = [str(keys) if flag == "/etc/inkdigits/keys" else flag for flag in flags]
    flags[flags.index("8000")] = "0"
    with serving_command([sys.executable, "-m", "inkdigits", *flags]) as served:
        assert served.url.startswith("http://127.0.0.1:")
        assert httpx.get(f"{served.url}/readyz").status_code == 200
        assert httpx.get(f"{served.url}/metrics").status_code == 401


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_systemd_takes_the_unit_and_finds_it_safe(tmp_path: Path) -> None:
    unit = tmp_path / "inkdigits.service"
    text = (DEPLOY / "inkdigits.service").read_text()
    unit.write_text(text.replace(unit_command()[0], sys.executable).replace("=inkdigits\n", "=daemon\n"))
    verified = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)], capture_output=True, text=True
    )
    assert verified.returncode == 0 and "inkdigits.service" not in verified.stderr, verified.stderr
    rating = ["systemd-analyze", "security", "--offline=true", "--threshold=15", str(unit)]
    rated = subprocess.run(rating, capture_output=True, text=True, env={**os.environ, "SYSTEMD_PAGER": ""})
    assert rated.returncode == 0, rated.stdout[-2000:] + rated.stderr


@pytest.mark.skipif(not (shutil.which("nginx") and shutil.which("openssl")), reason="needs nginx and openssl")
def test_nginx_puts_https_before_it(tmp_path: Path) -> None:
    certificate, secret = tmp_path / "a.pem", tmp_path / "a.key"
    made = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
    ]
    made += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(secret), "-out", str(certificate)]
    subprocess.run(made, check=True, capture_output=True)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with serving("--workers", "1", "--rate", "3") as served:
        server = (DEPLOY / "nginx.conf").read_text()
        for told, here in (
            ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
            ("http://127.0.0.1:8000", served.url),
            ("/etc/ssl/digits.example.org.pem", str(certificate)),
            ("/etc/ssl/digits.example.org.key", str(secret)),
        ):
            assert server.count(told) == 1
            server = server.replace(told, here)
        (tmp_path / "server.conf").write_text(server)
        (tmp_path / "nginx.conf").write_text(
            f"daemon off; pid {tmp_path}/pid; error_log stderr; events {{}}\n"
            f"http {{ access_log off; client_body_temp_path {tmp_path}; include {tmp_path}/server.conf; }}\n"
        )
        command = ["nginx", "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf"), "-e", "stderr"]
        proxy = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        try:
            client = httpx.Client(
                base_url=f"https://127.0.0.1:{port}",
                transport=httpx.HTTPTransport(
                    verify=ssl.create_default_context(cafile=certificate), retries=5
                ),
            )
            with client:
                assert client.get("/metrics").status_code == 404
                answers = [client.post("/v1/read", files={"f": PICTURE}) for _ in range(4)]
        finally:
            proxy.terminate()
            _, said = proxy.communicate(timeout=20)
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429], said
        assert answers[0].json()["answers"][0]["text"] == "30517"
        # What counts is the visitor's address, as nginx names it.
        another = {"x-forwarded-for": "192.0.2.7"}
        assert httpx.get(f"{served.url}/v1/models", headers=another).status_code == 200
