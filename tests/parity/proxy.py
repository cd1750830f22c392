"""nginx, as people put it in front of a server, between a port and another."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.targets.server.fronts import NGINX

_SERVER = """\
  access_log off;
  server {{
    listen 127.0.0.1:{port};
    merge_slashes off;
    client_max_body_size 0;
    location / {{
      proxy_pass http://127.0.0.1:{behind};
      proxy_http_version 1.1;
      proxy_pass_header Server;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Request-Id $request_id;
      proxy_set_header Forwarded "";
      proxy_set_header X-Forwarded-Host "";
      proxy_set_header X-Forwarded-Port "";
    }}
  }}
"""


@contextmanager
def nginx(place: Path, port: int, behind: int) -> Iterator[None]:
    """Run nginx on a port of this machine, in front of another, while the block runs."""
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    assert Path(program).is_file(), "there is no nginx: run `make test`, which installs it"
    place.mkdir()
    configuration = place / "nginx.conf"
    text = _SERVER.format(port=port, behind=behind)
    configuration.write_text(NGINX.format(place=place, text=text))
    process = subprocess.Popen([program, "-c", str(configuration), "-e", str(place / "error.log")])
    try:
        yield
    finally:
        process.terminate()
        process.wait(10)
