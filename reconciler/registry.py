"""The providers there are, built in or added by installed packages through the entry-point group, and their opening.

A provider's module is imported when an account names it, and its SDK not before it is opened. Two claims on one name
are refused. The installed packages are asked only once a name that is not built in is met, or by a command that lists
what there is, because asking them costs more than the rest of a small dry run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from reconciler.environment import Environment, identities_of
from reconciler.errors import ExtraMissing, InputError, ProviderTrouble, ReconcilerError
from reconciler.ports import Desk, Opening, Provider, Reader, Recorder, Writer
from reconciler.settings import LEDGER, MANUAL, OURS, AccountSettings

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP: Final = "reconciler.providers"
API_VERSION: Final = 1
"""Of the ports that providers are written against."""
BUILT_IN: Final[Mapping[str, str]] = {
    LEDGER: "reconciler.providers.ledger:LedgerProvider",
    MANUAL: "reconciler.providers.manual:ManualProvider",
    "microsoft": "reconciler.providers.microsoft:MicrosoftProvider",
    "partner-center": "reconciler.providers.partner_center:PartnerCenterProvider",
    "stripe": "reconciler.providers.stripe:StripeProvider",
}
"""Ours, registered like any other in pyproject.toml, where a test compares them."""
DISTRIBUTION: Final = "subscription-reconciler"
_TEXTS: Final = ("name", "lifecycle")
_CALLS: Final = ("reader", "writer")
_RESERVED_SLOTS: Final = frozenset({"endpoint", "sign_in"})

OpenedT = TypeVar("OpenedT")


class Registry:
    """Providers by name, each made once."""

    def __init__(self) -> None:
        self._places: dict[str, str] = dict(BUILT_IN)
        self._claims: dict[str, EntryPoint] | None = None
        self._made: dict[str, object] = {}

    def __contains__(self, name: object) -> bool:
        return name in self._places or (isinstance(name, str) and name in self._installed())

    def __iter__(self) -> Iterator[str]:
        return iter(sorted({*self._places, *self._installed()}))

    def check_claims(self) -> None:
        """Ask the installed packages, and raise for two claims on one name; nothing of theirs is imported."""
        self._installed()

    def recorder(self, name: str) -> Recorder:
        """Whoever keeps the records of an account of ours."""
        return cast("Recorder", self._of_ours(name))

    def desk(self, name: str) -> Desk:
        """Whoever has people make the changes."""
        return cast("Desk", self._of_ours(name))

    def provider(self, name: str) -> Provider:
        """An outside provider, without its SDK. The settings have been checked to name one that there is.

        Raises ReconcilerError for one that cannot be loaded or is written for other ports than these.
        """
        if name in OURS:
            raise KeyError(name)
        if name not in self._made:
            made = self._load(name)
            check_provider(name, made)
            self._made[name] = made
        return cast("Provider", self._made[name])

    def _of_ours(self, name: str) -> object:
        if name not in OURS:
            raise KeyError(name)
        if name not in self._made:
            self._made[name] = self._load(name)
        return self._made[name]

    def _load(self, name: str) -> object:
        """An instance of the class that the name stands for."""
        place = self._places.get(name)
        if place is not None:
            module, _, attribute = place.partition(":")
            try:
                return getattr(import_module(module), attribute)()
            except ImportError as error:
                if (error.name or "").partition(".")[0] == "reconciler":
                    raise  # no library that is missing: a mistake of ours
                raise extra_missing(name) from error
        claim = self._installed()[name]
        try:
            return claim.load()()
        except Exception as error:  # whatever another's package raises, it is not our bug
            detail = f"the provider {name} ({claim.value}) cannot be loaded: {type(error).__name__}"
            raise _broken(detail if isinstance(error, KeyError) else f"{detail}: {error}") from error

    def _installed(self) -> dict[str, EntryPoint]:
        """The claims of installed packages on names that are not built in."""
        if self._claims is None:
            from importlib.metadata import entry_points  # start-up: about as slow to import as all of ours

            claims: dict[str, EntryPoint] = {}
            for claim in entry_points(group=GROUP):
                known = self._places.get(claim.name) or getattr(claims.get(claim.name), "value", None)
                if known is not None and known != claim.value:
                    detail = f"two installed packages offer a provider named {claim.name}: {known} and {claim.value}"
                    raise ReconcilerError("provider-claimed-twice", detail, "remove one of them")
                if claim.name not in self._places:
                    claims[claim.name] = claim
            self._claims = claims
        return self._claims


def extra_missing(name: str) -> ExtraMissing:
    """A library that the provider needs is not installed."""
    of_ours = f"pip install '{DISTRIBUTION}[{name}]'"
    hint = of_ours if name in BUILT_IN else "install the package that offers it with all that it needs"
    return ExtraMissing("extra-missing", f"the provider {name} needs a library that is not installed", hint)


def judge_variables(environment: Environment, accounts: Iterable[AccountSettings], registry: Registry) -> None:
    """Raise UsageError for a variable of ours that neither we nor any provider can make sense of.

    To be asked once the settings are known. Imports nothing where no variable of a provider is set.
    """
    environment.judge(accounts, lambda name: registry.provider(name).secrets, BUILT_IN)


def openings(account: AccountSettings, environment: Environment, *, writing: bool) -> Opening:
    """What a provider is opened with for this account: the secrets are those of whoever reads it, or of who writes.

    Raises UsageError for an endpoint or a way to sign in that is none. A secret is looked up when it is asked for.
    """
    plan_as, apply_as = identities_of(account)
    return Opening(
        account,
        partial(environment.secret, apply_as if writing else plan_as),
        environment.endpoint(account.provider),
        environment.sign_in(account.provider),
    )


def reader_for(account: AccountSettings, environment: Environment, registry: Registry) -> Reader:
    """The reading half for an outside account, with no secret but those of planning.

    Raises InputError for an account that lacks what its provider needs, ExtraMissing, or what the provider raises.
    """
    provider = _complete(account, registry)
    return _opened(account, provider.reader, openings(account, environment, writing=False))


def writer_for(account: AccountSettings, environment: Environment, registry: Registry) -> Writer:
    """Both halves for an outside account, signed in as who may write; raises as `reader_for`."""
    provider = _complete(account, registry)
    return _opened(account, provider.writer, openings(account, environment, writing=True))


def _complete(account: AccountSettings, registry: Registry) -> Provider:
    from reconciler.spec.options import missing_options, what_is_missing  # start-up: only an outside account needs it

    provider = registry.provider(account.provider)
    missing = missing_options(account, provider)
    if missing:
        detail, hint = what_is_missing(account, missing, provider)
        raise InputError("missing-option", f"missing option: {detail}", hint)
    return provider


def _opened(account: AccountSettings, open_it: Callable[[Opening], OpenedT], given: Opening) -> OpenedT:
    try:
        return open_it(given)
    except ReconcilerError:
        raise
    except ImportError as error:
        raise extra_missing(account.provider) from error
    except Exception as error:  # noqa: BLE001 - it is one account's trouble, and no other's
        raise failed(account, error, "when it was opened") from None


def failed(account: AccountSettings, error: Exception, when: str) -> ProviderTrouble:
    """What a provider raised that it must not. Its text may hold anything, secrets too: only the class is named."""
    said = f"the provider {account.provider} failed with {type(error).__name__} {when}"
    return ProviderTrouble("provider-broken", said, "this is a bug of the provider: report it with the version of it")


def _broken(detail: str) -> ReconcilerError:
    """A provider of an installed package that cannot be used."""
    return ReconcilerError("provider-broken", detail, "mend or remove the package that offers it")


def check_provider(name: str, made: object) -> None:
    """Raise ReconcilerError unless it is a provider of this name, for these ports."""
    version = getattr(made, "api_version", None)
    if isinstance(version, int) and version > API_VERSION:
        detail = f"the provider {name} is written for version {version} of the ports; these are {API_VERSION}"
        raise ReconcilerError("provider-too-new", detail, f"install a newer {DISTRIBUTION}, or an older provider")
    if isinstance(version, int) and version < API_VERSION:
        detail = f"the provider {name} is written for version {version} of the ports; these are {API_VERSION}"
        raise ReconcilerError("provider-too-old", detail, "install a newer release of the provider")
    wrong = _wrong(name, made, version)
    if wrong:
        raise _broken(f"the provider {name} {wrong}")


def _wrong(name: str, made: Any, version: object) -> str:
    """What is not as `ports.Provider` says, in words; empty where all is."""
    if not isinstance(version, int):
        return "says no api_version"
    lacking = [word for word in _TEXTS if not isinstance(getattr(made, word, None), str)]
    lacking += [word for word in _CALLS if not callable(getattr(made, word, None))]
    lacking += [] if isinstance(getattr(made, "options", None), Mapping) else ["options"]
    lacking += [word for word in ("required", "secrets") if not isinstance(getattr(made, word, None), tuple)]
    if lacking:
        return f"has no proper {', '.join(lacking)}"
    if made.name != name:
        return f"calls itself {made.name}"
    slots = set(made.secrets)
    unusable = sorted(slots & _RESERVED_SLOTS | {slot for slot in slots if f"{slot}_file" in slots})
    if unusable:
        return f"has a slot that the environment cannot name: {', '.join(unusable)}"
    unknown = sorted(set(made.required) - set(made.options) - {"tenant"})
    return f"requires what is none of its options: {', '.join(unknown)}" if unknown else ""
