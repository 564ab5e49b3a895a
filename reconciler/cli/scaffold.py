"""What `reconcile init` writes: settings with a pinned store, a first spec, and the files around them.

Pure: texts by path. A test reads every one of them back.
"""

from __future__ import annotations

import re

from reconciler.errors import UsageError

_SETTINGS = """\
# The settings of this repository: docs/settings.md explains every key.
version: 1
specs: specs
store:
  url: sqlite:///.reconcile/state.db
  lineage: {lineage}   # pins the store: a missing or another one refuses
accounts:
  {account}: {{provider: ledger}}
"""

_SPEC = """\
# yaml-language-server: $schema=../../schemas/specs.v1.schema.json
version: 1
account: {account}
subscriptions:
  first-product:                # the name: yours to choose, and it stays
    facts:                      # what was bought: never a lever
      product: SPB              # the provider's own product code
      term: annual              # monthly | annual | triennial
      start: 2026-01-01
    recurring: on               # off: use it until the term ends
"""

_YAMLLINT = """\
# `recurring: on` is text in YAML 1.2, which the specs are written in.
extends: default
rules:
  truthy: {allowed-values: ["true", "false", "on", "off"]}
  document-start: disable
  line-length: {max: 160}
  comments: {min-spaces-from-content: 1}
  braces: {max-spaces-inside: 1}
"""

_IGNORE = "# The embedded store: back it up (reconcile store export), do not commit it.\n.reconcile/\n"


def scaffold(account: str, lineage: str) -> dict[str, str]:
    """The files of a new repository, by path."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,99}", account):
        raise UsageError("bad-account", f"{account!r} is no account name", "use a-z, 0-9 and -, such as contoso")
    return {
        "reconcile.yaml": _SETTINGS.format(account=account, lineage=lineage),
        f"specs/{account}/subscriptions.yaml": _SPEC.format(account=account),
        ".yamllint": _YAMLLINT,
        ".gitignore": _IGNORE,
    }
