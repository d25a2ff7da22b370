"""`filterd feed keys`: who may sign for the office, and what to do when a key is lost or stolen."""

from __future__ import annotations

from pathlib import Path

import click

from filterd.cli import feed_office_options as office_options
from filterd.cli import options
from filterd.cli.said import clean

_one_folder = click.option(
    "--keys",
    "key_folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the private half goes: a USB stick of the holder's own.  [default: ~/.config/filterd-feed/ID]",
)


@click.group()
def keys() -> None:
    """Make, sign with and replace the office's keys. Private halves never enter the office's folder.

    \b
    Examples:
      filterd feed keys status
      filterd feed keys make root --holder "Nguyễn Lan" --keys /media/lan
      filterd feed keys sign --keys /media/lan
      filterd feed keys replace root-2 --because stolen --holder "Lò Hoa" --keys /media/hoa
    """


@keys.command()
@office_options.folder
@options.as_json
def status(folder: Path, as_json: bool) -> None:
    """Show the keys and what to do next.

    \b
    Example:
      filterd feed keys status
    """
    from filterd.control.feed_office_keys import guide
    from filterd.feed import root
    from filterd.feed.keys import read_keys
    from filterd.host.files import read_bounded

    office = office_options.opened(folder)
    found, steps, known = read_keys(folder), guide(office, office_options.now()), root.roots(folder)
    prints = {version: root.fingerprint(read_bounded(path, root.MAX_ROOT_BYTES)) for version, path in known.items()}
    if as_json:
        rows = [{"label": k.label, "role": k.role, "holder": k.holder, "retired": k.retired} for k in found]
        options.say_json({"keys": rows, "roots": prints, "steps": list(steps)})
        return
    for key in found:
        gone = f", {key.retired} on {key.retired_at}" if key.retired else ""
        click.echo(clean(f"{key.label}: {key.holder}, since {key.made_at}{gone}"))
    for version, print_ in prints.items():
        first = " (the one that boxes are given)" if version == 1 else ""
        click.echo(f"root {version}: {print_}{first}")
    for step in steps:
        click.echo(f"to do: {step}")
    if not steps:
        click.echo("nothing to do")


@keys.command()
@click.argument("role")
@click.option("--holder", required=True, help="Who keeps it.")
@_one_folder
@office_options.folder
def make(role: str, holder: str, key_folder: Path | None, folder: Path) -> None:
    """Make a key of ROLE: root (three people), targets (who publishes), online (the server), or a part.

    \b
    Example:
      filterd feed keys make root --holder "Nguyễn Lan" --keys /media/lan
    """
    from filterd.control.feed_office_keys import make as make_key

    office = office_options.opened(folder)
    place = office_options.places(office, (key_folder,) if key_folder else ())[0]
    key = make_key(office, role, holder, place, office_options.passphrases(folder), office_options.today())
    click.echo(
        f"{key.label}: made for {key.holder}. {place / key.label}.pem is the private half: keep a copy apart from it"
    )
    click.echo("  next: filterd feed keys status")


@keys.command()
@click.option("--renew", is_flag=True, help="Also when only the time of the root runs out.")
@office_options.keys
@office_options.folder
def sign(renew: bool, key_folders: tuple[Path, ...], folder: Path) -> None:
    """Sign the root of trust with the root keys at hand. It counts when two holders have signed.

    \b
    Examples:
      filterd feed keys sign --keys /media/lan
      filterd feed keys sign --renew --keys /media/lan
    """
    from filterd.feed import root

    office = office_options.opened(folder)
    folders = office_options.places(office, key_folders)
    made = root.draft(office, office_options.now(), renew=renew)
    if made is not None:  # told before a passphrase is asked for
        added, removed = root.changes(folder, made)
        click.echo(f"root {made.signed.version}, good until {made.signed.expires:%Y-%m-%d}:")
        for what, labels in (("trusted from now on", added), ("no more trusted", removed)):
            for label in labels:
                click.echo(clean(f"  {what}: {label}"))
    done = root.sign(office, folders, office_options.passphrases(folder), office_options.now(), renew=renew)
    if done is None:
        click.echo("nothing to sign: the root says already which keys are in use")
    elif done.missing:
        click.echo(
            f"root {done.version}: signed by {', '.join(done.signed)}; {done.missing} more signature(s) are needed"
        )
        click.echo("  take the folder to the next holder (git or a USB stick): filterd feed keys sign --keys FOLDER")
    else:
        click.echo(f"root {done.version}: complete, signed by {', '.join(done.signed)}")
        click.echo(f"  fingerprint: {done.fingerprint}")
        if done.version == 1:
            click.echo(
                "  Give keys/root/1.root.json to boxes, and the fingerprint on paper or by telephone: people compare it."
            )
        click.echo("  next: filterd feed publish")


@keys.command()
@click.argument("label")
@click.option("--because", type=click.Choice(["lost", "stolen", "leaving", "renewed"]), required=True)
@click.option("--holder", default="", help="Who keeps the new one.  [default: the same person]")
@_one_folder
@office_options.folder
def replace(label: str, because: str, holder: str, key_folder: Path | None, folder: Path) -> None:
    """Put a new key in the place of one that is lost or stolen, or whose holder leaves, and say what follows.

    \b
    Example:
      filterd feed keys replace targets-1 --because stolen --keys /media/lan
    """
    from filterd.control.feed_office_keys import replace_key

    office = office_options.opened(folder)
    place = office_options.places(office, (key_folder,) if key_folder else ())[0]
    ask = office_options.passphrases(folder)
    done = replace_key(office, label, because, holder=holder, folder=place, ask=ask, today=office_options.today())
    click.echo(f"{done.new.label} takes the place of {done.old.label} ({because}). What follows:")
    for number, sentence in enumerate(done.advice, 1):
        click.echo(f"  {number}. {sentence}")
