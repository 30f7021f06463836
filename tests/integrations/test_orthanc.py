"""Tests of the Orthanc recipe with a stand-in for Orthanc's REST interface."""

from __future__ import annotations

import io
import json
import sys
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("highdicom")
pytest.importorskip("typer")

import pydicom
from dicom_samples import write_seg, write_series
from image_samples import affine, values

from conftest import ROOT

sys.path.insert(0, str(ROOT / "integrations" / "orthanc"))

import yttria_orthanc as recipe


class Server(HTTPServer):
    """Stand-in with series, their files, and stored files."""

    series: dict[str, tuple[str, list[Path]]]
    stored: list[bytes]
    asked: list[str | None]


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.asked.append(self.headers.get("Authorization"))
        parts = self.path.strip("/").split("/")
        if parts[0] == "studies":
            answer = [{"ID": key, "MainDicomTags": {"Modality": kind}} for key, (kind, _) in self.server.series.items()]
            self.answer(json.dumps(answer).encode())
        else:
            packed = io.BytesIO()
            with zipfile.ZipFile(packed, "w") as archive:
                for n, path in enumerate(self.server.series[parts[1]][1]):
                    archive.write(path, f"../Doe John/PT/{n}.dcm")
            self.answer(packed.getvalue())

    def do_POST(self) -> None:
        self.server.stored.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.answer(b'{"ID": "new", "Status": "Success"}')

    def answer(self, body: bytes) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    pet = write_series(tmp_path / "pet", values() * 1e4, affine("plain"), slopes=[20.0, 17.3, 30.1, 25.7])
    write_seg(tmp_path / "seg.dcm", {"Liver": values() > 40}, pet)
    with Server(("127.0.0.1", 0), Handler) as running:
        running.series = {"a": ("PT", sorted(pet.iterdir())), "b": ("SEG", [tmp_path / "seg.dcm"])}
        running.stored, running.asked = [], []
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def client(server: Server) -> recipe.Orthanc:
    return recipe.Orthanc(f"http://127.0.0.1:{server.server_port}/", "user", "word")


def test_a_study_is_dosed_and_its_dose_is_stored(server: Server) -> None:
    options = ["--method", "local_deposition"]
    answer = recipe.dose_study(client(server), "study", options, (sys.executable, "-m", "yttria"))
    assert answer["Status"] == "Success"
    stored = pydicom.dcmread(io.BytesIO(server.stored[0]))
    assert stored.Modality == "RTDOSE"
    assert stored.pixel_array.max() > 0
    assert set(server.asked) == {"Basic dXNlcjp3b3Jk"}


def test_a_refusal_of_yttria_is_shown_and_nothing_is_stored(server: Server) -> None:
    with pytest.raises(SystemExit, match=r"(?s)error: yttria refused study study:.*--method"):
        recipe.dose_study(client(server), "study", ["--method", "guess"], (sys.executable, "-m", "yttria"))
    assert server.stored == []


def test_a_study_without_the_one_series_is_refused(server: Server) -> None:
    server.series["c"] = server.series["b"]
    with pytest.raises(SystemExit, match=r"one series of structures \(SEG, RTSTRUCT\), got 2"):
        recipe.dose_study(client(server), "study", [])
    server.series = {}
    with pytest.raises(SystemExit, match="one series of activity"):
        recipe.dose_study(client(server), "study", [])


def test_files_of_an_archive_get_names_of_the_recipe(server: Server, tmp_path: Path) -> None:
    folder = client(server).download("a", tmp_path / "unpacked")
    assert sorted(path.name for path in folder.iterdir()) == [f"{n:06}.dcm" for n in range(len(server.series["a"][1]))]
    with pytest.raises(SystemExit, match="http or https"):
        recipe.Orthanc("file:///etc")
