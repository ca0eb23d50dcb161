"""``simulators``: each counterparty alone, with one command (模拟器命令行)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Annotated, Any

import typer

from messages.redaction.texts import redacted_identifier

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Simulated banks, SMS provider and platform.",
)

Port = Annotated[int, typer.Option(help="Port of the simulated service; 0 takes a free one.")]
ControlPort = Annotated[int, typer.Option(help="Port of the control interface on 127.0.0.1; 0 takes a free one.")]
ScriptFile = Annotated[
    Path | None, typer.Option("--script", exists=True, help="YAML script; none: everything is paid.")
]
Keys = Annotated[Path, typer.Option(exists=True, file_okay=False, help="Directory made by `simulators keys`.")]
State = Annotated[Path, typer.Option(help="Where this simulator keeps its books and files.")]
Seed = Annotated[int | None, typer.Option(help="Overrides the script's seed.")]
AsJson = Annotated[bool, typer.Option("--json", help="Say that it is ready as one line of JSON.")]
BankHost = Annotated[str | None, typer.Option("--host", help="Address to listen on, or to call.")]
Username = Annotated[str | None, typer.Option(help="The login name, if not the profile's.")]
Config = Annotated[
    Path | None, typer.Option(exists=True, file_okay=False, help="Directory of profiles; none: the shipped one.")
]

RequestedOn = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Day to pay on; today if not given.")]
CHINA = timezone(timedelta(hours=8))

Starter = Callable[[Any], Awaitable[Any]]


def _reactor() -> Any:
    """Twisted on asyncio, so that HTTP and SFTP share one loop."""
    from twisted.internet import asyncioreactor

    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    asyncioreactor.install(loop)  # type: ignore[no-untyped-call]
    from twisted.internet import reactor

    return reactor


def _run(start: Starter, as_json: bool) -> None:
    """Start, say so, and serve until stopped; a simulator that cannot start says why and ends."""
    from simulators.logs import log_troubles

    reactor = _reactor()
    log_troubles()
    failures: list[Exception] = []

    async def begin() -> None:
        try:
            _announce((await start(reactor)).announcement(), as_json)
        except Exception as error:
            failures.append(error)
            reactor.stop()

    tasks: list[asyncio.Task[None]] = []
    reactor.callWhenRunning(lambda: tasks.append(asyncio.get_event_loop().create_task(begin())))
    reactor.run()
    if failures:
        why = redacted_identifier(f"{type(failures[0]).__name__}: {failures[0]}")
        typer.echo(f"cannot start: {why}", err=True)
        raise typer.Exit(1)


def _announce(ready: dict[str, Any], as_json: bool) -> None:
    import orjson

    text = orjson.dumps(ready).decode() if as_json else ", ".join(f"{name} {value}" for name, value in ready.items())
    print(text, flush=True)


@app.command()
def keys(
    directory: Path,
    client: Annotated[str, typer.Option(help="The platform's client id.")] = "platform",
    config: Config = None,
    add_banks: Annotated[bool, typer.Option(help="Keep what is there; add the keys of new banks.")] = False,
) -> None:
    """Make demo keys for both sides: the gateway's keystore and every simulator's key files."""
    from messages.layout.positions import ConfigurationRefused
    from simulators.keys import KeysExist, add_bank_keys, create_demo_keys, described

    try:
        if add_banks:
            add_bank_keys(directory, config)
        else:
            create_demo_keys(directory, client, config)
        _announce(described(directory, client), True)
    except (KeysExist, ConfigurationRefused, OSError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None


@app.command()
def bank(
    name: Annotated[str, typer.Argument(help="Whose profile: config/banks/NAME.yaml.")],
    keys: Keys,
    state: State,
    config: Config = None,
    port: Port = 0,
    control_port: ControlPort = 0,
    script: ScriptFile = None,
    seed: Seed = None,
    username: Username = None,
    host: BankHost = None,
    push_to: Annotated[str | None, typer.Option(help="HOST:PORT for pushed messages (TCP).")] = None,
    as_json: AsJson = False,
) -> None:
    """Any bank that has a profile: its files or messages, signed, as a script says (任一银行)."""

    async def start(reactor: Any) -> Any:
        from simulators.bank import start as begin
        from simulators.bank_doors import Place, address
        from simulators.declaration import read_bank, shipped_config
        from simulators.script_file import load_script

        data = read_bank(config or shipped_config(), name)
        place = Place(keys / data.declaration.bank, state, host, port, username, address(push_to))
        return await begin(reactor, data, load_script(script, seed), place, control_port)

    _run(start, as_json)


@app.command("bank-files")
def bank_files(
    keys: Keys,
    state: State,
    port: Port = 0,
    control_port: ControlPort = 0,
    script: ScriptFile = None,
    seed: Seed = None,
    username: Username = None,
    host: BankHost = None,
    as_json: AsJson = False,
) -> None:
    """The same as `bank rural-fixed`: fixed-width files over SFTP (文件接口银行)."""
    bank("rural-fixed", keys, state, None, port, control_port, script, seed, username, host, None, as_json)


@app.command("bank-messages")
def bank_messages(
    keys: Keys,
    state: State,
    port: Port = 0,
    control_port: ControlPort = 0,
    script: ScriptFile = None,
    seed: Seed = None,
    host: BankHost = None,
    as_json: AsJson = False,
) -> None:
    """The same as `bank city-iso`: ISO 20022 over HTTPS (报文接口银行)."""
    bank("city-iso", keys, state, None, port, control_port, script, seed, None, host, None, as_json)


@app.command()
def control(
    port: Annotated[int, typer.Argument(min=1, max=65535, help="The simulator's control port.")],
    what: Annotated[str, typer.Argument(help="ledger, items, pending, hold, release, offline, clock, script, events.")],
    value: Annotated[str | None, typer.Argument(help="Seconds (offline, clock), stop or run (clock), a file.")] = None,
) -> None:
    """Steer a running simulator: its books, its agenda, its clock, its script (控制)."""
    from simulators.control_client import ControlRefused, ask

    try:
        print(ask(port, what, value), flush=True)
    except (ControlRefused, OSError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None


@app.command()
def sms(
    keys: Keys,
    state: State,
    port: Port = 0,
    control_port: ControlPort = 0,
    script: ScriptFile = None,
    seed: Seed = None,
    as_json: AsJson = False,
) -> None:
    """The SMS provider: HTTP JSON, signed by HMAC (短信通道)."""

    async def start(reactor: Any) -> Any:
        from simulators import sms
        from simulators.script_file import load_script

        played = load_script(script, seed)
        return sms.start(reactor, played, keys, state, port, control_port)

    _run(start, as_json)


@app.command()
def platform(
    keys: Keys,
    port: Port = 0,
    control_port: ControlPort = 0,
    script: ScriptFile = None,
    seed: Seed = None,
    as_json: AsJson = False,
) -> None:
    """The platform's receiving end: signed notifications of the gateway (平台结果通知接收)."""

    async def start(reactor: Any) -> Any:
        from simulators import platform
        from simulators.script_file import load_script

        return platform.start(reactor, load_script(script, seed), keys, port, control_port)

    _run(start, as_json)


@app.command()
def roster(
    directory: Path,
    items: Annotated[int, typer.Option(min=1, max=20_000_000, help="Items in all.")] = 1_000,
    seed: Annotated[int, typer.Option(help="The same seed makes the same roster.")] = 0,
    batches: Annotated[int, typer.Option(min=1, max=18, help="Batches, one project each.")] = 6,
    requested_on: RequestedOn = None,
) -> None:
    """Write synthetic batches as files: header, items, and the list of items that are bad on purpose (花名册)."""
    from simulators.roster_files import write_roster

    for path in write_roster(directory, items, seed, batches, _day(requested_on)):
        print(path)


@app.command()
def submit(
    base_url: Annotated[str, typer.Option(help="The gateway's API, such as https://127.0.0.1:8443.")],
    keys: Keys,
    items: Annotated[int, typer.Option(min=1, max=20_000_000, help="Items in all.")] = 1_000,
    seed: Annotated[int, typer.Option(help="The same seed makes the same roster.")] = 0,
    batches: Annotated[int, typer.Option(min=1, max=18, help="Batches, one project each.")] = 6,
    requested_on: RequestedOn = None,
    everywhere: Annotated[bool, typer.Option(help="Payees at every kind of bank, all batches prefunded.")] = False,
) -> None:
    """Submit synthetic batches to a gateway, signed; one line of JSON a batch (提交批次)."""
    from simulators.platform_client import ApiRefused, PlatformClient
    from simulators.roster import roster

    client = PlatformClient(base_url, keys / "platform")
    for batch in roster(items, seed, batches=batches, requested_on=_day(requested_on), everywhere=everywhere):
        try:
            print(client.submit(batch).body.decode("utf-8"), flush=True)
        except (ApiRefused, OSError) as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(1) from None


def _day(given: datetime | None) -> date:
    return given.date() if given is not None else datetime.now(UTC).astimezone(CHINA).date()


def main() -> None:
    """Entry point of the ``simulators`` command."""
    from simulators.logs import guarded

    guarded(app)


if __name__ == "__main__":
    main()
