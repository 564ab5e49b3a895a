"""Partner Center's own error codes in ours, as far as a read or an update of a subscription can meet them.

Values only. The table is the vendor's "Partner Center REST error codes" (partner-center/developer/error-codes, dated
2023-06-15), and 900421 of its partner announcements of 2026. What is not in it is
`provider-refused`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ruling:
    """What a refusal of the vendor's means for us."""

    code: str
    means: str
    """In our words; the vendor's own stand behind it."""
    hint: str
    retry_after: float | None = None
    """Seconds after which the same order may be sent again; None: sending it again is of no use in this run."""


_SOON = 120.0
"""An update of a subscription that is busy should be sent again after two minutes ("Create a new subscription")."""
_AT_RENEWAL = "write `cancel: at-renewal` instead"
_LATER = "apply again once it is settled; nothing needs to be changed"
_ROLE = "sign in as somebody with the role Admin agent of the partner, or as an application that has it"
_MANUAL = "change it in Partner Center by hand, or use `provider: manual` for it"

_SIGN_IN = Ruling(
    "sign-in-failed", "who signed in was not accepted", "check the credentials of the identity; sign in anew"
)
_FACTOR = Ruling(
    "sign-in-failed",
    "the sign-in had no second factor",
    "Partner Center asks for a second factor: sign in as a person who gave one, or by the secure application model",
)
_WEAK = Ruling("role-too-weak", "who is signed in may not do this", _ROLE)
_NO_PROGRAM = Ruling(
    "role-too-weak",
    "the partner may not sell as things stand",
    "have the partner's global administrator accept the agreement and settle the program's status in Partner Center",
)
_NO_RELATION = Ruling(
    "role-too-weak",
    "the partner has no reseller relationship with this customer",
    "check `tenant` of the account; ask the customer to accept the relationship again",
)
_ABSENT = Ruling("not-found", "the customer has no such subscription", "check its `id`, and the account it stands in")
_MOVED = Ruling("revision-moved", "it was changed by somebody else a moment ago", "plan again")
_BUSY = Ruling("busy", "something else is at work on it", _LATER, _SOON)
_BUSY_FOR_A_DAY = Ruling("busy", "something else is at work on it", "apply again after 24 hours")
_REVIEW = Ruling("busy", "the customer's account is under review at Microsoft", "apply again in some days")
_NOT_APPROVED = Ruling(
    "managed-elsewhere", "Microsoft did not approve the customer's account", "settle that in Partner Center first"
)
_PARENT = Ruling("managed-elsewhere", "it hangs on a subscription that is not active", "bring that one back first")
_AZURE = Ruling("managed-elsewhere", "it is managed in Azure", "change it in the Azure portal")
_SUSPENDED = Ruling("suspended", "it is not active", "settle what suspended it first")
_TERMINAL = Ruling("terminal", "it takes no changes any more", "remove the keys, or declare a new purchase")
_WINDOW = Ruling("past-cancellation-window", "the window in which it can be cancelled has closed", _AT_RENEWAL)
_NEVER = Ruling("unsupported", "Partner Center cannot change that on it", _MANUAL)
_NO_RENEWAL = Ruling("unsupported", "it is not one that renews by itself", "remove `recurring: on`")
_TOO_MANY = Ruling(
    "too-many-updates",
    "it was changed so often that it takes no more changes",
    "ask the support of Partner Center; look for specs that turn it on and off in turn",
)

BY_NUMBER: Mapping[str, Ruling] = {
    "400": _SIGN_IN,
    "1000": _ABSENT,
    "2006": _NEVER,
    "2011": _TERMINAL,
    "2032": _WEAK,
    "2055": _MOVED,
    "20002": _NO_RELATION,
    "20003": _ABSENT,
    "27009": _PARENT,
    "60003": _NO_RELATION,
    "800001": _SIGN_IN,
    "800012": _SUSPENDED,
    "800014": _BUSY,
    "800019": _NEVER,
    "800021": _ABSENT,
    "800036": _MOVED,
    "800037": _ABSENT,
    "800039": _NO_PROGRAM,
    "800040": _NEVER,
    "800042": _NEVER,
    "800061": _NEVER,
    "800063": _NEVER,
    "800073": _REVIEW,
    "800074": _REVIEW,
    "800075": _NOT_APPROVED,
    "800077": _NEVER,
    "800081": Ruling("unsupported", "it was never activated", "activate it at its publisher first"),
    "800082": _BUSY,
    "800091": _SUSPENDED,
    "800093": _NO_RENEWAL,
    "800096": _NEVER,
    "900115": _AZURE,
    "900117": _WINDOW,
    "900123": _NO_PROGRAM,
    "900124": _NO_PROGRAM,
    "900127": _NEVER,
    "900141": _NEVER,
    "900149": _NO_PROGRAM,
    "900150": _WEAK,
    "900213": _WINDOW,
    "900214": _WINDOW,
    "900257": _WINDOW,
    "900263": _NEVER,
    "900277": Ruling("terminal", "it is just being expired", "remove the keys, or declare a new purchase"),
    "900278": _BUSY_FOR_A_DAY,
    "900279": _TERMINAL,
    "900280": _BUSY_FOR_A_DAY,
    "900308": _WEAK,
    "900309": Ruling(
        "sign-in-failed", "a conditional access policy bars this sign-in", "sign in as the policy asks for"
    ),
    "900311": _TOO_MANY,
    "900321": _AZURE,
    "900329": Ruling(
        "sign-in-failed",
        "an application alone is not let in here",
        "sign in as a person: set RECONCILE_PARTNER_CENTER_SIGN_IN",
    ),
    "900421": _FACTOR,
}
"""By the vendor's code."""

_BY_STATUS: Mapping[int, Ruling] = {
    401: _SIGN_IN,
    403: _WEAK,
    409: _BUSY,
    412: _MOVED,
}
_REFUSED = Ruling("provider-refused", "Partner Center refused it", "look the code up in its list of error codes")

ABSENT = frozenset({"20003", "800037"})
"""With 404, and with nothing less, the customer surely has no subscription of that id."""
NO_RELATION = frozenset({"20002", "60003"})
"""The customer is none of the partner's."""


def ruling(status: int, number: str | None) -> Ruling:
    """What a 4xx answer with that code of the vendor's means; without a code, what its status says."""
    if number is not None and number in BY_NUMBER:
        return BY_NUMBER[number]
    return _BY_STATUS.get(status, _REFUSED)
