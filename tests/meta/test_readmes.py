"""Every folder of the product has a README, and its Python examples run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parents[2]
_FOLDERS = sorted(p.parent for top in ("filterd", "webui", "blocklists") for p in (_ROOT / top).rglob("__init__.py"))
_READMES = [_ROOT / "README.md", *sorted(p for top in ("filterd", "webui") for p in (_ROOT / top).rglob("README.md"))]


@pytest.mark.parametrize("folder", _FOLDERS, ids=lambda p: str(p.relative_to(_ROOT)))
def test_folder_explains_itself(folder: Path) -> None:
    text = (folder / "README.md").read_text()
    assert len(text.split()) > 20


@pytest.mark.parametrize("readme", _READMES, ids=lambda p: str(p.relative_to(_ROOT)))
def test_python_examples_run(readme: Path) -> None:
    for block in re.findall(r"```python\n(.*?)```", readme.read_text(), re.S):
        exec(compile(block, str(readme), "exec"), {"__name__": "example"})
