"""`reconcile.yaml` with lifecycles of its own: the model of a file that holds them, or a key that nobody knows.

Apart from `settings` for the sake of start-up time: few repositories write a policy, and its models are many.
"""

from __future__ import annotations

from pydantic import ConfigDict

from reconciler.spec.fields import Name
from reconciler.spec.policies import LifecycleBlock
from reconciler.spec.settings_file import SettingsFile


class WholeSettingsFile(SettingsFile):
    """`reconcile.yaml`: the settings of a repository of specs."""

    model_config = ConfigDict(title="Settings", json_schema_extra={"required": ["version", "accounts"]})

    lifecycles: dict[Name, LifecycleBlock] | None = None
    """Lifecycles of your own, by name: dated rules beside those that ship."""
