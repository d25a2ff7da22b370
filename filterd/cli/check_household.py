"""`filterd check-household`: the loopholes of the household, each with what to do."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import click

from filterd.cli import options

_SIGNS = {
    "danger": ("NGUY HIỂM", "DANGER"),
    "warning": ("CẢNH BÁO", "WARNING"),
    "note": ("Lưu ý", "Note"),
}
_NOTHING = ("Không thấy kẽ hở nào.", "No loopholes found.")


@click.command("check-household")
@click.argument("file", type=click.File("rb"), required=False)
@options.as_json
@options.state
def check_household(file: BinaryIO | None, as_json: bool, state: Path) -> None:
    """Look for loopholes: a child without bedtime, an allowed name on a harmful list, a window that never holds ...

    Looks at the household in force, or at FILE (nothing is imported). Speaks the household's language. Changes nothing.

    \b
    Examples:
      filterd check-household
      filterd check-household household.yaml --json
    """
    from filterd.cli.said import clean
    from filterd.control import check_household as control
    from filterd.control.household import load

    if file is None:
        household, findings = load(state), control.check_household(state)
    else:
        name = getattr(file, "name", "household")
        household, findings = control.check_file(file.read(options.HOUSEHOLD_FILE_BYTES), state, name)
    if as_json:
        options.say_json({"findings": [control.document(f) for f in findings]})
        return
    language = 0 if household.language == "vi" else 1
    for finding in findings:
        sentence, fix = (finding.vi, finding.fix_vi) if language == 0 else (finding.en, finding.fix_en)
        click.echo(f"{_SIGNS[finding.severity.value][language]}: {clean(sentence)}")
        click.echo(f"    {clean(fix)}" + (f"  {clean(finding.command)}" if finding.command else ""))
    if not findings:
        click.echo(_NOTHING[language])
