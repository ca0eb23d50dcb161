"""Options and arguments that the key commands share (命令选项)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

SettingsFile = Annotated[Path, typer.Option("--settings", help="The settings file (TOML). 设置文件")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object instead of tables. 输出 JSON")]
AsOperator = Annotated[
    Path | None,
    typer.Option("--as-operator", envvar="GATEWAY_OPERATOR_KEY", help="Your own key file. 操作员密钥文件"),
]
Alias = Annotated[str, typer.Argument(help="The key's alias. 别名")]
KeyId = Annotated[
    str, typer.Argument(help="Its id, the beginning of it, or a state that only one key is in (pending). 编号或状态")
]
Reason = Annotated[str, typer.Option("--reason", help="Why; stands in the audit. 原因，记入审计")]
Sure = Annotated[bool, typer.Option("--yes", help="Do not ask again. 不再询问")]
KeepOthers = Annotated[
    bool, typer.Option("--keep-others", help="Other active keys of the alias stay ACTIVE. 不退役原密钥")
]
NotBefore = Annotated[str | None, typer.Option("--not-before", help="First day, YYYY-MM-DD. 生效日")]
NotAfter = Annotated[str | None, typer.Option("--not-after", help="Last day, YYYY-MM-DD. 到期日")]

DEFAULT_SETTINGS = Path("var/gateway.toml")
