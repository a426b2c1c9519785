"""The demo's table, and how to connect to a site that stays up."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from gateway.demo.clients import has_gpg, has_sftp
from gateway.demo.run import Outcome, Result
from gateway.demo.world import World

_COLOURS = {"collected": "green", "delivered": "green", "held": "yellow", "refused": "red"}


def show(result: Result, console: Console) -> None:
    """Print what happened to each file and why."""
    table = Table(title="What became of each file, and why", title_justify="left", box=SIMPLE_HEAD)
    table.add_column("file", ratio=4)
    table.add_column("became", no_wrap=True, min_width=11)
    table.add_column("why, as its sender reads it", ratio=5)
    table.add_column("s", justify="right", no_wrap=True, min_width=4)
    for outcome in result.outcomes:
        table.add_row(*_row(outcome))
        table.add_row()
    console.print(table)
    console.print(_programs())
    verified = result.verified
    console.print(
        f"log: {verified['events']} events, verified {'whole' if verified['ok'] else 'BROKEN'}; "
        f"{result.seconds:.1f} s in all"
    )
    console.print(
        "[green]every outcome was the right one[/]"
        if result.right
        else "[bold red]something is not as it should be[/]"
    )


def _row(outcome: Outcome) -> tuple[str, ...]:
    case = outcome.case
    colour = _COLOURS.get(outcome.state, "red")
    why = list(outcome.reasons[:3])
    if case.release and outcome.state != "held":
        why.append("then released by an analyst")
    if outcome.pulled:
        why.append(f"pulled by {outcome.pulled}, opened, same bytes")
    if outcome.wrong:
        why.append(f"[bold red]{outcome.wrong}[/]")
    mark = "[bold red]✗[/]" if outcome.wrong else "[green]✓[/]"
    file = (
        f"[bold]{case.title}[/]\n{case.name}, {len(case.content)} bytes\n"
        f"[dim]{case.over} to {case.route}[/]"
    )
    became = f"{mark} [{colour}]{outcome.state}[/]"
    return file, became, "\n".join(why), f"{outcome.seconds:.2f}"


def _programs() -> str:
    sftp = "OpenSSH's sftp" if has_sftp() else "asyncssh's SFTP client (no OpenSSH here)"
    gpg = "gpg" if has_gpg() else "Sequoia (no gpg here)"
    return f"dropped and pulled with {sftp} and over HTTPS; opened with {gpg}"


def how_to_connect(world: World, ports: dict[str, int]) -> str:
    """Commands to paste, for a site that stays up."""
    clinic, acme = world.members["clinic"], world.members["acme"]
    certificate = world.site / "keys" / "edge" / "tls.crt"
    sample = world.home / "claims-1102.837"
    return f"""\
The gateway is up. Ctrl-C stops it.

drop as the clinic, over SFTP (a sample: put {sample} /outbox/clinic-claims/):
  sftp -P {ports["sftp"]} -i {clinic.ssh_key} clinic@127.0.0.1

drop as the clinic, over HTTPS:
  curl --cacert {certificate} -H "Authorization: Bearer {clinic.token}" \\
    -T {sample} https://localhost:{ports["https"]}/v1/outbox/clinic-claims/

pull as the payer, over SFTP (ls /inbox):
  sftp -P {ports["sftp"]} -i {acme.ssh_key} acme@127.0.0.1

pull as the payer, over HTTPS:
  curl --cacert {certificate} -H "Authorization: Bearer {acme.token}" \\
    https://localhost:{ports["https"]}/v1/inbox

look at it as the analyst and the operator:
  lazaretto hold list --site {world.site}
  lazaretto audit verify --site {world.site}
  curl http://127.0.0.1:{ports["health"]}/readyz
  curl http://127.0.0.1:{ports["metrics"]}/metrics
"""
