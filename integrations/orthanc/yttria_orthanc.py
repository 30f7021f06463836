# SPDX-License-Identifier: MIT
"""Dose the studies of an Orthanc server: a PET or SPECT series with its segmentation in, an RTDOSE back.

For research use only. It uses Orthanc's REST interface and the command `yttria` alone::

    python yttria_orthanc.py http://localhost:8042 STUDY --scan-delay-h 18

STUDY is an Orthanc identifier of a study. Call it by hand, or let a script of Orthanc call it when a study is stable.
Name and password come from the environment, ORTHANC_USER and ORTHANC_PASSWORD.
"""

from __future__ import annotations

import argparse
import base64
import io
import json
import os
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
from pathlib import Path
from typing import Any

ACTIVITY, STRUCTURES = ("PT", "NM"), ("SEG", "RTSTRUCT")
#: Largest size in bytes of one unpacked archive.
MOST_BYTES = 8 * 2**30


class Orthanc:
    """The few requests of Orthanc's REST interface that are needed."""

    def __init__(self, url: str, user: str | None = None, password: str | None = None) -> None:
        """Keep the address of the server, with name and password."""
        if not url.startswith(("http://", "https://")):
            raise SystemExit(f"error: the server must be an http or https address, got {url!r}")
        self._url, self._headers = url.rstrip("/"), {}
        if user is not None:
            token = base64.b64encode(f"{user}:{password or ''}".encode()).decode()
            self._headers["Authorization"] = f"Basic {token}"

    def ask(self, path: str, body: bytes | None = None) -> bytes:
        """Get a path, or post a body to it."""
        request = urllib.request.Request(f"{self._url}{path}", body, self._headers)
        with urllib.request.urlopen(request, timeout=300) as answer:
            return bytes(answer.read())

    def series(self, study: str) -> dict[str, list[str]]:
        """Identifiers of the series of a study, by modality."""
        found: dict[str, list[str]] = {}
        for each in json.loads(self.ask(f"/studies/{study}/series")):
            found.setdefault(each["MainDicomTags"].get("Modality", ""), []).append(each["ID"])
        return found

    def download(self, series: str, folder: Path) -> Path:
        """Unpack a series into a folder, with numbers as file names."""
        folder.mkdir(parents=True)
        with zipfile.ZipFile(io.BytesIO(self.ask(f"/series/{series}/archive"))) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            if sum(member.file_size for member in members) > MOST_BYTES:
                raise SystemExit(f"error: series {series} is larger than {MOST_BYTES / 2**30:.0f} GiB")
            for n, member in enumerate(members):
                (folder / f"{n:06}.dcm").write_bytes(archive.read(member))
        return folder

    def upload(self, file: Path) -> dict[str, Any]:
        """Store a DICOM file."""
        answer: dict[str, Any] = json.loads(self.ask("/instances", file.read_bytes()))
        return answer


def one_of(series: dict[str, list[str]], modalities: tuple[str, ...], what: str) -> str:
    """The only series of these modalities."""
    found = [each for modality in modalities for each in series.get(modality, [])]
    if len(found) != 1:
        names = ", ".join(modalities)
        raise SystemExit(f"error: the study must have one series of {what} ({names}), got {len(found)}")
    return found[0]


def dose_study(
    server: Orthanc, study: str, options: list[str], command: tuple[str, ...] = ("yttria",)
) -> dict[str, Any]:
    """Dose one study, and return Orthanc's answer to the RTDOSE that was stored."""
    series = server.series(study)
    activity = one_of(series, ACTIVITY, "activity")
    structures = one_of(series, STRUCTURES, "structures")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        image = server.download(activity, folder / "activity")
        segments = next(iter(server.download(structures, folder / "structures").iterdir()))
        done = subprocess.run(
            [*command, "dose", str(image), "-s", str(segments), "--rtdose", "-o", str(folder / "out"), *options],
            capture_output=True,
            text=True,
        )
        if done.returncode != 0:
            raise SystemExit(f"error: yttria refused study {study}:\n{done.stderr or done.stdout}")
        return server.upload(folder / "out" / "dose.dcm")


def main() -> None:
    """Dose the study that the command line names; further options go to `yttria dose`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("server")
    parser.add_argument("study")
    given, options = parser.parse_known_args()
    server = Orthanc(given.server, os.environ.get("ORTHANC_USER"), os.environ.get("ORTHANC_PASSWORD"))
    command = (sys.executable, "-m", "yttria")
    print(json.dumps(dose_study(server, given.study, options, command)))


if __name__ == "__main__":
    main()
