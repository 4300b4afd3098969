"""A real nginx with its WebDAV module, as Bazel's documentation on HTTP caching sets it up."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CONFIG = """
{user}
daemon off;
worker_processes 1;
error_log {folder}/error.log;
pid {folder}/nginx.pid;
events {{}}
http {{
  access_log {folder}/access.log;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port};
    location /cache/ {{
      root {folder}/data;
      dav_methods PUT;
      create_full_put_path on;
      client_max_body_size 1G;
      {extra}
    }}
  }}
}}
"""
READ_ONLY = "limit_except GET HEAD { deny all; }"


@dataclass(frozen=True, slots=True, kw_only=True)
class Nginx:
    url: str
    folder: Path

    def requests(self, method: str) -> list[str]:
        """Paths asked for with a method."""
        lines = (self.folder / "access.log").read_text().splitlines()
        return [line.split('"')[1].split()[1] for line in lines if f'"{method} ' in line]

    def bodies(self, space: str) -> list[Path]:
        return sorted((self.folder / "data" / "cache" / space).glob("*"))


def why_not() -> str:
    """Why there is no such nginx here, empty when there is."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if program is None:
        return "nginx is not installed"
    said = subprocess.run([program, "-V"], capture_output=True, text=True, timeout=10, check=False).stderr
    return "" if "http_dav_module" in said else "this nginx has no WebDAV module"


@contextlib.contextmanager
def running(folder: Path, *, extra: str = "") -> Iterator[Nginx]:
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    assert program is not None
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "data" / "cache").mkdir(parents=True)
    # Started as root, nginx would drop to a user who may not read the temporary folder.
    user = "user root;" if os.geteuid() == 0 else ""
    config = folder / "nginx.conf"
    config.write_text(CONFIG.format(user=user, folder=folder, port=port, extra=extra))
    process = subprocess.Popen(
        [program, "-c", str(config), "-p", str(folder)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(100):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            time.sleep(0.05)
        else:
            raise AssertionError((folder / "error.log").read_text())
        yield Nginx(url=f"http://127.0.0.1:{port}/cache", folder=folder)
    finally:
        process.terminate()
        process.wait(10)
