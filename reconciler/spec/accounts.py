"""Accounts: those of `reconcile.yaml` and of every `_account.yaml`, and which one a spec file belongs to.

Pure. An `_account.yaml` is for its folder and the folders in it; it shares an account's settings and loosens none.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass, field, replace

from reconciler.diagnostics import Diagnostics, Place, did_you_mean, error
from reconciler.settings import AccountSettings, Settings
from reconciler.spec.characters import escaped
from reconciler.spec.models import AccountFile, SpecsFile
from reconciler.spec.options import judge_options, judge_tenant, missing_options, outside, what_is_missing
from reconciler.spec.positions import Document
from reconciler.spec.validate import Checked


def folders_above(folder: str) -> list[str]:
    """This folder and every one around it, the innermost first."""
    found = [folder]
    while folder:
        folder = folder.rpartition("/")[0]
        found.append(folder)
    return found


def unknown_provider(name: str, place: Place | None, providers: Container[str], found: Diagnostics) -> bool:
    """Complain about a provider that there is not; whether it was so."""
    if name in providers:
        return False
    known = list(providers) if isinstance(providers, Iterable) else []
    hint = did_you_mean(name, known) or (f"known are: {', '.join(sorted(known))}" if known else "")
    found.add(error("unknown-provider", "unknown provider", place, detail=f"'{escaped(name)}'", hint=hint))
    return True


@dataclass(slots=True)
class Accounts:
    """Every account by name, and whose each folder is."""

    settings: Settings
    found: Diagnostics
    providers: Container[str] = frozenset()
    known: dict[str, AccountSettings] = field(default_factory=dict)
    _folders: dict[str, AccountSettings | None] = field(default_factory=dict)
    """Of each folder with an `_account.yaml`; None where that one is broken, which has been said already."""
    _liked: set[str] = field(default_factory=set)
    """Accounts of the settings that one of a folder is like."""
    _with_files: set[str] = field(default_factory=set)
    _told: set[str] = field(default_factory=set)
    """Accounts whose options were complained about: what they lack may be what was misspelt."""

    def __post_init__(self) -> None:
        for name, account in self.settings.accounts.items():
            self.known[name] = account
            self._reserved(name, account.place)

    def _reserved(self, name: str, place: Place | None) -> None:
        """A refusal's scope is an account or the whole run: no account may be taken for that."""
        if name == "run":
            hint = "refusals call the whole run so: choose another name"
            self.found.add(
                error("reserved-account", "an account cannot have this name", place, detail="'run'", hint=hint)
            )

    def broken(self, folder: str) -> None:
        """This folder's `_account.yaml` tells nothing; no file below need complain again."""
        self._folders[folder] = None

    def add(self, document: Document, checked: Checked[AccountFile]) -> None:
        """Take the account of an `_account.yaml` in."""
        model = checked.model
        self._folders[document.folder] = None
        if model is None or checked.is_broken("account"):
            return
        place = document.at("account")
        self._reserved(model.account, place)
        if model.account in self.known:
            first = self.known[model.account].place
            where = f", first at {first.location}" if first is not None else ""
            hint = "define it once: here, or in reconcile.yaml, or in one folder above all of its files"
            detail = f"'{model.account}'{where}"
            self.found.add(error("duplicate-account", "an account defined twice", place, detail=detail, hint=hint))
            return
        like = self._like(document, checked, model)
        if like is None:
            return
        self._liked.add(like.name)
        options = {**like.options, **(model.options or {})}
        made = replace(like, name=model.account, tenant=model.tenant, options=options, shared=like.name, place=place)
        known = outside(made.provider, self.providers) if made.outside else None
        judge_tenant(model.tenant, document, ("tenant",), made, self.found)
        well = judge_options(model.options or {}, document, ("options",), made, self.found, known)
        if not well or checked.is_broken("options") or checked.is_broken("tenant"):
            self._told.add(made.name)
        self._folders[document.folder] = self.known[model.account] = made

    def check_complete(self) -> None:
        """Complain about outside accounts that lack what their provider needs. All files must have been read by now.

        One that only lends its settings, to accounts of folders, may leave the rest to those.
        """
        for name, account in self.known.items():
            lends = name in self._liked and name not in self._with_files
            known = outside(account.provider, self.providers) if account.outside and not lends else None
            missing = [] if known is None or name in self._told else missing_options(account, known)
            if known is not None and missing:
                detail, hint = what_is_missing(account, missing, known)
                if name in self.settings.accounts:
                    hint = f"{hint}; or leave it to each _account.yaml that is like {name}"
                self.found.add(error("missing-option", "missing option", account.place, detail=detail, hint=hint))

    def _like(self, document: Document, checked: Checked[AccountFile], model: AccountFile) -> AccountSettings | None:
        shared = self.settings.accounts
        if model.like is not None:
            if model.like in shared:
                return shared[model.like]
            hint = did_you_mean(model.like, shared) or "'like' names an account of reconcile.yaml"
            self._unknown(document.at("like"), model.like, hint)
            return None
        if checked.is_broken("like"):
            return None
        if len(shared) == 1:
            return next(iter(shared.values()))
        hint = f"add 'like' with an account of reconcile.yaml: {', '.join(sorted(shared))}"
        self.found.add(error("missing-key", "missing key", document.at(), detail="'like'", hint=hint))
        return None

    def _unknown(self, place: Place, name: str, hint: str) -> None:
        self.found.add(error("unknown-account", "unknown account", place, detail=f"'{name}'", hint=hint))

    def of_file(self, document: Document, checked: Checked[SpecsFile], model: SpecsFile) -> AccountSettings | None:
        """The account that a spec file belongs to; None, and a complaint, where that cannot be told."""
        account = self._of_file(document, checked, model)
        if account is not None:
            self._with_files.add(account.name)
        return account

    def _of_file(self, document: Document, checked: Checked[SpecsFile], model: SpecsFile) -> AccountSettings | None:
        if checked.is_broken("account"):
            return None
        for folder in folders_above(document.folder):
            if folder in self._folders:
                return self._of_folder(document, model.account, self._folders[folder])
        if model.account is None:
            hint = "add 'account' with an account of reconcile.yaml, or an _account.yaml to the folder"
            self.found.add(error("missing-account", "no account", document.at(), hint=hint))
            return None
        if model.account in self.settings.accounts:
            return self.settings.accounts[model.account]
        elsewhere = self.known.get(model.account)
        if elsewhere is not None and elsewhere.place is not None:
            hint = f"it is that of the folder of {elsewhere.place.file}: the file belongs there"
        else:
            hint = did_you_mean(model.account, self.known) or "define it in reconcile.yaml, or by an _account.yaml"
        self._unknown(document.at("account"), model.account, hint)
        return None

    def _of_folder(
        self, document: Document, declared: str | None, account: AccountSettings | None
    ) -> AccountSettings | None:
        if account is None or declared is None or declared == account.name:
            return account
        where = f", but the folder is '{account.name}' by {account.place.location}" if account.place else ""
        hint = "take 'account' out, or move the file to a folder of that account"
        place = document.at("account")
        detail = f"'{declared}'{where}"
        self.found.add(error("account-mismatch", "two accounts for one file", place, detail=detail, hint=hint))
        return None
