"""The page as a browser sees it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from bonerisk.reporting.report import write
from bonerisk.runs.find import StoredRun

FLAGS = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
FLAGS += " --disable-component-update --disable-sync --enable-logging=stderr --v=0"
# Reads the page in a frame, since the page itself allows no script.
PROBE = """<iframe id="page" src="report.html" style="width: {width}px; height: 900px; border: 0"></iframe>
<pre id="out"></pre>
<script>
addEventListener("load", () => {{
  const page = document.getElementById("page").contentDocument;
  const images = [...page.images].map((image) => image.complete && image.naturalWidth > 0);
  const wide = page.documentElement.scrollWidth - page.documentElement.clientWidth;
  document.getElementById("out").textContent = JSON.stringify({{ images, wide, title: page.title }});
}});
</script>"""


@pytest.fixture(scope="session")
def chromium() -> str:
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        pytest.skip("no Chromium on this machine")
    return found


@pytest.mark.parametrize("width", [1100, 390])
def test_every_figure_is_drawn(make_run: Callable[..., StoredRun], chromium: str, tmp_path: Path, width: int) -> None:
    folder = tmp_path / "report"
    folder.mkdir()
    write([make_run("evaluate", make_run("train"))], folder)
    (folder / "probe.html").write_text(PROBE.format(width=width))
    profile = f"--user-data-dir={tmp_path / 'profile'}"
    command = [chromium, *FLAGS.split(), profile, "--allow-file-access-from-files", "--dump-dom"]
    done = subprocess.run(
        [*command, str(folder / "probe.html")], capture_output=True, text=True, timeout=60, check=True
    )
    assert "CONSOLE" not in done.stderr
    output = re.search(r'<pre id="out">(.+?)</pre>', done.stdout)
    assert output is not None
    seen = json.loads(output[1])
    assert seen["title"] == "ospenscreen_demo"
    assert len(seen["images"]) == 24
    assert all(seen["images"])
    assert seen["wide"] <= 0  # tables scroll, the page does not
