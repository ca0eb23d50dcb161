"""``simulators``: each counterparty alone, with one command (模拟器命令行)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any

import typer

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
Host = Annotated[str, typer.Option(help="Address to listen on.")]

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
    reactor = _reactor()
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
        typer.echo(f"cannot start: {type(failures[0]).__name__}: {failures[0]}", err=True)
        raise typer.Exit(1)


def _announce(ready: dict[str, Any], as_json: bool) -> None:
    import orjson

    text = orjson.dumps(ready).decode() if as_json else ", ".join(f"{name} {value}" for name, value in ready.items())
    print(text, flush=True)


@app.command()
def keys(directory: Path, client: Annotated[str, typer.Option(help="The platform's client id.")] = "platform") -> None:
    """Make demo keys for both sides: the gateway's keystore and every simulator's key files."""
    from simulators.keys import KeysExist, create_demo_keys

    try:
        print(create_demo_keys(directory, client))
    except KeysExist as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None


@app.command("bank-files")
def bank_files(
    keys: Keys,
    state: State,
    port: Port = 0,
    control_port: ControlPort = 0,
    script: ScriptFile = None,
    seed: Seed = None,
    username: Annotated[str, typer.Option(help="The gateway's login name.")] = "gateway",
    host: Host = "127.0.0.1",
    as_json: AsJson = False,
) -> None:
    """Bank rural-fixed: fixed-width files over SFTP, signed by SM2 (文件接口银行)."""

    async def start(reactor: Any) -> Any:
        from simulators import bank_files
        from simulators.script import load_script

        played = load_script(script, seed)
        return await bank_files.start(reactor, played, keys, state, port, control_port, host, username)

    _run(start, as_json)


@app.command("bank-messages")
def bank_messages(
    keys: Keys,
    state: State,
    port: Port = 0,
    control_port: ControlPort = 0,
    script: ScriptFile = None,
    seed: Seed = None,
    host: Host = "127.0.0.1",
    as_json: AsJson = False,
) -> None:
    """Bank city-iso: ISO 20022 over HTTPS with certificates on both sides (报文接口银行)."""

    async def start(reactor: Any) -> Any:
        from simulators import bank_messages
        from simulators.script import load_script

        played = load_script(script, seed)
        return bank_messages.start(reactor, played, keys, state, port, control_port, host)

    _run(start, as_json)


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
        from simulators.script import load_script

        played = load_script(script, seed)
        return sms.start(reactor, played, keys, state, port, control_port)

    _run(start, as_json)


def main() -> None:
    """Entry point of the ``simulators`` command."""
    app()


if __name__ == "__main__":
    main()
