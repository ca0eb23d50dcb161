"""What the README tells a newcomer after the demonstration: init, serve, and the page in a real browser."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from gateway.demo.children import Child


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A gateway that was set up and started by the two commands of the README."""
    place = tmp_path_factory.mktemp("first") / "var"
    made = subprocess.run([sys.executable, "-m", "gateway.cli", "init", str(place)], check=True, capture_output=True)
    assert str(place / "gateway.toml") in made.stdout.decode()
    settings = place / "gateway.toml"
    settings.write_text(settings.read_text("utf-8").replace("port = 8080", "port = 0"), "utf-8")
    with Child("gateway", "gateway.cli", ["serve", "--settings", str(settings), "--json"], place / "log") as gateway:
        yield str(gateway.ready["url"])


def test_a_second_set_up_changes_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "gateway.cli", "init", str(tmp_path / "var")]
    assert subprocess.run(command, check=False, capture_output=True).returncode == 0
    before = (tmp_path / "var" / "gateway.toml").read_bytes()
    again = subprocess.run(command, check=False, capture_output=True)
    assert again.returncode == 2 and b"exists already" in again.stderr
    assert (tmp_path / "var" / "gateway.toml").read_bytes() == before
    assert (tmp_path / "var" / "passphrase").stat().st_mode & 0o077 == 0


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Debian's chromium: apt-get install chromium")
def test_the_page_reads_well_in_a_browser(url: str) -> None:
    with ThreadPoolExecutor(1) as other:  # the browser's driver will not share a thread with an event loop
        assert other.submit(_visit, f"{url}/docs").result() == []


def _visit(page_url: str) -> list[str]:
    """Problems that a browser met: errors on its console, requests that failed."""
    problems: list[str] = []
    arguments = ["--no-sandbox", "--disable-background-networking", "--no-first-run", "--disable-sync"]
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=arguments)
        page = browser.new_page(viewport={"width": 1200, "height": 1600})
        page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        page.on("requestfailed", lambda request: problems.append(request.url))
        page.goto(page_url)
        expect(page.get_by_text("/v1/batches/{batch_no}/items", exact=True).first).to_be_visible()
        page.get_by_role("link", name="发放结果").first.click()
        expect(page.get_by_text("/v1/batches/{batch_no}/results", exact=True).first).to_be_in_viewport()
        browser.close()
    return problems
