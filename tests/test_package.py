"""What `pip install .` installs is whole: every module, template, letter, setting, migration, picture and translation."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PLACES = {"templates": "desk/templates", "config": "desk/config", "desk": "desk", "workers": "workers"}


def test_the_wheel_holds_every_file_that_git_knows(tmp_path: Path) -> None:
    tracked = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", *PLACES], cwd=ROOT, capture_output=True,
                             text=True, check=True).stdout.splitlines()
    for name in (*tracked, "pyproject.toml", "setup.py", "README.md", "LICENSE"):
        if (ROOT / name).is_file():
            (tmp_path / "tree" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "tree" / name).write_bytes((ROOT / name).read_bytes())
    subprocess.run([sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", tmp_path,
                    tmp_path / "tree"], check=True, capture_output=True)
    (wheel,) = tmp_path.glob("zastupnik-*.whl")
    inside = set(zipfile.ZipFile(wheel).namelist())
    wanted = {PLACES[top] + name.removeprefix(top) for name in tracked if (ROOT / name).is_file()
              for top in [name.partition("/")[0]]}
    assert sorted(w for w in wanted - inside if not w.endswith((".gitkeep", ".po", ".pot"))) == []
